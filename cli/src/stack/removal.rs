//! `trove remove`: a stack with all its databases, gone for good.
//!
//! # Invariant
//! Nothing is deleted while a database runs or a volume is mounted: the one would go on without
//! its files, and of the other the content would be deleted through the mount.

use super::place::Place;
use super::signals::Signals;
use super::{child, databases, groups, volumes};
use crate::console::Console;
use anyhow::{Context as _, ensure};
use clap::Args;
use std::fs;
use std::path::PathBuf;

/// Which stack is to go.
#[derive(Debug, Args)]
pub(crate) struct Removal {
    /// Where the stack is kept
    #[arg(long, env = "TROVE_STATE_DIR", default_value = ".trove")]
    state_dir: PathBuf,
    /// Yes, with all the data in its databases
    #[arg(long)]
    delete_all_data: bool,
}

/// Stops what runs of the stack and deletes its directories.
pub(crate) async fn remove(removal: Removal) -> anyhow::Result<()> {
    let state_dir = &removal.state_dir;
    ensure!(state_dir.join("stack.toml").is_file(), "there is no stack in {}", state_dir.display());
    ensure!(
        removal.delete_all_data,
        "this deletes the stack in {} with all its databases: say --delete-all-data if that is \
         what you want",
        state_dir.display()
    );
    let console = Console::new();
    let signals = Signals::listen().context("listen to signals")?;
    let place = Place::open(state_dir)?;
    fs::write(place.stopping(), "").context("mark the stack as stopping")?;
    child::end_leftovers(&place.state().join("run"), &console)?;
    databases::stop(&place, &console, &signals.stop).await;
    ensure!(databases::running(&place) == 0, "databases are still stopping: try again");
    volumes::unmount_all(&place, &console)?;
    let mounted = volumes::mounted(&place.instances())?;
    ensure!(mounted.is_empty(), "volumes are still in use: {mounted:?}");
    groups::remove_all(&place)?;
    for directory in [place.base(), place.state()] {
        if directory.exists() {
            fs::remove_dir_all(directory)
                .with_context(|| format!("delete {}", directory.display()))?;
            console.say(&format!("{} is deleted.", directory.display()));
        }
    }
    Ok(())
}
