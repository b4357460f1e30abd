//! What an instance may be asked, what may have happened to it, and why it refuses.

use super::action::ActionSpec;
use super::process::{Effect, Fault, FaultCause, Step};
use super::resize::Resize;
use super::spec::Spec;
use crate::engine::UserLog;
use crate::guest::{ActionFailure, DatabaseHealth, Report, SettingsState};
use crate::host::Place;
use crate::ids::{ActionId, ConfigurationId, InstanceId, ProjectId, WorkerId};
use crate::time::Timestamp;

/// What an instance may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin it. Its project's quota is reserved already.
    Create {
        /// Its id.
        id: InstanceId,
        /// What was asked for.
        spec: Box<Spec>,
    },
    /// Give up a creation that was reserved but never recorded.
    Abandon {
        /// Whose it would have been.
        project: ProjectId,
    },
    /// Give it another name.
    Rename {
        /// The new name.
        name: String,
    },
    /// Delete it, whatever is going on.
    Delete,
    /// A worker takes the effect that is owed.
    Claim {
        /// Who.
        worker: WorkerId,
        /// Which effect it has seen to be owed.
        effect: Effect,
    },
    /// The worker needs longer.
    RenewClaim {
        /// Under which claim.
        fence: u64,
    },
    /// The effect was carried out.
    Complete {
        /// Under which claim.
        fence: u64,
        /// What came of it.
        outcome: Outcome,
    },
    /// The effect can't be carried out, and asking again can't help.
    Refuse {
        /// Under which claim.
        fence: u64,
        /// The kind of cause.
        cause: FaultCause,
        /// The cause in words.
        detail: String,
    },
    /// A step's deadline has passed.
    DeadlinePassed {
        /// Which step.
        step: Step,
        /// Which attempt of it.
        attempt: u32,
        /// Whether nobody could work on it, since the plane was down.
        plane_was_down: bool,
        /// The last known obstacle, in words; empty when none is known.
        obstacle: String,
    },
    /// Have the guest run something once; a repeat under the same id is no news.
    Request {
        /// Names the action.
        id: ActionId,
        /// What to run.
        action: Box<ActionSpec>,
    },
    /// An action's deadline has passed.
    ActionDeadlinePassed {
        /// Which action.
        id: ActionId,
    },
    /// Follow a configuration group, which expects it already.
    AttachConfiguration {
        /// Which group.
        configuration: ConfigurationId,
    },
    /// Follow no configuration group.
    DetachConfiguration,
    /// Have a log written, or written no more.
    SwitchLog {
        /// Which.
        log: UserLog,
        /// Whether it is written.
        is_on: bool,
    },
    /// Stop its server, until it is restarted.
    Stop,
    /// Give it another flavor or a larger volume.
    Resize {
        /// To what.
        to: Box<Resize>,
    },
    /// End what is going on, for an administrator: a restart and all actions that wait, a resize,
    /// or a creation. What is being removed or given back goes on.
    ResetStatus,
    /// The guest reported.
    Observe(Report),
    /// The guest has not been heard for the silence period, nor answered when asked.
    NoteSilence,
    /// The guest was heard again.
    NoteReturn,
}

/// What an effect gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of [`Effect::Place`].
    Placed(Place),
    /// Of [`Effect::Volume`].
    VolumeMade,
    /// Of [`Effect::Guest`].
    GuestStarted,
    /// Of [`Effect::Room`].
    RoomMade,
    /// Of [`Effect::Grow`].
    VolumeGrown,
    /// Of [`Effect::Settle`].
    Settled {
        /// How large the volume was found to be.
        volume_gib: u32,
    },
    /// Of [`Effect::NoGuest`].
    GuestRemoved,
    /// Of [`Effect::NoVolume`].
    VolumeRemoved,
    /// Of [`Effect::ReleasePlace`] and [`Effect::ReleaseAll`].
    Released,
}

