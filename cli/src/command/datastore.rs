//! Datastores: which kinds of database there are.

use super::Context;
use crate::client::path;
use crate::failure::Outcome;
use crate::find;
use clap::Subcommand;
use hyper::Method;
use serde_json::json;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists datastores.
    #[command(name = "datastore-list")]
    List,
    /// Shows a datastore with its versions.
    #[command(name = "datastore-show")]
    Show {
        /// Its name or id.
        datastore: String,
    },
    /// Makes a datastore; for administrators.
    #[command(name = "datastore-create")]
    Create {
        /// What it shall be called.
        name: String,
    },
    /// Changes a datastore; for administrators.
    #[command(name = "datastore-update")]
    Update {
        /// A new name.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Name or id of the version that is taken where none is named.
        #[arg(long = "default_version", visible_alias = "default-version", value_name = "VERSION")]
        default_version: Option<String>,
        /// Its name or id.
        datastore: String,
    },
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        let client = &mut context.client;
        match self {
            Self::List => {
                let body = client.get("list datastores", "/datastores").await?;
                let columns = [("ID", "id"), ("Name", "name"), ("Versions", "versions")];
                context.output.list(&body, "datastores", &columns);
            }
            Self::Show { datastore } => {
                let what = format!("show datastore {datastore}");
                let body = client.get(&what, &path::of(&["datastores", &datastore])).await?;
                context.output.record(&body, "datastore");
            }
            Self::Create { name } => {
                let what = format!("create datastore {name}");
                let body = json!({"datastore": {"name": name}});
                let path = "/mgmt/datastores";
                let answer = client.change(&what, Method::POST, path, Some(&body)).await?;
                context.output.record(&answer, "datastore");
            }
            Self::Update { name, default_version, datastore } => {
                let id = find::id(&find::datastore(client, &datastore).await?);
                let mut changed = json!({});
                for (key, value) in [("name", name), ("datastore_version", default_version)] {
                    if let Some(value) = value {
                        changed[key] = json!(value);
                    }
                }
                let what = format!("change datastore {datastore}");
                let path = path::of(&["mgmt", "datastores", &id]);
                let body = json!({ "datastore": changed });
                let answer = client.change(&what, Method::PATCH, &path, Some(&body)).await?;
                context.output.record(&answer, "datastore");
            }
        }
        Ok(())
    }
}
