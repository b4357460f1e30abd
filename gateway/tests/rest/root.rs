//! Root inside an instance: enabled, asked for, disabled; and its history.

use crate::databases::active;
use crate::guest::Manner;
use crate::stack::{Answer, Client, DEMO, OTHER, Stack};
use axum::body::Body as HttpBody;
use axum::http::{Method, StatusCode};
use domain::command::Body;
use domain::ids::InstanceId;
use serde_json::{Value, json};

async fn enable(
    stack: &Stack,
    client: &Client<'_>,
    id: InstanceId,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = client.request(Method::POST, &format!("/instances/{id}/root"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    stack.send(request.body(HttpBody::empty()).unwrap()).await
}

fn password(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["user"]["name"], "root");
    assert_eq!(body["user"].as_object().unwrap().len(), 2);
    body["user"]["password"].as_str().unwrap().to_owned()
}

async fn is_enabled(client: &Client<'_>, id: InstanceId) -> Value {
    client.get(&format!("/instances/{id}/root")).await.json()
}

#[tokio::test]
async fn root_is_enabled_with_a_new_password_each_time_and_disabled() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let path = format!("/instances/{id}/root");
    assert_eq!(is_enabled(&member, id).await, json!({"rootEnabled": false}));
    let never = member.delete(&path).await;
    let text = "Root user has never been enabled on the instance.".to_owned();
    assert_eq!(
        (never.status, never.fault()),
        (StatusCode::NOT_FOUND, ("itemNotFound".into(), text))
    );

    let first = password(&enable(&stack, &member, id, &[]).await);
    assert_eq!(first.chars().count(), 36);
    assert_eq!(is_enabled(&member, id).await, json!({"rootEnabled": true}));
    assert_ne!(password(&enable(&stack, &member, id, &[]).await), first);
    let own = member.send(Method::POST, &path, &json!({"password": "pw-of-mine"})).await;
    assert_eq!(password(&own), "pw-of-mine");

    let gone = member.delete(&path).await;
    assert_eq!((gone.status, gone.bytes.len()), (StatusCode::NO_CONTENT, 0), "{gone:?}");
    assert_eq!(gone.headers["content-type"], "application/json");
    assert_eq!(is_enabled(&member, id).await, json!({"rootEnabled": false}));
    assert_eq!(member.delete(&path).await.status, StatusCode::NO_CONTENT, "it was enabled once");
}

#[tokio::test]
async fn root_s_password_is_sealed_and_no_other_word_of_it_leaves() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let made = password(&enable(&stack, &member, id, &[]).await);
    let seen = stack.desk.seen.lock().unwrap();
    assert!(!format!("{seen:?}").contains(&made));
    let Body::RunAction { action, secrets, .. } = &seen[1].body else { panic!("{seen:?}") };
    assert_eq!(action.secrets(), [secrets[0].id]);
    let opened = stack.sealing_key.open(&secrets[0].sealed).unwrap();
    assert_eq!(opened.as_slice(), made.as_bytes());
}

#[tokio::test]
async fn a_repeat_under_the_same_key_tells_the_same_password() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let headers = [("idempotency-key", "k")];
    let first = password(&enable(&stack, &member, id, &headers).await);
    assert_eq!(password(&enable(&stack, &member, id, &headers).await), first);
    assert_eq!(stack.guest.ran.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn odd_bodies_are_refused_and_empty_ones_are_none() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let path = format!("/instances/{id}/root");
    for body in [
        json!([]),
        json!("x"),
        json!({"password": 7}),
        json!({"password": ""}),
        json!({"password": "a'b"}),
        json!({"passwort": "p"}),
    ] {
        let answer = member.send(Method::POST, &path, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body} {answer:?}");
    }
    for body in [json!({}), json!({"password": null})] {
        assert_eq!(password(&member.send(Method::POST, &path, &body).await).len(), 36, "{body}");
    }
}

#[tokio::test]
async fn an_enabling_that_takes_too_long_is_not_called_done() {
    let stack = Stack::start_with(|config| config.limits.action_answer_ms = 100).await;
    let id = active(&stack).await;
    let member = stack.member().await;
    stack.guest.set(Manner::Away);
    let answer = enable(&stack, &member, id, &[]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
}

#[tokio::test]
async fn the_history_is_for_administrators_and_names_who_was_first() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    let path = format!("/mgmt/instances/{id}/root");
    let never = json!({"id": id.to_string(), "enabled": "Never", "user": "Nobody"});
    assert_eq!(admin.get(&path).await.json(), json!({ "root_history": never }));
    assert_eq!(member.get(&path).await.status, StatusCode::FORBIDDEN);
    let managed = admin.get(&format!("/mgmt/instances/{id}")).await.json();
    assert_eq!(managed["instance"].get("root_enabled"), None);
    password(&enable(&stack, &member, id, &[]).await);
    password(&enable(&stack, &admin, id, &[]).await);
    let history = admin.get(&path).await.json();
    let shown = member.get(&format!("/instances/{id}")).await.json();
    assert_eq!(history["root_history"]["user"], shown["instance"]["user_id"]);
    assert_eq!(history["root_history"]["enabled"].as_str().unwrap().len(), 19, "{history}");
    assert_eq!(history["root_history"].as_object().unwrap().len(), 3);
    let managed = admin.get(&format!("/mgmt/instances/{id}")).await.json()["instance"].take();
    let (enabled, user) = (&history["root_history"]["enabled"], &history["root_history"]["user"]);
    assert_eq!((&managed["root_enabled"], &managed["root_enabled_by"]), (enabled, user));
    assert_eq!(&managed["root_enabled_at"], enabled);
}

#[tokio::test]
async fn another_project_and_mere_readers_have_no_root() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let stranger = stack.client("demo", OTHER).await;
    assert_eq!(enable(&stack, &stranger, id, &[]).await.status, StatusCode::NOT_FOUND);
    let reader = stack.client("looker", DEMO).await;
    assert_eq!(enable(&stack, &reader, id, &[]).await.status, StatusCode::FORBIDDEN);
    let removed = reader.delete(&format!("/instances/{id}/root")).await;
    assert_eq!(removed.status, StatusCode::FORBIDDEN);
}
