//! A version that is to be deleted, and who comes to use it before, meanwhile and after.

use super::*;
use crate::reconcile;
use domain::command::Body;
use domain::commit::Actor;
use domain::engine::Manager;
use domain::ids::{CommandId, ImageId, InstanceId};
use domain::instance;
use domain::limits::Limits;
use domain::version::{Details, User};
use std::time::Duration;
use testkit::samples::spec;
use tokio_util::sync::DropGuard;
use uuid::Uuid;

const ID: VersionId = VersionId(Uuid::from_u128(1));
const DATASTORE: DatastoreId = DatastoreId(Uuid::from_u128(2));

/// A core with a datastore and a version of it.
async fn core() -> (Core, DropGuard) {
    let (core, stop) = Core::in_memory(Limits::PRODUCTION);
    let details = Box::new(Details {
        id: ID,
        datastore: DATASTORE,
        name: "10.11".to_owned(),
        number: "10.11.11".to_owned(),
        manager: Manager::Mariadb,
        image: Some(ImageId(Uuid::from_u128(4))),
        packages: Vec::new(),
        active: true,
        image_tags: Vec::new(),
        registry_ext: None,
        repl_strategy: None,
    });
    let datastore_name = Some("mariadb".to_owned());
    let create = Order::CreateVersion { details, datastore_name, is_default: false };
    order(&core, 5, create).await.expect("there is none yet");
    (core, stop)
}

async fn order(core: &Core, number: u128, order: Order) -> Reply {
    let envelope = Envelope {
        command_id: CommandId(Uuid::from_u128(number)),
        deadline: now().after(Duration::from_secs(60)),
        actor: Actor::Plane,
        request_id: "req-1".into(),
        body: Body::Offer(order.clone()),
    };
    let reply = decide(core, &envelope, &order).await.expect("memory has every outcome");
    if let Ok(Accepted { position }) = reply {
        assert!(core.reached(position).await);
    }
    reply
}

async fn delete(core: &Core, number: u128) -> Reply {
    order(core, number, Order::DeleteVersion { id: ID, datastore: DATASTORE }).await
}

async fn use_it(core: &Core) {
    let mut spec = spec("p1");
    spec.version.id = ID;
    let id = InstanceId(Uuid::from_u128(9));
    let create = instance::Command::Create { id, spec: Box::new(spec) };
    let made = core.instruct(id, create).await.expect("there is none yet");
    assert!(core.reached(made.position).await);
}

const IN_USE: Rejection =
    Rejection::Offer(offer::Rejection::Version(version::Rejection::InUse(User::Instance)));

#[tokio::test]
async fn one_that_is_used_stays_and_serves_on() {
    let (core, _stop) = core().await;
    use_it(&core).await;
    assert_eq!(delete(&core, 10).await, Err(IN_USE));
    core.freshen(ID.into()).await;
    assert!(is_offered(&core, ID).unwrap());
    assert_eq!(core.rows.versions().unwrap().len(), 1);
}

#[tokio::test]
async fn one_that_nobody_uses_goes_and_who_comes_later_finds_it_gone() {
    let (core, _stop) = core().await;
    let gone = delete(&core, 10).await;
    assert!(gone.is_ok(), "{gone:?}");
    use_it(&core).await;
    assert!(!is_offered(&core, ID).unwrap());
    // The same order again is the same deletion, and another one finds nothing.
    assert!(delete(&core, 10).await.is_ok());
    let missing = offer::Rejection::Version(version::Rejection::NotFound);
    assert_eq!(delete(&core, 11).await, Err(Rejection::Offer(missing)));
}

#[tokio::test]
async fn a_deletion_that_nobody_finished_is_taken_back() {
    let (core, _stop) = core().await;
    let ask = |command| internal(fresh_command(), command);
    let withdrawn = withdraw(&core, ID).await.expect("nothing uses it");
    assert!(!is_offered(&core, ID).unwrap());
    assert_eq!(core.rows.versions().unwrap(), []);
    reconcile::version(&core, ID).await;
    core.freshen(ID.into()).await;
    assert!(is_offered(&core, ID).unwrap());
    // Somebody may have come to use it since; that it is withdrawn once more says nothing of them.
    use_it(&core).await;
    assert!(core.version.handle(ID.into(), &ask(version::Command::Withdraw), now).await.is_ok());
    let late = ask(version::Command::Delete { withdrawn });
    let late = core.version.handle(ID.into(), &late, now).await;
    assert!(matches!(late, Err(HandleError::Rejected(version::Rejection::Overtaken))));
}
