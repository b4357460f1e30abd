//! Orders about datastores and versions: their steps, one after the other.

use crate::clock::{fresh_command, now};
use crate::core::{Core, external, internal, refusal};
use domain::command::{Accepted, Envelope, Rejection, Reply};
use domain::ids::{DatastoreId, VersionId};
use domain::offer::{self, Order, Step};
use domain::version::Version;
use domain::{datastore, version};
use eventlog::{HandleError, Handled};
use readmodel::ReadError;

type Done<R> = Result<Handled, HandleError<R>>;

/// Decides an order; nothing when an outcome is unknown, so that it is repeated as a whole.
pub(super) async fn decide(core: &Core, envelope: &Envelope, order: &Order) -> Option<Reply> {
    let id = order.datastore();
    let mut position = 0;
    for step in order.steps() {
        let done = match step {
            Step::Aside(command) => of_datastore(aside(core, id, command).await),
            Step::OfDatastore(command) => {
                let request = external(envelope, command);
                of_datastore(core.datastore.handle(id.into(), &request, now).await)
            }
            Step::OfVersion(version, command) => {
                let request = external(envelope, command);
                let done = core.version.handle(version.into(), &request, now).await;
                done.map(|done| done.position).map_err(|error| refusal(error, version_refused))
            }
            Step::DeleteVersion(version) => delete(core, envelope, version).await,
        };
        match done {
            Ok(of_step) => position = position.max(of_step),
            Err(None) => return None,
            Err(Some(rejection)) => return Some(Err(rejection)),
        }
    }
    Some(Ok(Accepted { position }))
}

/// Deletes a version that nothing uses. What is recorded after its withdrawal does not come to
/// use it: instances look before they take a place.
async fn delete(core: &Core, envelope: &Envelope, id: VersionId) -> Result<u64, Option<Rejection>> {
    let withdrawn = withdraw(core, id).await?;
    let request = external(envelope, version::Command::Delete { withdrawn });
    let done = core.version.handle(id.into(), &request, now).await;
    done.map(|done| done.position).map_err(|error| refusal(error, version_refused))
}

/// Leaves a version withdrawn that nothing uses, and gives the position of that. There is none of
/// a version that is gone: whether this order has done it is for the version to say.
async fn withdraw(core: &Core, id: VersionId) -> Result<u64, Option<Rejection>> {
    let ask = |command| async {
        core.version.handle(id.into(), &internal(fresh_command(), command), now).await
    };
    let position = match ask(version::Command::Withdraw).await {
        Ok(withdrawn) => withdrawn.position,
        Err(HandleError::Rejected(version::Rejection::NotFound)) => return Ok(0),
        Err(error) => return Err(refusal(error, version_refused)),
    };
    if !core.reached(position).await {
        return Err(None);
    }
    match core.rows.user_of(id) {
        Ok(None) => Ok(position),
        Ok(Some(user)) => {
            let restored = ask(version::Command::Restore).await;
            restored.map_err(|error| refusal(error, version_refused))?;
            Err(Some(version_refused(version::Rejection::InUse(user))))
        }
        Err(error) => {
            tracing::warn!(error = %telemetry::Chain(&error), "Row not read.");
            Err(None)
        }
    }
}

fn version_refused(rejection: version::Rejection) -> Rejection {
    Rejection::Offer(offer::Rejection::Version(rejection))
}

/// Whether a version may be used, as far as the rows know it.
pub(crate) fn is_offered(core: &Core, id: VersionId) -> Result<bool, ReadError> {
    let row = core.rows.folded::<Version>(id.into())?;
    Ok(row.version == 0 || row.state.offered().is_some())
}

fn of_datastore(done: Done<datastore::Rejection>) -> Result<u64, Option<Rejection>> {
    let refused = |rejection| Rejection::Offer(offer::Rejection::Datastore(rejection));
    done.map(|done| done.position).map_err(|error| refusal(error, refused))
}

/// Has a datastore decide what an order needs besides. A name that a version has left behind
/// which is gone, as a crash in the middle of its deletion does, is set free first.
pub(crate) async fn aside(
    core: &Core,
    id: DatastoreId,
    command: datastore::Command,
) -> Done<datastore::Rejection> {
    let ask = |command| async {
        core.datastore.handle(id.into(), &internal(fresh_command(), command), now).await
    };
    let done = ask(command.clone()).await;
    let Err(HandleError::Rejected(datastore::Rejection::NameTaken { by })) = &done else {
        return done;
    };
    if !is_gone(core, *by).await {
        return done;
    }
    ask(datastore::Command::Release(*by)).await?;
    ask(command).await
}

/// Whether there was a version that is no more; one that is still to come is not gone.
async fn is_gone(core: &Core, version: VersionId) -> bool {
    core.freshen(version.into()).await
        && core
            .rows
            .folded::<Version>(version.into())
            .is_ok_and(|row| row.version > 0 && row.state.details.is_none())
}

#[cfg(test)]
mod tests;