/// What may have happened to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody asked for it; provisioning begins.
    CreationRequested {
        /// Its id.
        id: InstanceId,
        /// What was asked for.
        spec: Box<Spec>,
        /// The first step's deadline.
        deadline: Timestamp,
    },
    /// A creation was given up before it was recorded.
    CreationAbandoned {
        /// Whose it would have been.
        project: ProjectId,
    },
    /// It has another name.
    Renamed {
        /// The new name.
        name: String,
    },
    /// A worker took the effect that is owed; this commit's sequence is its fence.
    EffectClaimed {
        /// Who.
        worker: WorkerId,
        /// Until when others leave it alone.
        until: Timestamp,
    },
    /// The worker needs longer.
    ClaimRenewed {
        /// Until when others leave it alone.
        until: Timestamp,
    },
    /// It has a place.
    Placed {
        /// Where.
        place: Place,
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// Its volume exists.
    VolumeMade {
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// Its shim and agent run.
    GuestStarted {
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// Its agent reported for the first time.
    AgentReported {
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// Its server runs and has its databases and users.
    Prepared,
    /// Its creation can't finish.
    CreationFailed {
        /// Why.
        fault: Fault,
        /// The first undoing step's deadline; absent when there is nothing to undo.
        deadline: Option<Timestamp>,
    },
    /// A step begins anew.
    StepRestarted {
        /// How often it was begun, with this one.
        attempt: u32,
        /// Its new deadline.
        deadline: Timestamp,
        /// What its owner should know; absent when the plane itself was down.
        fault: Option<Fault>,
    },
    /// Somebody asked for its deletion.
    DeletionRequested {
        /// The first step's deadline.
        deadline: Timestamp,
    },
    /// Shim, agent and server are gone.
    GuestRemoved {
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// The volume is gone.
    VolumeRemoved {
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// A failed creation was taken back.
    Undone,
    /// It is gone.
    Deleted,
    /// Its guest was asked to run something.
    ActionRequested {
        /// Names the action.
        id: ActionId,
        /// What to run.
        spec: ActionSpec,
        /// When it is given up.
        deadline: Timestamp,
    },
    /// Its guest did what it was asked.
    ActionCompleted {
        /// Which action.
        id: ActionId,
    },
    /// Its guest could not do what it was asked.
    ActionFailed {
        /// Which action.
        id: ActionId,
        /// Why.
        failure: ActionFailure,
        /// What its owner should know; absent when the caller was told.
        fault: Option<Fault>,
    },
    /// Somebody asked for another flavor or a larger volume.
    ResizeRequested {
        /// To what.
        to: Resize,
        /// The first step's deadline.
        deadline: Timestamp,
    },
    /// Quota and host have room for the new size.
    RoomMade {
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// Its volume has its new size.
    VolumeGrown {
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// Its server runs with its new size.
    ResizeApplied {
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// It can't have its new size.
    ResizeFailed {
        /// Why.
        fault: Fault,
        /// Whether the server must be started with its former flavor first.
        must_revert: bool,
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// Its server was started with its former flavor, as far as that could be had.
    ResizeReverted {
        /// The next step's deadline.
        deadline: Timestamp,
    },
    /// It claims what it has, and nothing more.
    ResizeSettled {
        /// How large the volume was found to be; where an administrator ended it, what was in
        /// force.
        volume_gib: u32,
    },
    /// An administrator ended what was going on, but for a creation or a resize.
    StatusReset,
    /// It follows a configuration group.
    ConfigurationAttached {
        /// Which.
        configuration: ConfigurationId,
    },
    /// It follows no configuration group.
    ConfigurationDetached,
    /// A log is to be written, or to be written no more.
    LogSwitched {
        /// Which.
        log: UserLog,
        /// Whether it is written.
        is_on: bool,
    },
    /// Its server is to be stopped, until a restart or a resize.
    Stopped,
    /// What became of its settings.
    SettingsSettled {
        /// What its guest says.
        state: SettingsState,
        /// What its owner should know; absent when nothing is wrong.
        fault: Option<Fault>,
    },
    /// Its server's health changed.
    HealthChanged {
        /// To what.
        health: DatabaseHealth,
    },
    /// Its agent fell silent.
    AgentFellSilent,
    /// Its agent is heard again.
    AgentReturned,
}

/// Why an instance refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Not known, or gone.
    NotFound,
    /// The id is taken by a creation with another body.
    AlreadyExists,
    /// The creation was given up; it needs a new id.
    Abandoned,
    /// The claim is not the latest, or its step has ended.
    StaleFence,
    /// Another worker holds the effect.
    ClaimedByAnother {
        /// Until when.
        until: Timestamp,
    },
    /// Not that effect is owed.
    NotOwed,
    /// Something else is going on.
    Busy,
    /// Something else is going on, or a restart is owed.
    NotAtRest,
    /// It follows a configuration group already.
    ConfigurationAttached {
        /// Which.
        configuration: ConfigurationId,
    },
    /// The database does not answer, so nothing can be done inside it.
    DatabaseDown,
    /// It has that flavor already.
    SameFlavor,
    /// Its volume is as large already, and can't become smaller.
    VolumeNotLarger {
        /// How large it is.
        current_gib: u32,
    },
}
