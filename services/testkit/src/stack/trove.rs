//! Our own command line, as a user of a stack.

use super::{Person, place};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command line, logged in as somebody.
#[derive(Debug, Clone)]
pub struct Trove {
    base: String,
    person: Person,
    state: PathBuf,
}

/// How a command ended that was refused.
#[derive(Debug)]
pub struct Refusal {
    /// The exit code.
    pub code: Option<i32>,
    /// What it said.
    pub said: String,
}

impl Trove {
    pub(super) fn new(base: String, person: Person, state: &Path) -> Self {
        Self { base, person, state: state.to_owned() }
    }

    /// The stack's state directory.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// A command, ready to be started.
    ///
    /// # Errors
    /// The test's own program is in no build directory.
    pub fn command(&self, arguments: &str) -> anyhow::Result<Command> {
        self.command_through(&[], arguments)
    }

    /// A command that another program starts.
    ///
    /// # Errors
    /// The test's own program is in no build directory.
    pub fn command_through(&self, words: &[&str], arguments: &str) -> anyhow::Result<Command> {
        let program = place::program("trove")?;
        let mut command = match words {
            [] => Command::new(program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command
            .args(arguments.split_ascii_whitespace())
            .arg("--json")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TROVE_STATE_DIR", &self.state)
            .env("OS_AUTH_URL", format!("{}/identity/v3", self.base))
            .env("OS_USERNAME", &self.person.user)
            .env("OS_PASSWORD", &self.person.password)
            .env("OS_PROJECT_NAME", &self.person.project);
        Ok(command)
    }

    /// Runs a command and gives the JSON that it printed; null for none.
    ///
    /// # Errors
    /// It ended unhappily; what it said is part of the error.
    pub fn run(&self, arguments: &str) -> anyhow::Result<Value> {
        let output = self.command(arguments)?.output().context("start trove")?;
        ensure!(output.status.success(), "{arguments}: {}", said(&output));
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// Runs a command that must be refused.
    ///
    /// # Errors
    /// It was not.
    pub fn refused(&self, arguments: &str) -> anyhow::Result<Refusal> {
        Self::refusal_of(self.command(arguments)?)
    }

    /// Runs a command of [`Self::command_through`] that must be refused.
    ///
    /// # Errors
    /// It was not.
    pub fn refusal_of(mut command: Command) -> anyhow::Result<Refusal> {
        let output = command.output().context("start trove")?;
        ensure!(!output.status.success(), "{command:?} was not refused");
        Ok(Refusal { code: output.status.code(), said: said(&output) })
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
