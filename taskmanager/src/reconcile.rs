//! Reservations and places whose instance has settled: kept, returned or given up.
//!
//! A crash between two aggregates' commits leaves one of them waiting; here the other one's
//! state decides.

use crate::clock::{fresh_command, now};
use crate::core::{Core, internal};
use domain::aggregate::Key;
use domain::host::{self, Host};
use domain::ids::{CommandId, InstanceId, ProjectId, VersionId, derived};
use domain::instance::{self, Figures, Instance, Live, Phase, Step};
use domain::project::{self, Project, Reservation};
use domain::quota::Amount;
use domain::time::Timestamp;
use domain::version;
use readmodel::{ReadError, ReadModel};

/// Has a version serve again whose deletion nobody has finished.
pub(crate) async fn version(core: &Core, id: VersionId) {
    let request = internal(fresh_command(), version::Command::Restore);
    if let Err(error) = core.version.handle(id.into(), &request, now).await {
        tracing::warn!(version_id = %id, error = %telemetry::Chain(&error), "Not restored.");
    }
}

/// What a project's reservations need.
pub(crate) struct Found {
    /// What to do now.
    pub(crate) corrections: Vec<Correction>,
    /// When to look again.
    pub(crate) look_again: Vec<Timestamp>,
}

/// What to do about one reservation.
pub(crate) enum Correction {
    /// Its instance exists: keep it.
    Keep(InstanceId),
    /// Its instance is gone: return it.
    Return(InstanceId),
    /// It is not what its instance takes, and no resize is on its way: settle it.
    Settle(InstanceId, Amount),
    /// Its instance never came: give up the creation; the return follows from that.
    Abandon(InstanceId, ProjectId),
}

/// Looks at the reservations of the project `key`.
pub(crate) fn reservations(rows: &ReadModel, key: Key) -> Result<Found, ReadError> {
    let project: Project = rows.folded(key)?.state;
    let mut found = Found { corrections: Vec::new(), look_again: Vec::new() };
    let Some(project_id) = project.id else { return Ok(found) };
    for (id, reservation) in project.reservations {
        match (rows.instance(id)?, reservation.until) {
            (Instance::Live(_), Some(_)) => found.corrections.push(Correction::Keep(id)),
            (Instance::Live(live), None) => match settled(&reservation, &live) {
                Settled::AsItIs => {}
                Settled::Later(until) => found.look_again.push(until),
                Settled::To(amount) => found.corrections.push(Correction::Settle(id, amount)),
            },
            (Instance::Deleted { .. } | Instance::Abandoned { .. }, _) => {
                found.corrections.push(Correction::Return(id));
            }
            (Instance::Absent, Some(until)) if until <= now() => {
                found.corrections.push(Correction::Abandon(id, project_id.clone()));
            }
            (Instance::Absent, Some(until)) => found.look_again.push(until),
            // The rows hold the log's order, so a kept reservation's instance is known.
            (Instance::Absent, None) => {}
        }
    }
    Ok(found)
}

/// What becomes of a kept reservation.
enum Settled {
    /// It is right, or a resize will see to it.
    AsItIs,
    /// A resize may be on its way until then.
    Later(Timestamp),
    /// It is to be this.
    To(Amount),
}

/// A growth waits for its instance as long as a creation does; a resize that began settles at its
/// own end.
fn settled(reservation: &Reservation, live: &Live) -> Settled {
    let amount = live.spec.figures().amount();
    match reservation.growth {
        _ if live.resizing().is_some() => Settled::AsItIs,
        Some(growth) if growth.until > now() => Settled::Later(growth.until),
        None if reservation.amount == amount => Settled::AsItIs,
        Some(_) | None => Settled::To(amount),
    }
}

