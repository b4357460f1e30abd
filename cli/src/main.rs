//! The trove command line: `trove stack` runs a whole control plane on this machine, and `trove
//! remove` deletes it.

mod api;
mod console;
mod process;
mod stack;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Databases as a service, on this machine.
#[derive(Debug, Parser)]
#[command(name = "trove", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the local stack in the foreground until Ctrl-C.
    Stack(stack::Settings),
    /// Deletes a local stack that does not run, with all its databases.
    Remove(stack::Removal),
    /// Writes down who this process is, and turns into a program.
    #[command(hide = true)]
    Become(stack::Become),
}

fn main() -> ExitCode {
    // The console speaks to people; log lines are for those who ask for them.
    if std::env::var_os("TROVE_LOG").is_some() {
        telemetry::start();
    }
    let command = Arguments::parse().command;
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trove: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Stack(settings) => wait_for(stack::run(settings)),
        Command::Remove(removal) => wait_for(stack::remove(removal)),
        Command::Become(what) => Err(stack::turn_into(&what)),
    }
}

fn wait_for(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start threads")?;
    let outcome = runtime.block_on(work);
    // Unpacking may be under way in a thread; it may be cut off at any point.
    runtime.shutdown_background();
    outcome
}
