//! The host keeper's look, one instance at a time.
//!
//! A reconciler: it takes no hint of what changed, compares the whole, and may be repeated.

use super::super::{GuestPlan, KeepReport, ProvisionError};
use super::ledger::{Entry, Held};
use super::{LocalProvisioner, files, on_a_thread, volume};
use domain::ids::InstanceId;
use domain::instance::FaultCause;
use futures::StreamExt;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Instances looked at together; after a boot each of them needs a mount and a start.
const TOGETHER: usize = 8;
/// Tombstones are forgotten after a week: no worker sleeps for that long.
const TOMBSTONE_AGE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Looks between two sweeps of tombstones; at a look every five seconds, an hour.
const LOOKS_PER_SWEEP: u64 = 720;

/// What a look at one instance came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    AsItWas,
    Started,
    Ended,
}

pub(super) async fn keep(
    this: &Arc<LocalProvisioner>,
    seen: u64,
    wanted: &[GuestPlan],
) -> Result<KeepReport, ProvisionError> {
    let mut report = KeepReport::default();
    if this.paths.stopping().exists() {
        report.is_resting = true;
        return Ok(report);
    }
    let known = {
        let this = this.clone();
        on_a_thread(move || Ok(this.prepare_look()?)).await?
    };
    let names: BTreeSet<InstanceId> = wanted.iter().map(|plan| plan.id).collect();
    let unwanted = known.into_iter().filter(|id| !names.contains(id)).map(Look::Unwanted);
    let looks = wanted.iter().cloned().map(|plan| Look::Wanted(Box::new(plan))).chain(unwanted);
    let mut kept = futures::stream::iter(looks.map(|look| {
        let (this, id) = (this.clone(), look.id());
        async move { (id, on_a_thread(move || this.look(seen, &look)).await) }
    }))
    .buffer_unordered(TOGETHER);
    while let Some((id, outcome)) = kept.next().await {
        match outcome {
            Ok(Kept::AsItWas) => {}
            Ok(Kept::Started) => report.started.push(id),
            Ok(Kept::Ended) => report.ended.push(id),
            Err(error) => report.failed.push((id, error)),
        }
    }
    Ok(report)
}

/// One instance to look at.
enum Look {
    Wanted(Box<GuestPlan>),
    Unwanted(InstanceId),
}

impl Look {
    fn id(&self) -> InstanceId {
        match self {
            Self::Wanted(plan) => plan.id,
            Self::Unwanted(id) => *id,
        }
    }
}

impl LocalProvisioner {
    /// The instances that have a directory on this host.
    fn prepare_look(&self) -> Result<Vec<InstanceId>, super::error::HostError> {
        self.children.reap();
        if self.looks.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOKS_PER_SWEEP) {
            let is_absent = |id| {
                !self.paths.instance(id).exists()
                    && volume::find(&self.paths, id).is_ok_and(|found| found.is_none())
            };
            self.ledger.sweep(TOMBSTONE_AGE, is_absent)?;
        }
        let names = files::names(&self.paths.instances)?;
        Ok(names.into_iter().filter_map(|name| name.parse().ok()).collect())
    }

    fn look(&self, seen: u64, look: &Look) -> Result<Kept, ProvisionError> {
        // Whoever acts upon it knows better than a look does.
        let Some(held) = self.ledger.try_hold(look.id())? else {
            return Ok(Kept::AsItWas);
        };
        match look {
            Look::Wanted(plan) => match held.last() {
                Some(Entry::Gone(known)) if known >= plan.fence => Ok(Kept::AsItWas),
                Some(Entry::Kept(known)) if known > plan.fence => Ok(Kept::AsItWas),
                Some(_) | None => self.keep_running(&held, plan),
            },
            Look::Unwanted(_) if held.last().is_some_and(|last| last.fence() > seen) => {
                Ok(Kept::AsItWas)
            }
            Look::Unwanted(id) if self.has_recorded(*id)? => {
                self.end(*id)?;
                Ok(Kept::Ended)
            }
            Look::Unwanted(_) => Ok(Kept::AsItWas),
        }
    }

    fn keep_running(&self, held: &Held, plan: &GuestPlan) -> Result<Kept, ProvisionError> {
        if self.has_shim(plan.id)? {
            return Ok(Kept::AsItWas);
        }
        // Never a new volume in place of one that was lost: its owner has to know.
        let found = volume::find(&self.paths, plan.id)?.ok_or_else(missing)?;
        self.ensure_volume_in_place(held, plan, found)?;
        self.ensure_shim(plan, found, |credentials: &Path| !credentials.exists())?;
        Ok(Kept::Started)
    }
}

/// The volume of an instance that should have one is not there.
pub(super) fn missing() -> ProvisionError {
    ProvisionError::Refused {
        cause: FaultCause::Refused,
        detail: "The instance's volume is missing on its host. Let the administrator bring it \
                 back, or delete the instance."
            .to_owned(),
    }
}
