//! The provisioner of one machine: processes, directories and, where the host allows it, image
//! files, control groups and uids.
//!
//! What can be had is probed once at start, by trying it, and [`Local::report`] says
//! it in words. A weaker level is taken where a stronger one can't be had; nothing is pretended.
//!
//! # Invariants
//! - Everything of an instance lies under names that follow from its id, so that a repeat after
//!   a crash finds what is there without having to remember it.
//! - One worker at a time acts upon an instance, in this process and in others of the machine.

use super::{GuestPlan, KeepReport, ProvisionError, Provisioner};
use async_trait::async_trait;
use domain::guest_spec::Layout;
use domain::host::Capacity;
use domain::ids::InstanceId;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

mod address_range;
mod catalog;
mod cgroup;
mod config;
mod ending;
mod error;
mod files;
mod growth;
mod guest;
mod holder;
mod host;
mod keeping;
mod ledger;
mod mount;
mod opening;
mod paths;
mod process;
mod volume;
mod walls;

use ending::Parts;
use error::HostError;
use guest::Owners;

pub use address_range::{ADDRESSES_PER_RANGE, Range, claim_range};
pub use catalog::{EngineFiles, ImageCatalog};
pub use config::{Addresses, IsolationWish, LocalConfig, OpenError};

/// How long an effect waits for another worker that acts upon the same instance.
const PATIENCE: Duration = Duration::from_secs(5);

/// The `local` provisioner of one host.
#[derive(Debug)]
pub struct Local(Arc<LocalProvisioner>);

/// What it is made of, shared with the threads that block.
#[derive(Debug)]
struct LocalProvisioner {
    capacity: Capacity,
    paths: paths::Paths,
    ledger: ledger::Ledger,
    volumes: volume::Level,
    cgroups: cgroup::Cgroups,
    walls: walls::Walls,
    /// Held for as long as this lives; absent with fixed addresses.
    range: Option<Range>,
    guestagent: PathBuf,
    images: ImageCatalog,
    nats_urls: Vec<String>,
    heartbeat_ms: u64,
    desired_poll_ms: u64,
    stop_max: Duration,
    children: guest::Children,
    looks: AtomicU64,
}

impl Local {
    /// Probes the host and takes its address range. Blocks for some tenths of a second.
    ///
    /// # Errors
    /// [`OpenError`]: nothing can be provisioned here as it is.
    pub fn open(config: LocalConfig) -> Result<Self, OpenError> {
        opening::open(config).map(|local| Self(Arc::new(local)))
    }

    /// The isolation in force, a sentence per level, for a person to read at start.
    pub fn report(&self) -> Vec<String> {
        self.0.report()
    }
}

#[async_trait]
impl Provisioner for Local {
    fn capacity(&self) -> &Capacity {
        &self.0.capacity
    }

    async fn ensure_volume(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError> {
        let (this, plan) = (self.0.clone(), plan.clone());
        on_a_thread(move || this.ensure_volume(fence, &plan)).await
    }

    async fn ensure_guest(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError> {
        let (this, plan) = (self.0.clone(), plan.clone());
        on_a_thread(move || this.ensure_guest(fence, &plan)).await
    }

    async fn ensure_limits(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError> {
        let (this, plan) = (self.0.clone(), plan.clone());
        on_a_thread(move || this.ensure_limits(fence, &plan)).await
    }

    async fn ensure_volume_size(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError> {
        let (this, plan) = (self.0.clone(), plan.clone());
        on_a_thread(move || this.ensure_volume_size(fence, &plan)).await
    }

    async fn ensure_settled(&self, fence: u64, plan: &GuestPlan) -> Result<u32, ProvisionError> {
        let (this, plan) = (self.0.clone(), plan.clone());
        on_a_thread(move || this.ensure_settled(fence, &plan)).await
    }

    async fn ensure_no_guest(&self, fence: u64, id: InstanceId) -> Result<(), ProvisionError> {
        let this = self.0.clone();
        on_a_thread(move || this.ensure_no_guest(fence, id)).await
    }

    async fn ensure_no_volume(&self, fence: u64, id: InstanceId) -> Result<(), ProvisionError> {
        let this = self.0.clone();
        on_a_thread(move || this.ensure_no_volume(fence, id)).await
    }

    async fn keep(&self, seen: u64, wanted: &[GuestPlan]) -> Result<KeepReport, ProvisionError> {
        keeping::keep(&self.0, seen, wanted).await
    }
}

impl LocalProvisioner {
    fn ensure_volume(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError> {
        let mut held = self.ledger.hold(plan.id, fence, PATIENCE)?;
        held.begin_making(fence)?;
        Owners::of(plan, &self.walls)?;
        let size_bytes = u64::from(plan.volume_gib) << 30;
        let found = volume::ensure(&self.paths, &self.volumes, plan.id, size_bytes)?;
        self.ensure_volume_in_place(&held, plan, found)
    }

    fn ensure_guest(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError> {
        let mut held = self.ledger.hold(plan.id, fence, PATIENCE)?;
        held.begin_making(fence)?;
        let found = volume::find(&self.paths, plan.id)?.ok_or_else(keeping::missing)?;
        self.ensure_volume_in_place(&held, plan, found)?;
        self.ensure_shim(plan, found, |_| true)
    }

    fn ensure_limits(&self, fence: u64, plan: &GuestPlan) -> Result<(), ProvisionError> {
        let mut held = self.ledger.hold(plan.id, fence, PATIENCE)?;
        held.begin_making(fence)?;
        self.cgroups.ensure(plan.id, plan.into())?;
        Ok(())
    }

    fn ensure_no_guest(&self, fence: u64, id: InstanceId) -> Result<(), ProvisionError> {
        let mut held = self.ledger.hold(id, fence, PATIENCE)?;
        held.begin_removing(fence)?;
        Ok(self.end(id)?)
    }

    fn ensure_no_volume(&self, fence: u64, id: InstanceId) -> Result<(), ProvisionError> {
        let mut held = self.ledger.hold(id, fence, PATIENCE)?;
        held.begin_removing(fence)?;
        self.take_volume_out(id)?;
        volume::delete(&self.paths, id)?;
        files::remove_tree(&self.paths.instance(id))?;
        files::sync_dir(&self.paths.instances)?;
        held.bury(fence)
    }

    fn ensure_volume_in_place(
        &self,
        held: &ledger::Held,
        plan: &GuestPlan,
        found: volume::Found,
    ) -> Result<(), ProvisionError> {
        let owners = Owners::of(plan, &self.walls)?;
        self.ensure_directory(plan, owners)?;
        if found.is_image {
            growth::finish_unmounted(&self.paths, held, plan.id)?;
        }
        Ok(volume::ensure_in_place(&self.paths, plan.id, found, owners.volume())?)
    }

    fn has_shim(&self, id: InstanceId) -> Result<bool, HostError> {
        let directory = self.paths.instance(id);
        Ok(process::Process::recorded(&Layout(&directory).identity("shim"))?.is_some())
    }
}

/// Effects block: they wait for programs, disks and processes. One that lost its caller runs to
/// its end, under the lock and the fence that it holds.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProvisionError> + Send + 'static,
) -> Result<T, ProvisionError> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
        .await
        .unwrap_or_else(|panic| Err(ProvisionError::Transient(Box::new(panic))))
}
