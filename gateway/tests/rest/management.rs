//! Instances as administrators see and handle them.

use crate::databases::active;
use crate::desk::NOW;
use crate::guest::Manner;
use crate::seed::{MYSQL_VERSION, activate, id_of, small_creation};
use crate::stack::{Client, DEMO, OTHER, Stack};
use axum::http::{Method, StatusCode};
use domain::ids::{InstanceId, WorkerId};
use domain::instance::messages::Outcome;
use domain::instance::{Command, Effect};
use serde_json::{Value, json};
use uuid::Uuid;

const UNKNOWN: &str = "0f3c0000-0000-4000-8000-000000000001";

/// Asks for an instance's deletion.
pub(crate) async fn delete_begun(stack: &Stack, id: InstanceId) {
    let deleted = stack.admin().await.delete(&format!("/instances/{id}")).await;
    assert_eq!(deleted.status, StatusCode::ACCEPTED, "{deleted:?}");
}

/// Deletes an instance and does what is owed for that.
pub(crate) async fn delete(stack: &Stack, id: InstanceId) {
    delete_begun(stack, id).await;
    for (effect, outcome) in [
        (Effect::NoGuest, Outcome::GuestRemoved),
        (Effect::NoVolume, Outcome::VolumeRemoved),
        (Effect::ReleaseAll, Outcome::Released),
    ] {
        let worker = WorkerId(Uuid::from_u128(0x50));
        let fence = stack.advance(id, Command::Claim { worker, effect }).await;
        stack.advance(id, Command::Complete { fence, outcome }).await;
    }
}

