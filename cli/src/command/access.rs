//! Which databases of an instance a user may use.

use super::Context;
use super::user::Account;
use crate::client::path;
use crate::failure::Outcome;
use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lets a user use databases.
    #[command(name = "user-grant-access")]
    Grant {
        #[command(flatten)]
        account: Account,
        /// The databases.
        #[arg(required = true)]
        databases: Vec<String>,
    },
    /// Takes a database away from a user.
    #[command(name = "user-revoke-access")]
    Revoke {
        #[command(flatten)]
        account: Account,
        /// The database.
        database: String,
    },
    /// Shows which databases a user may use.
    #[command(name = "user-show-access")]
    Show {
        #[command(flatten)]
        account: Account,
    },
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::Grant { account, databases } => {
                let (path, user) = account.find(context).await?;
                let names: Vec<Value> =
                    databases.iter().map(|name| json!({ "name": name })).collect();
                let body = json!({ "databases": names });
                let what = format!("grant access to {user}");
                let path = format!("{path}/databases");
                context.client.change(&what, Method::PUT, &path, Some(&body)).await?;
                context.output.done(&format!("The {user} may use {}.", databases.join(", ")));
            }
            Self::Revoke { account, database } => {
                let (path, user) = account.find(context).await?;
                let path = format!("{path}/databases{}", path::of(&[&database]));
                let what = format!("revoke access from {user}");
                context.client.change(&what, Method::DELETE, &path, None).await?;
                context.output.done(&format!("The {user} may use {database} no more."));
            }
            Self::Show { account } => {
                let (path, user) = account.find(context).await?;
                let path = format!("{path}/databases");
                let body = context.client.get(&format!("show access of {user}"), &path).await?;
                context.output.list(&body, "databases", &[("Name", "name")]);
            }
        }
        Ok(())
    }
}
