//! The port by which instances get a volume and a guest.
//!
//! # Invariants (every adapter keeps them; `tests/provisioner_local/` hold them to it)
//! - Every effect may be repeated, and may be repeated after a crash at any point of it: it ends
//!   in the same state.
//! - Every effect names a fence. The highest fence of each instance is kept on disk before the
//!   effect begins, and an effect with a lower one changes nothing.
//! - What `ensure_no_volume` removed stays away: only a higher fence can make it again.
//!
//! Deliberately absent: waiting for the guest's agent to report. That is a state of the instance
//! with a deadline, not a call that hangs.

use async_trait::async_trait;
use domain::engine::Manager;
use domain::host::{Capacity, Place};
use domain::ids::{ImageId, InstanceId};
use domain::instance::FaultCause;
use std::fmt;

pub mod local;

/// Any error, as the cause of one that the port names.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Gives instances a volume and a guest, and takes both back.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// What this host offers; probed once at start.
    fn capacity(&self) -> &Capacity;

    /// Leaves an empty or kept volume of the plan's size, ready for the guest.
    ///
    /// # Errors
    /// [`ProvisionError`]; a refusal leaves nothing behind.
    async fn ensure_volume(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError>;

    /// Leaves a running shim that was told the plan. A guest that already runs goes on running.
    ///
    /// # Errors
    /// [`ProvisionError`].
    async fn ensure_guest(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError>;

    /// Leaves the guest's limits at the plan's figures; nothing of it is stopped or started.
    ///
    /// # Errors
    /// [`ProvisionError`].
    async fn ensure_limits(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError>;

    /// Leaves a volume of at least the plan's size with all that was in it, and a running shim
    /// that was told of it. Where the host can't do that under a running server, the guest is
    /// stopped and started again.
    ///
    /// # Errors
    /// [`ProvisionError`]; a refusal leaves volume and guest as they were.
    async fn ensure_volume_size(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError>;

    /// Ends what a resize may have left half done, with the plan's limits: a volume's growth that
    /// was begun is finished or taken back. Gives the volume's size in GiB.
    ///
    /// # Errors
    /// [`ProvisionError`].
    async fn ensure_settled(&self, fence: u64, plan: &GuestPlan) -> Result<u32, ProvisionError>;

    /// Leaves no process of the instance: shim, agent and server are asked to stop, and are
    /// killed after 40 s.
    ///
    /// # Errors
    /// [`ProvisionError`]; never a refusal.
    async fn ensure_no_guest(&self, fence: u64, id: InstanceId) -> Result<(), ProvisionError>;

    /// Leaves nothing of the instance but a tombstone with this fence.
    ///
    /// # Errors
    /// [`ProvisionError`]; never a refusal.
    async fn ensure_no_volume(&self, fence: u64, id: InstanceId) -> Result<(), ProvisionError>;

    /// The host keeper's look: leaves a shim for each of `wanted`, with its volume mounted, and
    /// none for any other instance of this host, whose volumes stay. Does nothing while the
    /// stack is stopping. Credentials are written only where none are.
    ///
    /// `wanted` are all instances of this host from the step that starts their guest until they
    /// are being deleted or undone, as they stood at position `seen` of the log. An instance
    /// whose fence lies behind that position is newer than the look and is left alone.
    ///
    /// # Errors
    /// [`ProvisionError::Transient`] when the host could not be looked at; what went wrong with
    /// one instance stands in the report and keeps no other from being looked at.
    async fn keep(&self, seen: u64, wanted: &[GuestPlan]) -> Result<KeepReport, ProvisionError>;
}

/// Everything that a provisioner must know of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestPlan {
    /// The instance.
    pub id: InstanceId,
    /// The highest fence known for it, by which [`Provisioner::keep`] acts.
    pub fence: u64,
    /// Which engine's manager.
    pub manager: Manager,
    /// The engine's version number.
    pub version: String,
    /// The image that it runs from.
    pub image: ImageId,
    /// Memory of the flavor, in MiB.
    pub memory_mb: u32,
    /// Virtual processors of the flavor.
    pub vcpus: u32,
    /// The volume's size, in GiB.
    pub volume_gib: u32,
    /// Its place on this host.
    pub place: Place,
    /// Its agent's way onto the bus.
    pub credentials: Credentials,
}

/// The text of a NATS credentials file.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(pub String);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// What a look of the host keeper came to.
#[derive(Debug, Default)]
pub struct KeepReport {
    /// The stack is stopping, so nothing was looked at.
    pub is_resting: bool,
    /// Instances that had no shim and have one now.
    pub started: Vec<InstanceId>,
    /// Instances that nobody wants and that were ended.
    pub ended: Vec<InstanceId>,
    /// Instances that could not be brought to what is wanted.
    pub failed: Vec<(InstanceId, ProvisionError)>,
}

/// Why an effect was not done.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// Nothing was decided: the same call may succeed later.
    #[error("the host did not let it happen")]
    Transient(#[source] BoxError),
    /// The same call will not succeed: undo.
    #[error("the provisioner refused: {detail}")]
    Refused {
        /// The kind of cause.
        cause: FaultCause,
        /// The cause in words for the instance's owner, and what to do.
        detail: String,
    },
    /// A later claim was seen: this worker's time is over.
    #[error("fence {fence} is older than {known}")]
    Stale {
        /// The call's fence.
        fence: u64,
        /// The highest fence known.
        known: u64,
    },
}
