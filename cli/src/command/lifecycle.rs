//! What is done to whole instances: rename, restart, resize, delete.

use super::{Context, instance};
use crate::client::path;
use crate::failure::Outcome;
use crate::find;
use crate::wait::{self, Until, Wait};
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Gives an instance another name.
    Rename {
        /// Its name or id.
        instance: String,
        /// The new name.
        name: String,
    },
    /// Restarts the database server of an instance.
    Restart {
        #[command(flatten)]
        target: Target,
    },
    /// Gives an instance another flavor.
    #[command(name = "resize-instance", visible_alias = "resize-flavor")]
    ResizeInstance {
        /// Name or id of the instance.
        instance: String,
        /// Name or id of the flavor.
        flavor: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Makes the volume of an instance larger.
    ResizeVolume {
        /// Name or id of the instance.
        instance: String,
        /// The new size in GB.
        size: u32,
        #[command(flatten)]
        wait: Wait,
    },
    /// Deletes an instance with its databases.
    Delete {
        #[command(flatten)]
        target: Target,
    },
    /// Clears what an instance is busy with; for administrators.
    ResetStatus {
        /// Its name or id.
        instance: String,
    },
    /// Resets the status of an instance and deletes it; for administrators.
    ForceDelete {
        #[command(flatten)]
        target: Target,
    },
}

/// An instance, and whether to wait.
#[derive(Args)]
pub(crate) struct Target {
    /// Name or id of the instance.
    instance: String,
    #[command(flatten)]
    wait: Wait,
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::Rename { instance, name } => rename(context, &instance, &name).await,
            Self::Restart { target: Target { instance, wait } } => {
                let action = json!({"restart": {}});
                let words = ("restart", "is being restarted");
                act(context, &instance, (&action, words), (Until::Active, wait)).await
            }
            Self::ResizeInstance { instance, flavor, wait } => {
                let flavor = find::flavor(&mut context.client, &flavor).await?;
                let action = json!({"resize": {"flavorRef": find::flavor_id(&flavor)}});
                let words = ("resize", "is being resized");
                act(context, &instance, (&action, words), (Until::Settled, wait)).await
            }
            Self::ResizeVolume { instance, size, wait } => {
                let action = json!({"resize": {"volume": {"size": size}}});
                let words = ("resize the volume of", "is being resized");
                act(context, &instance, (&action, words), (Until::Settled, wait)).await
            }
            Self::Delete { target } => {
                let instance = find::instance(&mut context.client, &target.instance).await?;
                delete(context, &instance, target.wait).await
            }
            Self::ResetStatus { instance } => {
                let instance = find::instance(&mut context.client, &instance).await?;
                reset_status(context, &instance).await?;
                context.output.done(&format!("The status of {} is reset.", named(&instance)));
                Ok(())
            }
            Self::ForceDelete { target } => {
                let instance = find::instance(&mut context.client, &target.instance).await?;
                reset_status(context, &instance).await?;
                delete(context, &instance, target.wait).await
            }
        }
    }
}

/// The instance in a sentence.
fn named(instance: &Value) -> String {
    let name = instance["name"].as_str().unwrap_or_default();
    format!("instance {name} ({})", find::id(instance))
}

async fn rename(context: &mut Context, text: &str, name: &str) -> Outcome<()> {
    let instance = find::instance(&mut context.client, text).await?;
    let path = path::of(&["instances", &find::id(&instance)]);
    let body = json!({"instance": {"name": name}});
    let what = format!("rename {}", named(&instance));
    context.client.change(&what, Method::PATCH, &path, Some(&body)).await?;
    context.output.done(&format!("The {} is now called {name}.", named(&instance)));
    Ok(())
}

/// An action, and what follows it.
async fn act(
    context: &mut Context,
    text: &str,
    (action, (verb, follows)): (&Value, (&str, &str)),
    until: (Until, Wait),
) -> Outcome<()> {
    let instance = find::instance(&mut context.client, text).await?;
    let path = path::of(&["instances", &find::id(&instance), "action"]);
    let what = format!("{verb} {}", named(&instance));
    context.client.change(&what, Method::POST, &path, Some(action)).await?;
    settle(context, &instance, follows, until).await
}

/// Says that a change of an instance is under way, or waits for it and shows the instance.
pub(super) async fn settle(
    context: &mut Context,
    before: &Value,
    follows: &str,
    (until, wait): (Until, Wait),
) -> Outcome<()> {
    if !wait.wait {
        context.output.done(&format!("The {} {follows}.", named(before)));
        return Ok(());
    }
    let (id, fault) = (find::id(before), &before["fault"]);
    let after = wait::instance(&mut context.client, &id, fault, (until, wait)).await?;
    instance::show(context, &after);
    Ok(())
}

async fn delete(context: &mut Context, instance: &Value, wait: Wait) -> Outcome<()> {
    let id = find::id(instance);
    let path = path::of(&["instances", &id]);
    let what = format!("delete {}", named(instance));
    context.client.change(&what, Method::DELETE, &path, None).await?;
    if wait.wait {
        let until = (Until::Gone, wait);
        wait::instance(&mut context.client, &id, &instance["fault"], until).await?;
        context.output.done(&format!("The {} is gone.", named(instance)));
    } else {
        context.output.done(&format!("The {} is being deleted.", named(instance)));
    }
    Ok(())
}

async fn reset_status(context: &mut Context, instance: &Value) -> Outcome<()> {
    let path = path::of(&["instances", &find::id(instance), "action"]);
    let what = format!("reset the status of {}", named(instance));
    let action = json!({"reset_status": {}});
    context.client.change(&what, Method::POST, &path, Some(&action)).await?;
    Ok(())
}
