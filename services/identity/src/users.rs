//! The users file: who may log in to the embedded service, and what they may do.
//!
//! TOML, mode 0600, kept by hand; a change is in force at the next request. There is one
//! domain, `default` (name `Default`), so the file does not speak of domains.
//! ```toml
//! [[projects]]
//! name = "shop"
//! # Optional: id (32 hex digits; made from the name if absent, so that it changes with it),
//! # description = "", enabled = true.
//!
//! [[users]]
//! name = "anna"
//! password = "..."
//! # Optional: id, enabled = true, default_project = "shop" (for log-ins that name no project).
//!
//! [[role_assignments]]
//! user = "anna"
//! project = "shop"
//! roles = ["member"] # admin, manager, member, reader; each implies those after it
//!
//! [[application_credentials]]
//! name = "pipeline"
//! secret = "..."
//! user = "anna"
//! project = "shop"
//! roles = ["reader"] # in force as far as the user holds them
//! # Optional: id.
//! ```
//! Passwords stand here as they are, because the file is as private as a file of hashes would
//! have to be. So a log-in costs no slow hash, and parallel log-ins need no limit of their own;
//! on the other hand nothing slows a guesser down: use long random passwords.

mod file;
mod first;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{self, Deserialize, Deserializer, Visitor};
use uuid::Uuid;

pub use first::{Login, generate};

use crate::private_file::{self, PrivateFileError, Stamp};
use crate::roles::RoleSet;

/// Why the users file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file itself is at fault, not what stands in it.
    #[error("users file")]
    File(#[from] PrivateFileError),
    /// What stands in it does not make sense; the text says what to change.
    #[error("users file {}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, where, and what to do.
        problem: String,
    },
}

/// A password. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself, for a client's configuration.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// Takes a string only. The usual error text would repeat a value of another type, which may
/// well be a password without its quotes; this one does not.
struct SecretVisitor;

impl Visitor<'_> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string in quotes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Secret, E> {
        Err(E::custom("a secret must be a string in quotes"))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
        Err(E::custom("a secret must be a string in quotes"))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
        Err(E::custom("a secret must be a string in quotes"))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Secret, E> {
        Err(E::custom("a secret must be a string in quotes"))
    }
}

/// The content of a users file, checked: every id and name is unique where it must be, and
/// every reference leads somewhere.
#[derive(Debug)]
pub(crate) struct Users {
    pub(crate) projects: Vec<Project>,
    pub(crate) users: Vec<User>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) credentials: Vec<Credential>,
}

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) is_enabled: bool,
}

#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) password: Secret,
    pub(crate) is_enabled: bool,
    pub(crate) default_project: Option<Uuid>,
}

/// The roles of a user in a project, as given: implied ones are not in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) user: Uuid,
    pub(crate) project: Uuid,
    pub(crate) roles: RoleSet,
}

#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) secret: Secret,
    pub(crate) user: Uuid,
    pub(crate) project: Uuid,
    pub(crate) roles: RoleSet,
}

/// Reads and checks the file.
pub(crate) fn read(path: &Path) -> Result<(Users, Stamp), UsersError> {
    let (text, stamp) = private_file::read(path)?;
    let users = file::parse(&text)
        .map_err(|problem| UsersError::Content { path: path.to_path_buf(), problem })?;
    Ok((users, stamp))
}
