//! Parameters of versions, as administrators narrow them and take them away.

use crate::seed::MYSQL_VERSION;
use crate::stack::Stack;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

fn path(rest: &str) -> String {
    format!("/mgmt/datastores/versions/{MYSQL_VERSION}/parameters{rest}")
}

fn body(name: &str, min: impl Into<Value>, max: impl Into<Value>) -> Value {
    json!({"configuration-parameter": {
        "name": name, "data_type": "integer", "restart_required": 0,
        "min_size": min.into(), "max_size": max.into()
    }})
}

const SHOWN: &str = "/datastores/mysql/versions/10.11/parameters/wait_timeout";

#[tokio::test]
async fn an_administrator_narrows_a_parameter_takes_it_away_and_takes_it_up_again() {
    let stack = Stack::start().await;
    let (admin, member) = (stack.admin().await, stack.member().await);
    let narrow = body("wait_timeout", 10, 100);
    let changed = admin.send(Method::PUT, &path("/Wait-Timeout"), &narrow).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let expected = json!({
        "name": "wait_timeout", "datastore_version_id": MYSQL_VERSION.to_string(),
        "type": "integer", "restart_required": false, "min_size": 10, "max_size": 100
    });
    assert_eq!(changed.json(), expected);
    assert_eq!(admin.get(&path("/wait_timeout")).await.json(), expected);
    assert_eq!(member.get(SHOWN).await.json()["max"], json!(100));

    let removed = admin.delete(&path("/wait_timeout")).await;
    assert_eq!((removed.status, removed.bytes.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(member.get(SHOWN).await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin.delete(&path("/wait_timeout")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        admin.send(Method::PUT, &path("/wait_timeout"), &narrow).await.status,
        StatusCode::BAD_REQUEST
    );

    let added = admin.send(Method::POST, &path(""), &narrow).await;
    assert_eq!((added.status, added.json()), (StatusCode::OK, expected));
    let again = admin.send(Method::POST, &path(""), &narrow).await;
    assert_eq!(again.fault().1, "There is a parameter 'wait_timeout' already.");
    let listed = admin.get(&path("")).await.json();
    assert_eq!(listed["configuration-parameters"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn what_the_engine_does_not_bear_out_is_a_bad_request() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let other_type = json!({"configuration-parameter": {
        "name": "wait_timeout", "data_type": "string", "restart_required": 0
    }});
    let extra = json!({"configuration-parameter": {
        "data_type": "boolean", "restart_required": 0, "min_size": 1
    }});
    let flag = json!({"configuration-parameter": {
        "data_type": "boolean", "restart_required": true
    }});
    for (name, body) in [
        ("wait_timeout", body("wait_timeout", 0, 100)),
        ("wait_timeout", body("wait_timeout", 1, 99_999_999)),
        ("wait_timeout", body("wait_timeout", 100, 10)),
        ("wait_timeout", body("wait_timeout", "1", 10)),
        ("wait_timeout", body("wait_timeout", Value::Null, 10)),
        ("wait_timeout", body("another", 1, 10)),
        ("wait_timeout", other_type),
        ("wait_timeout", json!({"configuration-parameter": {}})),
        ("wait_timeout", json!({})),
        ("general_log", extra),
        ("general_log", flag),
        ("a_size", body("a_size", 1, 10)),
        ("port", body("port", 1, 10)),
        ("plugin_load", body("plugin_load", 1, 10)),
    ] {
        let answer = admin.send(Method::PUT, &path(&format!("/{name}")), &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name} {body}: {answer:?}");
        assert_eq!(answer.fault().0, "badRequest");
    }
    let unknown = "/mgmt/datastores/versions/0f3c0000-0000-4000-8000-000000000001/parameters";
    assert_eq!(admin.get(unknown).await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin.get(&path("/port")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_administrators_manage_parameters() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let narrow = body("wait_timeout", 10, 100);
    let one = path("/wait_timeout");
    for answer in [
        member.get(&path("")).await,
        member.get(&one).await,
        member.send(Method::POST, &path(""), &narrow).await,
        member.send(Method::PUT, &one, &narrow).await,
        member.delete(&one).await,
    ] {
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    assert!(stack.desk.seen.lock().unwrap().is_empty());
}
