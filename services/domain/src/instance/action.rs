//! Actions: what a guest is asked to run once, from the request to its result.
//!
//! # Invariants
//! - An action stays in the desired document until its guest has reported a result, or its
//!   deadline has passed.
//! - The log holds what was asked and what became of it, never a password.

use super::spec::NewUser;
use crate::guest::{ActionFailure, Database};
use crate::ids::{ActionId, SecretId, UserId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many results are remembered, for the gateways that wait for them.
pub const RESULTS_MAX: usize = 64;

/// How many actions may wait for a guest.
pub const PENDING_MAX: usize = 32;

/// What can be asked of a running guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionSpec {
    /// Make databases.
    CreateDatabases {
        /// Which.
        databases: Vec<Database>,
    },
    /// Remove a database with all its tables.
    DeleteDatabase {
        /// Which.
        name: String,
    },
    /// Make users.
    CreateUsers {
        /// Which.
        users: Vec<NewUser>,
    },
    /// Give users other passwords.
    ChangePasswords {
        /// Whose, and which.
        users: Vec<PasswordChange>,
    },
    /// Change a user's name, host or password; what is absent stays.
    UpdateUser {
        /// Whose.
        account: Account,
        /// The new name.
        name: Option<String>,
        /// The new host.
        host: Option<String>,
        /// The new password.
        password: Option<SecretId>,
    },
    /// Remove a user.
    DeleteUser {
        /// Which.
        account: Account,
    },
    /// Give a user all rights on databases.
    Grant {
        /// Whom.
        account: Account,
        /// On which.
        databases: Vec<String>,
    },
    /// Take a user's rights on a database.
    Revoke {
        /// Whose.
        account: Account,
        /// On which.
        database: String,
    },
    /// Stop the server and start it again.
    Restart,
    /// Let `root` log in from anywhere, with this password; one that could already gets it too.
    EnableRoot {
        /// The password's reference.
        password: SecretId,
        /// Who asks: the history of root names its user.
        by: UserId,
    },
    /// Let `root` log in no more.
    DisableRoot,
}

impl ActionSpec {
    /// The passwords that it refers to.
    pub fn secrets(&self) -> Vec<SecretId> {
        match self {
            Self::CreateUsers { users } => users.iter().map(|user| user.password).collect(),
            Self::ChangePasswords { users } => users.iter().map(|user| user.password).collect(),
            Self::UpdateUser { password, .. } => password.iter().copied().collect(),
            Self::EnableRoot { password, .. } => vec![*password],
            Self::CreateDatabases { .. }
            | Self::DeleteDatabase { .. }
            | Self::DeleteUser { .. }
            | Self::Grant { .. }
            | Self::Revoke { .. }
            | Self::Restart
            | Self::DisableRoot => Vec::new(),
        }
    }
}

/// A user inside an instance: its name, and from where it may log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// `%`, an address or a network.
    pub host: String,
}

/// Another password for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChange {
    /// Whose.
    pub account: Account,
    /// The password's reference.
    pub password: SecretId,
}

/// An action that waits for its guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its id.
    pub id: ActionId,
    /// What is asked.
    pub spec: ActionSpec,
    /// When it was asked.
    pub requested: Timestamp,
    /// When it is given up.
    pub deadline: Timestamp,
}

/// The actions of one instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actions {
    /// What waits for the guest, in the order asked.
    pub pending: Vec<Pending>,
    /// The latest results, oldest first, at most [`RESULTS_MAX`]; `None` is success.
    pub results: VecDeque<(ActionId, Option<ActionFailure>)>,
}

/// How far an action has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<'a> {
    /// It was never asked, or too long ago to be remembered.
    Unknown,
    /// It waits for the guest.
    Pending,
    /// It was done.
    Done,
    /// It could not be done.
    Failed(&'a ActionFailure),
}

impl Actions {
    /// How far an action has come.
    pub fn progress(&self, id: ActionId) -> Progress<'_> {
        if self.pending.iter().any(|action| action.id == id) {
            return Progress::Pending;
        }
        match self.results.iter().find(|(known, _)| *known == id) {
            None => Progress::Unknown,
            Some((_, None)) => Progress::Done,
            Some((_, Some(failure))) => Progress::Failed(failure),
        }
    }

    pub(super) fn find(&self, id: ActionId) -> Option<&Pending> {
        self.pending.iter().find(|action| action.id == id)
    }

    pub(super) fn end(&mut self, id: ActionId, failure: Option<ActionFailure>) {
        self.pending.retain(|action| action.id != id);
        if self.results.len() >= RESULTS_MAX {
            self.results.pop_front();
        }
        self.results.push_back((id, failure));
    }
}
