//! In place of bus and taskmanager: the domain's own decisions, on the log in memory.

use async_trait::async_trait;
use bus::commands::{Cause, OutcomeUnknown};
use domain::aggregate::{Aggregate, Key};
use domain::catalogue::{self, Catalogue};
use domain::command::{Accepted, Body as Asked, Envelope, Rejection, Reply};
use domain::commit::Actor;
use domain::configuration::{self, Configuration};
use domain::datastore::Datastore;
use domain::ids::{CommandId, ConfigurationId, InstanceId, ProjectId, VersionId};
use domain::instance::{self, Instance};
use domain::limits::Limits;
use domain::offer::{self, Order as Asks, Step};
use domain::plane::{self, Plane};
use domain::project::{self, Project};
use domain::quota::{Overrides, Quotas};
use domain::time::Timestamp;
use domain::version::{self, Version};
use eventlog::{
    EventLog, Folded, HandleError, Handler, HandlerConfig, MemoryLog, Request as Order,
};
use gateway::Commands;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

/// 2026-11-22T09:30:05Z: when everything in these tests happens.
pub(crate) const NOW: Timestamp = Timestamp(1_795_339_805_000);
pub(crate) const QUOTAS: Quotas = Quotas { instances: 3, ram_mb: -1, volumes_gib: 12, backups: 50 };

/// Decides commands as a taskmanager would, on the log in memory.
pub(crate) struct Desk {
    instances: Handler<Instance>,
    projects: Handler<Project>,
    catalogues: Handler<Catalogue>,
    configurations: Handler<Configuration>,
    plane: Handler<Plane>,
    log: Arc<MemoryLog>,
    datastores: Handler<Datastore>,
    versions: Handler<Version>,
    pub(crate) seen: Mutex<Vec<Envelope>>,
    pub(crate) mood: Mutex<Mood>,
}

/// How commands are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// They are decided.
    Answering,
    /// They are not answered.
    Silent,
    /// They are decided, but their effect can't be read for long.
    Ahead,
    /// They meet a bug.
    Panicking,
}

impl Desk {
    pub(crate) fn new(log: &MemoryLog) -> Self {
        let config = HandlerConfig {
            epoch: 1,
            limits: Limits::PRODUCTION,
            append_patience: Duration::from_secs(1),
            cells_max: 100,
        };
        let log = Arc::new(log.clone());
        Self {
            instances: Handler::new(log.clone(), config.clone()),
            projects: Handler::new(log.clone(), config.clone()),
            catalogues: Handler::new(log.clone(), config.clone()),
            configurations: Handler::new(log.clone(), config.clone()),
            plane: Handler::new(log.clone(), config.clone()),
            datastores: Handler::new(log.clone(), config.clone()),
            versions: Handler::new(log.clone(), config),
            log,
            seen: Mutex::default(),
            mood: Mutex::new(Mood::Answering),
        }
    }

    /// Has the plane decide a command that no user can give.
    pub(crate) async fn plane(&self, command: plane::Command) {
        handle(&self.plane, Key::plane(), by_plane(command)).await.unwrap();
    }

    /// Has a project decide a command that no user can give.
    pub(crate) async fn project(&self, id: &ProjectId, command: project::Command) {
        handle(&self.projects, id.into(), by_plane(command)).await.unwrap();
    }

    /// Has an instance decide a command that no user can give.
    pub(crate) async fn advance(&self, id: InstanceId, command: instance::Command) -> u64 {
        handle(&self.instances, id.into(), by_plane(command)).await.unwrap()
    }

    async fn create(&self, envelope: &Envelope) -> Result<u64, Rejection> {
        let Asked::CreateInstance { id, spec, .. } = &envelope.body else {
            panic!("not a creation")
        };
        let reserve = project::Command::Reserve {
            project_id: spec.project.clone(),
            instance: *id,
            amount: spec.figures().amount(),
            defaults: QUOTAS,
        };
        let key = Key::from(&spec.project);
        handle(&self.projects, key, order(envelope, reserve)).await.map_err(|rejection| {
            let project::Rejection::QuotaExceeded { resources } = rejection;
            Rejection::QuotaExceeded { resources }
        })?;
        let create = instance::Command::Create { id: *id, spec: spec.clone() };
        self.instance(envelope, *id, create).await
    }

    async fn limits(&self, envelope: &Envelope, project: &ProjectId, overrides: Overrides) -> u64 {
        let set = project::Command::SetLimits { project_id: project.clone(), overrides };
        handle(&self.projects, Key::from(project), order(envelope, set)).await.unwrap()
    }

    async fn catalogue(
        &self,
        envelope: &Envelope,
        command: catalogue::Command,
    ) -> Result<u64, Rejection> {
        handle(&self.catalogues, envelope.body.key(), order(envelope, command))
            .await
            .map_err(Rejection::Parameter)
    }

