//! What stands in the log before a test begins.

use crate::desk::{NOW, by_plane};
use crate::stack::Stack;
use domain::aggregate::Key;
use domain::catalogue::{self, Catalogue, Parameter, ParameterKind, Range, Real};
use domain::datastore::{self, Datastore};
use domain::engine::Manager;
use domain::guest::{
    ActionCause, ActionFailure, ActionOutcome, ActionResult, DatabaseHealth, Report, Revision,
};
use domain::host::Place;
use domain::ids::{DatastoreId, HostId, ImageId, InstanceId, VersionId, WorkerId};
use domain::instance::messages::Outcome;
use domain::instance::{Command, Effect, prepare_action};
use domain::limits::Limits;
use domain::version::{self, Details, Version};
use eventlog::{Handler, HandlerConfig, MemoryLog};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub(crate) const MYSQL: DatastoreId = DatastoreId(Uuid::from_u128(0x10));
pub(crate) const MARIADB: DatastoreId = DatastoreId(Uuid::from_u128(0x20));
pub(crate) const MYSQL_VERSION: VersionId = VersionId(Uuid::from_u128(0x11));
pub(crate) const MYSQL_OLD: VersionId = VersionId(Uuid::from_u128(0x12));

/// Datastore `mysql` with an active default and an inactive version; `mariadb` without default.
pub(crate) async fn datastores(log: &MemoryLog) {
    let config = HandlerConfig {
        epoch: 1,
        limits: Limits::PRODUCTION,
        append_patience: Duration::from_secs(1),
        cells_max: 100,
    };
    let datastores = Handler::<Datastore>::new(Arc::new(log.clone()), config.clone());
    let versions = Handler::<Version>::new(Arc::new(log.clone()), config.clone());
    let catalogues = Handler::<Catalogue>::new(Arc::new(log.clone()), config);
    for (id, name) in [(MYSQL, "mysql"), (MARIADB, "mariadb")] {
        let register = datastore::Command::Register { id, name: name.to_owned() };
        datastores.handle(Key::from(id), &by_plane(register), || NOW).await.unwrap();
    }
    for (id, name, active) in [(MYSQL_VERSION, "10.11", true), (MYSQL_OLD, "10.6", false)] {
        let details = Details {
            id,
            datastore: MYSQL,
            name: name.to_owned(),
            number: format!("{name}.11"),
            manager: Manager::Mysql,
            image: Some(ImageId(Uuid::from_u128(0x30))),
            packages: vec!["mariadb-server".to_owned(), "mariadb-client".to_owned()],
            active,
            image_tags: Vec::new(),
            registry_ext: None,
            repl_strategy: None,
        };
        let hold = datastore::Command::Hold { version: id, label: details.label() };
        datastores.handle(Key::from(MYSQL), &by_plane(hold), || NOW).await.unwrap();
        let register = version::Command::Register(details);
        versions.handle(Key::from(id), &by_plane(register), || NOW).await.unwrap();
    }
    let set = catalogue::Command::Set { version: MYSQL_VERSION, rows: parameters() };
    let key = Key::catalogue(MYSQL_VERSION);
    catalogues.handle(key, &by_plane(set), || NOW).await.unwrap();
    let default = datastore::Command::SetDefaultVersion(MYSQL_VERSION);
    datastores.handle(Key::from(MYSQL), &by_plane(default), || NOW).await.unwrap();
}

/// One parameter of each kind, and a forbidden one.
pub(crate) fn parameters() -> Vec<Parameter> {
    let row = |name: &str, kind| Parameter {
        name: name.to_owned(),
        kind,
        default: None,
        unit: None,
        restart_required: false,
        forbidden: None,
    };
    let widest = Range { min: Some(i64::MIN.into()), max: Some(u64::MAX.into()) };
    let port = ParameterKind::Integer(Range { min: Some(0), max: Some(65_535) });
    let timeout = ParameterKind::Integer(Range { min: Some(1), max: Some(31_536_000) });
    let words = vec!["MIXED".to_owned(), "ROW".to_owned()];
    vec![
        Parameter { restart_required: true, ..row("a_size", ParameterKind::Integer(widest)) },
        row("binlog_format", ParameterKind::Choice(words)),
        row("cost", ParameterKind::Float(Range { min: Real::new(0.5), max: None })),
        row("general_log", ParameterKind::Boolean),
        Parameter { forbidden: Some("is ours".to_owned()), ..row("port", port) },
        Parameter {
            default: Some("28800".to_owned()),
            unit: Some("s".to_owned()),
            ..row("wait_timeout", timeout)
        },
    ]
}

/// A creation with everything that is recorded.
pub(crate) fn full_creation() -> Value {
    json!({"instance": {
        "name": "orders", "flavorRef": 2, "volume": {"size": 2, "type": null},
        "databases": [{"name": "shop", "character_set": "utf8mb4", "collate": null}],
        "users": [{"name": "app", "password": "pw-of-app", "databases": [{"name": "shop"}]}],
        "datastore": {"type": "mysql", "version": "10.11"},
        "nics": [{"network_id": "a1aeec04-0e2f-4928-b85c-bfb7402cd0ec"}],
        "availability_zone": "nova", "locality": "affinity", "region_name": "RegionOne",
        "access": {"is_public": false}
    }})
}

/// The smallest creation.
pub(crate) fn small_creation(name: &str) -> Value {
    json!({"instance": {"name": name, "flavorRef": "1", "volume": {"size": 1}}})
}

/// The id in the answer to a creation.
pub(crate) fn id_of(body: &Value) -> InstanceId {
    body["instance"]["id"].as_str().unwrap().parse().unwrap()
}

/// Brings a new instance to the step in which its server is prepared.
pub(crate) async fn start_guest(stack: &Stack, id: InstanceId) {
    let place = Place {
        host: HostId(Uuid::from_u128(0x40)),
        address: Ipv4Addr::new(127, 16, 0, 7),
        port: 3306,
        uid: None,
        memory_mb: 2048,
        disk_mb: 2048,
    };
    let steps = [
        (Effect::Place, Outcome::Placed(place)),
        (Effect::Volume, Outcome::VolumeMade),
        (Effect::Guest, Outcome::GuestStarted),
    ];
    for (effect, outcome) in steps {
        let worker = WorkerId(Uuid::from_u128(0x50));
        let fence = stack.advance(id, Command::Claim { worker, effect }).await;
        stack.advance(id, Command::Complete { fence, outcome }).await;
    }
}

/// A report of the guest, with what became of its preparation.
pub(crate) fn report(id: InstanceId, health: DatabaseHealth, outcome: ActionOutcome) -> Command {
    let results = vec![ActionResult { id: prepare_action(id), outcome }];
    Command::Observe(Report { revision: Revision::default(), health, results, settings: None })
}

/// Brings a new instance to rest.
pub(crate) async fn activate(stack: &Stack, id: InstanceId) {
    start_guest(stack, id).await;
    stack.advance(id, report(id, DatabaseHealth::Up, ActionOutcome::Done)).await;
}

/// Has a new instance's preparation fail.
pub(crate) async fn fail(stack: &Stack, id: InstanceId) {
    start_guest(stack, id).await;
    let failure = ActionFailure {
        cause: ActionCause::ServerWontStart,
        detail: "InnoDB: cannot allocate memory".to_owned(),
    };
    let down = DatabaseHealth::Down { cause: "exited".to_owned() };
    stack.advance(id, report(id, down, ActionOutcome::Failed(failure))).await;
}
