//! The trove command line: commands that speak to the API, `trove stack`, which runs a whole
//! control plane on this machine, and `trove remove`, which deletes it.

mod api;
mod client;
mod command;
mod completion;
mod console;
mod failure;
mod find;
mod image;
mod output;
mod process;
mod stack;
mod table;
mod wait;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use failure::{EXIT_CODES, Failure};
use output::Output;
use std::process::ExitCode;

/// Databases as a service.
#[derive(Parser)]
#[command(name = "trove", version, after_help = EXIT_CODES)]
struct Arguments {
    /// Prints the API's JSON, for programs.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    credentials: client::credentials::Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Api(command::Command),
    /// Lists, fetches and removes the engines that are unpacked on this host.
    #[command(subcommand)]
    Image(image::Command),
    /// Writes what a shell needs to complete the command line.
    Completion(completion::Completion),
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
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trove: {error:#}");
            let failure = error.downcast_ref::<Failure>();
            failure.map_or(ExitCode::FAILURE, Failure::exit_code)
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let output = if arguments.json { Output::Programs } else { Output::People };
    match arguments.command {
        Command::Api(command) => {
            wait_for(async { Ok(command::run(command, &arguments.credentials, output).await?) })
        }
        Command::Image(command) => {
            wait_for(async { Ok(command.run(&arguments.credentials, output).await?) })
        }
        Command::Completion(completion) => {
            completion.write::<Arguments>();
            Ok(())
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_makes_sense() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_stands_in_the_document() {
        let document = include_str!("../../docs/cli.md");
        for command in Arguments::command().get_subcommands().filter(|each| !each.is_hide_set()) {
            let example = format!("trove {}", command.get_name());
            let stands = document.lines().any(|line| {
                let rest = line.strip_prefix(&example);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            });
            assert!(stands, "docs/cli.md has no example of {example}");
        }
        assert!(document.contains(EXIT_CODES), "docs/cli.md says something else of exit codes");
    }

    #[test]
    fn the_founding_commands_are_read_as_they_were_written_down() {
        for line in [
            "trove datastore-create mysql",
            "trove datastore-update --name new --default_version 5.5 mysql",
            "trove datastore-update --default-version 5.5 mysql",
            "trove datastore-version-create --datastore d --manager m --packages p --image i \
             --active true 5.5",
            "trove datastore-version-create --datastore d --manager m --image i 5.5",
            "trove datastore-version-update --datastore d --manager m --packages p --image i \
             --active False --name n 5.5",
            "trove --os-cloud c datastore-version-update --active true 5.5 --json",
            "trove create shop db.small --size 1 --databases a b --users anna:x bob:y --wait",
            "trove quota-update p instances -1",
            "trove image list --available --json",
            "trove --os-cloud c image fetch mariadb 11.8 --state-dir d",
            "trove image remove 301aa4d9-31a3-5458-8f93-a97c97b75f53",
        ] {
            assert!(Arguments::try_parse_from(line.split_ascii_whitespace()).is_ok(), "{line}");
        }
        for line in
            ["trove datastore-version-create 5.5", "trove create x", "trove user-create i u"]
        {
            assert!(Arguments::try_parse_from(line.split_ascii_whitespace()).is_err(), "{line}");
        }
    }
}
