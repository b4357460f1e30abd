//! Configuration groups: their shapes, their values' checks, and who follows them.

use crate::databases::active;
use crate::desk::Mood;
use crate::golden::check;
use crate::seed::{MYSQL_VERSION, small_creation};
use crate::stack::{Client, DEMO, OTHER, Stack};
use axum::http::{Method, StatusCode};
use domain::guest::{ActionCause, ActionFailure, DatabaseHealth, Report, Revision, SettingsState};
use domain::ids::InstanceId;
use domain::instance::Command;
use serde_json::{Value, json};

fn group(values: &Value) -> Value {
    json!({"configuration": {"name": "tuned", "description": "for tests", "values": values}})
}

async fn made(client: &Client<'_>, values: &Value) -> String {
    let answer = client.send(Method::POST, "/configurations", &group(values)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["configuration"]["id"].as_str().unwrap().to_owned()
}

async fn values(client: &Client<'_>, id: &str) -> Value {
    client.get(&format!("/configurations/{id}")).await.json()["configuration"]["values"].take()
}

/// The guest's word on its settings.
pub(crate) async fn report(stack: &Stack, id: InstanceId, waiting: &[&str], refused: Option<&str>) {
    let failure =
        |detail: &str| ActionFailure { cause: ActionCause::Statement, detail: detail.to_owned() };
    let state = SettingsState {
        sequence: u64::MAX,
        restart_required: waiting.iter().map(|name| (*name).to_owned()).collect(),
        refused: refused.map(failure),
    };
    let (revision, health) = (Revision::default(), DatabaseHealth::Up);
    let report = Report { revision, health, results: Vec::new(), settings: Some(state) };
    stack.advance(id, Command::Observe(report)).await;
}

async fn status(client: &Client<'_>, id: InstanceId) -> Value {
    client.get(&format!("/instances/{id}")).await.json()["instance"]["status"].take()
}

#[tokio::test]
async fn a_group_is_made_shown_listed_changed_and_deleted() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let given = json!({"wait-timeout": "100", "cost": 1.5, "general_log": 1, "a_size": u64::MAX});
    let id = made(&member, &given).await;
    let path = format!("/configurations/{id}");
    for (name, path) in [("configuration", path.as_str()), ("configurations", "/configurations")] {
        let text = member.get(path).await.json().to_string().replace(&id, "its-id");
        check(name, &serde_json::from_str(&text).unwrap());
    }
    let replaced = json!({"configuration": {"name": "other", "values": {"wait_timeout": 5}}});
    let answer = member.send(Method::PUT, &path, &replaced).await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0));
    assert_eq!(values(&member, &id).await, json!({"wait_timeout": 5}));
    let merged = json!({"configuration": {"values": {"binlog_format": "row"}}});
    let answer = member.send(Method::PATCH, &path, &merged).await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::OK, 0));
    let both = json!({"binlog_format": "ROW", "wait_timeout": 5});
    assert_eq!(values(&member, &id).await, both);
    let described = json!({"configuration": {"description": "changed"}});
    assert_eq!(member.send(Method::PUT, &path, &described).await.status, StatusCode::ACCEPTED);
    assert_eq!(values(&member, &id).await, both, "values that are left out stay");
    assert_eq!(member.delete(&path).await.status, StatusCode::ACCEPTED);
    let gone = member.get(&path).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.fault().1, format!("Configuration group id: {id} could not be found."));
}

#[tokio::test]
async fn a_group_that_can_not_be_read_yet_is_told_all_the_same() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    *stack.desk.mood.lock().unwrap() = Mood::Ahead;
    let answer = member.send(Method::POST, "/configurations", &group(&json!({"cost": 1}))).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["configuration"]["values"], json!({"cost": 1.0}));
}

