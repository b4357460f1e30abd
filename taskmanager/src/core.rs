//! What every part of the taskmanager holds: the command handlers and the read model.

use crate::clock::{fresh_command, now};
use domain::aggregate::{Aggregate, Key};
use domain::catalogue::Catalogue;
use domain::command::{self, Envelope};
use domain::commit::Actor;
use domain::configuration::Configuration;
use domain::datastore::Datastore;
use domain::host::Host;
use domain::ids::{CommandId, InstanceId, WorkerId};
use domain::instance::{self, Instance};
use domain::limits::Limits;
use domain::plane::Plane;
use domain::project::Project;
use domain::version::Version;
use eventlog::{EventLog, HandleError, Handled, Handler, HandlerConfig, Request, Seed};
use readmodel::ReadModel;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
#[cfg(test)]
use {
    eventlog::MemoryLog,
    readmodel::MemoryStore,
    tokio_util::sync::{CancellationToken, DropGuard},
    uuid::Uuid,
};

/// How many aggregates of each kind a handler keeps in memory.
const CELLS_MAX: usize = 10_000;

/// How long an append with an unknown outcome is repeated.
const APPEND_PATIENCE: Duration = Duration::from_secs(30);

/// How long a reader waits for its read model to reach a commit.
const CATCH_UP: Duration = Duration::from_secs(5);

/// The handlers of all aggregates over one log, and its read model.
pub(crate) struct Core {
    /// Of the plane.
    pub(crate) plane: Handler<Plane>,
    /// Of projects.
    pub(crate) project: Handler<Project>,
    /// Of hosts.
    pub(crate) host: Handler<Host>,
    /// Of datastores.
    pub(crate) datastore: Handler<Datastore>,
    /// Of versions.
    pub(crate) version: Handler<Version>,
    /// Of versions' catalogues of parameters.
    pub(crate) catalogue: Handler<Catalogue>,
    /// Of configuration groups.
    pub(crate) configuration: Handler<Configuration>,
    /// Of instances.
    pub(crate) instance: Handler<Instance>,
    /// The rows folded from the log.
    pub(crate) rows: ReadModel,
    /// The log itself, to know how far it goes.
    pub(crate) log: Arc<dyn EventLog>,
    /// How long each step may take.
    pub(crate) limits: Limits,
    /// Who this taskmanager is.
    pub(crate) worker: WorkerId,
    /// The log's epoch.
    pub(crate) epoch: u64,
}

impl Core {
    /// Handlers over `log`, which begin where `rows` stand.
    pub(crate) fn new(
        log: Arc<dyn EventLog>,
        rows: ReadModel,
        limits: Limits,
        (worker, epoch): (WorkerId, u64),
    ) -> Self {
        let config = HandlerConfig {
            epoch,
            limits: limits.clone(),
            append_patience: APPEND_PATIENCE,
            cells_max: CELLS_MAX,
        };
        Self {
            plane: handler(&log, &rows, &config),
            project: handler(&log, &rows, &config),
            host: handler(&log, &rows, &config),
            datastore: handler(&log, &rows, &config),
            version: handler(&log, &rows, &config),
            catalogue: handler(&log, &rows, &config),
            configuration: handler(&log, &rows, &config),
            instance: handler(&log, &rows, &config),
            rows,
            log,
            limits,
            worker,
            epoch,
        }
    }

    /// A core over a log in memory; its rows follow the log until the guard is dropped.
    #[cfg(test)]
    pub(crate) fn in_memory(limits: Limits) -> (Self, DropGuard) {
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
        let rows = ReadModel::over(Box::new(MemoryStore::default())).expect("memory is there");
        let stop = CancellationToken::new();
        let following = (rows.clone(), log.clone(), stop.clone());
        tokio::spawn(async move { following.0.follow(following.1, following.2).await });
        let core = Self::new(log, rows, limits, (WorkerId(Uuid::from_u128(3)), 1));
        (core, stop.drop_guard())
    }

    /// Has an instance decide something that nobody asked for from outside.
    ///
    /// # Errors
    /// See [`HandleError`].
    pub(crate) async fn instruct(
        &self,
        id: InstanceId,
        command: instance::Command,
    ) -> Result<Handled, HandleError<instance::Rejection>> {
        self.instance.handle(id.into(), &internal(fresh_command(), command), now).await
    }

    /// Waits until the rows have everything that the log holds of `key` now; says whether they
    /// have.
    pub(crate) async fn freshen(&self, key: Key) -> bool {
        match self.log.last(key).await {
            Ok(last) => self.rows.reached(last, CATCH_UP).await,
            Err(_) => false,
        }
    }

    /// Waits until the rows have a commit of this taskmanager; says whether they have.
    pub(crate) async fn reached(&self, position: u64) -> bool {
        self.rows.reached(position, CATCH_UP).await
    }
}

fn handler<A>(log: &Arc<dyn EventLog>, rows: &ReadModel, config: &HandlerConfig) -> Handler<A>
where
    A: Aggregate + DeserializeOwned,
{
    let rows = rows.clone();
    let seed: Seed<A> = Box::new(move |key| {
        let folded = rows.folded(key).ok().filter(|row| row.version > 0);
        Box::pin(async move { folded })
    });
    Handler::seeded(log.clone(), config.clone(), seed)
}

/// A request that the plane makes of itself.
pub(crate) fn internal<C>(command_id: CommandId, command: C) -> Request<C> {
    Request {
        command_id,
        causation_id: None,
        actor: Actor::Plane,
        request_id: None,
        command,
        deadline: None,
    }
}

/// A request that a gateway sent, for the aggregate that the command is about.
pub(crate) fn external<C>(envelope: &Envelope, command: C) -> Request<C> {
    Request {
        command_id: envelope.command_id,
        causation_id: None,
        actor: envelope.actor.clone(),
        request_id: Some(envelope.request_id.clone()),
        command,
        deadline: Some(envelope.deadline),
    }
}

/// What a gateway is told of an error; nothing when the outcome is unknown, so that it repeats.
pub(crate) fn refusal<R: std::fmt::Debug>(
    error: HandleError<R>,
    of_aggregate: impl FnOnce(R) -> command::Rejection,
) -> Option<command::Rejection> {
    match error {
        HandleError::Rejected(rejection) => Some(of_aggregate(rejection)),
        HandleError::DeadlinePassed => Some(command::Rejection::DeadlinePassed),
        HandleError::Damaged => Some(command::Rejection::Damaged),
        HandleError::Refused(error) => {
            tracing::error!(error = %telemetry::Chain(&error), "Commit refused by the log.");
            Some(command::Rejection::LogUnavailable)
        }
        HandleError::Unavailable(error) => {
            tracing::warn!(%error, "Command's outcome unknown; its repeat will settle it.");
            None
        }
    }
}
