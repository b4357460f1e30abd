//! How much a project may have, and how often it may ask.

use super::Context;
use crate::client::path;
use crate::failure::Outcome;
use crate::output;
use crate::table;
use crate::table::Column;
use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};

const QUOTAS: [Column; 4] =
    [("Resource", "resource"), ("In use", "in_use"), ("Reserved", "reserved"), ("Limit", "limit")];
const RATES: [Column; 5] = [
    ("Verb", "verb"),
    ("Unit", "unit"),
    ("Value", "value"),
    ("Remaining", "remaining"),
    ("Next available", "nextAvailable"),
];

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows the quotas of a project, and what it has.
    #[command(name = "quota-show")]
    Show {
        /// Id of the project; one's own if none is named.
        project: Option<String>,
    },
    /// Changes a quota of a project; for administrators.
    #[command(name = "quota-update")]
    Update {
        /// Id of the project.
        project: String,
        /// What of: instances, ram, volumes or backups.
        resource: String,
        /// How much; -1 is without limit.
        #[arg(allow_negative_numbers = true)]
        limit: i64,
    },
    /// Lists the limits of one's own project.
    #[command(name = "limit-list")]
    Limits,
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::Show { project } => {
                let project = project.unwrap_or_else(|| context.client.project_id().to_owned());
                let what = format!("show quotas of project {project}");
                let path = path::of(&["mgmt", "quotas", &project]);
                let body = listed(context.client.get(&what, &path).await?);
                context.output.list(&body, "quotas", &QUOTAS);
            }
            Self::Update { project, resource, limit } => {
                let what = format!("change the quota of project {project}");
                let path = path::of(&["mgmt", "quotas", &project]);
                let body = json!({"quotas": {resource: limit}});
                let client = &mut context.client;
                let answer = client.change(&what, Method::PUT, &path, Some(&body)).await?;
                context.output.record(&answer, "quotas");
            }
            Self::Limits => {
                let body = context.client.get("list limits", "/limits").await?;
                limits(context, &body);
            }
        }
        Ok(())
    }
}

/// In the founding guide's dialect, figures stand in a map by resource.
fn listed(mut body: Value) -> Value {
    if let Some(map) = body["quotas"].as_object() {
        let row = |(resource, figures): (&String, &Value)| {
            let mut row = figures.clone();
            row["resource"] = json!(resource);
            row
        };
        body["quotas"] = map.iter().map(row).collect();
    }
    body
}

/// The first entry holds what one may have, the others how often one may ask.
fn limits(context: &Context, body: &Value) {
    let all = body["limits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (absolute, rates) = all.split_first().unzip();
    context.output.pairs(body, absolute.unwrap_or(&Value::Null));
    if let Some(rates) = rates.filter(|rates| !rates.is_empty())
        && context.output == output::Output::People
    {
        output::line(&table::list(&RATES, rates));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_rows_in_both_dialects() {
        let row = json!({"resource": "instances", "limit": 5, "in_use": 1, "reserved": 0});
        let figures = json!({"limit": 5, "in_use": 1, "reserved": 0});
        let list = json!({"quotas": [row]});
        assert_eq!(listed(json!({"quotas": {"instances": figures}})), list);
        assert_eq!(listed(list.clone()), list);
    }
}
