//! What taskmanager and guest agent tell each other about one instance.
//!
//! Level-triggered: the taskmanager offers the whole desired state, the guest converges on the
//! newest one and reports what it observed. Nothing here is a diff.

use crate::engine::Manager;
use crate::ids::ActionId;
use crate::secret::{PublicKey, Sealed};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which desired document is newer: compared field by field.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Revision {
    /// The log's epoch.
    pub epoch: u64,
    /// The highest stream sequence among the commits that the document derives from.
    pub sequence: u64,
}

/// A guest asks for its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredRequest {
    /// Passwords in the answer are sealed to this key.
    pub public_key: PublicKey,
}

/// The answer to a [`DesiredRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DesiredAnswer {
    /// The newest document.
    Document(Box<Desired>),
    /// No document: the instance is unknown, going or gone. Run nothing; ask again later.
    None,
}

/// The answer to a [`Report`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportAnswer {
    /// It is on disk, or was no news.
    Recorded,
    /// The instance is unknown, going or gone.
    Unknown,
    /// It could not be recorded: send it again.
    TryAgain,
}

/// What an instance should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Older documents are ignored.
    pub revision: Revision,
    /// The fence of the latest claim on the instance.
    pub fence: u64,
    /// The engine's manager.
    pub manager: Manager,
    /// The engine's version number.
    pub version: String,
    /// The server's settings.
    pub settings: BTreeMap<String, String>,
    /// What to run once each, in order; an action stays here until it was reported.
    pub actions: Vec<Action>,
}

/// Something to run once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Names it in reports.
    pub id: ActionId,
    /// What to do.
    pub body: ActionBody,
}

/// The things that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionBody {
    /// Make the server from its template, start it, and make these databases and users.
    Prepare {
        /// Databases asked for at creation.
        databases: Vec<Database>,
        /// Users asked for at creation.
        users: Vec<UserToMake>,
    },
}

/// A database inside an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its character set; the server's default when absent.
    pub charset: Option<String>,
    /// Its collation; the character set's default when absent.
    pub collation: Option<String>,
}

/// A user to be made, with its password sealed to the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserToMake {
    /// Its name.
    pub name: String,
    /// From where it may log in.
    pub host: String,
    /// Its password.
    pub password: Sealed,
    /// The databases that it gets all rights on.
    pub databases: Vec<String>,
}

/// What a guest observed. Repeated until the taskmanager has answered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The document that the guest has converged on, or is converging on.
    pub revision: Revision,
    /// The database server's health.
    pub health: DatabaseHealth,
    /// Results of actions that still stand in the document.
    pub results: Vec<ActionResult>,
}

/// What became of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionResult {
    /// Which.
    pub id: ActionId,
    /// What became of it.
    pub outcome: ActionOutcome,
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionOutcome {
    /// It is done.
    Done,
    /// It can't be done.
    Failed(ActionFailure),
}

/// Why an action can't be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionFailure {
    /// The kind of cause.
    pub cause: ActionCause,
    /// The cause in words, with the server's own message where it gave one.
    pub detail: String,
}

/// The kinds of causes that an action fails for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionCause {
    /// The engine's files or its template are missing.
    EngineMissing,
    /// The volume is full.
    DiskFull,
    /// The server did not start.
    ServerWontStart,
    /// The server answered with an error.
    Statement,
}

/// The database server's health, as its agent sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatabaseHealth {
    /// Nothing is known yet.
    #[default]
    Unknown,
    /// Starting, or being prepared.
    Starting,
    /// It answers.
    Up,
    /// It does not.
    Down {
        /// Why, as far as known.
        cause: String,
    },
}

/// Sent every few seconds without an answer; only in memory on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// When the guest sent it.
    pub sent: Timestamp,
    /// The database server's health.
    pub health: DatabaseHealth,
    /// What the volume holds, in bytes; absent while there is none.
    pub volume_used_bytes: Option<u64>,
    /// The volume's size, in bytes; absent while there is none.
    pub volume_size_bytes: Option<u64>,
}

/// A live question to a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// Are you there, and how is the server?
    Health,
}

/// A guest's live answer: a heartbeat, asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryAnswer {
    /// To [`Query::Health`].
    Health(Heartbeat),
}
