//! Carries out one effect: claim, call, result. Each part may be repeated.

use crate::clock::now;
use crate::commands;
use crate::core::{Core, internal};
use crate::followers;
use crate::provisioner::{Credentials, GuestPlan, ProvisionError, Provisioner};
use crate::reconcile;
use bus::authority::GuestMint;
use domain::aggregate::Key;
use domain::host::{self, Host};
use domain::ids::{CommandId, derived};
use domain::instance::messages::Outcome;
use domain::instance::spec::VersionRef;
use domain::instance::{Command, Effect, FaultCause, Figures, Live, Rejection};
use eventlog::HandleError;
use std::sync::Arc;
use std::time::Duration;

/// What effects are carried out with.
#[derive(Clone)]
pub(crate) struct Effects {
    pub(crate) provisioner: Arc<dyn Provisioner>,
    mint: Arc<GuestMint>,
}

/// Why there is no outcome to report.
#[derive(Debug)]
pub(crate) enum Stop {
    /// To be tried again; in words.
    Obstacle(String),
    /// Somebody else goes on from here, or has already.
    Superseded,
}

impl Effects {
    /// Effects on this host.
    pub(crate) fn new(provisioner: Arc<dyn Provisioner>, mint: Arc<GuestMint>) -> Self {
        Self { provisioner, mint }
    }

    /// Whether an instance is this host's, or may become so.
    pub(crate) fn may_touch(&self, live: &Live) -> bool {
        let host = self.provisioner.capacity().host;
        live.place.as_ref().is_none_or(|place| place.host == host)
    }

    /// Carries out what `live` owes and returns the position of the result.
    #[tracing::instrument(skip_all, fields(instance_id = %live.id, effect))]
    pub(crate) async fn run(&self, core: &Core, live: &Live) -> Result<u64, Stop> {
        let effect = live.phase.next_effect().ok_or(Stop::Superseded)?;
        tracing::Span::current().record("effect", tracing::field::debug(effect));
        let command = Command::Claim { worker: core.worker, effect };
        let fence = core.instruct(live.id, command).await.map_err(stop)?.position;
        let started = std::time::Instant::now();
        let command = match self.hold(core, live, effect, fence).await? {
            Ok(outcome) => Command::Complete { fence, outcome },
            Err(ProvisionError::Refused { cause, detail }) => {
                Command::Refuse { fence, cause, detail }
            }
            Err(error @ ProvisionError::Stale { .. }) => {
                tracing::info!(%error, "Effect left to others.");
                return Err(Stop::Superseded);
            }
            Err(error @ ProvisionError::Transient(_)) => {
                return Err(Stop::Obstacle(telemetry::Chain(&error).to_string()));
            }
        };
        let handled = core.instruct(live.id, command).await.map_err(stop)?;
        let elapsed_ms = started.elapsed().as_millis();
        tracing::info!(elapsed_ms, "Effect carried out.");
        Ok(handled.position)
    }

    /// Carries out an effect and renews its claim meanwhile; stops where that is refused.
    async fn hold(
        &self,
        core: &Core,
        live: &Live,
        effect: Effect,
        fence: u64,
    ) -> Result<Result<Outcome, ProvisionError>, Stop> {
        let call = self.carry_out(core, live, effect, fence);
        tokio::pin!(call);
        let period = Duration::from_millis((core.limits.claim_ms / 3).max(1));
        let mut renewal = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
        loop {
            tokio::select! {
                outcome = &mut call => return Ok(outcome),
                _ = renewal.tick() => {
                    let renewed = core.instruct(live.id, Command::RenewClaim { fence }).await;
                    if let Err(error @ HandleError::Rejected(_)) = renewed {
                        // The provisioner refuses this fence as soon as it sees the next one.
                        return Err(stop(error));
                    }
                }
            }
        }
    }

    async fn carry_out(
        &self,
        core: &Core,
        live: &Live,
        effect: Effect,
        fence: u64,
    ) -> Result<Outcome, ProvisionError> {
        let provisioner = &self.provisioner;
        match effect {
            Effect::Place => self.place(core, live).await,
            Effect::Volume => {
                let plan = self.plan(live, live.claimed(), fence).ok_or_else(unplaced)?;
                provisioner.ensure_volume(fence, &plan).await.map(|()| Outcome::VolumeMade)
            }
            Effect::Guest => {
                let plan = self.plan(live, live.claimed(), fence).ok_or_else(unplaced)?;
                provisioner.ensure_guest(fence, &plan).await.map(|()| Outcome::GuestStarted)
            }
            Effect::Room => self.make_room(core, live, fence).await,
            Effect::Grow => self.grow(live, fence).await,
            Effect::Settle => self.settle(core, live, fence).await,
            Effect::NoGuest => {
                provisioner.ensure_no_guest(fence, live.id).await.map(|()| Outcome::GuestRemoved)
            }
            Effect::NoVolume => {
                provisioner.ensure_no_volume(fence, live.id).await.map(|()| Outcome::VolumeRemoved)
            }
            Effect::ReleasePlace => self.release_place(core, live).await,
            Effect::ReleaseAll => {
                let outcome = self.release_place(core, live).await?;
                reconcile::return_quota(core, &live.spec.project, live.id).await;
                if let Some(group) = live.configuration {
                    followers::leave(core, live.id, group).await;
                }
                Ok(outcome)
            }
        }
    }

