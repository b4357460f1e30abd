//! `trove image`: the engines that are unpacked on this host, from which instances run.
//!
//! # Invariant
//! A version is registered only after its image was fetched, verified, unpacked and has run here,
//! and is active only after the stack has found the image too. What goes wrong before leaves no
//! version.

mod fetch;
mod home;
mod list;
mod progress;
mod removal;

use crate::client::credentials::Flags;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use crate::table::printable;
use clap::Subcommand;

/// What can be done with images.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists the engines that are unpacked on this host.
    List(list::List),
    /// Fetches and unpacks an engine, and registers a version of it; for administrators.
    Fetch(fetch::Fetch),
    /// Deletes an unpacked engine that nothing uses; for administrators.
    Remove(removal::Remove),
}

impl Command {
    pub(crate) async fn run(self, flags: &Flags, output: Output) -> Outcome<()> {
        match self {
            Self::List(list) => list.run(output).await,
            Self::Fetch(fetch) => fetch.run(flags, output).await,
            Self::Remove(remove) => remove.run(flags, output).await,
        }
    }
}

/// Works with images on a thread that may block.
async fn blocking<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> Result<T, images::Error> + Send + 'static,
) -> Outcome<T> {
    let failed = |why: String| Failure::new(Kind::Refused, what, why);
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| failed(in_words(&error))),
        Err(panic) => Err(failed(panic.to_string())),
    }
}

/// An error with its causes; what programs wrote is part of it and can't steer the terminal.
fn in_words(error: &images::Error) -> String {
    let text = telemetry::Chain(error).to_string();
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}
