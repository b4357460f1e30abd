//! The body of `POST /instances/{id}/action`: one key, which names the action.

use super::document::Document;
use crate::catalogue;
use crate::fault::Fault;

/// What an action asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Stop the database and start it again.
    Restart,
    /// End what is going on.
    ResetStatus,
    /// Change flavor or volume.
    Resize,
    /// Make a replica the primary.
    Promote,
    /// Put another one in the place of a dead primary.
    Eject,
}

impl Asked {
    /// Reads the body.
    ///
    /// # Errors
    /// When it names no known action, several, or one with senseless details.
    pub(crate) fn parse(document: &Document) -> Result<Self, Fault> {
        let (word, details) = document.only_key()?;
        let (asked, may_be_null) = match word {
            // openstacksdk sends null.
            "restart" => (Self::Restart, true),
            "reset_status" => (Self::ResetStatus, true),
            "promote_to_replica_source" => (Self::Promote, true),
            "eject_replica_source" => (Self::Eject, true),
            "resize" => (Self::Resize, false),
            _ => {
                let word = catalogue::shown(word);
                return Err(Fault::Invalid(format!("Instances know no action '{word}'.")));
            }
        };
        if !(may_be_null && details.is_null()) {
            details.object()?;
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parse(body: &Value) -> Result<Asked, Fault> {
        Asked::parse(&Document::parse(body.to_string().as_bytes())?)
    }

    #[test]
    fn a_restart_comes_with_an_empty_object_or_with_null() {
        assert_eq!(parse(&json!({"restart": {}})), Ok(Asked::Restart));
        assert_eq!(parse(&json!({"restart": null})), Ok(Asked::Restart));
        assert!(parse(&json!({"restart": 1})).is_err());
    }

    #[test]
    fn a_body_names_exactly_one_known_action() {
        for body in [
            json!({}),
            json!([]),
            json!(null),
            json!({"restart": {}, "resize": {}}),
            json!({"upgrade": {}}),
            json!({"": {}}),
            json!({"resize": null}),
        ] {
            assert!(parse(&body).is_err(), "{body}");
        }
    }
}
