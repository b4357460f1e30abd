//! `GET` and `HEAD /v3/auth/tokens`, and everything that ends or suspends a token.

use std::time::Duration;

use axum::http::Method;
use identity::IdentityError;
use serde_json::json;

use crate::harness::{CREDENTIAL, Stack, UNAUTHORIZED, by_credential, by_password, names, project};

/// The token is refused by the port, as a requester's own and as a subject.
async fn assert_dead(stack: &Stack, token: &str) {
    assert!(matches!(stack.caller(token).await, Err(IdentityError::Unauthorized)));
    let own = stack.about(Method::GET, token, token).await;
    assert_eq!(own.refused(401), UNAUTHORIZED);
    let admin = stack.token("admin", "admin").await;
    stack.about(Method::GET, &admin, token).await.refused(404);
}

async fn assert_alive(stack: &Stack, token: &str) {
    stack.caller(token).await.expect("a live token");
    stack.about(Method::GET, token, token).await.ok();
}

#[tokio::test]
async fn a_token_shows_what_was_issued() {
    let stack = Stack::start();
    let identity = by_password("demo", "demo-password");
    let issued = stack.post(json!({ "identity": identity, "scope": project("demo") })).await;
    let token = issued.issued();
    let shown = stack.about(Method::GET, &token, &token).await;
    assert_eq!(shown.ok(), &issued.body);
    assert_eq!(shown.header("x-subject-token"), token);
    assert_eq!(shown.header("vary"), "X-Auth-Token");
}

#[tokio::test]
async fn head_tells_the_same_without_a_body() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    let answer = stack.about(Method::HEAD, &token, &token).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-subject-token"), token);
    assert!(answer.body.is_null());
    let admin = stack.token("admin", "admin").await;
    assert_eq!(stack.about(Method::HEAD, &admin, "garbage").await.status, 404);
}

#[tokio::test]
async fn anyone_may_ask_about_own_tokens_and_an_admin_about_all() {
    let stack = Stack::start();
    let demo = stack.token("demo", "demo").await;
    let demo_unscoped = stack.token("demo", "").await;
    let reader = stack.token("reader", "demo").await;
    let admin = stack.token("admin", "admin").await;
    stack.about(Method::GET, &demo_unscoped, &demo_unscoped).await.ok();
    stack.about(Method::GET, &demo_unscoped, &demo).await.ok();
    stack.about(Method::GET, &admin, &demo).await.ok();
    stack.about(Method::GET, &reader, &demo).await.refused(403);
    stack.about(Method::GET, &demo, &admin).await.refused(403);
    let shown = stack.about(Method::GET, &admin, &admin).await;
    let roles = names(&shown.ok()["token"]["roles"], "name").join(" ");
    assert_eq!(roles, "admin manager member reader");
}

#[tokio::test]
async fn a_missing_or_bad_token_of_the_requester_is_401_and_of_the_subject_404() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    let path = "/identity/v3/auth/tokens";
    let none = stack.call(Method::GET, path, &[]).await;
    assert_eq!(none.refused(401), UNAUTHORIZED);
    stack.call(Method::GET, path, &[("x-subject-token", &admin)]).await.refused(401);
    stack.call(Method::GET, path, &[("x-auth-token", &admin)]).await.refused(404);
    for garbage in ["", "garbage", "gAAAAABl", &"A".repeat(187), &"A".repeat(10_000), "\u{e9}"] {
        stack.about(Method::GET, garbage, &admin).await.refused(401);
        stack.about(Method::GET, &admin, garbage).await.refused(404);
        assert!(matches!(stack.caller(garbage).await, Err(IdentityError::Unauthorized)));
    }
}

#[tokio::test]
async fn a_token_with_any_byte_changed_is_dead() {
    let stack = Stack::start();
    let token = stack.token("admin", "admin").await;
    for place in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert!(matches!(stack.caller(&forged).await, Err(IdentityError::Unauthorized)), "{place}");
    }
}

#[tokio::test]
async fn a_token_lasts_an_hour_and_not_a_second_longer() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    stack.advance(Duration::from_secs(3599));
    assert_alive(&stack, &token).await;
    stack.advance(Duration::from_secs(1));
    assert_dead(&stack, &token).await;
    stack.rescoped(&token, project("demo")).await.refused(401);
}

#[tokio::test]
async fn another_gateway_with_the_same_files_takes_the_token_and_another_key_does_not() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    assert_alive(&stack.second_gateway(), &token).await;
    assert_dead(&Stack::start(), &token).await;
}

#[tokio::test]
async fn a_token_is_suspended_while_its_user_project_or_role_is_taken_away() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    for (from, to) in [
        ("name = \"demo\"\npassword", "name = \"demo\"\nenabled = false\npassword"),
        ("description = \"For", "enabled = false\ndescription = \"For"),
        (
            "user = \"demo\"\nproject = \"demo\"\nroles = [\"member\"]",
            "user = \"demo\"\nproject = \"admin\"\nroles = [\"member\"]",
        ),
    ] {
        stack.change_users(from, to);
        assert_dead(&stack, &token).await;
        stack.change_users(to, from);
        assert_alive(&stack, &token).await;
    }
}

#[tokio::test]
async fn a_token_of_a_removed_user_is_dead() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    let unscoped = stack.token("demo", "").await;
    let content = crate::harness::USERS;
    let (before, _) =
        content.split_once("[[users]]\nid = \"00000000000000000000000000000d02\"").unwrap();
    let admin = "[[role_assignments]]\nuser = \"admin\"\nproject = \"admin\"\nroles = [\"admin\"]";
    stack.write_users(&format!("{before}{admin}"));
    assert_dead(&stack, &token).await;
    assert_dead(&stack, &unscoped).await;
}

#[tokio::test]
async fn a_token_keeps_no_role_that_was_taken_and_gains_none_that_was_given() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    let grant = |role| format!("user = \"demo\"\nproject = \"demo\"\nroles = [\"{role}\"]");
    stack.change_users(&grant("member"), &grant("reader"));
    assert!(!stack.caller(&token).await.unwrap().may_write());
    stack.change_users(&grant("reader"), &grant("admin"));
    let caller = stack.caller(&token).await.unwrap();
    assert!(caller.may_write() && !caller.is_admin());
}

#[tokio::test]
async fn a_changed_password_ends_the_tokens_that_it_gave() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    let derived = stack.rescoped(&token, project("second")).await.issued();
    stack.change_users("\"demo-password\"", "\"another-password\"");
    assert_dead(&stack, &token).await;
    assert_dead(&stack, &derived).await;
    stack.post(json!({ "identity": by_password("demo", "demo-password") })).await.refused(401);
    stack.post(json!({ "identity": by_password("demo", "another-password") })).await.issued();
}

#[tokio::test]
async fn a_token_of_an_application_credential_ends_with_it() {
    let stack = Stack::start();
    let token = stack
        .post(json!({ "identity": by_credential(CREDENTIAL, "pipeline-secret") }))
        .await
        .issued();
    assert_alive(&stack, &token).await;
    stack.change_users("\"pipeline-secret\"", "\"another-secret\"");
    assert_dead(&stack, &token).await;
    stack.change_users("\"another-secret\"", "\"pipeline-secret\"");
    assert_alive(&stack, &token).await;
    stack.change_users(CREDENTIAL, "00000000000000000000000000000c02");
    assert_dead(&stack, &token).await;
}
