//! Versions of datastores.

use super::Context;
use crate::client::path;
use crate::failure::Outcome;
use crate::find;
use crate::table::Column;
use clap::{ArgAction, Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

const COLUMNS: [Column; 3] = [("ID", "id"), ("Name", "name"), ("Version", "version")];
/// Not between a version and the one that it is.
const DATASTORES: &str = "datastores";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists the versions of a datastore.
    #[command(name = "datastore-version-list")]
    List {
        /// Name or id of the datastore.
        datastore: String,
    },
    /// Shows a datastore version.
    #[command(name = "datastore-version-show")]
    Show {
        /// Name or id of its datastore, where the name is not enough.
        #[arg(long, value_name = "NAME")]
        datastore: Option<String>,
        /// Its name or id.
        version: String,
    },
    /// Makes a datastore version; for administrators.
    #[command(name = "datastore-version-create")]
    Create(Create),
    /// Changes a datastore version; for administrators.
    #[command(name = "datastore-version-update")]
    Update(Update),
    /// Deletes a datastore version that nobody uses; for administrators.
    #[command(name = "datastore-version-delete")]
    Delete {
        /// Name or id of its datastore, where the name is not enough.
        #[arg(long, value_name = "NAME")]
        datastore: Option<String>,
        /// Its name or id.
        version: String,
    },
}

#[derive(Args)]
pub(crate) struct Create {
    /// Name or id of its datastore.
    #[arg(long, value_name = "NAME")]
    datastore: String,
    /// Which engine serves it.
    #[arg(long, value_name = "NAME")]
    manager: String,
    /// Its packages, with spaces between them.
    #[arg(long, value_name = "LIST")]
    packages: Option<String>,
    /// Id of its image.
    #[arg(long, value_name = "ID")]
    image: String,
    /// Whether instances may be made of it.
    #[arg(long, value_name = "BOOLEAN", action = ArgAction::Set, value_parser = flag)]
    active: Option<bool>,
    /// What it shall be called.
    name: String,
}

#[derive(Args)]
pub(crate) struct Update {
    /// Name or id of its datastore.
    #[arg(long, value_name = "NAME")]
    datastore: Option<String>,
    /// Which engine serves it.
    #[arg(long, value_name = "NAME")]
    manager: Option<String>,
    /// Its packages, with spaces between them.
    #[arg(long, value_name = "LIST")]
    packages: Option<String>,
    /// Id of its image.
    #[arg(long, value_name = "ID")]
    image: Option<String>,
    /// Whether instances may be made of it.
    #[arg(long, value_name = "BOOLEAN", action = ArgAction::Set, value_parser = flag)]
    active: Option<bool>,
    /// A new name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Its name or id.
    version: String,
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        let client = &mut context.client;
        match self {
            Self::List { datastore } => {
                let what = format!("list versions of datastore {datastore}");
                let path = path::of(&[DATASTORES, &datastore, "versions"]);
                let body = client.get(&what, &path).await?;
                context.output.list(&body, "versions", &COLUMNS);
                Ok(())
            }
            Self::Show { datastore, version } => {
                let found = find::version(client, datastore.as_deref(), &version).await?;
                let what = format!("show datastore version {version}");
                let path = path::of(&[DATASTORES, "versions", &find::id(&found)]);
                let body = client.get(&what, &path).await?;
                context.output.record(&body, "version");
                Ok(())
            }
            Self::Create(create) => create.run(context).await,
            Self::Update(update) => update.run(context).await,
            Self::Delete { datastore, version } => {
                let found = find::version(client, datastore.as_deref(), &version).await?;
                let what = format!("delete datastore version {version}");
                let path = path::of(&["mgmt", "datastore-versions", &find::id(&found)]);
                client.change(&what, Method::DELETE, &path, None).await?;
                context.output.done(&format!("The datastore version {version} is deleted."));
                Ok(())
            }
        }
    }
}

impl Create {
    async fn run(self, context: &mut Context) -> Outcome<()> {
        let Self { datastore, manager, packages, image, active, name } = self;
        let mut version = json!({
            "name": name, "datastore": datastore, "manager": manager, "image_id": image,
        });
        insert(&mut version, "packages", packages);
        insert(&mut version, "active", active);
        let body = json!({ "version": version });
        let what = format!("create datastore version {name}");
        let path = "/mgmt/datastores/versions";
        let answer = context.client.change(&what, Method::POST, path, Some(&body)).await?;
        context.output.record(&answer, "version");
        Ok(())
    }
}

impl Update {
    async fn run(self, context: &mut Context) -> Outcome<()> {
        let Self { datastore, manager, packages, image, active, name, version: text } = self;
        let client = &mut context.client;
        let found = find::version(client, datastore.as_deref(), &text).await?;
        let version_id = find::id(&found);
        let datastore = match &datastore {
            Some(datastore) => find::id(&find::datastore(client, datastore).await?),
            None => "versions".to_owned(),
        };
        let path = path::of(&["mgmt", DATASTORES, &datastore, &version_id]);
        let mut version = json!({});
        insert(&mut version, "manager", manager);
        insert(&mut version, "packages", packages);
        insert(&mut version, "image_id", image);
        insert(&mut version, "active", active);
        insert(&mut version, "name", name);
        let body = json!({ "version": version });
        let what = format!("change datastore version {text}");
        let answer = client.change(&what, Method::PATCH, &path, Some(&body)).await?;
        context.output.record(&answer, "version");
        Ok(())
    }
}

fn insert(object: &mut Value, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object[key] = value.into();
    }
}

/// `true` and `false`, as they are written in the world.
fn flag(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err("it is neither true nor false".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_and_false_are_read_in_either_case() {
        assert_eq!((flag("True"), flag("false")), (Ok(true), Ok(false)));
        assert!(flag("maybe").is_err());
    }
}
