//! Creating instances: what is sent on, what is refused, and what a repeat gives.

use crate::desk::Mood;
use crate::seed::{activate, full_creation, id_of, small_creation};
use crate::stack::{Answer, DEMO, Stack};
use axum::http::{Method, StatusCode};
use domain::command::Body;
use domain::commit::Actor;
use serde_json::{Value, json};

async fn post(stack: &Stack, body: &Value) -> Answer {
    stack.member().await.send(Method::POST, "/instances", body).await
}

/// A small creation with one more key.
fn with(key: &str, value: Value) -> Value {
    let mut body = small_creation("n");
    body["instance"][key] = value;
    body
}

#[tokio::test]
async fn passwords_are_sealed_before_they_leave() {
    let stack = Stack::start().await;
    let answer = post(&stack, &full_creation()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("pw-of-app"));
    let seen = stack.desk.seen.lock().unwrap();
    let Body::CreateInstance { spec, secrets, .. } = &seen[0].body else { panic!() };
    assert!(!format!("{seen:?}").contains("pw-of-app"));
    assert_eq!(secrets.len(), 1);
    assert_eq!(spec.users[0].password, secrets[0].id);
    let opened = stack.sealing_key.open(&secrets[0].sealed).unwrap();
    assert_eq!(opened.as_slice(), b"pw-of-app");
}

#[tokio::test]
async fn the_command_says_who_asked_and_under_which_request() {
    let stack = Stack::start().await;
    let answer = post(&stack, &small_creation("n")).await;
    let seen = stack.desk.seen.lock().unwrap();
    let request_id = answer.headers["x-openstack-request-id"].to_str().unwrap();
    assert_eq!(seen[0].request_id.as_str(), request_id);
    let Actor::User { project_id, roles, .. } = &seen[0].actor else { panic!() };
    assert_eq!(project_id.as_str(), DEMO);
    assert!(roles.contains(&"member".to_owned()));
}

#[tokio::test]
async fn a_small_creation_takes_the_defaults() {
    let stack = Stack::start().await;
    let answer = post(&stack, &small_creation("n")).await;
    assert_eq!(answer.position(), stack.read_model.position());
    let body = answer.json();
    let instance = &body["instance"];
    assert_eq!(instance["datastore"]["type"], "mysql");
    assert_eq!(instance["datastore"]["version"], "10.11");
    assert_eq!(instance["region"], "RegionOne");
    assert_eq!(instance["status"], "BUILD");
    assert_eq!(instance["operating_status"], "");
    assert_eq!(instance["access"], json!({}));
}

#[tokio::test]
async fn what_is_named_must_be_there() {
    let stack = Stack::start().await;
    let source = "0f3c0000-0000-4000-8000-000000000001";
    let cases = [
        (with("flavorRef", json!("99")), 400),
        (with("flavorRef", Value::Null), 400),
        (with("datastore", json!({"type": "oracle"})), 404),
        (with("datastore", json!({"type": "mariadb"})), 400),
        (with("datastore", json!({"type": "mysql", "version": "9"})), 400),
        (with("datastore", json!({"type": "mysql", "version": "10.6"})), 400),
        (with("datastore", json!({"version": "10.11", "version_number": "1.1"})), 400),
        (with("configuration", json!("c1")), 404),
        (with("restorePoint", json!({"backupRef": source})), 404),
        (json!({"instance": {"name": "n", "replica_of": source}}), 404),
        (with("modules", json!([{"id": source}])), 501),
        (with("region_name", json!("Elsewhere")), 400),
        (with("volume", Value::Null), 400),
        (with("volume", json!({"size": 11})), 413),
        (with("volume", json!({"size": "99999999999999999999"})), 413),
        (with("databases", json!([{"name": "mysql"}])), 400),
        (with("users", json!([{"name": "root", "password": "p"}])), 400),
        (with("users", json!([{"name": "u", "password": "p'"}])), 400),
    ];
    for (body, status) in cases {
        let answer = post(&stack, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body} {answer:?}");
        assert!(!answer.fault().1.is_empty());
    }
    assert!(stack.desk.seen.lock().unwrap().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn versions_are_named_by_name_id_and_number() {
    let stack = Stack::start().await;
    let (mysql, version) =
        ("00000000-0000-0000-0000-000000000010", "00000000-0000-0000-0000-000000000011");
    for datastore in [
        json!({"type": mysql, "version": version}),
        json!({"version": "10.11"}),
        json!({"type": "mysql", "version": "10.11", "version_number": "10.11.11"}),
    ] {
        let answer = post(&stack, &with("datastore", datastore.clone())).await;
        assert_eq!(answer.status, StatusCode::OK, "{datastore}");
    }
}

#[tokio::test]
async fn replication_is_refused_for_a_known_source() {
    let stack = Stack::start().await;
    let id = id_of(&post(&stack, &small_creation("n")).await.json());
    let answer = post(&stack, &json!({"instance": {"name": "r", "replica_of": id.0}})).await;
    assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED);
    assert!(answer.fault().1.starts_with("Replication is not offered"), "{answer:?}");
}

#[tokio::test]
async fn a_used_up_quota_is_over_limit() {
    let stack = Stack::start().await;
    assert_eq!(post(&stack, &with("volume", json!({"size": 10}))).await.status, StatusCode::OK);
    let answer = post(&stack, &with("volume", json!({"size": 3}))).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let text = "Quota exceeded for resources: ['volumes'].".to_owned();
    assert_eq!(answer.fault(), ("overLimit".to_owned(), text));
}

#[tokio::test]
async fn a_repeat_under_a_key_answers_with_the_same_instance_as_it_is_now() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let first = member.create("k", &small_creation("n")).await.json();
    let id = id_of(&first);
    activate(&stack, id).await;
    let repeat = member.create("k", &small_creation("n")).await;
    assert_eq!(repeat.status, StatusCode::OK);
    assert_eq!(id_of(&repeat.json()), id);
    assert_eq!(repeat.json()["instance"]["status"], "ACTIVE");
    assert_eq!(stack.desk.seen.lock().unwrap().len(), 1, "the repeat was not sent");
    let other = member.create("k", &small_creation("m")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.fault().0, "unprocessableEntity");
}

