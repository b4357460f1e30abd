//! Orders about datastores and versions: their steps, one after the other.

use crate::clock::{fresh_command, now};
use crate::core::{Core, external, internal, refusal};
use domain::command::{Accepted, Envelope, Rejection, Reply};
use domain::datastore;
use domain::ids::{DatastoreId, VersionId};
use domain::offer::{self, Order, Step};
use eventlog::{HandleError, Handled};

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
                let refused = |rejection| Rejection::Offer(offer::Rejection::Version(rejection));
                done.map_err(|error| refusal(error, refused))
            }
        };
        match done {
            Ok(handled) => position = position.max(handled.position),
            Err(None) => return None,
            Err(Some(rejection)) => return Some(Err(rejection)),
        }
    }
    Some(Ok(Accepted { position }))
}

fn of_datastore(done: Done<datastore::Rejection>) -> Result<Handled, Option<Rejection>> {
    let refused = |rejection| Rejection::Offer(offer::Rejection::Datastore(rejection));
    done.map_err(|error| refusal(error, refused))
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
            .folded::<domain::version::Version>(version.into())
            .is_ok_and(|row| row.version > 0 && row.state.details.is_none())
}