/// Does what a reservation of the project `key` needs.
pub(crate) async fn correct(core: &Core, key: Key, correction: Correction) {
    let (command, word, id) = match correction {
        Correction::Keep(id) => (project::Command::Commit { instance: id }, "keep", id),
        Correction::Return(id) => (project::Command::Release { instance: id }, "return", id),
        Correction::Settle(id, amount) => {
            let settle = project::Command::Settle { instance: id, amount };
            return settle_share(core, key, id, fresh_command(), settle).await;
        }
        Correction::Abandon(id, project) => {
            let outcome = core.instruct(id, instance::Command::Abandon { project }).await;
            if let Err(error) = outcome {
                tracing::warn!(instance_id = %id, error = %telemetry::Chain(&error), "Creation not given up.");
            }
            return;
        }
    };
    let command_id = CommandId(derived(&["reservation", word, &id.to_string()]));
    settle_share(core, key, id, command_id, command).await;
}

async fn settle_share(
    core: &Core,
    key: Key,
    id: InstanceId,
    command_id: CommandId,
    command: project::Command,
) {
    if let Err(error) = core.project.handle(key, &internal(command_id, command), now).await {
        tracing::warn!(instance_id = %id, error = %telemetry::Chain(&error), "Reservation not settled.");
    }
}

/// Returns an instance's share of its project's quota, at the end of its deletion.
pub(crate) async fn return_quota(core: &Core, project: &ProjectId, id: InstanceId) {
    correct(core, project.into(), Correction::Return(id)).await;
}

/// Takes back the places of the host `key` whose instances need them no more, and corrects those
/// that are not what their instances take.
pub(crate) async fn places(core: &Core, key: Key) {
    let host: Host = match core.rows.folded(key) {
        Ok(folded) => folded.state,
        Err(error) => {
            tracing::warn!(error = %telemetry::Chain(&error), "Row not read.");
            return;
        }
    };
    for (id, place) in host.places {
        let Ok(instance) = core.rows.instance(id) else { continue };
        let corrected = if !needs_place(&instance) {
            release_place(core, key, id).await.map(|_| ())
        } else if let Some(figures) = figures_at_rest(&instance)
            && (place.memory_mb, place.disk_mb) != (figures.memory_mb(), figures.disk_mb())
        {
            cut_place(core, key, id, figures).await
        } else {
            Ok(())
        };
        if let Err(error) = corrected {
            tracing::warn!(instance_id = %id, error, "Place not corrected.");
        }
    }
}

/// What an instance takes that no step works on: a resize that was ended by an administrator may
/// have left its place larger.
fn figures_at_rest(instance: &Instance) -> Option<Figures> {
    let live = instance.live()?;
    match &live.phase {
        Phase::Active | Phase::Restarting => Some(live.spec.figures()),
        Phase::Provisioning(_)
        | Phase::Resizing(_)
        | Phase::Undoing(_)
        | Phase::Failed
        | Phase::Deleting(_) => None,
    }
}

async fn cut_place(core: &Core, key: Key, id: InstanceId, figures: Figures) -> Result<(), String> {
    let (memory_mb, disk_mb) = (figures.memory_mb(), figures.disk_mb());
    let command = host::Command::Resize { instance: id, memory_mb, disk_mb };
    let handled = core.host.handle(key, &internal(fresh_command(), command), now).await;
    handled.map(|_| ()).map_err(|error| telemetry::Chain(&error).to_string())
}

/// Takes back one place of the host `key`.
pub(crate) async fn release_place(core: &Core, key: Key, id: InstanceId) -> Result<u64, String> {
    let command_id = CommandId(derived(&["place", "release", &id.to_string()]));
    let command = host::Command::Release { instance: id };
    let handled = core.host.handle(key, &internal(command_id, command), now).await;
    handled.map(|handled| handled.position).map_err(|error| telemetry::Chain(&error).to_string())
}

/// A place belongs to its instance from the step that looks for one until it is given back.
fn needs_place(instance: &Instance) -> bool {
    match instance {
        // Its creation is on its way to these rows.
        Instance::Absent => true,
        Instance::Abandoned { .. } | Instance::Deleted { .. } => false,
        Instance::Live(live) => match &live.phase {
            Phase::Failed => false,
            Phase::Provisioning(running) => live.place.is_some() || running.step == Step::Place,
            Phase::Active
            | Phase::Restarting
            | Phase::Resizing(_)
            | Phase::Undoing(_)
            | Phase::Deleting(_) => true,
        },
    }
}

#[cfg(test)]
mod tests;
