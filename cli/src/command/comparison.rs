//! What two datastore versions let a configuration group say, side by side.

use super::Context;
use crate::client::{Client, path};
use crate::failure::Outcome;
use crate::find;
use crate::output::Output;
use crate::table::Column;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const COLUMNS: [Column; 4] =
    [("Parameter", "name"), ("Difference", "difference"), ("From", "from"), ("To", "to")];

/// What is compared; everything else that is said of a parameter names its version.
const FIELDS: [&str; 7] = ["type", "min", "max", "values", "default", "unit", "restart_required"];

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Compares the parameters of two datastore versions.
    #[command(name = "datastore-version-diff")]
    Diff(Diff),
}

#[derive(Args)]
pub(crate) struct Diff {
    /// Name or id of their datastore, where the names are not enough.
    #[arg(long, value_name = "NAME")]
    datastore: Option<String>,
    /// Name or id of the one version.
    from: String,
    /// Name or id of the other.
    to: String,
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::Diff(Diff { datastore, from, to }) => {
                let client = &mut context.client;
                let from = parameters(client, datastore.as_deref(), &from).await?;
                let to = parameters(client, datastore.as_deref(), &to).await?;
                let body = compared(&from, &to);
                let body = match context.output {
                    Output::Programs => body,
                    Output::People => json!({ "differences": rows(&body) }),
                };
                context.output.list(&body, "differences", &COLUMNS);
                Ok(())
            }
        }
    }
}

type Parameters = BTreeMap<String, Map<String, Value>>;

/// The parameters of a version by name, with what is compared of them.
async fn parameters(
    client: &mut Client,
    datastore: Option<&str>,
    version: &str,
) -> Outcome<Parameters> {
    let found = find::version(client, datastore, version).await?;
    let path = path::of(&["datastores", "versions", &find::id(&found), "parameters"]);
    let body = client.get(&format!("list the parameters of {version}"), &path).await?;
    let list = body["configuration-parameters"].as_array().cloned().unwrap_or_default();
    Ok(list.iter().filter_map(|row| Some((row["name"].as_str()?.to_owned(), said(row)))).collect())
}

fn said(row: &Value) -> Map<String, Value> {
    let fields = FIELDS.iter().filter_map(|&field| Some((field.to_owned(), row.get(field)?)));
    fields.map(|(field, value)| (field, value.clone())).collect()
}

/// `added` and `removed` have whole parameters, `changed` only what differs, before and after.
fn compared(from: &Parameters, to: &Parameters) -> Value {
    let only = |these: &Parameters, others: &Parameters| -> Vec<Value> {
        let missing = these.iter().filter(|(name, _)| !others.contains_key(*name));
        missing.map(|(name, said)| named(name, said.clone())).collect()
    };
    let changed = from.iter().filter_map(|(name, before)| change(name, before, to.get(name)?));
    json!({
        "added": only(to, from),
        "removed": only(from, to),
        "changed": changed.collect::<Vec<_>>(),
    })
}

fn named(name: &str, mut said: Map<String, Value>) -> Value {
    said.insert("name".to_owned(), json!(name));
    Value::Object(said)
}

fn change(name: &str, before: &Map<String, Value>, after: &Map<String, Value>) -> Option<Value> {
    let differs = |field: &&&str| before.get(**field) != after.get(**field);
    let fields: Map<String, Value> = FIELDS
        .iter()
        .filter(differs)
        .map(|&field| {
            (field.to_owned(), json!({"from": before.get(field), "to": after.get(field)}))
        })
        .collect();
    (!fields.is_empty()).then(|| json!({"name": name, "fields": fields}))
}

/// The same for people: a line for each difference.
fn rows(compared: &Value) -> Vec<Value> {
    let list = |key: &str| compared[key].as_array().cloned().unwrap_or_default();
    let removed = list("removed").into_iter().map(|parameter| {
        json!({"name": parameter["name"], "difference": "removed", "from": in_words(&parameter)})
    });
    let added = list("added").into_iter().map(|parameter| {
        json!({"name": parameter["name"], "difference": "added", "to": in_words(&parameter)})
    });
    let changed = list("changed").into_iter().flat_map(|parameter| {
        let name = parameter["name"].clone();
        let fields = parameter["fields"].as_object().cloned().unwrap_or_default();
        fields.into_iter().map(move |(field, sides)| {
            let (from, to) = parts(&field, &sides["from"], &sides["to"]);
            json!({"name": name, "difference": field, "from": from, "to": to})
        })
    });
    let mut rows: Vec<Value> = removed.chain(added).chain(changed).collect();
    rows.sort_by_key(|row| row["name"].as_str().map(str::to_owned));
    rows
}

