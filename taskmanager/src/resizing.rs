//! The effects of a resize, and the growth of a project's share that comes before it.

use crate::clock::{fresh_command, now};
use crate::core::{Core, internal};
use crate::effects::{Effects, no_place, transient, unplaced};
use crate::provisioner::ProvisionError;
use domain::aggregate::Key;
use domain::host;
use domain::ids::CommandId;
use domain::instance::messages::Outcome;
use domain::instance::{FaultCause, Figures, Live};
use domain::project;
use domain::quota::Resource;
use eventlog::HandleError;

/// Why a share did not grow.
#[derive(Debug)]
pub(crate) enum NoShare {
    /// The plane's figures can't be read now.
    Unread,
    /// The project refused, or nobody knows.
    Project(HandleError<project::Rejection>),
}

/// Sets the quota of `figures` aside for an instance that is to take so much.
pub(crate) async fn grow_share(
    core: &Core,
    command_id: CommandId,
    live: &Live,
    figures: Figures,
) -> Result<(), NoShare> {
    let plane = core.rows.plane().map_err(|_| NoShare::Unread)?;
    let defaults = plane.quota_defaults.ok_or(NoShare::Unread)?;
    let command = project::Command::Grow { instance: live.id, amount: figures.amount(), defaults };
    let handled =
        core.project.handle((&live.spec.project).into(), &internal(command_id, command), now).await;
    handled.map(|_| ()).map_err(NoShare::Project)
}

impl Effects {
    /// Claims the larger of before and after, of project and host alike.
    pub(crate) async fn make_room(
        &self,
        core: &Core,
        live: &Live,
        fence: u64,
    ) -> Result<Outcome, ProvisionError> {
        let claimed = live.claimed();
        grow_share(core, fresh_command(), live, claimed).await.map_err(no_share)?;
        resize_place(core, live, claimed).await?;
        let plan = self.plan(live, claimed, fence).ok_or_else(unplaced)?;
        self.provisioner.ensure_limits(fence, &plan).await.map(|()| Outcome::RoomMade)
    }

    /// Makes the volume larger.
    pub(crate) async fn grow(&self, live: &Live, fence: u64) -> Result<Outcome, ProvisionError> {
        let plan = self.plan(live, live.claimed(), fence).ok_or_else(unplaced)?;
        self.provisioner.ensure_volume_size(fence, &plan).await.map(|()| Outcome::VolumeGrown)
    }

    /// Gives back what is claimed beyond what is in force. What the volume turns out to be counts.
    pub(crate) async fn settle(
        &self,
        core: &Core,
        live: &Live,
        fence: u64,
    ) -> Result<Outcome, ProvisionError> {
        let in_force = live.spec.figures();
        let plan = self.plan(live, in_force, fence).ok_or_else(unplaced)?;
        let volume_gib =
            self.provisioner.ensure_settled(fence, &plan).await.map_err(to_be_repeated)?;
        let figures = Figures { volume_gib, ..in_force };
        resize_place(core, live, figures).await.map_err(to_be_repeated)?;
        let command = project::Command::Settle { instance: live.id, amount: figures.amount() };
        let key = Key::from(&live.spec.project);
        core.project
            .handle(key, &internal(fresh_command(), command), now)
            .await
            .map_err(transient)?;
        Ok(Outcome::Settled { volume_gib })
    }
}

async fn resize_place(core: &Core, live: &Live, figures: Figures) -> Result<(), ProvisionError> {
    let place = live.place.as_ref().ok_or_else(unplaced)?;
    let command = host::Command::Resize {
        instance: live.id,
        memory_mb: figures.memory_mb(),
        disk_mb: figures.disk_mb(),
    };
    let request = internal(fresh_command(), command);
    core.host.handle(place.host.into(), &request, now).await.map(|_| ()).map_err(no_place)
}

/// Nothing comes after the last step, so it is repeated until it succeeds.
fn to_be_repeated(error: ProvisionError) -> ProvisionError {
    match error {
        ProvisionError::Refused { detail, .. } => ProvisionError::Transient(detail.into()),
        ProvisionError::Transient(_) | ProvisionError::Stale { .. } => error,
    }
}

fn no_share(error: NoShare) -> ProvisionError {
    match error {
        NoShare::Unread => ProvisionError::Transient("the quotas are not readable yet".into()),
        NoShare::Project(HandleError::Rejected(project::Rejection::QuotaExceeded {
            resources,
        })) => {
            let words: Vec<_> = resources.into_iter().map(Resource::as_str).collect();
            let detail =
                format!("the project's quota of {} is used up meanwhile", words.join(" and "));
            ProvisionError::Refused { cause: FaultCause::Refused, detail }
        }
        NoShare::Project(error) => transient(error),
    }
}
