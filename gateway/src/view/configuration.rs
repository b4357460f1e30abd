//! Configuration groups.

use super::moment;
use crate::catalogue::Catalogue;
use domain::catalogue::Value;
use domain::configuration::Group;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, json};

/// Values of parameters with such a word in their names are not shown.
const SECRET_WORDS: [&str; 2] = ["password", "secret"];

/// An entry of a list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ConfigurationSummary")]
pub(crate) struct Entry<'a> {
    id: String,
    name: &'a str,
    description: Option<&'a str>,
    created: String,
    updated: String,
    datastore_name: &'a str,
    datastore_version_id: String,
    datastore_version_name: &'a str,
    datastore_version_number: &'a str,
}

/// A group with its values.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Configuration")]
pub(crate) struct Shown<'a> {
    #[serde(flatten)]
    entry: Entry<'a>,
    values: Map<String, serde_json::Value>,
    instance_count: usize,
}

/// An instance that follows a group.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Follower<'a> {
    pub(crate) id: String,
    pub(crate) name: &'a str,
}

impl<'a> Entry<'a> {
    /// An entry of a list. Names are the present ones of datastore and version.
    pub(crate) fn of(group: &'a Group, catalogue: &'a Catalogue) -> Self {
        let spec = &group.spec;
        let (datastore_name, version_name) = catalogue.names(spec.datastore, spec.version);
        let number = catalogue.number(spec.version);
        Self {
            id: group.id.to_string(),
            name: &spec.name,
            description: spec.description.as_deref(),
            created: moment(group.created),
            updated: moment(group.updated),
            datastore_name,
            datastore_version_id: spec.version.to_string(),
            datastore_version_name: version_name,
            datastore_version_number: number,
        }
    }
}

impl<'a> Shown<'a> {
    /// A group with its values.
    pub(crate) fn of(group: &'a Group, catalogue: &'a Catalogue) -> Self {
        let values = group.spec.values.iter().map(|(name, value)| {
            let is_secret = SECRET_WORDS.iter().any(|word| name.contains(word));
            (name.clone(), if is_secret { json!("***") } else { number(value) })
        });
        Self {
            entry: Entry::of(group, catalogue),
            values: values.collect(),
            instance_count: group.followers.len(),
        }
    }
}

/// A value in JSON's own types; a number beyond 64 bits, which no engine has, as text.
fn number(value: &Value) -> serde_json::Value {
    match value {
        Value::Integer(number) => i64::try_from(*number)
            .map(serde_json::Value::from)
            .or_else(|_| u64::try_from(*number).map(serde_json::Value::from))
            .unwrap_or_else(|_| json!(number.to_string())),
        Value::Float(number) => json!(number.get()),
        Value::Boolean(value) => json!(value),
        Value::Text(text) => json!(text),
    }
}
