//! What taskmanager and guest agent tell each other about one instance.
//!
//! Level-triggered: the taskmanager offers the whole desired state, the guest converges on the
//! newest one and reports what it observed. Nothing here is a diff.

use crate::engine::{Log, Manager};
use crate::ids::ActionId;
use crate::instance::action::Account;
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
    /// Memory of the flavor, in MiB, which the settings must fit into; absent in documents of a
    /// plane that did not tell it yet.
    pub memory_mb: Option<u32>,
    /// Whether the server is to stand still.
    pub is_stopped: bool,
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
    /// Make databases.
    CreateDatabases {
        /// Which.
        databases: Vec<Database>,
    },
    /// Remove a database.
    DeleteDatabase {
        /// Which.
        name: String,
    },
    /// Make users.
    CreateUsers {
        /// Which.
        users: Vec<UserToMake>,
    },
    /// Change users.
    UpdateUsers {
        /// Whom, and how.
        changes: Vec<UserChange>,
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
    /// Let `root` log in from anywhere, with this password.
    EnableRoot {
        /// The password.
        password: Sealed,
    },
    /// Let `root` log in no more.
    DisableRoot,
}

/// A change of a user, its password sealed to the guest; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserChange {
    /// Whom.
    pub account: Account,
    /// The new name.
    pub name: Option<String>,
    /// The new host.
    pub host: Option<String>,
    /// The new password.
    pub password: Option<Sealed>,
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
    /// What became of the settings; absent before the first were settled.
    pub settings: Option<SettingsState>,
}

/// What became of a document's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsState {
    /// The sequence of the newest document that wants them.
    pub sequence: u64,
    /// The names of those that wait for a restart.
    pub restart_required: Vec<String>,
    /// Why they are not in force and won't be; the former ones are.
    pub refused: Option<ActionFailure>,
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
    /// What should be made is there already.
    Exists,
    /// What should be changed or removed is not there.
    NotFound,
    /// The guest did not report in time.
    Overdue,
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
    /// It answers, and takes no changes from its users, since its volume is full.
    Full,
    /// It does not.
    Down {
        /// Why, as far as known.
        cause: String,
    },
}

impl DatabaseHealth {
    /// Whether its agent can work with it.
    pub fn answers(&self) -> bool {
        match self {
            Self::Up | Self::Full => true,
            Self::Unknown | Self::Starting | Self::Down { .. } => false,
        }
    }
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Are you there, and how is the server?
    Health,
    /// Which databases are there? System databases are left out.
    Databases(Page),
    /// Which users are there? Reserved users are left out.
    Users(Page),
    /// What of one user?
    User(Account),
    /// Which logs are there, and how much is in them?
    Logs,
    /// What does a log end with?
    LogTail {
        /// Which.
        log: Log,
        /// At most so many lines; the guest may give fewer.
        lines: u32,
    },
}

/// A part of a list in the order of names, as the REST interface has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Names after this one, which is left out; `name@host` for users.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// A guest's live answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryAnswer {
    /// To [`Query::Health`]: a heartbeat, asked for.
    Health(Heartbeat),
    /// To [`Query::Databases`].
    Databases {
        /// Their names, in order.
        names: Vec<String>,
        /// Whether there are further ones.
        has_more: bool,
    },
    /// To [`Query::Users`].
    Users {
        /// The users, in the order of `name@host`.
        users: Vec<UserSeen>,
        /// Whether there are further ones.
        has_more: bool,
    },
    /// To [`Query::User`]; `None` when there is no such user, or it is reserved.
    User(Option<UserSeen>),
    /// To [`Query::Logs`].
    Logs(Vec<LogSize>),
    /// To [`Query::LogTail`]: the last lines, the oldest first. What is no text is replaced.
    LogTail(Vec<String>),
    /// The server did not answer the guest.
    Unavailable {
        /// Why, as far as known.
        detail: String,
    },
}

/// How much is kept of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSize {
    /// Which.
    pub log: Log,
    /// What its files hold, in bytes.
    pub bytes: u64,
}

/// A user as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSeen {
    /// Name and host.
    pub account: Account,
    /// The databases that it has rights on, by name.
    pub databases: Vec<String>,
}
