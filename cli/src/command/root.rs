//! The superuser of an instance.

use super::{Context, input};
use crate::client::path;
use crate::failure::Outcome;
use crate::find;
use clap::Subcommand;
use hyper::Method;
use serde_json::json;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lets root in from outside, with a new password that is shown once.
    #[command(name = "root-enable")]
    Enable {
        /// Name or id of the instance.
        instance: String,
        #[command(flatten)]
        password: input::MaybePassword,
    },
    /// Shows whether root was let in from outside.
    #[command(name = "root-show")]
    Show {
        /// Name or id of the instance.
        instance: String,
    },
    /// Lets root in from outside no more.
    #[command(name = "root-disable")]
    Disable {
        /// Name or id of the instance.
        instance: String,
    },
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        let client = &mut context.client;
        match self {
            Self::Enable { instance, password } => {
                let password = password.read()?;
                let path = root(&find::id(&find::instance(client, &instance).await?));
                let body = password.as_ref().map(|password| json!({ "password": password }));
                let what = format!("enable root on instance {instance}");
                let mut answer = client.change(&what, Method::POST, &path, body.as_ref()).await?;
                // Only what the service made up is news.
                if password.is_some()
                    && let Some(user) = answer["user"].as_object_mut()
                {
                    user.remove("password");
                }
                context.output.record(&answer, "user");
            }
            Self::Show { instance } => {
                let path = root(&find::id(&find::instance(client, &instance).await?));
                let body = client.get(&format!("show root of instance {instance}"), &path).await?;
                context.output.record(&body, "");
            }
            Self::Disable { instance } => {
                let path = root(&find::id(&find::instance(client, &instance).await?));
                let what = format!("disable root on instance {instance}");
                client.change(&what, Method::DELETE, &path, None).await?;
                context.output.done("Root is disabled.");
            }
        }
        Ok(())
    }
}

fn root(id: &str) -> String {
    path::of(&["instances", id, "root"])
}
