//! Log files of an instance.

use super::Context;
use crate::client::path;
use crate::failure::Outcome;
use crate::find;
use crate::table::Column;
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

const COLUMNS: [Column; 5] = [
    ("Name", "name"),
    ("Type", "type"),
    ("Status", "status"),
    ("Published", "published"),
    ("Pending", "pending"),
];
const LINES: u32 = 50;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists the logs of an instance.
    #[command(name = "log-list")]
    List {
        /// Name or id of the instance.
        instance: String,
    },
    /// Shows the state of a log.
    #[command(name = "log-show")]
    Show {
        #[command(flatten)]
        log: Log,
    },
    /// Has a log written.
    #[command(name = "log-enable")]
    Enable {
        #[command(flatten)]
        log: Log,
    },
    /// Has a log written no more.
    #[command(name = "log-disable")]
    Disable {
        #[command(flatten)]
        log: Log,
    },
    /// Shows the last lines of a log.
    #[command(name = "log-tail")]
    Tail {
        #[command(flatten)]
        log: Log,
        /// How many.
        #[arg(long, value_name = "COUNT", default_value_t = LINES)]
        lines: u32,
    },
}

/// A log of an instance.
#[derive(Args)]
pub(crate) struct Log {
    /// Name or id of the instance.
    instance: String,
    /// Name of the log.
    log: String,
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        match self {
            Self::List { instance } => {
                let id = find::id(&find::instance(&mut context.client, &instance).await?);
                let what = format!("list logs of instance {instance}");
                let path = path::of(&["instances", &id, "log"]);
                let body = context.client.get(&what, &path).await?;
                context.output.list(&body, "logs", &COLUMNS);
                Ok(())
            }
            Self::Show { log } => ask(context, &log, "show", json!({})).await,
            Self::Enable { log } => ask(context, &log, "enable", json!({"enable": 1})).await,
            Self::Disable { log } => ask(context, &log, "disable", json!({"disable": 1})).await,
            Self::Tail { log, lines } => tail(context, &log, lines).await,
        }
    }
}

async fn ask(context: &mut Context, log: &Log, verb: &str, mut body: Value) -> Outcome<()> {
    let id = find::id(&find::instance(&mut context.client, &log.instance).await?);
    body["name"] = json!(log.log);
    let what = format!("{verb} log {} of instance {}", log.log, log.instance);
    let path = path::of(&["instances", &id, "log"]);
    let answer = context.client.change(&what, Method::POST, &path, Some(&body)).await?;
    context.output.record(&answer, "log");
    Ok(())
}

async fn tail(context: &mut Context, log: &Log, lines: u32) -> Outcome<()> {
    let id = find::id(&find::instance(&mut context.client, &log.instance).await?);
    let what = format!("show the end of log {} of instance {}", log.log, log.instance);
    let path = path::of(&["instances", &id, "log", &log.log]);
    let body = context.client.get(&what, &format!("{path}?lines={lines}")).await?;
    let lines = body["log"]["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
    context.output.lines(&body, lines);
    Ok(())
}
