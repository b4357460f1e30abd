//! Configuration groups.

use super::lifecycle::settle;
use super::{Context, input};
use crate::client::path;
use crate::failure::Outcome;
use crate::find;
use crate::table::Column;
use crate::wait::{Until, Wait};
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

const COLUMNS: [Column; 5] = [
    ("ID", "id"),
    ("Name", "name"),
    ("Description", "description"),
    ("Datastore", "datastore_name"),
    ("Version", "datastore_version_name"),
];

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists configuration groups.
    #[command(name = "configuration-list")]
    List,
    /// Shows a configuration group with its values.
    #[command(name = "configuration-show")]
    Show {
        /// Name or id of the group.
        group: String,
    },
    /// Makes a configuration group.
    #[command(name = "configuration-create")]
    Create(Create),
    /// Replaces all values of a configuration group.
    #[command(name = "configuration-update")]
    Update(Update),
    /// Changes some values of a configuration group, and keeps the others.
    #[command(name = "configuration-patch")]
    Patch {
        /// Name or id of the group.
        group: String,
        /// The values, as a JSON object; @FILE reads a file, and `-` standard input.
        values: String,
    },
    /// Deletes a configuration group that no instance has.
    #[command(name = "configuration-delete")]
    Delete {
        /// Name or id of the group.
        group: String,
    },
    /// Gives an instance a configuration group.
    #[command(name = "configuration-attach")]
    Attach {
        /// Name or id of the instance.
        instance: String,
        /// Name or id of the group.
        group: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Takes its configuration group from an instance.
    #[command(name = "configuration-detach")]
    Detach {
        /// Name or id of the instance.
        instance: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Lists the instances that have a configuration group.
    #[command(name = "configuration-instances")]
    Instances {
        /// Name or id of the group.
        group: String,
    },
    /// Shows the settings that an instance has without a group.
    #[command(name = "configuration-default")]
    Default {
        /// Name or id of the instance.
        instance: String,
    },
}

#[derive(Args)]
pub(crate) struct Create {
    /// What it shall be called.
    name: String,
    /// The values, as a JSON object; @FILE reads a file, and `-` standard input.
    values: String,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Name or id of the datastore.
    #[arg(long, value_name = "NAME")]
    datastore: Option<String>,
    /// Name or id of the datastore's version.
    #[arg(long = "datastore_version", visible_alias = "datastore-version", value_name = "NAME")]
    datastore_version: Option<String>,
}

#[derive(Args)]
pub(crate) struct Update {
    /// Name or id of the group.
    group: String,
    /// The values, as a JSON object; @FILE reads a file, and `-` standard input.
    values: String,
    /// A new name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::List => list(context).await,
            Self::Show { group } => show(context, &group).await,
            Self::Create(create) => create.run(context).await,
            Self::Update(update) => update.run(context).await,
            Self::Patch { group, values } => {
                let body = json!({"configuration": {"values": input::values(&values)?}});
                change(context, &group, (Method::PATCH, "is changed"), Some(&body)).await
            }
            Self::Delete { group } => {
                change(context, &group, (Method::DELETE, "is deleted"), None).await
            }
            Self::Attach { instance, group, wait } => {
                let group = find::configuration(&mut context.client, &group).await?;
                attach(context, &instance, (&json!(group), "gets its group"), wait).await
            }
            Self::Detach { instance, wait } => {
                attach(context, &instance, (&Value::Null, "loses its group"), wait).await
            }
            Self::Instances { group } => instances(context, &group).await,
            Self::Default { instance } => default(context, &instance).await,
        }
    }
}

impl Create {
    async fn run(self, context: &mut Context) -> Outcome<()> {
        let mut group = json!({"name": self.name, "values": input::values(&self.values)?});
        if let Some(description) = self.description {
            group["description"] = json!(description);
        }
        for (key, value) in [("type", self.datastore), ("version", self.datastore_version)] {
            if let Some(value) = value {
                group["datastore"][key] = json!(value);
            }
        }
        let body = json!({ "configuration": group });
        let what = format!("create configuration group {}", self.name);
        let client = &mut context.client;
        let answer = client.change(&what, Method::POST, "/configurations", Some(&body)).await?;
        context.output.record(&answer, "configuration");
        Ok(())
    }
}

impl Update {
    async fn run(self, context: &mut Context) -> Outcome<()> {
        let mut group = json!({"values": input::values(&self.values)?});
        for (key, value) in [("name", self.name), ("description", self.description)] {
            if let Some(value) = value {
                group[key] = json!(value);
            }
        }
        let body = json!({ "configuration": group });
        change(context, &self.group, (Method::PUT, "is replaced"), Some(&body)).await
    }
}

async fn list(context: &mut Context) -> Outcome<()> {
    let at = ("/configurations", "configurations");
    let body = context.client.list("list configuration groups", at, None).await?;
    context.output.list(&body, "configurations", &COLUMNS);
    Ok(())
}

async fn show(context: &mut Context, group: &str) -> Outcome<()> {
    let id = find::configuration(&mut context.client, group).await?;
    let what = format!("show configuration group {group}");
    let body = context.client.get(&what, &path::of(&["configurations", &id])).await?;
    context.output.record(&body, "configuration");
    Ok(())
}

async fn change(
    context: &mut Context,
    group: &str,
    (method, done): (Method, &str),
    body: Option<&Value>,
) -> Outcome<()> {
    let id = find::configuration(&mut context.client, group).await?;
    let path = path::of(&["configurations", &id]);
    let verb = if method == Method::DELETE { "delete" } else { "change" };
    let what = format!("{verb} configuration group {group}");
    context.client.change(&what, method, &path, body).await?;
    context.output.done(&format!("The configuration group {group} {done}."));
    Ok(())
}

async fn attach(
    context: &mut Context,
    instance: &str,
    (group, follows): (&Value, &str),
    wait: Wait,
) -> Outcome<()> {
    let before = find::instance(&mut context.client, instance).await?;
    let path = path::of(&["instances", &find::id(&before)]);
    let verb = if group.is_null() { "detach" } else { "attach" };
    let what = format!("{verb} a configuration group: instance {instance}");
    let body = json!({"instance": {"configuration": group}});
    context.client.change(&what, Method::PUT, &path, Some(&body)).await?;
    settle(context, &before, follows, (Until::Settled, wait)).await
}

async fn instances(context: &mut Context, group: &str) -> Outcome<()> {
    let id = find::configuration(&mut context.client, group).await?;
    let what = format!("list instances of configuration group {group}");
    let path = path::of(&["configurations", &id, "instances"]);
    let body = context.client.list(&what, (&path, "instances"), None).await?;
    context.output.list(&body, "instances", &[("ID", "id"), ("Name", "name")]);
    Ok(())
}

async fn default(context: &mut Context, instance: &str) -> Outcome<()> {
    let id = find::id(&find::instance(&mut context.client, instance).await?);
    let what = format!("show the settings of instance {instance}");
    let path = path::of(&["instances", &id, "configuration"]);
    let body = context.client.get(&what, &path).await?;
    context.output.pairs(&body, &body["instance"]["configuration"]);
    Ok(())
}
