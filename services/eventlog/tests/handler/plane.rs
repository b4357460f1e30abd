//! A log in memory with a handler on it, and commands on one project's quota.

use domain::aggregate::Key;
use domain::commit::Actor;
use domain::ids::{CommandId, CommitId, InstanceId, ProjectId, RequestId};
use domain::limits::Limits;
use domain::project::{Command, Project, Rejection};
use domain::quota::{Amount, Quotas};
use domain::time::Timestamp;
use eventlog::chain::check_link;
use eventlog::{
    EventLog, HandleError, Handled, Handler, HandlerConfig, MemoryLog, Recorded, Request,
};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How many instances the project may have.
pub(crate) const QUOTA: u32 = 10;

pub(crate) type Handling = Result<Handled, HandleError<Rejection>>;

pub(crate) struct Plane {
    pub(crate) log: MemoryLog,
    handler: Handler<Project>,
}

impl Plane {
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: HandlerConfig) -> Self {
        let log = MemoryLog::new();
        let handler = Handler::new(Arc::new(log.clone()), config);
        Self { log, handler }
    }

    pub(crate) fn handler(&self) -> &Handler<Project> {
        &self.handler
    }

    /// As another taskmanager has it.
    pub(crate) fn another_handler(&self) -> Handler<Project> {
        Handler::new(Arc::new(self.log.clone()), config())
    }

    pub(crate) async fn handle(&self, request: &Request<Command>) -> Handling {
        self.handler.handle(project_key(), request, || self.time()).await
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }

    pub(crate) async fn history(&self) -> Vec<Recorded> {
        self.log.read(project_key(), 0).await.expect("the log is up")
    }

    pub(crate) async fn check_chain(&self) {
        let mut previous = None;
        for recorded in self.history().await {
            check_link(previous, &recorded).expect("the chain holds");
            previous = Some(recorded.hash);
        }
    }
}

pub(crate) fn config() -> HandlerConfig {
    HandlerConfig {
        epoch: 3,
        limits: Limits::PRODUCTION,
        append_patience: Duration::from_secs(10),
        cells_max: 100,
    }
}

pub(crate) fn project_key() -> Key {
    (&ProjectId::from("demo")).into()
}

pub(crate) fn key_of(project: u32) -> Key {
    (&ProjectId(format!("project-{project}"))).into()
}

pub(crate) fn reserve(instance: u32) -> Request<Command> {
    let defaults = Quotas { instances: QUOTA.into(), ram_mb: -1, volumes_gib: -1, backups: -1 };
    request(Command::Reserve {
        project_id: "demo".into(),
        instance: id(instance),
        amount: Amount { instances: 1, ram_mb: 512, volumes_gib: 1 },
        defaults,
    })
}

pub(crate) fn release(instance: u32) -> Request<Command> {
    request(Command::Release { instance: id(instance) })
}

fn request(command: Command) -> Request<Command> {
    Request {
        command_id: CommandId(Uuid::new_v4()),
        causation_id: Some(CommitId(Uuid::new_v4())),
        actor: Actor::User {
            user_id: "ada".into(),
            project_id: "demo".into(),
            roles: vec!["member".to_owned()],
        },
        request_id: Some(RequestId::from("req-1")),
        command,
        deadline: None,
    }
}

fn id(instance: u32) -> InstanceId {
    InstanceId(Uuid::from_u128(instance.into()))
}
