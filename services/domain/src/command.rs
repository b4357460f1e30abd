//! What a gateway asks a taskmanager, and what it gets back.

use crate::aggregate::Key;
use crate::catalogue::{self, Parameter};
use crate::commit::Actor;
use crate::configuration;
use crate::engine::UserLog;
use crate::ids::{
    ActionId, CommandId, ConfigurationId, InstanceId, ProjectId, RequestId, VersionId,
};
use crate::instance::{ActionSpec, Resize, Spec};
use crate::offer::{self, Order};
use crate::quota::{Overrides, Resource};
use crate::secret::StoredSecret;
use crate::time::Timestamp;

/// A command on its way; a repeat is the same in every field.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Names the command over all its repeats.
    pub command_id: CommandId,
    /// After this it must not be decided any more.
    pub deadline: Timestamp,
    /// Who asks.
    pub actor: Actor,
    /// The REST request behind it.
    pub request_id: RequestId,
    /// What is asked.
    pub body: Body,
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Make an instance.
    CreateInstance {
        /// Its id, chosen by the gateway.
        id: InstanceId,
        /// What is asked for.
        spec: Box<Spec>,
        /// The passwords that the spec refers to.
        secrets: Vec<StoredSecret>,
    },
    /// Give an instance another name.
    RenameInstance {
        /// Which.
        id: InstanceId,
        /// The new name.
        name: String,
    },
    /// Delete an instance.
    DeleteInstance {
        /// Which.
        id: InstanceId,
    },
    /// Have an instance's guest run something once.
    RunAction {
        /// Whose guest.
        id: InstanceId,
        /// Names the action; the gateway waits for its result.
        action_id: ActionId,
        /// What to run.
        action: Box<ActionSpec>,
        /// The passwords that it refers to.
        secrets: Vec<StoredSecret>,
    },
    /// Give an instance another flavor or a larger volume.
    ResizeInstance {
        /// Which.
        id: InstanceId,
        /// To what.
        to: Box<Resize>,
    },
    /// Have an instance follow a configuration group.
    AttachConfiguration {
        /// Which instance.
        id: InstanceId,
        /// Which group.
        configuration: ConfigurationId,
    },
    /// Have an instance follow no group.
    DetachConfiguration {
        /// Which instance.
        id: InstanceId,
    },
    /// Have a log of an instance written, or written no more.
    SwitchLog {
        /// Which instance.
        id: InstanceId,
        /// Which log.
        log: UserLog,
        /// Whether it is written.
        is_on: bool,
    },
    /// Have an instance's server stopped, until it is restarted.
    StopInstance {
        /// Which instance.
        id: InstanceId,
    },
    /// Make a configuration group.
    CreateConfiguration {
        /// Its id, chosen by the gateway.
        id: ConfigurationId,
        /// What it is.
        spec: Box<configuration::Spec>,
    },
    /// Change a configuration group.
    UpdateConfiguration {
        /// Which.
        id: ConfigurationId,
        /// How.
        change: configuration::Change,
    },
    /// Delete a configuration group.
    DeleteConfiguration {
        /// Which.
        id: ConfigurationId,
    },
    /// End what is going on in an instance.
    ResetStatus {
        /// Which.
        id: InstanceId,
    },
    /// Give a project figures of its own.
    SetLimits {
        /// Whose quota.
        project: ProjectId,
        /// The figures; what is absent stays as it is.
        overrides: Overrides,
    },
    /// Take up again a parameter of a version.
    AddParameter {
        /// The version.
        version: VersionId,
        /// The parameter, as it is described from now on.
        parameter: Parameter,
    },
    /// Describe a parameter of a version in another way.
    ChangeParameter {
        /// The version.
        version: VersionId,
        /// The parameter, as it is described from now on.
        parameter: Parameter,
    },
    /// Take a parameter of a version away.
    RemoveParameter {
        /// The version.
        version: VersionId,
        /// Which.
        name: String,
    },
    /// Change what there is of datastores and versions.
    Offer(Order),
    /// Refuse a token from now on.
    RevokeToken {
        /// The token's audit id.
        audit_id: String,
        /// When the token ends by itself.
        expires: Timestamp,
    },
}

impl Body {
    /// The aggregate that the command is about.
    pub fn key(&self) -> Key {
        match self {
            Self::CreateInstance { id, .. }
            | Self::RenameInstance { id, .. }
            | Self::DeleteInstance { id }
            | Self::RunAction { id, .. }
            | Self::ResizeInstance { id, .. }
            | Self::AttachConfiguration { id, .. }
            | Self::DetachConfiguration { id }
            | Self::SwitchLog { id, .. }
            | Self::StopInstance { id }
            | Self::ResetStatus { id } => (*id).into(),
            Self::CreateConfiguration { id, .. }
            | Self::UpdateConfiguration { id, .. }
            | Self::DeleteConfiguration { id } => (*id).into(),
            Self::SetLimits { project, .. } => project.into(),
            Self::AddParameter { version, .. }
            | Self::ChangeParameter { version, .. }
            | Self::RemoveParameter { version, .. } => Key::catalogue(*version),
            Self::Offer(order) => order.key(),
            Self::RevokeToken { .. } => Key::plane(),
        }
    }
}

/// What became of a command.
pub type Reply = Result<Accepted, Rejection>;

/// The command was decided; its facts are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The stream sequence at which its effect can be read.
    pub position: u64,
}

/// Why a command was refused; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The instance is not known, or gone.
    InstanceNotFound,
    /// The instance's id is taken by a creation with another body.
    InstanceExists,
    /// The creation was given up before it was recorded; it needs a new id.
    CreationAbandoned,
    /// The project's quota is used up.
    QuotaExceeded {
        /// Of these, in order.
        resources: Vec<Resource>,
    },
    /// Something else is going on with the instance.
    InstanceBusy,
    /// The instance's database does not answer.
    DatabaseDown,
    /// What was said about a parameter of a version can't be.
    Parameter(catalogue::Rejection),
    /// The instance has that flavor already.
    SameFlavor,
    /// The instance's volume is as large already.
    VolumeNotLarger {
        /// How large it is, in GiB.
        current_gib: u32,
    },
    /// The instance follows a configuration group already.
    ConfigurationAttached {
        /// Which.
        configuration: ConfigurationId,
    },
    /// The instance is not at rest, which this change needs.
    NotAtRest,
    /// The configuration group is not known, or gone.
    ConfigurationNotFound,
    /// The group's id is taken by a creation with another body.
    ConfigurationExists,
    /// Instances follow the group.
    ConfigurationInUse,
    /// What was said about datastores or versions can't be.
    Offer(offer::Rejection),
    /// The command's deadline had passed before it was decided.
    DeadlinePassed,
    /// The aggregate is quarantined: its history is damaged.
    Damaged,
    /// The log can't be written at the moment; nothing was.
    LogUnavailable,
    /// The command can't be read, or is one that this taskmanager does not know.
    NotUnderstood,
}
