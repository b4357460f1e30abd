//! Projects' quotas: who may see and set them, and that they count.

use crate::desk::Mood;
use crate::seed::small_creation;
use crate::stack::{DEMO, OTHER, Stack};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

fn of(project: &str) -> String {
    format!("/mgmt/quotas/{project}")
}

fn limit(quotas: &Value, resource: &str) -> i64 {
    let rows = quotas["quotas"].as_array().unwrap();
    let row = rows.iter().find(|row| row["resource"] == resource).unwrap();
    row["limit"].as_i64().unwrap()
}

#[tokio::test]
async fn a_project_sees_its_own_quota_and_sets_none() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    assert_eq!(member.get(&of(DEMO)).await.status, StatusCode::OK);
    let hidden = member.get(&of(OTHER)).await;
    assert_eq!(hidden.status, StatusCode::FORBIDDEN);
    assert_eq!(hidden.fault().1, format!("Operation not allowed for tenant {OTHER}."));
    let body = json!({"quotas": {"instances": 100}});
    let refused = member.send(Method::PUT, &of(DEMO), &body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(stack.admin().await.get(&of(DEMO)).await.status, StatusCode::OK);
    assert!(stack.desk.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn own_figures_count_at_once_and_for_one_project_only() {
    let stack = Stack::start().await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    let other = stack.client("demo", OTHER).await;
    let set = admin.send(Method::PUT, &of(DEMO), &json!({"quotas": {"instances": 1}})).await;
    assert_eq!((set.status, set.json()), (StatusCode::OK, json!({"quotas": {"instances": 1}})));
    assert!(set.position() > 0);
    let create = async |client: &crate::stack::Client<'_>| {
        client.send(Method::POST, "/instances", &small_creation("n")).await
    };
    assert_eq!(create(&member).await.status, StatusCode::OK);
    let refused = create(&member).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(refused.fault().1, "Quota exceeded for resources: ['instances'].");
    for _ in 0..2 {
        assert_eq!(create(&other).await.status, StatusCode::OK);
    }
    admin.send(Method::PUT, &of(DEMO), &json!({"quotas": {"instances": -1}})).await;
    for _ in 0..4 {
        assert_eq!(create(&member).await.status, StatusCode::OK, "{refused:?}");
    }
    assert_eq!(limit(&admin.get(&of(DEMO)).await.json(), "instances"), -1);
    assert_eq!(limit(&admin.get(&of(OTHER)).await.json(), "instances"), 3);
}

#[tokio::test]
async fn a_quota_that_makes_no_sense_changes_nothing() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    for (body, status, text) in [
        (json!({"quotas": {"cows": 5}}), 404, "Unknown quota resources cows."),
        (json!({"quotas": {"instances": 5, "cows": 5}}), 404, "Unknown quota resources cows."),
        (
            json!({"quotas": {"instances": -2}}),
            400,
            "Quota limit '-2' for 'instances' is too small - must be at least '-1'.",
        ),
        (
            json!({"quotas": {"ram": "5"}}),
            400,
            "Validation error: quotas['ram'] is not of type 'integer'",
        ),
        (json!({}), 400, "Validation error: 'quotas' is a required property"),
    ] {
        let answer = admin.send(Method::PUT, &of(DEMO), &body).await;
        assert_eq!((answer.status.as_u16(), answer.fault().1.as_str()), (status, text), "{body}");
    }
    let request = admin.request(Method::PUT, &of(DEMO)).header("content-type", "application/json");
    let empty = stack.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    assert!(stack.desk.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_outcome_of_a_change_of_quota_is_said() {
    let stack = Stack::start().await;
    *stack.desk.mood.lock().unwrap() = Mood::Silent;
    let body = json!({"quotas": {"instances": 1}});
    let answer = stack.admin().await.send(Method::PUT, &of(DEMO), &body).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.fault().1.contains(&format!("the quota of project {DEMO}")), "{answer:?}");
}
