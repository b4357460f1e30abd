//! Another flavor, and a larger volume.

use crate::databases::active;
use crate::seed::{activate, id_of, small_creation};
use crate::stack::{Answer, Client, DEMO, Stack};
use axum::http::{Method, StatusCode};
use domain::ids::{InstanceId, WorkerId};
use domain::instance::messages::Outcome;
use domain::instance::{Command, Effect, FaultCause};
use serde_json::{Value, json};
use uuid::Uuid;

const WORKER: WorkerId = WorkerId(Uuid::from_u128(0x50));

async fn resize(client: &Client<'_>, id: InstanceId, details: Value) -> Answer {
    let body = json!({ "resize": details });
    client.send(Method::POST, &format!("/instances/{id}/action"), &body).await
}

async fn shown(client: &Client<'_>, id: InstanceId) -> Value {
    client.get(&format!("/instances/{id}")).await.json()["instance"].clone()
}

async fn work(stack: &Stack, id: InstanceId, effect: Effect, outcome: Outcome) {
    let fence = stack.advance(id, Command::Claim { worker: WORKER, effect }).await;
    stack.advance(id, Command::Complete { fence, outcome }).await;
}

#[tokio::test]
async fn a_larger_volume_is_accepted_at_once_and_shown_once_it_is_there() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let answer = resize(&member, id, json!({"volume": {"size": 3}})).await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0), "{answer:?}");
    let seen = shown(&member, id).await;
    assert_eq!((&seen["status"], &seen["operating_status"]), (&json!("RESIZE"), &json!("")));
    assert_eq!(seen["volume"]["size"], 1);
    for busy in [json!({"volume": 4}), json!({"flavorRef": "2"}), json!({"volume": 1})] {
        let again = resize(&member, id, busy).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = format!(
            "Instance {id} is not currently available for an action to be performed (instance \
             status was RESIZE)."
        );
        assert_eq!(again.fault().1, text);
    }
    work(&stack, id, Effect::Room, Outcome::RoomMade).await;
    work(&stack, id, Effect::Grow, Outcome::VolumeGrown).await;
    let seen = shown(&member, id).await;
    assert_eq!((&seen["status"], &seen["volume"]["size"]), (&json!("RESIZE"), &json!(3)));
}

#[tokio::test]
async fn a_flavor_is_named_in_all_spellings_and_shown_once_it_is_in_force() {
    for flavor in [json!(2), json!("2"), json!("http://db.example:8779/v1.0/p/flavors/2")] {
        let stack = Stack::start().await;
        let id = active(&stack).await;
        let member = stack.member().await;
        let answer = resize(&member, id, json!({ "flavorRef": flavor })).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{flavor}: {answer:?}");
        let seen = shown(&member, id).await;
        assert_eq!((&seen["status"], &seen["flavor"]["id"]), (&json!("RESIZE"), &json!("1")));
    }
}

#[tokio::test]
async fn what_can_t_be_is_refused_by_the_contract() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let not_larger =
        "The new volume 'size' must be larger than the current volume size of '1'.".to_owned();
    let too_large =
        "Volume 'size' cannot exceed maximum of 10 GB, 11 cannot be accepted.".to_owned();
    for (details, status, text) in [
        (json!({"volume": {"size": 1}}), 400, not_larger.clone()),
        (json!({"volume": 1}), 400, not_larger),
        (json!({"volume": {"size": 11}}), 413, too_large.clone()),
        (json!({"volume": 11}), 413, too_large),
        (
            json!({"flavorRef": 1}),
            400,
            "New flavor id must be different from current flavor id.".to_owned(),
        ),
        (json!({"flavorRef": "99"}), 400, "Flavor 99 cannot be found.".to_owned()),
    ] {
        let answer = resize(&member, id, details.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.fault().1), (status, text), "{details}");
    }
    for details in [json!({}), json!(null), json!({"volume": {"size": 2}, "flavorRef": 2})] {
        assert_eq!(resize(&member, id, details).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(shown(&member, id).await["status"], "ACTIVE");
    let looker = stack.client("looker", DEMO).await;
    let denied = resize(&looker, id, json!({"volume": 2})).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let building = id_of(&member.create("b", &small_creation("b")).await.json());
    let early = resize(&member, building, json!({"volume": 2})).await;
    assert!(early.fault().1.contains("(instance status was BUILD)"), "{early:?}");
}

#[tokio::test]
async fn a_volume_beyond_the_quota_is_refused_and_nothing_changes() {
    let stack = Stack::start().await;
    let first = active(&stack).await;
    let member = stack.member().await;
    let second = id_of(&member.create("s", &small_creation("s")).await.json());
    activate(&stack, second).await;
    assert_eq!(resize(&member, first, json!({"volume": 8})).await.status, StatusCode::ACCEPTED);
    let refused = resize(&member, second, json!({"volume": 5})).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(refused.fault().1, "Quota exceeded for resources: ['volumes'].");
    assert_eq!(shown(&member, second).await["status"], "ACTIVE");
    assert_eq!(resize(&member, second, json!({"volume": 4})).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_failed_resize_shows_the_old_size_and_why() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    resize(&member, id, json!({"volume": 3})).await;
    let fence = stack.advance(id, Command::Claim { worker: WORKER, effect: Effect::Room }).await;
    let (cause, detail) = (FaultCause::NoDisk, "the host has 1 MiB of disk left".to_owned());
    stack.advance(id, Command::Refuse { fence, cause, detail }).await;
    work(&stack, id, Effect::Settle, Outcome::Settled { volume_gib: 1 }).await;
    let seen = shown(&member, id).await;
    assert_eq!((&seen["status"], &seen["volume"]["size"]), (&json!("ACTIVE"), &json!(1)));
    assert_eq!(
        seen["fault"]["message"],
        "Resize failed while finding room: not enough disk is left (the host has 1 MiB of disk \
         left)."
    );
}

#[tokio::test]
async fn a_resize_repeated_under_its_key_is_the_same() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let body = json!({"resize": {"volume": {"size": 3}}});
    let path = format!("/instances/{id}/action");
    let headers = [("idempotency-key", "grow-once")];
    for _ in 0..2 {
        let answer = member.send_with(Method::POST, &path, &body, &headers).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    }
}
