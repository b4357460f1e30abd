//! Databases inside an instance.

use super::Context;
use crate::client::path;
use crate::failure::Outcome;
use crate::find;
use clap::Subcommand;
use hyper::Method;
use serde_json::json;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists the databases of an instance.
    #[command(name = "database-list")]
    List {
        /// Name or id of the instance.
        instance: String,
    },
    /// Makes a database in an instance.
    #[command(name = "database-create")]
    Create {
        /// Name or id of the instance.
        instance: String,
        /// Name of the database.
        name: String,
        /// Its character set.
        #[arg(long = "character_set", visible_alias = "character-set", value_name = "NAME")]
        character_set: Option<String>,
        /// How it compares and sorts.
        #[arg(long, value_name = "NAME")]
        collate: Option<String>,
    },
    /// Deletes a database of an instance with what is in it.
    #[command(name = "database-delete")]
    Delete {
        /// Name or id of the instance.
        instance: String,
        /// Name of the database.
        database: String,
    },
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        let client = &mut context.client;
        match self {
            Self::List { instance } => {
                let id = find::id(&find::instance(client, &instance).await?);
                let path = path::of(&["instances", &id, "databases"]);
                let what = format!("list databases of instance {instance}");
                let body = client.list(&what, (&path, "databases"), None).await?;
                context.output.list(&body, "databases", &[("Name", "name")]);
            }
            Self::Create { instance, name, character_set, collate } => {
                let id = find::id(&find::instance(client, &instance).await?);
                let mut database = json!({ "name": name });
                for (key, value) in [("character_set", character_set), ("collate", collate)] {
                    if let Some(value) = value {
                        database[key] = json!(value);
                    }
                }
                let body = json!({ "databases": [database] });
                let path = path::of(&["instances", &id, "databases"]);
                let what = format!("create database {name}");
                client.change(&what, Method::POST, &path, Some(&body)).await?;
                context.output.done(&format!("The database {name} is made."));
            }
            Self::Delete { instance, database } => {
                let id = find::id(&find::instance(client, &instance).await?);
                let path = path::of(&["instances", &id, "databases", &database]);
                let what = format!("delete database {database}");
                client.change(&what, Method::DELETE, &path, None).await?;
                context.output.done(&format!("The database {database} is deleted."));
            }
        }
        Ok(())
    }
}