    async fn place(&self, core: &Core, live: &Live) -> Result<Outcome, ProvisionError> {
        // These rows have the creation, and so whatever was recorded before it.
        if !commands::is_offered(core, live.spec.version.id).map_err(transient)? {
            let VersionRef { datastore_name, name, .. } = &live.spec.version;
            let detail = format!("datastore version {datastore_name} {name} is being deleted");
            return Err(ProvisionError::Refused { cause: FaultCause::Refused, detail });
        }
        let key = Key::from(self.provisioner.capacity().host);
        let command = host::Command::Place {
            instance: live.id,
            standard_port: live.spec.version.manager.standard_port(),
            memory_mb: live.claimed().memory_mb(),
            disk_mb: live.claimed().disk_mb(),
        };
        let command_id = CommandId(derived(&["place", &live.id.to_string()]));
        let handled = core.host.handle(key, &internal(command_id, command), now).await;
        let position = handled.map_err(no_place)?.position;
        core.reached(position).await;
        let host: Host = core.rows.folded(key).map_err(transient)?.state;
        match host.places.get(&live.id) {
            Some(place) => Ok(Outcome::Placed(place.clone())),
            None => Err(ProvisionError::Transient("the place is not readable yet".into())),
        }
    }

    async fn release_place(&self, core: &Core, live: &Live) -> Result<Outcome, ProvisionError> {
        let key = Key::from(self.provisioner.capacity().host);
        let released = reconcile::release_place(core, key, live.id).await;
        released.map(|_| Outcome::Released).map_err(|text| ProvisionError::Transient(text.into()))
    }

    /// What the provisioner must know of an instance that takes `figures`; nothing before it has a
    /// place.
    pub(crate) fn plan(&self, live: &Live, figures: Figures, fence: u64) -> Option<GuestPlan> {
        let spec = &live.spec;
        Some(GuestPlan {
            id: live.id,
            fence,
            manager: spec.version.manager,
            version: spec.version.number.clone(),
            image: spec.version.image,
            memory_mb: figures.ram_mb,
            vcpus: figures.vcpus,
            volume_gib: figures.volume_gib,
            place: live.place.clone()?,
            credentials: Credentials(self.mint.mint(live.id).text().to_string()),
        })
    }
}

fn stop(error: HandleError<Rejection>) -> Stop {
    match error {
        HandleError::Rejected(rejection) => {
            tracing::info!(?rejection, "Effect left to others.");
            Stop::Superseded
        }
        HandleError::DeadlinePassed
        | HandleError::Damaged
        | HandleError::Unavailable(_)
        | HandleError::Refused(_) => Stop::Obstacle(telemetry::Chain(&error).to_string()),
    }
}

pub(crate) fn unplaced() -> ProvisionError {
    ProvisionError::Transient("the instance has no place".into())
}

pub(crate) fn transient(error: impl std::error::Error + Send + Sync + 'static) -> ProvisionError {
    ProvisionError::Transient(error.into())
}

pub(crate) fn no_place(error: HandleError<host::Rejection>) -> ProvisionError {
    let HandleError::Rejected(rejection) = error else { return transient(error) };
    let (cause, detail) = match rejection {
        host::Rejection::Unknown => return transient(HandleError::Rejected(rejection)),
        host::Rejection::NoAddress { addresses } => (
            FaultCause::NoAddress,
            format!("all {addresses} addresses of the host are taken; delete an instance"),
        ),
        host::Rejection::NoMemory { left_mb, asked_mb } => (
            FaultCause::NoMemory,
            format!(
                "the host has {left_mb} MiB of memory left, of {asked_mb} asked; \
                 take a smaller flavor or delete an instance"
            ),
        ),
        host::Rejection::NoDisk { left_mb, asked_mb } => (
            FaultCause::NoDisk,
            format!(
                "the host has {left_mb} MiB of disk left, of {asked_mb} asked; \
                 take a smaller volume or delete an instance"
            ),
        ),
    };
    ProvisionError::Refused { cause, detail }
}