/// Of two lists only what the other does not have is worth a person's reading.
fn parts(field: &str, from: &Value, to: &Value) -> (Value, Value) {
    let split = |value: &Value| -> Option<Vec<String>> {
        match value {
            Value::Array(words) => {
                Some(words.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            Value::String(text) if field == "default" && text.contains(',') => {
                Some(text.split(',').map(str::to_owned).collect())
            }
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Object(_) => None,
        }
    };
    match (split(from), split(to)) {
        (Some(before), Some(after)) => {
            let only = |these: &[String], others: &[String]| {
                let words: Vec<_> = these.iter().filter(|word| !others.contains(word)).collect();
                json!(words)
            };
            (only(&before, &after), only(&after, &before))
        }
        (_, _) => (from.clone(), to.clone()),
    }
}

/// A parameter in a few words: its type, its limits, its default.
fn in_words(parameter: &Value) -> String {
    let text = |field: &str| {
        let value = parameter.get(field)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let mut words = text("type").unwrap_or_default();
    if let Some(values) = parameter["values"].as_array() {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        words += &format!(" of {}", values.join(", "));
    }
    let (min, max) = (text("min"), text("max"));
    if min.is_some() || max.is_some() {
        words += &format!(" {}..{}", min.unwrap_or_default(), max.unwrap_or_default());
    }
    if let Some(default) = text("default") {
        words += &format!(" = {default}");
    }
    if let Some(unit) = text("unit") {
        words += &format!(" {unit}");
    }
    if parameter["restart_required"] == true {
        words += ", at a start";
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(rows: &Value) -> Parameters {
        let rows = rows.as_array().unwrap();
        rows.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), said(row))).collect()
    }

    fn two() -> (Parameters, Parameters) {
        let version = |id: &str| json!(id);
        let from = parameters(&json!([
            {"name": "gone", "type": "boolean", "default": "OFF", "restart_required": true},
            {"name": "same", "type": "integer", "min": 1, "datastore_version_id": version("a")},
            {"name": "wider", "type": "integer", "min": 1, "max": 9, "restart_required": true},
            {"name": "words", "type": "string", "values": ["A", "B"], "default": "a=on,b=on"},
        ]));
        let to = parameters(&json!([
            {"name": "new", "type": "integer", "min": 0, "max": 5, "default": "3", "unit": "s"},
            {"name": "same", "type": "integer", "min": 1, "datastore_version_id": version("b")},
            {"name": "wider", "type": "float", "max": 99, "restart_required": false},
            {"name": "words", "type": "string", "values": ["B", "C"], "default": "a=on,b=off"},
        ]));
        (from, to)
    }

    #[test]
    fn programs_get_whole_parameters_and_of_changes_both_sides() {
        let (from, to) = two();
        let body = compared(&from, &to);
        assert_eq!(body["added"][0]["name"], "new");
        assert_eq!(body["removed"][0]["default"], "OFF");
        let changed = json!([
            {"name": "wider", "fields": {
                "type": {"from": "integer", "to": "float"}, "min": {"from": 1, "to": null},
                "max": {"from": 9, "to": 99},
                "restart_required": {"from": true, "to": false},
            }},
            {"name": "words", "fields": {
                "values": {"from": ["A", "B"], "to": ["B", "C"]},
                "default": {"from": "a=on,b=on", "to": "a=on,b=off"},
            }},
        ]);
        assert_eq!(body["changed"], changed);
        let none = json!({"added": [], "removed": [], "changed": []});
        assert_eq!(compared(&from, &from), none);
    }

    #[test]
    fn people_get_a_line_for_each_difference_and_of_lists_what_differs() {
        let (from, to) = two();
        let rows = rows(&compared(&from, &to));
        assert_eq!(
            rows[0],
            json!({"name": "gone", "difference": "removed", "from": "boolean = OFF, at a start"})
        );
        assert_eq!(
            rows[1],
            json!({"name": "new", "difference": "added", "to": "integer 0..5 = 3 s"})
        );
        assert!(rows.contains(
            &json!({"name": "words", "difference": "values", "from": ["A"], "to": ["C"]})
        ));
        assert!(rows.contains(&json!({"name": "words", "difference": "default",
            "from": ["b=on"], "to": ["b=off"]})));
    }
}
