//! OpenStack's own clients, from PyPI, in a virtual environment of their own.

mod session;

pub use session::{Ended, Session};

use super::{Person, python};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// What is installed; a change makes another environment.
const PACKAGES: [&str; 3] =
    ["python-troveclient==8.11.0", "python-openstackclient==10.5.0", "openstacksdk==4.22.0"];

/// The command line, logged in as somebody.
#[derive(Debug, Clone)]
pub struct OpenStack {
    programs: PathBuf,
    base: String,
    person: Person,
    home: PathBuf,
    /// The process that all commands run in, instead of one for each.
    kept: Option<Arc<Mutex<Session>>>,
}

impl OpenStack {
    /// The command line for one user at one gateway. The first call of a build directory
    /// installs it.
    pub(super) fn install(base: &str, person: &Person, home: &Path) -> anyhow::Result<Self> {
        let programs = python::environment(&PACKAGES)?.join("bin");
        let (base, home) = (base.to_owned(), home.to_owned());
        Ok(Self { programs, base, person: person.clone(), home, kept: None })
    }

    /// The same, whose commands run one after the other in a process that is there already: of
    /// a command's time most goes into its start.
    ///
    /// # Errors
    /// The process could not be started.
    pub fn kept(self) -> anyhow::Result<Self> {
        let kept = Some(Arc::new(Mutex::new(self.session()?)));
        Ok(Self { kept, ..self })
    }

    /// Runs a command and gives what it printed, as JSON where it is.
    ///
    /// # Errors
    /// It ended unhappily; what it said is part of the error.
    pub fn run(&self, arguments: &str) -> anyhow::Result<Value> {
        let output = self.output(&[arguments, "-f json"].join(" "))?;
        serde_json::from_str(&output).with_context(|| format!("{arguments}: {output}"))
    }

    /// Runs a command and gives what it printed, if anything.
    ///
    /// # Errors
    /// It ended unhappily; what it said is part of the error.
    pub fn run_text(&self, arguments: &str) -> anyhow::Result<String> {
        self.output(arguments)
    }

    /// A process with the clients in it, which is asked one thing after the other.
    ///
    /// # Errors
    /// It could not be started.
    pub fn session(&self) -> anyhow::Result<Session> {
        Session::start(self.command("python"))
    }

    fn output(&self, arguments: &str) -> anyhow::Result<String> {
        if let Some(kept) = &self.kept {
            let words: Vec<&str> = arguments.split_ascii_whitespace().collect();
            let mut session = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let ended = session.command(&words)?;
            ensure!(ended.code == 0, "{arguments}: {}: {}", ended.code, ended.err);
            return Ok(ended.out);
        }
        let output = self
            .command("openstack")
            .args(arguments.split_ascii_whitespace())
            .output()
            .context("start openstack")?;
        python::succeeded(arguments, &output)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A program of the environment, with the variables that log the person in.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.home)
            // Some commands write files.
            .current_dir(&self.home)
            .env("OS_AUTH_TYPE", "password")
            .env("OS_AUTH_URL", format!("{}/identity/v3", self.base))
            .env("OS_USERNAME", &self.person.user)
            .env("OS_PASSWORD", &self.person.password)
            .env("OS_PROJECT_NAME", &self.person.project)
            .env("OS_USER_DOMAIN_NAME", "Default")
            .env("OS_PROJECT_DOMAIN_NAME", "Default")
            .env("OS_REGION_NAME", "RegionOne");
        command
    }
}
