//! The commands that speak to the API, a file for each resource.

mod access;
mod comparison;
mod configuration;
mod creation;
mod database;
mod datastore;
mod flavor;
mod input;
mod instance;
mod lifecycle;
mod log;
mod parameter;
mod quota;
mod root;
mod user;
mod version;

use crate::client::Client;
use crate::client::credentials::Flags;
use crate::failure::Outcome;
use crate::output::Output;
use clap::Subcommand;

/// What a command works with.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) output: Output,
}

/// All commands that speak to the API.
#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Instance(instance::Command),
    #[command(flatten)]
    Creation(creation::Command),
    #[command(flatten)]
    Lifecycle(lifecycle::Command),
    #[command(flatten)]
    Database(database::Command),
    #[command(flatten)]
    User(user::Command),
    #[command(flatten)]
    Access(access::Command),
    #[command(flatten)]
    Root(root::Command),
    #[command(flatten)]
    Configuration(configuration::Command),
    #[command(flatten)]
    Parameter(parameter::Command),
    #[command(flatten)]
    Log(log::Command),
    #[command(flatten)]
    Flavor(flavor::Command),
    #[command(flatten)]
    Datastore(datastore::Command),
    #[command(flatten)]
    Version(version::Command),
    #[command(flatten)]
    Comparison(comparison::Command),
    #[command(flatten)]
    Quota(quota::Command),
}

/// Logs in and carries out a command.
pub(crate) async fn run(command: Command, flags: &Flags, output: Output) -> Outcome<()> {
    let client = Client::connect(flags).await?;
    carry_out(command, &mut Context { client, output }).await
}

async fn carry_out(command: Command, context: &mut Context) -> Outcome<()> {
    match command {
        Command::Instance(command) => command.run(context).await,
        Command::Creation(command) => command.run(context).await,
        Command::Lifecycle(command) => command.run(context).await,
        Command::Database(command) => command.run(context).await,
        Command::User(command) => command.run(context).await,
        Command::Access(command) => command.run(context).await,
        Command::Root(command) => command.run(context).await,
        Command::Configuration(command) => command.run(context).await,
        Command::Parameter(command) => command.run(context).await,
        Command::Log(command) => command.run(context).await,
        Command::Flavor(command) => command.run(context).await,
        Command::Datastore(command) => command.run(context).await,
        Command::Version(command) => command.run(context).await,
        Command::Comparison(command) => command.run(context).await,
        Command::Quota(command) => command.run(context).await,
    }
}

#[cfg(test)]
mod tests;
