//! Logs of an instance: who sees which, what may be asked of them, and what they end with.

use crate::databases::active;
use crate::golden::check;
use crate::guest::{LIMIT, Manner, until};
use crate::seed::{id_of, small_creation, start_guest};
use crate::stack::{Answer, Client, DEMO, OTHER, Stack};
use axum::http::{Method, StatusCode};
use domain::command::Body;
use domain::engine::UserLog;
use domain::guest::{DatabaseHealth, Report, Revision};
use domain::ids::InstanceId;
use domain::instance::{Command, Live};
use serde_json::{Value, json};

async fn post(client: &Client<'_>, id: InstanceId, body: Value) -> Answer {
    client.send(Method::POST, &format!("/instances/{id}/log"), &body).await
}

async fn status(client: &Client<'_>, id: InstanceId, name: &str) -> Value {
    let answer = post(client, id, json!({ "name": name })).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["log"]["status"].take()
}

#[tokio::test]
async fn members_see_their_logs_and_administrators_the_system_s_too() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let path = format!("/instances/{id}/log");
    check("logs", &stack.member().await.get(&path).await.json());
    check("logs_admin", &stack.admin().await.get(&path).await.json());
    let shown = post(&stack.admin().await, id, json!({"name": "error"})).await;
    check("log", &shown.json());
}

#[tokio::test]
async fn a_log_is_switched_once_and_its_settings_are_waited_for() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    assert_eq!(status(&member, id, "general").await, "Disabled");
    let on = json!({"name": "general", "enable": 1});
    let answer = post(&member, id, on.clone()).await;
    assert_eq!((answer.status, &answer.json()["log"]["status"]), (StatusCode::OK, &json!("Ready")));
    let position = answer.position();
    assert_eq!(post(&member, id, on).await.status, StatusCode::OK);
    assert_eq!(status(&member, id, "general").await, "Ready");
    post(&member, id, json!({"name": "slow_query", "enable": true, "disable": 0})).await;
    assert_eq!(status(&member, id, "slow_query").await, "Enabled", "it is empty");
    let instance = stack.read_model.instance(id).unwrap();
    let live = instance.live().unwrap();
    assert!(position <= live.settings.asked && live.settings.asked <= live.settings.state.sequence);
    assert_eq!(live.logs.get(&UserLog::General), Some(&true));
    let settings = live.wanted_settings(None);
    assert_eq!((&*settings["general_log"], &*settings["slow_query_log"]), ("ON", "ON"));

    post(&member, id, json!({"name": "general", "disable": 1})).await;
    assert_eq!(status(&member, id, "general").await, "Disabled");
    stack.guest.set(Manner::Away);
    assert_eq!(status(&member, id, "slow_query").await, "Unavailable");
}

#[tokio::test]
async fn a_database_that_is_down_is_not_waited_for() {
    let stack = Stack::start_with(|config| config.limits.action_answer_ms = 3_600_000).await;
    let id = active(&stack).await;
    let member = stack.member().await;
    stack.guest.set(Manner::Away);
    let switched = post(&member, id, json!({"name": "general", "enable": 1}));
    let stopped = async {
        let is_asked = |live: &Live| live.settings.asked > live.settings.state.sequence;
        until(&stack.read_model, id, |instance| instance.live().is_some_and(is_asked)).await;
        let (revision, results) = (Revision::default(), Vec::new());
        let health = DatabaseHealth::Down { cause: "stopped".to_owned() };
        let report = Report { revision, health, results, settings: None };
        stack.advance(id, Command::Observe(report)).await;
    };
    let both = async { tokio::join!(switched, stopped).0 };
    let answer = tokio::time::timeout(LIMIT, both).await.expect("it is answered at once");
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}