fn ids(body: &Value) -> Vec<String> {
    let instances = body["instances"].as_array().unwrap();
    instances.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

async fn create(client: &Client<'_>, name: &str) -> InstanceId {
    id_of(&client.send(Method::POST, "/instances", &small_creation(name)).await.json())
}

/// Two live ones of `demo`, one of `other`, and a deleted one of `demo`.
async fn four(stack: &Stack) -> [InstanceId; 4] {
    let (member, other) = (stack.member().await, stack.client("demo", OTHER).await);
    let gone = create(&member, "gone").await;
    activate(stack, gone).await;
    delete(stack, gone).await;
    let (a, b) = (create(&member, "a").await, create(&member, "b").await);
    [a, b, create(&other, "c").await, gone]
}

fn sorted(wanted: &[InstanceId]) -> Vec<String> {
    let mut ids: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn live_and_deleted_instances_are_listed_as_asked() {
    let stack = Stack::start().await;
    let [a, b, c, gone] = four(&stack).await;
    let admin = stack.admin().await;
    for (query, expected) in [
        ("limit=10", vec![a, b, c, gone]),
        ("limit=10&deleted=False&include_clustered=False", vec![a, b, c]),
        ("deleted=true", vec![gone]),
        (&format!("limit=10&project_id={DEMO}"), vec![a, b, gone]),
        (&format!("limit=10&project_id={DEMO}&deleted=false"), vec![a, b]),
        (&format!("limit=10&project_id={OTHER}"), vec![c]),
        (&format!("limit=10&project_id={OTHER}&deleted=true"), vec![]),
        ("project_id=nobody", vec![]),
    ] {
        let body = admin.get(&format!("/mgmt/instances?{query}")).await.json();
        let mut found = ids(&body);
        found.sort();
        assert_eq!(found, sorted(&expected), "{query}");
        assert!(body.get("links").is_none(), "{query}");
    }
}

#[tokio::test]
async fn the_latest_changed_comes_first_and_pages_count_entries() {
    let stack = Stack::start().await;
    let [a, b, c, gone] = four(&stack).await;
    let admin = stack.admin().await;
    let mut path = "/mgmt/instances?limit=1".to_owned();
    let mut seen = Vec::new();
    loop {
        let body = admin.get(&path).await.json();
        seen.extend(ids(&body));
        let Some(links) = body.get("links") else { break };
        let href = links[0]["href"].as_str().unwrap();
        assert!(href.contains(&format!("marker={}", seen.len())), "{href}");
        path = href[href.find("/mgmt").unwrap()..].to_owned();
    }
    let mut all = seen.clone();
    all.sort();
    assert_eq!(all, sorted(&[a, b, c, gone]), "nobody twice, nobody left out");
    for (query, status) in [
        ("marker=x", StatusCode::BAD_REQUEST),
        ("limit=0", StatusCode::BAD_REQUEST),
        ("marker=99999999999999999999999", StatusCode::OK),
    ] {
        let answer = admin.get(&format!("/mgmt/instances?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_deleted_instance_is_shown_when_asked_for() {
    let stack = Stack::start().await;
    let [.., gone] = four(&stack).await;
    let admin = stack.admin().await;
    let path = format!("/mgmt/instances/{gone}");
    assert_eq!(admin.get(&path).await.status, StatusCode::NOT_FOUND);
    let shown = admin.get(&format!("{path}?deleted=true")).await.json()["instance"].clone();
    assert_eq!((&shown["status"], &shown["deleted"]), (&json!("SHUTDOWN"), &json!(true)));
    assert_eq!(shown["deleted_at"], "2026-11-22T09:30:05", "{NOW:?}");
    assert_eq!((&shown["server"], &shown["volume"]), (&Value::Null, &Value::Null));
    assert_eq!((&shown["name"], &shown["tenant_id"]), (&json!("gone"), &json!(DEMO)));
    for (method, path) in [
        (Method::GET, format!("{path}/rpc_ping")),
        (Method::POST, format!("{path}/action")),
        (Method::GET, format!("/instances/{gone}")),
    ] {
        let answer = admin.send(method, &path, &json!({"reboot": {}})).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_instance_names_the_image_that_it_runs_from() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let id = create(&stack.member().await, "a").await;
    let (before, after) = (Uuid::from_u128(0x30).to_string(), Uuid::from_u128(0x31).to_string());
    let path = format!("/mgmt/datastore-versions/{MYSQL_VERSION}");
    let changed = admin.send(Method::PATCH, &path, &json!({"image": after})).await;
    assert_eq!(changed.status, StatusCode::ACCEPTED, "{changed:?}");
    let other = create(&stack.member().await, "b").await;
    for (id, image) in [(id, before), (other, after)] {
        let shown = admin.get(&format!("/mgmt/instances/{id}")).await.json();
        assert_eq!(shown["instance"]["image"], json!(image));
        let list = admin.get("/mgmt/instances").await.json();
        let entries = list["instances"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["id"] == json!(id.to_string()));
        assert_eq!(entry.unwrap()["image"], json!(image));
    }
}

#[tokio::test]
async fn only_administrators_manage() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    for (method, path) in [
        (Method::GET, "/mgmt/instances".to_owned()),
        (Method::GET, format!("/mgmt/instances/{id}")),
        (Method::GET, format!("/mgmt/instances/{id}/rpc_ping")),
        (Method::POST, format!("/mgmt/instances/{id}/action")),
        (Method::GET, format!("/mgmt/instances/{UNKNOWN}")),
    ] {
        let answer = member.send(method.clone(), &path, &json!({"stop": {}})).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        let text = "User does not have admin privileges.".to_owned();
        assert_eq!(answer.fault(), ("forbidden".to_owned(), text));
    }
    assert_eq!(stack.desk.seen.lock().unwrap().len(), 1, "only the creation was sent");
}

#[tokio::test]
async fn an_instance_is_handled_from_any_project() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let admin = stack.admin().await;
    let act = async |body: Value| {
        admin.send(Method::POST, &format!("/mgmt/instances/{id}/action"), &body).await
    };
    let status = async || {
        let shown = admin.get(&format!("/mgmt/instances/{id}")).await.json();
        shown["instance"]["status"].as_str().unwrap().to_owned()
    };
    stack.guest.set(Manner::Away);
    let answer = act(json!({"reboot": {}})).await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0), "{answer:?}");
    assert_eq!(status().await, "REBOOT");
    assert_eq!(act(json!({"reboot": {}})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = act(json!({"reset-task-status": {}})).await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0), "{answer:?}");
    assert_eq!(status().await, "ACTIVE");
    let answer = act(json!({"stop": {}})).await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0), "{answer:?}");
    assert!(stack.read_model.instance(id).unwrap().live().unwrap().is_stopped);
    for (body, status, word) in [
        (json!({"migrate": {}}), 501, "another host"),
        (json!({"migrate": {"host": "h"}}), 501, "another host"),
        (json!({"rebuild": {"image_id": UNKNOWN}}), 501, "image"),
        (json!({"rebuild": {}}), 400, "image_id"),
        (json!({"stop": {}, "reboot": {}}), 400, "Only one action can be specified per request."),
        (json!({"update": {}}), 400, "Invalid instance action: update"),
        (json!({}), 400, "Invalid request body."),
    ] {
        let answer = act(body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body} {answer:?}");
        assert!(answer.fault().1.contains(word), "{body} {answer:?}");
    }
}

#[tokio::test]
async fn a_ping_goes_to_the_guest() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let admin = stack.admin().await;
    let path = format!("/mgmt/instances/{id}/rpc_ping");
    let answer = admin.get(&path).await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::NO_CONTENT, 0), "{answer:?}");
    stack.guest.set(Manner::Away);
    let silent = admin.get(&path).await;
    assert_eq!(silent.status, StatusCode::BAD_REQUEST);
    let text = "An error occurred communicating with the guest: ";
    assert!(silent.fault().1.starts_with(text), "{silent:?}");
}