#[tokio::test]
async fn a_value_that_its_parameter_does_not_take_is_refused_with_the_reason() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let value = "The value provided for the configuration parameter";
    let unknown = "is not supported for this datastore: mysql 10.11.";
    for (values, text) in [
        (json!({"nope": 1}), format!("The configuration parameter nope {unknown}")),
        (json!({"port": 1}), format!("The configuration parameter port {unknown} It is ours.")),
        (json!({"wait_timeout": true}), format!("{value} wait_timeout is not of type integer.")),
        (json!({"wait_timeout": null}), format!("{value} wait_timeout is not of type integer.")),
        (json!({"wait_timeout": [1]}), format!("{value} wait_timeout is not of type integer.")),
        (json!({"wait_timeout": 1e300}), format!("{value} wait_timeout is not of type integer.")),
        (
            json!({"wait_timeout": 0}),
            format!("{value} wait_timeout is less than the minimum allowed: 1"),
        ),
        (
            json!({"wait_timeout": 31_536_001}),
            format!("{value} wait_timeout is greater than the maximum allowed: 31536000"),
        ),
    ] {
        let refused = member.send(Method::POST, "/configurations", &group(&values)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{values}");
        assert_eq!(refused.fault().1, text);
    }
    for body in [
        json!({"configuration": {"values": {}}}),
        json!({"configuration": {"name": "n"}}),
        json!({"configuration": {"name": "n", "values": []}}),
        json!({"configuration": {"name": "n", "values": {"a-b": 1, "a_b": 1}}}),
        json!({"configuration": {"name": "n", "values": {}, "datastore": {"version": "10.6"}}}),
        json!({}),
    ] {
        let refused = member.send(Method::POST, "/configurations", &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert!(stack.desk.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_instance_follows_a_group_until_it_is_detached_in_any_client_s_way() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let group = made(&member, &json!({"wait_timeout": 100})).await;
    let instance = format!("/instances/{id}");
    let attach = json!({"instance": {"configuration": group}});
    let url =
        json!({"instance": {"configuration": format!("http://db/v1.0/p/configurations/{group}")}});
    let bodies = [json!({}), json!({"configuration": null}), json!({"configuration": ""})];
    for (attach, detach) in [&attach, &url, &attach].into_iter().zip(bodies) {
        let answer = member.send(Method::PUT, &instance, attach).await;
        assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0), "{answer:?}");
        let shown = member.get(&instance).await.json()["instance"]["configuration"].take();
        assert_eq!((&shown["id"], &shown["name"]), (&json!(group), &json!("tuned")));
        let followers = member.get(&format!("/configurations/{group}/instances")).await.json();
        assert_eq!(followers["instances"][0]["id"], json!(id));
        let again = member.send(Method::PATCH, &instance, attach).await;
        assert_eq!(again.status, StatusCode::BAD_REQUEST);
        let text = format!("Instance {id} already has a Configuration Group attached: {group}.");
        assert_eq!(again.fault().1, text);
        let in_use = member.delete(&format!("/configurations/{group}")).await;
        assert_eq!(in_use.status, StatusCode::BAD_REQUEST);
        let body = json!({ "instance": detach });
        assert_eq!(member.send(Method::PUT, &instance, &body).await.status, StatusCode::ACCEPTED);
        let shown = member.get(&instance).await.json();
        assert_eq!(shown["instance"].get("configuration"), None, "{body}");
    }
}

#[tokio::test]
async fn settings_that_wait_for_a_restart_say_so_and_keep_the_group() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let group = made(&member, &json!({"a_size": 1})).await;
    let instance = format!("/instances/{id}");
    report(&stack, id, &["a_size"], None).await;
    assert_eq!(status(&member, id).await, "RESTART_REQUIRED");
    let attach = json!({"instance": {"configuration": group}});
    let refused = member.send(Method::PUT, &instance, &attach).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let text = "The operation you have requested cannot be executed because the instance status \
                is currently: RESTART_REQUIRED.";
    assert_eq!(refused.fault().1, text);
    report(&stack, id, &[], Some("the server would not start: no")).await;
    let shown = member.get(&instance).await.json()["instance"].take();
    assert_eq!(shown["status"], "ACTIVE");
    let fault = shown["fault"]["message"].as_str().unwrap();
    assert!(fault.contains("the server would not start: no"), "{fault}");
    report(&stack, id, &[], None).await;
    assert_eq!(member.get(&instance).await.json()["instance"].get("fault"), None);
}

#[tokio::test]
async fn another_project_s_group_is_not_there_and_another_version_s_does_not_fit() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let other = stack.client("demo", OTHER).await;
    let foreign = made(&other, &json!({"wait_timeout": 1})).await;
    let instance = format!("/instances/{id}");
    for unknown in [foreign.as_str(), "nonsense", "018f0000-0000-7000-8000-000000000000"] {
        let attach = json!({"instance": {"configuration": unknown}});
        let missing = member.send(Method::PUT, &instance, &attach).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{unknown}");
        let mut creation = small_creation("n");
        creation["instance"]["configuration"] = json!(unknown);
        let missing = member.send(Method::POST, "/instances", &creation).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{unknown}");
        assert_eq!(member.get(&format!("/configurations/{unknown}")).await.status, 404);
    }
    let mut creation = small_creation("n");
    creation["instance"]["configuration"] = json!(made(&member, &json!({})).await);
    let created = member.send(Method::POST, "/instances", &creation).await;
    assert_eq!(created.status, StatusCode::OK, "{created:?}");
    let seen = member.get("/configurations").await.json()["configurations"].take();
    assert!(seen.as_array().unwrap().iter().all(|group| group["id"] != json!(foreign)));
    assert_eq!(seen[0]["datastore_version_id"], json!(MYSQL_VERSION));
    let all = stack.admin().await.get("/configurations").await.json();
    assert!(all.to_string().contains(&foreign), "{DEMO}'s administrator sees all");
}

#[tokio::test]
async fn the_defaults_of_an_instance_are_text() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let shown = stack.member().await.get(&format!("/instances/{id}/configuration")).await.json();
    let settings = shown["instance"]["configuration"].as_object().unwrap();
    assert!(settings["innodb_buffer_pool_size"].as_str().unwrap().ends_with('M'));
    assert!(settings.values().all(Value::is_string));
}

#[tokio::test]
async fn groups_are_listed_by_project_in_pages_and_deleted_ones_not_at_all() {
    let stack = Stack::start().await;
    let (member, other) = (stack.member().await, stack.client("demo", OTHER).await);
    let values = json!({"wait_timeout": 5});
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(made(&member, &values).await);
        made(&other, &values).await;
    }
    let gone = ids.remove(2);
    assert_eq!(
        member.delete(&format!("/configurations/{gone}")).await.status,
        StatusCode::ACCEPTED
    );
    ids.sort();
    let mut seen = Vec::new();
    let mut path = "/configurations?limit=3".to_owned();
    loop {
        let page = member.get(&path).await.json();
        let listed = page["configurations"].as_array().unwrap();
        seen.extend(listed.iter().map(|group| group["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["links"][0]["href"].as_str() else { break };
        path = format!("/configurations{}", &next[next.find('?').unwrap()..]);
    }
    assert_eq!(seen, ids);
    let all = stack.admin().await.get("/configurations?limit=3").await.json();
    assert_eq!(all["configurations"].as_array().unwrap().len(), 3);
    assert!(all["links"].is_array(), "those of all projects");
}
