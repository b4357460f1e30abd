//! A crash between a group's commit and an instance's, on either side.

use super::*;
use domain::configuration::{Configuration, Spec};
use domain::guest::{ActionOutcome, ActionResult, DatabaseHealth, Report, Revision};
use domain::host::Place;
use domain::ids::{DatastoreId, HostId, VersionId};
use domain::instance::messages::Outcome;
use domain::instance::{Effect, prepare_action};
use domain::limits::Limits;
use std::net::Ipv4Addr;
use testkit::samples::spec;
use tokio_util::sync::DropGuard;
use uuid::Uuid;

const GROUP: ConfigurationId = ConfigurationId(Uuid::from_u128(1));
const ID: InstanceId = InstanceId(Uuid::from_u128(2));

/// A core with a group and an instance that follows it from its creation, as far as the instance
/// is concerned; reservations end at once.
async fn core() -> (Core, DropGuard) {
    let limits = Limits { reservation_ms: 0, ..Limits::PRODUCTION };
    let (core, stop) = Core::in_memory(limits);
    let group = Spec {
        project: "p1".into(),
        name: "g".to_owned(),
        description: None,
        datastore: DatastoreId(Uuid::nil()),
        version: VersionId(Uuid::nil()),
        values: [].into(),
        body_hash: None,
    };
    on_group(&core, Command::Create { id: GROUP, spec: Box::new(group) }).await.unwrap();
    (core, stop)
}

async fn create(core: &Core, follows: bool) {
    let spec = domain::instance::Spec { configuration: follows.then_some(GROUP), ..spec("p1") };
    on_instance(core, instance::Command::Create { id: ID, spec: Box::new(spec) }).await;
}

async fn on_group(core: &Core, command: Command) -> Result<(), Rejection> {
    let request = internal(fresh_command(), command);
    match core.configuration.handle(GROUP.into(), &request, now).await {
        Ok(handled) => {
            assert!(core.reached(handled.position).await);
            Ok(())
        }
        Err(HandleError::Rejected(rejection)) => Err(rejection),
        Err(error) => panic!("{error}"),
    }
}

async fn on_instance(core: &Core, command: instance::Command) {
    let handled = core.instruct(ID, command).await.expect("the instance agrees");
    assert!(core.reached(handled.position).await);
}

fn row(core: &Core) -> Box<Group> {
    match core.rows.configuration(GROUP).expect("the row is readable") {
        Configuration::Live(group) => group,
        gone @ (Configuration::Absent | Configuration::Deleted { .. }) => panic!("{gone:?}"),
    }
}

/// What a runner's look at the group does.
async fn look_and_correct(core: &Core) {
    let found = look(&core.rows, &row(core)).expect("the rows are readable");
    correct(core, GROUP, found.corrections).await;
    assert!(core.freshen(GROUP.into()).await);
}

fn followed(core: &Core) -> Option<ConfigurationId> {
    core.rows.instance(ID).expect("the row is readable").configuration()
}

/// Brings the instance to rest.
async fn serve(core: &Core) {
    let place = Place {
        host: HostId(Uuid::from_u128(4)),
        address: Ipv4Addr::new(127, 16, 0, 7),
        port: 3306,
        uid: None,
        memory_mb: 256,
        disk_mb: 1024,
    };
    for (effect, outcome) in [
        (Effect::Place, Outcome::Placed(place)),
        (Effect::Volume, Outcome::VolumeMade),
        (Effect::Guest, Outcome::GuestStarted),
    ] {
        let worker = core.worker;
        on_instance(core, instance::Command::Claim { worker, effect }).await;
        let fence = core.rows.instance(ID).unwrap().live().unwrap().fence;
        on_instance(core, instance::Command::Complete { fence, outcome }).await;
    }
    let prepared = ActionResult { id: prepare_action(ID), outcome: ActionOutcome::Done };
    let report = Report {
        revision: Revision::default(),
        health: DatabaseHealth::Up,
        results: vec![prepared],
        settings: None,
    };
    on_instance(core, instance::Command::Observe(report)).await;
}

#[tokio::test]
async fn an_expectation_that_came_to_nothing_ends_and_the_group_can_go() {
    let (core, _stop) = core().await;
    create(&core, false).await;
    on_group(&core, Command::Expect { instance: ID }).await.unwrap();
    assert_eq!(on_group(&core, Command::Delete).await, Err(Rejection::InUse));
    look_and_correct(&core).await;
    assert_eq!(on_group(&core, Command::Delete).await, Ok(()));
}

#[tokio::test]
async fn a_follower_is_kept_and_one_that_the_group_does_not_know_is_taken_up() {
    let (core, _stop) = core().await;
    create(&core, true).await;
    assert!(is_unknown(&core.rows, ID, GROUP).unwrap());
    keep(&core, ID, GROUP).await;
    assert!(core.freshen(GROUP.into()).await);
    assert!(!is_unknown(&core.rows, ID, GROUP).unwrap());
    on_group(&core, Command::Expect { instance: ID }).await.unwrap();
    look_and_correct(&core).await;
    assert_eq!(row(&core).followers[&ID].until, None, "it follows, so it is kept");
    assert_eq!(on_group(&core, Command::Delete).await, Err(Rejection::InUse));
}

#[tokio::test]
async fn what_is_being_deleted_follows_nothing() {
    let (core, _stop) = core().await;
    create(&core, true).await;
    keep(&core, ID, GROUP).await;
    on_instance(&core, instance::Command::Delete).await;
    assert!(core.freshen(GROUP.into()).await);
    look_and_correct(&core).await;
    assert_eq!(on_group(&core, Command::Delete).await, Ok(()));
}

#[tokio::test]
async fn an_instance_whose_group_is_gone_follows_none_once_it_is_at_rest() {
    let (core, _stop) = core().await;
    create(&core, true).await;
    on_group(&core, Command::Delete).await.unwrap();
    keep(&core, ID, GROUP).await;
    assert_eq!(followed(&core), Some(GROUP), "not in the middle of its creation");
    serve(&core).await;
    keep(&core, ID, GROUP).await;
    assert!(core.freshen(ID.into()).await);
    assert_eq!(followed(&core), None);
}
