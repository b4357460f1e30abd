//! Users and projects of a test stack, added to its users file while it runs.

use anyhow::Context as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Somebody who can log in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Name of the user.
    pub user: String,
    /// The password.
    pub password: String,
    /// Name of the project.
    pub project: String,
}

/// The users file of one stack.
#[derive(Debug)]
pub(super) struct People {
    state: PathBuf,
    /// How many were added.
    added: Mutex<u32>,
}

impl People {
    pub(super) fn new(state: PathBuf) -> Self {
        Self { state, added: Mutex::new(0) }
    }

    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// Adds a user with a project of its own.
    pub(super) fn add(&self) -> anyhow::Result<Person> {
        let mut added = self.added.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *added += 1;
        let (user, project) = (format!("user-{added}"), format!("project-{added}"));
        let password = uuid::Uuid::new_v4().simple().to_string();
        let text = fs::read_to_string(self.file()).context("read the users file")?;
        let entry = format!(
            "\n[[projects]]\nname = \"{project}\"\n\
             [[users]]\nname = \"{user}\"\npassword = \"{password}\"\n\
             default_project = \"{project}\"\n\
             [[role_assignments]]\nuser = \"{user}\"\nproject = \"{project}\"\n\
             roles = [\"member\"]\n"
        );
        self.replace(&(text + &entry)).context("write the users file")?;
        Ok(Person { user, password, project })
    }

    /// A user that the stack made by itself.
    pub(super) fn first(&self, name: &str) -> anyhow::Result<Person> {
        let text = fs::read_to_string(self.file()).context("read the users file")?;
        let file: toml::Table = toml::from_str(&text).context("read the users file")?;
        let users = file.get("users").and_then(toml::Value::as_array).context("no users")?;
        let text = |user: &toml::Value, key: &str| Some(user.get(key)?.as_str()?.to_owned());
        users
            .iter()
            .find(|user| text(user, "name").as_deref() == Some(name))
            .and_then(|user| {
                Some(Person {
                    user: name.to_owned(),
                    password: text(user, "password")?,
                    project: text(user, "default_project")?,
                })
            })
            .with_context(|| format!("there is no user {name}"))
    }

    fn file(&self) -> PathBuf {
        self.state.join("users.toml")
    }

    /// At once, so that no gateway reads half of it.
    fn replace(&self, text: &str) -> std::io::Result<()> {
        let draft = self.state.join("users.draft");
        let owner = fs::metadata(self.file())?.uid();
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        chown(&draft, Some(owner), None)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&draft, self.file())
    }
}
