//! Renaming and deleting.

use crate::desk::Mood;
use crate::seed::{activate, id_of, small_creation};
use crate::stack::Stack;
use axum::http::{Method, StatusCode};
use domain::ids::InstanceId;
use serde_json::json;

async fn created(stack: &Stack) -> InstanceId {
    id_of(&stack.member().await.create("k", &small_creation("old")).await.json())
}

#[tokio::test]
async fn a_new_name_is_there_at_once() {
    let stack = Stack::start().await;
    let path = format!("/instances/{}", created(&stack).await);
    let member = stack.member().await;
    for (method, name) in [(Method::PUT, "new"), (Method::PATCH, "newer")] {
        let answer = member.send(method, &path, &json!({"instance": {"name": name}})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        assert!(answer.bytes.is_empty());
        assert_eq!(answer.headers["content-type"], "application/json");
        assert!(answer.position() > 0);
        assert_eq!(member.get(&path).await.json()["instance"]["name"], name);
    }
}

#[tokio::test]
async fn what_no_instance_has_is_answered_by_the_contract() {
    let stack = Stack::start().await;
    let path = format!("/instances/{}", created(&stack).await);
    let member = stack.member().await;
    for (instance, status, word) in [
        (json!({}), 202, ""),
        (json!({"configuration": null}), 202, ""),
        (json!({"configuration": "c1"}), 404, "c1"),
        (json!({"replica_of": null}), 400, "not a replica"),
        (json!({"datastore_version": "8.4"}), 501, "'datastore_version'"),
        (json!({"access": {"is_public": true}}), 501, "'access'"),
        (json!({"flavor": 3}), 400, "flavor"),
        (json!({"name": ""}), 400, "name"),
    ] {
        let answer = member.send(Method::PUT, &path, &json!({ "instance": instance })).await;
        assert_eq!(answer.status.as_u16(), status, "{instance} {answer:?}");
        if status != 202 {
            assert!(answer.fault().1.contains(word), "{answer:?}");
        }
    }
    assert_eq!(
        stack.desk.seen.lock().unwrap().len(),
        3,
        "the creation was sent, and the detachments"
    );
}

#[tokio::test]
async fn deleting_works_from_every_state_and_again_until_it_is_gone() {
    let stack = Stack::start().await;
    let id = created(&stack).await;
    let path = format!("/instances/{id}");
    let member = stack.member().await;
    for _ in 0..2 {
        let answer = member.delete(&path).await;
        assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0));
        let instance = member.get(&path).await.json()["instance"].clone();
        assert_eq!(instance["status"], "SHUTDOWN");
        assert_eq!(instance["operating_status"], "");
    }
}

#[tokio::test]
async fn an_administrator_deletes_through_its_own_project() {
    let stack = Stack::start().await;
    let id = created(&stack).await;
    activate(&stack, id).await;
    let answer = stack.admin().await.delete(&format!("/instances/{id}")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn the_same_change_under_the_same_key_is_the_same_command() {
    let stack = Stack::start().await;
    let path = format!("/instances/{}", created(&stack).await);
    let member = stack.member().await;
    for name in ["a", "a", "b"] {
        let body = json!({"instance": {"name": name}});
        let headers = [("idempotency-key", "k")];
        let answer = member.send_with(Method::PUT, &path, &body, &headers).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
    }
    let seen = stack.desk.seen.lock().unwrap();
    assert_eq!(seen[1].command_id, seen[2].command_id);
    assert_ne!(seen[1].command_id, seen[3].command_id);
}

#[tokio::test]
async fn an_unknown_outcome_of_a_deletion_is_said() {
    let stack = Stack::start().await;
    let id = created(&stack).await;
    *stack.desk.mood.lock().unwrap() = Mood::Silent;
    let answer = stack.member().await.delete(&format!("/instances/{id}")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.fault().1.contains(&id.to_string()));
}
