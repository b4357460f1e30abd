//! How often a project may ask.

use crate::stack::{Answer, DEMO, OTHER, Stack};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

async fn limited(stack: &Stack) -> Answer {
    let member = stack.member().await;
    for _ in 0..2 {
        let answer = member.get("/flavors").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    member.get("/flavors").await
}

async fn stack() -> Stack {
    Stack::start_with(|config| config.rate_limits.get = 2).await
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let stack = stack().await;
    let refused = limited(&stack).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let seconds = refused.headers["retry-after"].to_str().unwrap().to_owned();
    assert!((1..=30).contains(&seconds.parse::<u64>().unwrap()), "{seconds}");
    let expected = json!({"overLimit": {
        "code": 413,
        "message": "This request was rate-limited.",
        "details": "Only 2 GET request(s) can be made to * every minute.",
        "retryAfter": seconds,
    }});
    assert_eq!(refused.json(), expected);
    assert!(refused.headers.contains_key("x-openstack-request-id"));
}

#[tokio::test]
async fn one_project_s_haste_is_not_another_s_and_one_verb_s_not_another_s() {
    let stack = stack().await;
    assert_eq!(limited(&stack).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let other = stack.client("demo", OTHER).await;
    assert_eq!(other.get("/flavors").await.status, StatusCode::OK);
    let posted = stack.member().await.send(Method::POST, "/instances", &json!({})).await;
    assert_eq!(posted.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn strangers_use_up_nothing() {
    let stack = stack().await;
    for _ in 0..10 {
        let request = Request::get(format!("/v1.0/{DEMO}/flavors"))
            .header("host", "db.example:8779")
            .header("x-auth-token", "nonsense");
        let answer = stack.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(stack.member().await.get("/flavors").await.status, StatusCode::OK);
}

#[tokio::test]
async fn managing_has_a_limit_of_its_own_besides() {
    let stack = Stack::start_with(|config| config.rate_limits.mgmt_post = 1).await;
    let admin = stack.admin().await;
    let path = "/mgmt/instances/0f3c0000-0000-4000-8000-000000000001/action";
    let statuses = [StatusCode::NOT_FOUND, StatusCode::PAYLOAD_TOO_LARGE];
    for status in statuses {
        let answer = admin.send(Method::POST, path, &json!({"reboot": {}})).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            let details = answer.json()["overLimit"]["details"].clone();
            assert_eq!(details, "Only 1 POST request(s) can be made to */mgmt every minute.");
        }
    }
    let posted = admin.send(Method::POST, "/instances", &json!({})).await;
    assert_eq!(posted.status, StatusCode::BAD_REQUEST, "other paths go on");
}

#[tokio::test]
async fn limits_show_what_is_left_after_the_absolute_ones() {
    let stack = Stack::start_with(|config| config.rate_limits.delete = 0).await;
    let member = stack.member().await;
    let body = member.get("/limits").await.json();
    let limits = body["limits"].as_array().unwrap();
    assert_eq!(limits[0]["verb"], "ABSOLUTE");
    let rates: Vec<(&str, &str, i64)> = limits[1..]
        .iter()
        .map(|limit| {
            assert_eq!((&limit["value"], &limit["unit"]), (&json!(6000), &json!("MINUTE")));
            let next = limit["nextAvailable"].as_str().unwrap();
            assert!(next.len() == 20 && next.ends_with('Z'), "{next}");
            let word = |key: &str| limit[key].as_str().unwrap();
            (word("verb"), word("uri"), limit["remaining"].as_i64().unwrap())
        })
        .collect();
    let expected =
        [("POST", "*", 6000), ("PUT", "*", 6000), ("GET", "*", 5999), ("POST", "*/mgmt", 6000)];
    assert_eq!(rates, expected, "DELETE is off, and this request counted");
    let off = |config: &mut gateway::Config| {
        config.rate_limits =
            gateway::RateLimits { post: 0, put: 0, delete: 0, get: 0, mgmt_post: 0 };
    };
    let stack = Stack::start_with(off).await;
    let body: Value = stack.member().await.get("/limits").await.json();
    assert_eq!(body["limits"].as_array().unwrap().len(), 1);
}
