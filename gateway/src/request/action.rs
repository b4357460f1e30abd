//! The body of `POST /instances/{id}/action`: one key, which names the action.

use super::document::Document;
use super::field::Field;
use crate::catalogue;
use crate::fault::Fault;
use domain::ids::FlavorId;

/// What an action asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Stop the database and start it again.
    Restart,
    /// End what is going on.
    ResetStatus,
    /// Take another flavor.
    ResizeFlavor(FlavorId),
    /// Make the volume so many GiB large.
    ResizeVolume(u64),
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
            "resize" => return resize(&details),
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

/// Flavor or volume, one of both.
fn resize(details: &Field<'_>) -> Result<Asked, Fault> {
    let body = details.object()?;
    body.only(&["flavorRef", "volume"])?;
    match (body.optional("flavorRef"), body.optional("volume")) {
        (Some(flavor), None) => Ok(Asked::ResizeFlavor(FlavorId(flavor.reference()?))),
        (None, Some(volume)) if volume.is_object() => {
            let volume = volume.object()?;
            volume.only(&["size"])?;
            Ok(Asked::ResizeVolume(volume.required("size")?.size()?))
        }
        // openstacksdk sends the bare number.
        (None, Some(volume)) => Ok(Asked::ResizeVolume(volume.size()?)),
        (Some(_), Some(_)) => Err(details.refused("must not have both 'flavorRef' and 'volume'")),
        (None, None) => Err(details.refused("needs a 'flavorRef' or a 'volume'")),
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
    fn a_resize_names_a_flavor_in_any_spelling() {
        let asked = Ok(Asked::ResizeFlavor("2".into()));
        for flavor in [json!(2), json!("2"), json!("http://db.example:8779/v1.0/p1/flavors/2")] {
            assert_eq!(parse(&json!({"resize": {"flavorRef": flavor}})), asked);
        }
    }

    #[test]
    fn a_resize_names_a_volume_as_an_object_or_as_a_bare_number() {
        let asked = Ok(Asked::ResizeVolume(3));
        for volume in [json!({"size": 3}), json!({"size": "3"}), json!(3)] {
            assert_eq!(parse(&json!({"resize": {"volume": volume}})), asked);
        }
    }

    #[test]
    fn a_resize_names_one_of_both_and_nothing_else() {
        for details in [
            json!({"flavorRef": 2, "volume": {"size": 3}}),
            json!({"flavorRef": null}),
            json!({"flavorRef": {}}),
            json!({"flavorRef": true}),
            json!({"flavorRef": ""}),
            json!({"volume": {}}),
            json!({"volume": {"size": 0}}),
            json!({"volume": {"size": 3, "type": "ssd"}}),
            json!({"volume": []}),
            json!({"volume": -1}),
            json!({"volume": 1.5}),
            json!({"volume": 3, "disk": 4}),
            json!([]),
            json!("volume"),
        ] {
            assert!(parse(&json!({"resize": details})).is_err(), "{details}");
        }
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
            json!({"resize": {}}),
        ] {
            assert!(parse(&body).is_err(), "{body}");
        }
    }
}
