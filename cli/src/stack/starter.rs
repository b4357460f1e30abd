//! What starts a process of the plane: `trove become`, which writes down who it is and then turns
//! into the program.
//!
//! So no moment exists in which a program runs that nobody could find again.

use super::place;
use crate::process;
use anyhow::Context as _;
use clap::Args;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

/// What to turn into, after it was written down.
#[derive(Debug, Args)]
pub(crate) struct Become {
    identity: PathBuf,
    program: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// The words in front of [`Become`]: this very program.
pub(crate) fn starter() -> anyhow::Result<Vec<OsString>> {
    let launcher = std::env::current_exe().context("find the launcher's own program")?;
    Ok(vec![launcher.into(), "become".into()])
}

/// Records this process and turns it into a program; comes back only with an error.
pub(crate) fn turn_into(Become { identity, program, arguments }: &Become) -> anyhow::Error {
    let recorded = process::identity(std::process::id())
        .context("read my identity")
        .and_then(|line| place::replace(identity, line.as_bytes(), 0o600));
    if let Err(error) = recorded {
        return error;
    }
    let error = Command::new(program).args(arguments).exec();
    anyhow::Error::new(error).context(format!("start {}", program.display()))
}
