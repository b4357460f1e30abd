//! The body of `PUT` and `PATCH /instances/{id}`.

use super::document::Document;
use super::referred;
use crate::fault::Fault;

/// Keys that the interface knows, the name first.
const KEYS: [&str; 6] =
    ["name", "configuration", "replica_of", "slave_of", "datastore_version", "access"];

/// What an update asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Update {
    /// The new name, if one is given.
    pub(crate) name: Option<String>,
    /// The one other change.
    pub(crate) change: Option<Change>,
}

/// A change besides the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Attach a configuration group.
    AttachConfiguration(String),
    /// Detach whichever group is attached.
    DetachConfiguration,
    /// Make a replica stand alone.
    DetachReplica,
    /// Change the version.
    Upgrade,
    /// Change who may connect.
    Access,
}

impl Update {
    /// Reads the body.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub(crate) fn parse(document: &Document) -> Result<Self, Fault> {
        let body = document.under("instance")?.object()?;
        body.only(&KEYS)?;
        let name = body.raw("name").map(|field| field.text255().map(str::to_owned)).transpose()?;
        let mut others = body.keys().filter(|key| *key != "name");
        let (other, another) = (others.next(), others.next());
        if another.is_some() {
            return Err(Fault::invalid("Only one attribute (except 'name') is allowed to update."));
        }
        let change = match other {
            // An empty object detaches: gophercloud and Terraform say it like that.
            None if name.is_none() => Some(Change::DetachConfiguration),
            None => None,
            Some("configuration") => {
                let field = body.required("configuration")?;
                if field.is_blank() {
                    Some(Change::DetachConfiguration)
                } else {
                    let id = referred(field.text()?).to_owned();
                    Some(Change::AttachConfiguration(id))
                }
            }
            Some("datastore_version") => {
                body.required("datastore_version")?.text255()?;
                Some(Change::Upgrade)
            }
            Some("access") => {
                body.required("access")?.object()?;
                Some(Change::Access)
            }
            Some(_) => Some(Change::DetachReplica),
        };
        Ok(Self { name, change })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parse(instance: &Value) -> Result<Update, Fault> {
        let body = json!({ "instance": instance }).to_string();
        Update::parse(&Document::parse(body.as_bytes())?)
    }

    fn change(instance: &Value) -> Option<Change> {
        parse(instance).unwrap().change
    }

    #[test]
    fn a_group_is_detached_in_every_client_s_way() {
        for body in [json!({}), json!({"configuration": null}), json!({"configuration": ""})] {
            assert_eq!(change(&body), Some(Change::DetachConfiguration), "{body}");
        }
    }

    #[test]
    fn the_name_goes_with_one_other_change() {
        assert_eq!(change(&json!({"name": "n"})), None);
        let attach = json!({"name": "n", "configuration": "http://db/v1.0/p/configurations/c1"});
        assert_eq!(change(&attach), Some(Change::AttachConfiguration("c1".to_owned())));
        assert!(parse(&json!({"configuration": null, "replica_of": null})).is_err());
    }

    #[test]
    fn every_documented_key_is_known_and_no_other() {
        assert_eq!(change(&json!({"replica_of": null})), Some(Change::DetachReplica));
        assert_eq!(change(&json!({"slave_of": ""})), Some(Change::DetachReplica));
        assert_eq!(change(&json!({"datastore_version": "8.4"})), Some(Change::Upgrade));
        assert_eq!(change(&json!({"access": {"is_public": true}})), Some(Change::Access));
        assert!(parse(&json!({"volume": {"size": 3}})).is_err());
        assert!(parse(&json!({"name": null})).is_err());
        assert!(parse(&json!([])).is_err());
    }
}