#[tokio::test]
async fn a_group_s_word_counts_until_a_log_is_switched() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let group = json!({"configuration": {"name": "g", "values": {"general_log": 1}}});
    let made = member.send(Method::POST, "/configurations", &group).await.json();
    let attach = json!({"instance": {"configuration": made["configuration"]["id"]}});
    let path = format!("/instances/{id}");
    assert_eq!(member.send(Method::PUT, &path, &attach).await.status, StatusCode::ACCEPTED);
    assert_eq!(status(&member, id, "general").await, "Ready");
    post(&member, id, json!({"name": "general", "disable": 1})).await;
    assert_eq!(status(&member, id, "general").await, "Disabled");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_changed() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    for (client, body, status, word) in [
        (&member, json!({}), 400, "'name' is a required property"),
        (&member, json!({"name": ""}), 400, "['name']"),
        (&member, json!({"name": "general", "enable": 2}), 400, "['enable']"),
        (&member, json!({"name": "general", "enable": 1, "disable": 1}), 400, "both enable"),
        (&member, json!({"name": "binlog"}), 404, "Log binlog cannot be found"),
        (&member, json!({"name": "error"}), 403, "administrators only"),
        (&member, json!({"name": "guest", "enable": 1}), 403, "administrators only"),
        (&admin, json!({"name": "error", "enable": 1}), 400, "type SYS"),
        (&admin, json!({"name": "guest", "disable": 1}), 400, "type SYS"),
        (&member, json!({"name": "general", "publish": 1}), 501, "no object store"),
        (&member, json!({"name": "general", "disable": 1, "discard": 1}), 501, "no object store"),
    ] {
        let answer = post(client, id, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body} {answer:?}");
        assert!(answer.fault().1.contains(word), "{body} {answer:?}");
    }
    let looker = stack.client("looker", DEMO).await;
    let refused = post(&looker, id, json!({"name": "general", "enable": 1})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(post(&looker, id, json!({"name": "general"})).await.status, StatusCode::OK);
    let seen = stack.desk.seen.lock().unwrap();
    assert!(!seen.iter().any(|envelope| matches!(envelope.body, Body::SwitchLog { .. })));
}

#[tokio::test]
async fn the_end_of_a_log_is_for_members_of_its_own_project() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    let path = |rest: &str| format!("/instances/{id}/log/{rest}");
    for (rest, line) in [
        ("general?lines=7", "7 lines of general"),
        ("slow_query", "50 lines of slow_query"),
        ("general?lines=99999999999", "1000 lines of general"),
    ] {
        let answer = member.get(&path(rest)).await;
        let name = rest.split('?').next();
        assert_eq!(answer.json(), json!({"log": {"name": name, "lines": [line]}}), "{rest}");
    }
    let looker = stack.client("looker", DEMO).await;
    let stranger = stack.client("demo", OTHER).await;
    for (client, rest, status) in [
        (&member, "general?lines=0", 400),
        (&member, "general?lines=x", 400),
        (&member, "nope", 404),
        (&member, "error", 403),
        (&looker, "general", 403),
        (&admin, "general", 403),
        (&stranger, "general", 404),
    ] {
        assert_eq!(client.get(&path(rest)).await.status.as_u16(), status, "{rest}");
    }
    let refused = admin.get(&path("general")).await.fault();
    assert!(refused.1.contains("may hold passwords"), "{refused:?}");
    let lines = admin.get(&path("error")).await.json()["log"]["lines"].take();
    assert_eq!(lines, json!(["50 lines of error"]));
    stack.guest.set(Manner::Away);
    let silent = member.get(&path("general")).await;
    assert_eq!(silent.status, StatusCode::SERVICE_UNAVAILABLE, "{silent:?}");
}

#[tokio::test]
async fn what_has_no_guest_yet_has_no_logs() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let id = id_of(&member.create("k", &small_creation("n")).await.json());
    start_guest(&stack, id).await;
    let path = format!("/instances/{id}/log");
    for answer in [
        member.get(&path).await,
        post(&member, id, json!({"name": "general", "enable": 1})).await,
        member.get(&format!("{path}/general")).await,
    ] {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
        let text = format!("Instance {id} is not ready, status: BUILD.");
        assert_eq!(answer.fault().1, text);
    }
}