    async fn resize(
        &self,
        envelope: &Envelope,
        id: InstanceId,
        to: &instance::Resize,
    ) -> Result<u64, Rejection> {
        let mut folded = Folded::<Instance>::default();
        for recorded in self.log.read(id.into(), 0).await.unwrap() {
            folded.apply(&recorded).unwrap();
        }
        let live = folded.state.live().unwrap();
        let grow = project::Command::Grow {
            instance: id,
            amount: live.spec.figures().while_resized(to).amount(),
            defaults: QUOTAS,
        };
        let key = Key::from(&live.spec.project);
        handle(&self.projects, key, by_plane(grow)).await.map_err(|rejection| {
            let project::Rejection::QuotaExceeded { resources } = rejection;
            Rejection::QuotaExceeded { resources }
        })?;
        let resize = instance::Command::Resize { to: Box::new(to.clone()) };
        self.instance(envelope, id, resize).await
    }

    /// The group expects the instance before the instance follows it.
    async fn follow(
        &self,
        envelope: &Envelope,
        id: InstanceId,
        configuration: ConfigurationId,
    ) -> Result<u64, Rejection> {
        let expect = configuration::Command::Expect { instance: id };
        let expected = handle(&self.configurations, configuration.into(), by_plane(expect)).await;
        expected.map_err(configuration_refusal)?;
        self.instance(envelope, id, instance::Command::AttachConfiguration { configuration }).await
    }

    async fn configuration(
        &self,
        envelope: &Envelope,
        id: ConfigurationId,
        command: configuration::Command,
    ) -> Result<u64, Rejection> {
        let handled = handle(&self.configurations, id.into(), order(envelope, command)).await;
        handled.map_err(configuration_refusal)
    }

    async fn offer(&self, envelope: &Envelope, asked: &Asks) -> Result<u64, Rejection> {
        let key = Key::from(asked.datastore());
        let of_datastore = |rejection| Rejection::Offer(offer::Rejection::Datastore(rejection));
        let of_version = |rejection| Rejection::Offer(offer::Rejection::Version(rejection));
        let mut position = 0;
        for step in asked.steps() {
            let done = match step {
                Step::Aside(command) => {
                    handle(&self.datastores, key, by_plane(command)).await.map_err(of_datastore)
                }
                Step::OfDatastore(command) => {
                    let order = order(envelope, command);
                    handle(&self.datastores, key, order).await.map_err(of_datastore)
                }
                Step::OfVersion(id, command) => {
                    let order = order(envelope, command);
                    handle(&self.versions, id.into(), order).await.map_err(of_version)
                }
                Step::DeleteVersion(id) => {
                    self.delete_version(envelope, id).await.map_err(of_version)
                }
            };
            position = position.max(done?);
        }
        Ok(position)
    }

    async fn delete_version(
        &self,
        envelope: &Envelope,
        id: VersionId,
    ) -> Result<u64, version::Rejection> {
        let withdraw = by_plane(version::Command::Withdraw);
        let withdrawn = match handle(&self.versions, id.into(), withdraw).await {
            Ok(withdrawn) => withdrawn,
            Err(version::Rejection::NotFound) => 0,
            Err(rejection) => return Err(rejection),
        };
        let delete = order(envelope, version::Command::Delete { withdrawn });
        handle(&self.versions, id.into(), delete).await
    }

    async fn instance(
        &self,
        envelope: &Envelope,
        id: InstanceId,
        command: instance::Command,
    ) -> Result<u64, Rejection> {
        handle(&self.instances, id.into(), order(envelope, command)).await.map_err(|rejection| {
            match rejection {
                instance::Rejection::AlreadyExists => Rejection::InstanceExists,
                instance::Rejection::NotFound => Rejection::InstanceNotFound,
                instance::Rejection::Abandoned => Rejection::CreationAbandoned,
                instance::Rejection::Busy => Rejection::InstanceBusy,
                instance::Rejection::DatabaseDown => Rejection::DatabaseDown,
                instance::Rejection::SameFlavor => Rejection::SameFlavor,
                instance::Rejection::VolumeNotLarger { current_gib } => {
                    Rejection::VolumeNotLarger { current_gib }
                }
                instance::Rejection::NotAtRest => Rejection::NotAtRest,
                instance::Rejection::ConfigurationAttached { configuration } => {
                    Rejection::ConfigurationAttached { configuration }
                }
                instance::Rejection::StaleFence
                | instance::Rejection::ClaimedByAnother { .. }
                | instance::Rejection::NotOwed => panic!("not to a user's command"),
            }
        })
    }
}

