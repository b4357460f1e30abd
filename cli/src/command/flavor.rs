//! Flavors: how much memory and how many processors an instance may have.

use super::Context;
use crate::failure::Outcome;
use crate::find;
use crate::table::Column;
use clap::Subcommand;
use serde_json::json;

const COLUMNS: [Column; 4] =
    [("ID", "str_id"), ("Name", "name"), ("RAM", "ram"), ("vCPUs", "vcpus")];

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists flavors.
    #[command(name = "flavor-list")]
    List,
    /// Shows a flavor.
    #[command(name = "flavor-show")]
    Show {
        /// Its name or id.
        flavor: String,
    },
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::List => {
                let body = context.client.get("list flavors", "/flavors").await?;
                context.output.list(&body, "flavors", &COLUMNS);
            }
            Self::Show { flavor } => {
                let flavor = find::flavor(&mut context.client, &flavor).await?;
                context.output.record(&json!({ "flavor": flavor }), "flavor");
            }
        }
        Ok(())
    }
}
