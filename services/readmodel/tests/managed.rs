//! The list of live and deleted instances, the latest changed first.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::aggregate::Key;
use domain::commit::Actor;
use domain::ids::{CommandId, InstanceId, ProjectId, WorkerId};
use domain::instance::messages::Outcome;
use domain::instance::{Command, Effect, Instance};
use domain::limits::Limits;
use domain::time::Timestamp;
use eventlog::{EventLog, Handler, HandlerConfig, MemoryLog, Request};
use readmodel::{MemoryStore, ReadModel, Wanted};
use std::sync::Arc;
use std::time::Duration;
use testkit::samples::spec;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

struct Plane {
    log: MemoryLog,
    instances: Handler<Instance>,
    rows: ReadModel,
    _stop: DropGuard,
}

impl Plane {
    fn start() -> Self {
        let log = MemoryLog::new();
        let config = HandlerConfig {
            epoch: 1,
            limits: Limits::PRODUCTION,
            append_patience: Duration::from_secs(1),
            cells_max: 100,
        };
        let instances = Handler::new(Arc::new(log.clone()), config);
        let stop = CancellationToken::new();
        let rows = follow(&log, &stop);
        Self { log, instances, rows, _stop: stop.drop_guard() }
    }

    async fn tell(&self, id: InstanceId, at: i64, command: Command) -> u64 {
        let request = Request {
            command_id: CommandId(Uuid::new_v4()),
            causation_id: None,
            actor: Actor::Plane,
            request_id: None,
            command,
            deadline: None,
        };
        let handled = self.instances.handle(Key::from(id), &request, || Timestamp(at)).await;
        handled.unwrap().position
    }

    async fn create(&self, number: u128, project: &str, at: i64) -> InstanceId {
        let id = InstanceId(Uuid::from_u128(number));
        self.tell(id, at, Command::Create { id, spec: Box::new(spec(project)) }).await;
        id
    }

    async fn delete(&self, id: InstanceId, at: i64) {
        self.tell(id, at, Command::Delete).await;
        for (effect, outcome) in [
            (Effect::NoGuest, Outcome::GuestRemoved),
            (Effect::NoVolume, Outcome::VolumeRemoved),
            (Effect::ReleaseAll, Outcome::Released),
        ] {
            let worker = WorkerId(Uuid::from_u128(9));
            let fence = self.tell(id, at, Command::Claim { worker, effect }).await;
            self.tell(id, at, Command::Complete { fence, outcome }).await;
        }
    }

    async fn list(&self, rows: &ReadModel, wanted: Wanted<'_>, part: (usize, usize)) -> Vec<u128> {
        let last = self.log.info().await.unwrap().last_sequence;
        assert!(rows.reached(last, Duration::from_secs(10)).await);
        let (skip, limit) = part;
        let found = rows.managed(&wanted, skip, limit).unwrap();
        found.iter().map(number).collect()
    }
}

fn follow(log: &MemoryLog, stop: &CancellationToken) -> ReadModel {
    let rows = ReadModel::over(Box::new(MemoryStore::default())).unwrap();
    let following = (rows.clone(), Arc::new(log.clone()), stop.clone());
    tokio::spawn(async move { following.0.follow(following.1, following.2).await });
    rows
}

fn number(instance: &Instance) -> u128 {
    match instance {
        Instance::Live(live) | Instance::Deleted { last: live, .. } => live.id.0.as_u128(),
        Instance::Absent | Instance::Abandoned { .. } => panic!("it is listed"),
    }
}

const ALL: Wanted<'static> = Wanted { project: None, is_deleted: None };

#[tokio::test]
async fn the_latest_changed_comes_first_and_each_instance_once() {
    let plane = Plane::start();
    for (number, at) in [(1, 1000), (2, 2000), (3, 3000)] {
        plane.create(number, "p", at).await;
    }
    assert_eq!(plane.list(&plane.rows, ALL, (0, 10)).await, [3, 2, 1]);
    let first = InstanceId(Uuid::from_u128(1));
    plane.tell(first, 4000, Command::Rename { name: "m".to_owned() }).await;
    assert_eq!(plane.list(&plane.rows, ALL, (0, 10)).await, [1, 3, 2]);
    plane.delete(InstanceId(Uuid::from_u128(2)), 5000).await;
    assert_eq!(plane.list(&plane.rows, ALL, (0, 10)).await, [2, 1, 3]);
    assert_eq!(plane.list(&plane.rows, ALL, (1, 1)).await, [1]);
    assert_eq!(plane.list(&plane.rows, ALL, (3, 10)).await, [0_u128; 0]);
    assert_eq!(plane.list(&plane.rows, ALL, (usize::MAX, 10)).await, [0_u128; 0]);

    // Folded one by one or all at once, the lists are the same.
    let stop = CancellationToken::new();
    let rebuilt = follow(&plane.log, &stop);
    assert_eq!(plane.list(&rebuilt, ALL, (0, 10)).await, [2, 1, 3]);
    stop.cancel();
}

#[tokio::test]
async fn lists_are_of_one_project_and_of_deleted_ones_as_asked() {
    let plane = Plane::start();
    for (number, project, at) in [(1, "p", 1000), (2, "q", 2000), (3, "p", 3000)] {
        plane.create(number, project, at).await;
    }
    plane.delete(InstanceId(Uuid::from_u128(3)), 4000).await;
    let (p, q) = (ProjectId::from("p"), ProjectId::from("q"));
    for (project, is_deleted, expected) in [
        (None, Some(false), vec![2, 1]),
        (None, Some(true), vec![3]),
        (Some(&p), None, vec![3, 1]),
        (Some(&p), Some(false), vec![1]),
        (Some(&q), None, vec![2]),
        (Some(&q), Some(true), vec![]),
    ] {
        let wanted = Wanted { project, is_deleted };
        assert_eq!(plane.list(&plane.rows, wanted, (0, 10)).await, expected, "{wanted:?}");
    }
}

#[tokio::test]
async fn a_deleted_instance_keeps_what_is_shown_and_no_more() {
    let plane = Plane::start();
    let id = plane.create(1, "p", 1000).await;
    plane.delete(id, 4000).await;
    plane.list(&plane.rows, ALL, (0, 10)).await;
    let Instance::Deleted { last, at } = plane.rows.instance(id).unwrap() else {
        panic!("it is gone")
    };
    assert_eq!((last.created, last.updated, at), (Timestamp(1000), Timestamp(4000), at));
    assert_eq!((last.name.as_str(), last.spec.volume_gib, &last.place), ("n", 1, &None));
}
