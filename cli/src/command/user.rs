//! Users inside an instance. What they may use has a file of its own.

use super::{Context, input};
use crate::client::path;
use crate::failure::Outcome;
use crate::find;
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

/// From everywhere.
const ANY_HOST: &str = "%";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists the users of an instance.
    #[command(name = "user-list")]
    List {
        /// Name or id of the instance.
        instance: String,
    },
    /// Shows a user of an instance.
    #[command(name = "user-show")]
    Show {
        #[command(flatten)]
        account: Account,
    },
    /// Makes a user in an instance.
    #[command(name = "user-create")]
    Create {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        password: input::Password,
        /// Databases that the user may use.
        #[arg(long, num_args = 1.., value_name = "DATABASE")]
        databases: Vec<String>,
    },
    /// Gives a user another name, host or password.
    #[command(name = "user-update-attributes")]
    Update {
        #[command(flatten)]
        account: Account,
        /// The new name.
        #[arg(long = "new_name", visible_alias = "new-name", value_name = "NAME")]
        new_name: Option<String>,
        /// From where the user comes in future.
        #[arg(long = "new_host", visible_alias = "new-host", value_name = "HOST")]
        new_host: Option<String>,
        #[command(flatten)]
        password: input::MaybePassword,
    },
    /// Deletes a user of an instance.
    #[command(name = "user-delete")]
    Delete {
        #[command(flatten)]
        account: Account,
    },
}

/// A user of an instance.
#[derive(Args)]
pub(crate) struct Account {
    /// Name or id of the instance.
    instance: String,
    /// Name of the user.
    name: String,
    /// From where the user comes.
    #[arg(long, value_name = "HOST", default_value = ANY_HOST)]
    host: String,
}

impl Account {
    /// The path of the user, and what is said of it.
    pub(super) async fn find(&self, context: &mut Context) -> Outcome<(String, String)> {
        let id = find::id(&find::instance(&mut context.client, &self.instance).await?);
        // Always with the host: the name may have an @ in it.
        let account = format!("{}@{}", self.name, self.host);
        let path = path::of(&["instances", &id, "users", &account]);
        Ok((path, format!("user {account}")))
    }
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::List { instance } => list(context, &instance).await,
            Self::Show { account } => {
                let (path, user) = account.find(context).await?;
                let body = context.client.get(&format!("show {user}"), &path).await?;
                context.output.record(&body, "user");
                Ok(())
            }
            Self::Create { account, password, databases } => {
                let password = password.read()?;
                create(context, &account, (&password, &databases)).await
            }
            Self::Update { account, new_name, new_host, password } => {
                let password = password.read()?;
                let given = [("name", new_name), ("host", new_host), ("password", password)];
                let mut changed = json!({});
                for (key, value) in given {
                    if let Some(value) = value {
                        changed[key] = json!(value);
                    }
                }
                update(context, &account, &changed).await
            }
            Self::Delete { account } => {
                let (path, user) = account.find(context).await?;
                let what = format!("delete {user}");
                context.client.change(&what, Method::DELETE, &path, None).await?;
                context.output.done(&format!("The {user} is deleted."));
                Ok(())
            }
        }
    }
}

async fn list(context: &mut Context, instance: &str) -> Outcome<()> {
    let id = find::id(&find::instance(&mut context.client, instance).await?);
    let path = path::of(&["instances", &id, "users"]);
    let what = format!("list users of instance {instance}");
    let body = context.client.list(&what, (&path, "users"), None).await?;
    let columns = [("Name", "name"), ("Host", "host"), ("Databases", "databases")];
    context.output.list(&body, "users", &columns);
    Ok(())
}

async fn create(
    context: &mut Context,
    account: &Account,
    (password, databases): (&str, &[String]),
) -> Outcome<()> {
    let id = find::id(&find::instance(&mut context.client, &account.instance).await?);
    let path = path::of(&["instances", &id, "users"]);
    let databases: Vec<Value> = databases.iter().map(|name| json!({ "name": name })).collect();
    let (name, host) = (&account.name, &account.host);
    let user = json!({"name": name, "host": host, "password": password, "databases": databases});
    let body = json!({ "users": [user] });
    let what = format!("create user {name}@{host}");
    context.client.change(&what, Method::POST, &path, Some(&body)).await?;
    context.output.done(&format!("The user {name}@{host} is made."));
    Ok(())
}

async fn update(context: &mut Context, account: &Account, changed: &Value) -> Outcome<()> {
    let (path, user) = account.find(context).await?;
    let what = format!("change {user}");
    let body = json!({ "user": changed });
    context.client.change(&what, Method::PUT, &path, Some(&body)).await?;
    context.output.done(&format!("The {user} is changed."));
    Ok(())
}
