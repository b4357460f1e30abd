//! What administrators send about instances: which page of all, and what to do with one.

use super::document::Document;
use super::is_true;
use super::page::number;
use crate::catalogue;
use crate::fault::Fault;
use domain::ids::ProjectId;
use std::collections::HashMap;

/// A page is as long as asked, up to this.
const PAGE_MAX: usize = 1000;

/// The query of the list of all instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ManagedPage {
    /// How many to show.
    pub(crate) limit: usize,
    /// How many came before.
    pub(crate) skip: usize,
    /// Deleted ones only, live ones only, or both.
    pub(crate) is_deleted: Option<bool>,
    /// Of this project only.
    pub(crate) project: Option<ProjectId>,
}

impl ManagedPage {
    /// Reads `limit`, `marker`, `deleted` and `project_id`.
    ///
    /// # Errors
    /// When the limit is no positive integer or the marker no integer.
    pub(crate) fn parse(
        query: &HashMap<String, String>,
        size_default: usize,
    ) -> Result<Self, Fault> {
        let limit = query.get("limit").map(|text| number(text)).transpose()?;
        let skip = query.get("marker").map(|text| offset(text)).transpose()?;
        Ok(Self {
            limit: limit.unwrap_or(size_default).min(PAGE_MAX),
            skip: skip.unwrap_or(0),
            is_deleted: query.get("deleted").map(|word| is_true(word)),
            project: query.get("project_id").map(|id| ProjectId(id.clone())),
        })
    }
}

fn offset(text: &str) -> Result<usize, Fault> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number too large for us is behind every list.
    if is_number {
        Ok(text.parse().unwrap_or(usize::MAX))
    } else {
        Err(Fault::invalid("The marker is not the number of an entry."))
    }
}

/// What an administrator asks of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Stop the database until it is restarted.
    Stop,
    /// Restart what runs the database.
    Reboot,
    /// Move it to another machine.
    Migrate,
    /// End what is going on.
    ResetTask,
    /// Give it another system image.
    Rebuild,
}

impl Asked {
    /// Reads the body.
    ///
    /// # Errors
    /// When it names no known action, several, or one with senseless details.
    pub(crate) fn parse(document: &Document) -> Result<Self, Fault> {
        let body = document.whole("action").object()?;
        let mut keys = body.keys();
        let word = keys.next().ok_or_else(|| Fault::invalid("Invalid request body."))?;
        if keys.next().is_some() {
            return Err(Fault::invalid("Only one action can be specified per request."));
        }
        let asked = match word {
            "stop" => Self::Stop,
            "reboot" => Self::Reboot,
            "migrate" => Self::Migrate,
            "reset-task-status" => Self::ResetTask,
            "rebuild" => Self::Rebuild,
            _ => {
                let word = catalogue::shown(word);
                return Err(Fault::Invalid(format!("Invalid instance action: {word}")));
            }
        };
        let details = body.optional(word).map(|field| field.object()).transpose()?;
        match asked {
            Self::Migrate => {
                if let Some(host) = details.and_then(|details| details.optional("host")) {
                    host.text255()?;
                }
            }
            Self::Rebuild => {
                body.required(word)?.object()?.required("image_id")?.uuid()?;
            }
            Self::Stop | Self::Reboot | Self::ResetTask => {}
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn page(pairs: &[(&str, &str)]) -> Result<ManagedPage, Fault> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        ManagedPage::parse(&pairs.iter().map(owned).collect(), 20)
    }

    fn parse(body: &Value) -> Result<Asked, Fault> {
        Asked::parse(&Document::parse(body.to_string().as_bytes())?)
    }

    #[test]
    fn a_page_is_as_long_as_asked_within_reason() {
        for (pairs, limit, skip) in [
            (vec![], 20, 0),
            (vec![("limit", "50"), ("marker", "40")], 50, 40),
            (vec![("limit", "100000"), ("marker", "0")], PAGE_MAX, 0),
        ] {
            let page = page(&pairs).unwrap();
            assert_eq!((page.limit, page.skip), (limit, skip), "{pairs:?}");
        }
        for (key, value) in [("limit", "0"), ("limit", "x"), ("marker", "-1"), ("marker", "")] {
            assert!(page(&[(key, value)]).is_err(), "{key} {value}");
        }
    }

    #[test]
    fn deleted_instances_are_shown_alone_not_at_all_or_among_all() {
        assert_eq!(page(&[]).unwrap().is_deleted, None);
        assert_eq!(page(&[("deleted", "False")]).unwrap().is_deleted, Some(false));
        assert_eq!(page(&[("deleted", "true")]).unwrap().is_deleted, Some(true));
    }

    #[test]
    fn a_body_names_exactly_one_known_action() {
        let image = "0f3c0000-0000-4000-8000-000000000001";
        for (body, asked) in [
            (json!({"stop": {}}), Asked::Stop),
            (json!({"reboot": null}), Asked::Reboot),
            (json!({"migrate": {}}), Asked::Migrate),
            (json!({"migrate": {"host": "h1"}}), Asked::Migrate),
            (json!({"reset-task-status": {}}), Asked::ResetTask),
            (json!({"rebuild": {"image_id": image}}), Asked::Rebuild),
        ] {
            assert_eq!(parse(&body), Ok(asked), "{body}");
        }
        for (body, text) in [
            (json!({"stop": {}, "reboot": {}}), "Only one action can be specified per request."),
            (json!({"update": {}}), "Invalid instance action: update"),
            (json!({}), "Invalid request body."),
        ] {
            assert_eq!(parse(&body), Err(Fault::invalid(text)), "{body}");
        }
        for body in [
            json!([]),
            json!({"stop": 1}),
            json!({"migrate": {"host": 7}}),
            json!({"rebuild": {}}),
            json!({"rebuild": null}),
        ] {
            assert!(parse(&body).is_err(), "{body}");
        }
    }
}
