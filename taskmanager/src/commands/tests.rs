//! Commands decided by two taskmanagers on a real nats-server: a thousand creations at the edge of
//! a quota, and what a refusal leaves behind.

use super::*;
use domain::aggregate::Key;
use domain::commit::{Actor, Events};
use domain::ids::{ProjectId, WorkerId};
use domain::limits::Limits;
use domain::project::Project;
use domain::quota::{Amount, Overrides, Quotas};
use eventlog::jetstream::{JetStreamLog, ensure_stream};
use eventlog::{EventLog, Folded};
use readmodel::{MemoryStore, ReadModel};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testkit::nats::{Release, Server};
use testkit::samples::spec;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

const PROJECT: &str = "p1";
const QUOTA: usize = 3;
const CREATIONS: u128 = 1000;
const DEFAULTS: Quotas = Quotas { instances: 100, ram_mb: -1, volumes_gib: -1, backups: 0 };

/// Two taskmanagers' cores over one log.
struct Plane {
    cores: [Arc<Core>; 2],
    secrets: Arc<SecretStore>,
    _server: Server,
    _directory: tempfile::TempDir,
    _stop: DropGuard,
}

impl Plane {
    async fn start() -> anyhow::Result<Self> {
        let images = testkit::stack::images_dir()?;
        let beside = images.parent().unwrap_or(&images);
        let program = testkit::nats::program(Release::Newest, beside).await?;
        let directory = tempfile::tempdir()?;
        let server = Server::start(&program, directory.path()).await?;
        let client = server.connect().await?;
        ensure_stream(&client, 1).await?;
        let secrets = Arc::new(SecretStore::new(client.clone()));
        secrets.ensure_stream().await?;
        let stop = CancellationToken::new();
        let cores = [1, 2].map(|number| {
            let log: Arc<dyn EventLog> = Arc::new(JetStreamLog::new(client.clone()));
            let rows = ReadModel::over(Box::new(MemoryStore::default())).expect("memory is there");
            let worker = WorkerId(Uuid::from_u128(number));
            let following = (rows.clone(), log.clone(), stop.clone());
            tokio::spawn(async move { following.0.follow(following.1, following.2).await });
            Arc::new(Core::new(log, rows, Limits::PRODUCTION, (worker, 1)))
        });
        let (_server, _directory, _stop) = (server, directory, stop.drop_guard());
        let plane = Self { cores, secrets, _server, _directory, _stop };
        let defaults = plane::Command::SetQuotaDefaults(DEFAULTS);
        let id = CommandId(Uuid::new_v4());
        let told = plane.cores[0].plane.handle(Key::plane(), &internal(id, defaults), now).await?;
        for core in &plane.cores {
            assert!(core.reached(told.position).await);
        }
        Ok(plane)
    }

    /// Repeats a command until its outcome is known, as a gateway does.
    async fn decide(&self, number: usize, body: Body) -> Reply {
        let envelope = Envelope {
            command_id: CommandId(Uuid::new_v4()),
            deadline: now().after(Duration::from_secs(120)),
            actor: Actor::Plane,
            request_id: "req-1".into(),
            body,
        };
        loop {
            let core = &self.cores[number % self.cores.len()];
            if let Some(reply) = decide(core, &self.secrets, &envelope).await {
                return reply;
            }
        }
    }

    /// All of the project's facts, each with what was used after it.
    async fn history(&self) -> anyhow::Result<Vec<(project::Event, Amount)>> {
        let mut folded = Folded::<Project>::default();
        let mut history = Vec::new();
        for recorded in self.cores[0].log.read((&ProjectId::from(PROJECT)).into(), 0).await? {
            folded.apply(&recorded)?;
            let (kept, waiting) = folded.state.used();
            let Events::Project(events) = &recorded.commit.events else { continue };
            history.extend(events.iter().map(|event| (event.clone(), kept.plus(waiting))));
        }
        Ok(history)
    }
}

fn create(id: InstanceId) -> Body {
    Body::CreateInstance { id, spec: Box::new(spec(PROJECT)), secrets: Vec::new() }
}

