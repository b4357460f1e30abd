//! The processes nested in an instance: provisioning, resizing, undoing, deleting.
//!
//! A process says what is owed; a worker claims it, does it and reports back under its fence.

use super::resize::Resizing;
use crate::ids::{ActionId, WorkerId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What is going on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Being made.
    Provisioning(Running),
    /// At rest and serving.
    Active,
    /// Its server is being stopped and started again: an action of the guest.
    Restarting,
    /// Getting another flavor or a larger volume.
    Resizing(Resizing),
    /// A creation that can't finish is being taken back.
    Undoing(Running),
    /// At rest after a creation that was taken back.
    Failed,
    /// Going away.
    Deleting(Running),
}

/// A process under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Where it is.
    pub step: Step,
    /// How often this step was begun, from 1.
    pub attempt: u32,
    /// When this step counts as overdue.
    pub deadline: Timestamp,
    /// Who does it, if somebody does.
    pub claim: Option<Claim>,
}

/// A worker's claim on the step under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub worker: WorkerId,
    /// Until when others leave it alone.
    pub until: Timestamp,
    /// The claiming commit's sequence: results under another fence don't count.
    pub fence: u64,
}

/// The steps of all processes, in the order of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// Find a place on a host.
    Place,
    /// Make the volume.
    Volume,
    /// Start shim and agent.
    Guest,
    /// Wait for the agent's first report.
    AgentReport,
    /// Wait for the server with its databases and users.
    Prepare,
    /// Wait for an action inside the database.
    Action,
    /// Wait for the server to be stopped and started again.
    Restart,
    /// Claim what a resize needs of quota and host.
    Room,
    /// Make the volume larger.
    Grow,
    /// Wait for the server to run with its new size.
    Apply,
    /// Wait for the server to run with its former flavor again.
    Revert,
    /// Give back what a resize needs no more.
    Settle,
    /// Bring settings into force.
    Configure,
    /// End shim, agent and server.
    NoGuest,
    /// Remove the volume.
    NoVolume,
    /// Give the place back and, on deletion, the quota.
    Release,
}

/// An idempotent `ensure_*` that is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// `ensure_place`.
    Place,
    /// `ensure_volume`.
    Volume,
    /// `ensure_guest`.
    Guest,
    /// Claim quota and host for a resize, and `ensure_limits`.
    Room,
    /// `ensure_volume_size`.
    Grow,
    /// `ensure_settled`, and give back the rest of quota and host.
    Settle,
    /// `ensure_no_guest`.
    NoGuest,
    /// `ensure_no_volume`.
    NoVolume,
    /// Give back the place.
    ReleasePlace,
    /// Give back place and quota.
    ReleaseAll,
}

/// When to look at what again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// At a step of the process under way.
    Step {
        /// Which step.
        step: Step,
        /// Which attempt of it.
        attempt: u32,
        /// When.
        at: Timestamp,
    },
    /// At an action that waits for its guest.
    Action {
        /// Which.
        id: ActionId,
        /// When.
        at: Timestamp,
    },
}

impl Timer {
    /// When.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Step { at, .. } | Self::Action { at, .. } => *at,
        }
    }
}

/// A failed operation, as the owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// During which step.
    pub step: Step,
    /// The kind of cause.
    pub cause: FaultCause,
    /// The cause in words, and what to do.
    pub detail: String,
    /// When.
    pub created: Timestamp,
}

/// The kinds of causes that an operation fails for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultCause {
    /// The engine's files or its template are missing.
    EngineMissing,
    /// The host has no address left.
    NoAddress,
    /// The host has not that much memory left.
    NoMemory,
    /// The host has not that much disk left.
    NoDisk,
    /// The volume is full.
    DiskFull,
    /// The agent never reported.
    AgentSilent,
    /// The server did not start.
    ServerWontStart,
    /// The server refused a statement.
    Statement,
    /// The step did not end in its time.
    Overdue,
    /// The provisioner refused.
    Refused,
}

impl Step {
    /// What is owed in this step; nothing while it waits for the guest.
    pub fn effect(self, deleting: bool) -> Option<Effect> {
        match self {
            Self::Place => Some(Effect::Place),
            Self::Volume => Some(Effect::Volume),
            Self::Guest => Some(Effect::Guest),
            Self::AgentReport
            | Self::Prepare
            | Self::Action
            | Self::Restart
            | Self::Configure
            | Self::Apply
            | Self::Revert => None,
            Self::Room => Some(Effect::Room),
            Self::Grow => Some(Effect::Grow),
            Self::Settle => Some(Effect::Settle),
            Self::NoGuest => Some(Effect::NoGuest),
            Self::NoVolume => Some(Effect::NoVolume),
            Self::Release if deleting => Some(Effect::ReleaseAll),
            Self::Release => Some(Effect::ReleasePlace),
        }
    }

    /// The step in words, as faults and logs name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Place => "finding a place",
            Self::Volume => "making the volume",
            Self::Guest => "starting the guest agent",
            Self::AgentReport => "waiting for the guest agent's first report",
            Self::Prepare => "preparing the database",
            Self::Action => "working inside the database",
            Self::Restart => "restarting the database",
            Self::Room => "finding room",
            Self::Grow => "growing the volume",
            Self::Apply => "starting the database with its new size",
            Self::Revert => "starting the database with its former flavor",
            Self::Settle => "giving back what was claimed",
            Self::Configure => "bringing settings into force",
            Self::NoGuest => "stopping the guest",
            Self::NoVolume => "removing the volume",
            Self::Release => "giving back place and quota",
        }
    }
}

impl Phase {
    /// The process under way, if one is.
    pub fn running(&self) -> Option<&Running> {
        match self {
            Self::Provisioning(running) | Self::Undoing(running) | Self::Deleting(running) => {
                Some(running)
            }
            Self::Resizing(resizing) => Some(&resizing.running),
            Self::Active | Self::Restarting | Self::Failed => None,
        }
    }

    pub(super) fn running_mut(&mut self) -> Option<&mut Running> {
        match self {
            Self::Provisioning(running) | Self::Undoing(running) | Self::Deleting(running) => {
                Some(running)
            }
            Self::Resizing(resizing) => Some(&mut resizing.running),
            Self::Active | Self::Restarting | Self::Failed => None,
        }
    }

    /// What is owed.
    pub fn next_effect(&self) -> Option<Effect> {
        let deleting = matches!(self, Self::Deleting(_));
        self.running().and_then(|running| running.step.effect(deleting))
    }

    /// When to look again.
    pub fn timer(&self) -> Option<Timer> {
        self.running().map(|running| Timer::Step {
            step: running.step,
            attempt: running.attempt,
            at: running.deadline,
        })
    }

    /// Who holds the effect under way.
    pub fn claim(&self) -> Option<&Claim> {
        self.running().and_then(|running| running.claim.as_ref())
    }
}
