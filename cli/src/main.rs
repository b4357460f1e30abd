//! The trove command line: `trove stack` runs a whole control plane on this machine.

mod api;
mod console;
mod process;
mod stack;

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
}

fn main() -> ExitCode {
    // The console speaks to people; log lines are for those who ask for them.
    if std::env::var_os("TROVE_LOG").is_some() {
        telemetry::start();
    }
    let Command::Stack(settings) = Arguments::parse().command;
    match stack::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trove: {error:#}");
            ExitCode::FAILURE
        }
    }
}