fn configuration_refusal(rejection: configuration::Rejection) -> Rejection {
    match rejection {
        configuration::Rejection::NotFound => Rejection::ConfigurationNotFound,
        configuration::Rejection::AlreadyExists => Rejection::ConfigurationExists,
        configuration::Rejection::InUse => Rejection::ConfigurationInUse,
    }
}

fn order<C>(envelope: &Envelope, command: C) -> Order<C> {
    Order {
        command_id: envelope.command_id,
        causation_id: None,
        actor: envelope.actor.clone(),
        request_id: Some(envelope.request_id.clone()),
        command,
        deadline: None,
    }
}

async fn handle<A: Aggregate>(
    handler: &Handler<A>,
    key: Key,
    order: Order<A::Command>,
) -> Result<u64, A::Rejection>
where
    A::Rejection: Debug,
{
    match handler.handle(key, &order, || NOW).await {
        Ok(handled) => Ok(handled.position),
        Err(HandleError::Rejected(rejection)) => Err(rejection),
        Err(error) => panic!("the log in memory fails: {error}"),
    }
}

#[async_trait]
#[expect(clippy::too_many_lines, reason = "a table: one arm for each command")]
impl Commands for Desk {
    async fn send(&self, envelope: &Envelope) -> Result<Reply, OutcomeUnknown> {
        self.seen.lock().unwrap().push(envelope.clone());
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Answering | Mood::Ahead => {}
            Mood::Silent => return Err(OutcomeUnknown { cause: Cause::NobodyListens }),
            Mood::Panicking => panic!("a bug, as the test asked for"),
        }
        let position = match &envelope.body {
            Asked::CreateInstance { .. } => self.create(envelope).await,
            Asked::RenameInstance { id, name } => {
                let rename = instance::Command::Rename { name: name.clone() };
                self.instance(envelope, *id, rename).await
            }
            Asked::DeleteInstance { id } => {
                self.instance(envelope, *id, instance::Command::Delete).await
            }
            Asked::RunAction { id, action_id, action, .. } => {
                let (action_id, action) = (*action_id, action.clone());
                let request = instance::Command::Request { id: action_id, action };
                self.instance(envelope, *id, request).await
            }
            Asked::ResizeInstance { id, to } => self.resize(envelope, *id, to).await,
            Asked::AttachConfiguration { id, configuration } => {
                self.follow(envelope, *id, *configuration).await
            }
            Asked::DetachConfiguration { id } => {
                self.instance(envelope, *id, instance::Command::DetachConfiguration).await
            }
            Asked::SwitchLog { id, log, is_on } => {
                let switch = instance::Command::SwitchLog { log: *log, is_on: *is_on };
                self.instance(envelope, *id, switch).await
            }
            Asked::StopInstance { id } => {
                self.instance(envelope, *id, instance::Command::Stop).await
            }
            Asked::CreateConfiguration { id, spec } => {
                let create = configuration::Command::Create { id: *id, spec: spec.clone() };
                self.configuration(envelope, *id, create).await
            }
            Asked::UpdateConfiguration { id, change } => {
                let update = configuration::Command::Update(change.clone());
                self.configuration(envelope, *id, update).await
            }
            Asked::DeleteConfiguration { id } => {
                self.configuration(envelope, *id, configuration::Command::Delete).await
            }
            Asked::ResetStatus { id } => {
                self.instance(envelope, *id, instance::Command::ResetStatus).await
            }
            Asked::SetLimits { project, overrides } => {
                Ok(self.limits(envelope, project, *overrides).await)
            }
            Asked::AddParameter { parameter, .. } => {
                self.catalogue(envelope, catalogue::Command::Add(parameter.clone())).await
            }
            Asked::ChangeParameter { parameter, .. } => {
                self.catalogue(envelope, catalogue::Command::Change(parameter.clone())).await
            }
            Asked::RemoveParameter { name, .. } => {
                let name = name.clone();
                self.catalogue(envelope, catalogue::Command::Remove { name }).await
            }
            Asked::Offer(asked) => self.offer(envelope, asked).await,
            Asked::RevokeToken { audit_id, expires } => {
                let (audit_id, expires) = (audit_id.clone(), *expires);
                let revoke = plane::Command::RevokeToken { audit_id, expires };
                let revoked = handle(&self.plane, Key::plane(), order(envelope, revoke)).await;
                Ok(revoked.unwrap())
            }
        };
        let ahead = if mood == Mood::Ahead { 1000 } else { 0 };
        Ok(position.map(|position| Accepted { position: position + ahead }))
    }
}

/// An order that no user gives.
pub(crate) fn by_plane<C>(command: C) -> Order<C> {
    Order {
        command_id: CommandId(Uuid::new_v4()),
        causation_id: None,
        actor: Actor::Plane,
        request_id: None,
        command,
        deadline: None,
    }
}
