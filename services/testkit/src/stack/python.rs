//! Python programs from PyPI, each set of them in a virtual environment of its own.

use super::place;
use anyhow::{Context as _, ensure};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};

/// A virtual environment with these packages, made unless it is there.
///
/// # Errors
/// There is no python3 with venv, or the packages can't be had.
pub fn environment(packages: &[&str]) -> anyhow::Result<PathBuf> {
    let shelf = place::target()?.join("venv");
    fs::create_dir_all(&shelf).context("make a place for the environment")?;
    let environment = shelf.join(packages.join("+").replace("==", "-"));
    // One makes it, and the others find it made.
    let lock = File::create(shelf.join("lock")).context("lock the environment")?;
    lock.lock().context("lock the environment")?;
    let complete = environment.join("complete");
    if !complete.exists() {
        let made =
            Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).output();
        succeeded("python3 -m venv (package python3-venv)", &made.context("start python3")?)?;
        let pip = Command::new(environment.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(packages)
            .output();
        succeeded("pip install", &pip.context("start pip")?)?;
        File::create(&complete).context("mark the environment as complete")?;
    }
    Ok(environment)
}

pub(super) fn succeeded(what: &str, output: &Output) -> anyhow::Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what}: {}: {said}", output.status);
    Ok(())
}
