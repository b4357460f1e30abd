//! Places that are not what their instances take.

use super::*;
use domain::guest::{ActionOutcome, ActionResult, DatabaseHealth, Report, Revision};
use domain::host::{Capacity, Place};
use domain::ids::{HostId, WorkerId};
use domain::instance::messages::Outcome;
use domain::instance::{Command, Effect, Resize, prepare_action};
use domain::limits::Limits;
use eventlog::{EventLog, MemoryLog};
use readmodel::MemoryStore;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use testkit::samples::spec;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

const ID: InstanceId = InstanceId(Uuid::from_u128(7));
const HOST: HostId = HostId(Uuid::from_u128(8));
const WORKER: WorkerId = WorkerId(Uuid::from_u128(9));

/// A taskmanager's core over a log in memory; it follows while the guard lives.
fn core() -> (Core, DropGuard) {
    let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
    let rows = ReadModel::over(Box::new(MemoryStore::default())).expect("memory is there");
    let stop = CancellationToken::new();
    let following = (rows.clone(), log.clone(), stop.clone());
    tokio::spawn(async move { following.0.follow(following.1, following.2).await });
    (Core::new(log, rows, Limits::PRODUCTION, (WORKER, 1)), stop.drop_guard())
}

async fn on_host(core: &Core, command: host::Command) {
    let handled = core.host.handle(HOST.into(), &internal(fresh_command(), command), now).await;
    assert!(core.reached(handled.expect("the host agrees").position).await);
}

async fn on_instance(core: &Core, command: Command) -> u64 {
    let position = core.instruct(ID, command).await.expect("the instance agrees").position;
    assert!(core.reached(position).await);
    position
}

async fn complete(core: &Core, effect: Effect, outcome: Outcome) {
    let fence = on_instance(core, Command::Claim { worker: WORKER, effect }).await;
    on_instance(core, Command::Complete { fence, outcome }).await;
}

fn place(core: &Core) -> Place {
    let host: Host = core.rows.folded(HOST.into()).expect("the row is readable").state;
    host.places[&ID].clone()
}

/// An instance that serves, and a host with a place for it.
async fn serving(core: &Core) {
    on_host(
        core,
        host::Command::Register(Capacity {
            host: HOST,
            memory_mb: 4096,
            disk_mb: 8192,
            first_address: Ipv4Addr::new(127, 1, 0, 2),
            addresses: 3,
            first_uid: None,
            moved_ports: BTreeMap::new(),
        }),
    )
    .await;
    on_instance(core, Command::Create { id: ID, spec: Box::new(spec("p1")) }).await;
    let (memory_mb, disk_mb) = (256, 1024);
    let placing = host::Command::Place { instance: ID, standard_port: 3306, memory_mb, disk_mb };
    on_host(core, placing).await;
    complete(core, Effect::Place, Outcome::Placed(place(core))).await;
    complete(core, Effect::Volume, Outcome::VolumeMade).await;
    complete(core, Effect::Guest, Outcome::GuestStarted).await;
    let prepared = ActionResult { id: prepare_action(ID), outcome: ActionOutcome::Done };
    on_instance(
        core,
        Command::Observe(Report {
            revision: Revision { epoch: 1, sequence: 1 },
            health: DatabaseHealth::Up,
            results: vec![prepared],
            settings: None,
        }),
    )
    .await;
}

#[tokio::test]
async fn a_place_is_cut_to_what_is_in_force_once_an_administrator_has_ended_a_resize() {
    let (core, _following) = core();
    serving(&core).await;
    let to = Box::new(Resize::Volume { gib: 3 });
    on_instance(&core, Command::Resize { to }).await;
    let (memory_mb, disk_mb) = (256, 3072);
    on_host(&core, host::Command::Resize { instance: ID, memory_mb, disk_mb }).await;

    places(&core, HOST.into()).await;
    assert_eq!(place(&core).disk_mb, 3072, "a resize under way needs what it has claimed");

    // The first reset ends the step, the second one the end that does not come.
    on_instance(&core, Command::ResetStatus).await;
    on_instance(&core, Command::ResetStatus).await;
    places(&core, HOST.into()).await;
    testkit::stack::wait_for_async("the place is cut", async || {
        (place(&core).disk_mb == 1024).then_some(())
    })
    .await;
}
