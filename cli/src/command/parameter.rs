//! Which settings a configuration group may hold.

use super::Context;
use crate::client::path;
use crate::failure::Outcome;
use crate::find;
use crate::table::Column;
use clap::{Args, Subcommand};

const COLUMNS: [Column; 5] = [
    ("Name", "name"),
    ("Type", "type"),
    ("Min", "min"),
    ("Max", "max"),
    ("Restart required", "restart_required"),
];

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists the parameters of a datastore version.
    #[command(name = "configuration-parameter-list")]
    List {
        #[command(flatten)]
        version: Version,
    },
    /// Shows a parameter of a datastore version.
    #[command(name = "configuration-parameter-show")]
    Show {
        #[command(flatten)]
        version: Version,
        /// Name of the parameter.
        parameter: String,
    },
}

/// A datastore version.
#[derive(Args)]
pub(crate) struct Version {
    /// Name or id of the datastore version.
    version: String,
    /// Name or id of its datastore, where the name is not enough.
    #[arg(long, value_name = "NAME")]
    datastore: Option<String>,
}

impl Version {
    async fn parameters(&self, context: &mut Context) -> Outcome<String> {
        let datastore = self.datastore.as_deref();
        let version = find::version(&mut context.client, datastore, &self.version).await?;
        Ok(path::of(&["datastores", "versions", &find::id(&version), "parameters"]))
    }
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::List { version } => {
                let path = version.parameters(context).await?;
                let body = context.client.get("list configuration parameters", &path).await?;
                context.output.list(&body, "configuration-parameters", &COLUMNS);
            }
            Self::Show { version, parameter } => {
                let path = version.parameters(context).await? + &path::of(&[&parameter]);
                let what = format!("show configuration parameter {parameter}");
                let body = context.client.get(&what, &path).await?;
                context.output.record(&body, "");
            }
        }
        Ok(())
    }
}
