//! Instances, looked at.

use super::Context;
use crate::failure::Outcome;
use crate::find;
use crate::table::Column;
use clap::Subcommand;
use serde_json::{Value, json};

const COLUMNS: [Column; 9] = [
    ("ID", "id"),
    ("Name", "name"),
    ("Datastore", "datastore.type"),
    ("Version", "datastore.version"),
    ("Status", "status"),
    ("Operating status", "operating_status"),
    ("Flavor", "flavor.id"),
    ("Size", "volume.size"),
    ("Address", "addresses"),
];

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists instances.
    List {
        /// Those of all projects; for administrators.
        #[arg(long, visible_alias = "all_projects")]
        all_projects: bool,
        /// At most so many.
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
    },
    /// Shows an instance.
    Show {
        /// Its name or id.
        instance: String,
    },
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::List { all_projects, limit } => list(context, all_projects, limit).await,
            Self::Show { instance } => {
                let instance = find::instance(&mut context.client, &instance).await?;
                show(context, &instance);
                Ok(())
            }
        }
    }
}

async fn list(context: &mut Context, all_projects: bool, limit: Option<usize>) -> Outcome<()> {
    let path = if all_projects { "/instances?all_tenants=1" } else { "/instances" };
    let body = context.client.list("list instances", (path, "instances"), limit).await?;
    let mut columns = COLUMNS.to_vec();
    if all_projects {
        columns.push(("Project", "tenant_id"));
    }
    context.output.list(&body, "instances", &columns);
    Ok(())
}

/// Shows an instance as it was read.
pub(super) fn show(context: &Context, instance: &Value) {
    context.output.record(&json!({ "instance": instance }), "instance");
}