#[tokio::test]
async fn another_body_under_a_key_is_refused_also_before_the_read_model_knows() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    *stack.desk.mood.lock().unwrap() = Mood::Silent;
    member.create("k", &small_creation("n")).await;
    member.create("k", &small_creation("n")).await;
    member.create("k", &small_creation("m")).await;
    let seen = stack.desk.seen.lock().unwrap();
    assert_eq!(seen[0].command_id, seen[1].command_id);
    assert_ne!(seen[0].command_id, seen[2].command_id);
    assert_eq!(seen[0].body.key(), seen[2].body.key());
}

#[tokio::test]
async fn without_a_key_every_creation_is_a_new_instance() {
    let stack = Stack::start().await;
    let one = id_of(&post(&stack, &small_creation("n")).await.json());
    let other = id_of(&post(&stack, &small_creation("n")).await.json());
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_key_that_is_none_is_a_bad_request() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let long = "k".repeat(256);
    for key in ["", "a b", "a\tb", &long] {
        let answer = member.create(key, &small_creation("n")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{key:?}");
    }
}

#[tokio::test]
async fn an_unknown_outcome_names_request_and_instance() {
    let stack = Stack::start().await;
    *stack.desk.mood.lock().unwrap() = Mood::Silent;
    let answer = post(&stack, &small_creation("n")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let (key, text) = answer.fault();
    assert_eq!(key, "serviceUnavailable");
    assert!(text.contains(answer.headers["x-openstack-request-id"].to_str().unwrap()), "{text}");
    let seen = stack.desk.seen.lock().unwrap();
    let Body::CreateInstance { id, .. } = &seen[0].body else { panic!("{seen:?}") };
    assert!(text.contains(&id.to_string()), "{text}");
}

#[tokio::test]
async fn before_the_plane_is_founded_nothing_is_created() {
    let stack = Stack::start_empty(|_| {});
    crate::seed::datastores(&stack.log).await;
    stack.read().await;
    let answer = post(&stack, &small_creation("n")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(stack.member().await.get("/limits").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_read_model_that_lags_does_not_keep_a_creation_waiting_for_ever() {
    let stack = Stack::start().await;
    *stack.desk.mood.lock().unwrap() = Mood::Ahead;
    let answer = post(&stack, &small_creation("n")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.position() > stack.read_model.position());
    let body = answer.json();
    assert_eq!(body["instance"]["status"], "BUILD");
    assert_eq!(body["instance"]["name"], "n");
}

#[tokio::test]
async fn a_bug_is_an_answer_that_says_nothing_of_the_inside() {
    let stack = Stack::start().await;
    *stack.desk.mood.lock().unwrap() = Mood::Panicking;
    let answer = post(&stack, &small_creation("n")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let text = "The server has met an unexpected condition.".to_owned();
    assert_eq!(answer.fault(), ("instanceFault".to_owned(), text));
    assert!(answer.headers.contains_key("x-openstack-request-id"));
}