/// Creates them all at once, and gives those that came to be.
async fn create_all(plane: &Arc<Plane>, ids: impl Iterator<Item = InstanceId>) -> Vec<InstanceId> {
    let mut creating = JoinSet::new();
    for (number, id) in ids.enumerate() {
        let plane = plane.clone();
        creating.spawn(async move { (id, plane.decide(number, create(id)).await) });
    }
    let mut made = Vec::new();
    while let Some(created) = creating.join_next().await {
        match created.expect("no creation panics") {
            (id, Ok(_)) => made.push(id),
            (_, Err(Rejection::QuotaExceeded { .. })) => {}
            (id, Err(rejection)) => panic!("{id}: {rejection:?}"),
        }
    }
    made
}

/// Returns each one's share many times at once.
async fn return_all(plane: &Arc<Plane>, ids: &[InstanceId]) {
    let mut returning = JoinSet::new();
    for (number, id) in ids.iter().copied().cycle().take(ids.len() * 10).enumerate() {
        let core = plane.cores[number % plane.cores.len()].clone();
        returning.spawn(async move {
            crate::reconcile::return_quota(&core, &PROJECT.into(), id).await;
        });
    }
    while let Some(returned) = returning.join_next().await {
        returned.expect("no return panics");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_creations_never_exceed_a_quota_and_all_of_it_returns_once() -> anyhow::Result<()>
{
    let plane = Arc::new(Plane::start().await?);
    let instances = i64::try_from(QUOTA)?;
    let overrides = Overrides { instances: Some(instances), ..Overrides::default() };
    let set = Body::SetLimits { project: PROJECT.into(), overrides };
    assert!(plane.decide(0, set).await.is_ok());

    let ids = (1..=CREATIONS).map(|number| InstanceId(Uuid::from_u128(number)));
    let made = create_all(&plane, ids).await;
    assert_eq!(made.len(), QUOTA);
    return_all(&plane, &made).await;

    let history = plane.history().await?;
    assert!(history.iter().all(|(_, used)| used.instances <= instances), "{history:?}");
    assert_eq!(history.last().map(|(_, used)| *used), Some(Amount::default()));
    let mut returns: BTreeMap<InstanceId, usize> = BTreeMap::new();
    for (event, _) in &history {
        match event {
            project::Event::Released { instance } => *returns.entry(*instance).or_default() += 1,
            project::Event::Reserved { .. }
            | project::Event::Grew { .. }
            | project::Event::Settled { .. }
            | project::Event::Committed { .. }
            | project::Event::LimitsSet { .. } => {}
        }
    }
    assert!(returns.values().all(|count| *count == 1), "{returns:?}");
    assert!(made.iter().all(|id| returns.contains_key(id)), "{returns:?}");

    let later = (CREATIONS + 1..=CREATIONS + 20).map(|number| InstanceId(Uuid::from_u128(number)));
    assert_eq!(create_all(&plane, later).await.len(), QUOTA, "what was returned can be had again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_an_instance_refused_to_follow_can_be_deleted_at_once() -> anyhow::Result<()> {
    let plane = Plane::start().await?;
    let (id, group) = (InstanceId(Uuid::from_u128(1)), ConfigurationId(Uuid::from_u128(2)));
    let spec = configuration::Spec {
        project: PROJECT.into(),
        name: "g".to_owned(),
        description: None,
        datastore: domain::ids::DatastoreId(Uuid::nil()),
        version: domain::ids::VersionId(Uuid::nil()),
        values: [].into(),
        body_hash: None,
    };
    let made = plane.decide(0, Body::CreateConfiguration { id: group, spec: Box::new(spec) }).await;
    assert!(made.is_ok(), "{made:?}");
    assert!(plane.decide(0, create(id)).await.is_ok());
    let attach = || Body::AttachConfiguration { id, configuration: group };
    assert_eq!(plane.decide(0, attach()).await, Err(Rejection::NotAtRest), "it is being made");
    assert_eq!(plane.decide(1, attach()).await, Err(Rejection::NotAtRest));
    assert!(plane.decide(0, Body::DeleteConfiguration { id: group }).await.is_ok());
    assert_eq!(plane.decide(1, attach()).await, Err(Rejection::ConfigurationNotFound));
    Ok(())
}
