//! `DELETE /v3/auth/tokens`.

use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

use axum::http::Method;
use identity::Role;

use crate::harness::{ADMIN_USER, DEMO_PROJECT, DEMO_USER, START_SECS, Stack, project};

#[tokio::test]
async fn a_revoked_token_is_dead_at_once_and_the_record_says_who_did_it() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    let audit_id = stack.caller(&token).await.unwrap().audit_id;
    let answer = stack.about(Method::DELETE, &token, &token).await;
    assert_eq!(answer.status, 204);
    assert!(answer.body.is_null());
    stack.caller(&token).await.unwrap_err();
    stack.about(Method::GET, &token, &token).await.refused(401);
    stack.about(Method::DELETE, &token, &token).await.refused(401);

    let recorded = stack.ledger.recorded.lock().unwrap();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].audit_id, audit_id);
    assert_eq!(recorded[0].expires_at, UNIX_EPOCH + Duration::from_secs(START_SECS + 3600));
    assert_eq!(recorded[0].by.user_id.as_str(), DEMO_USER);
    assert_eq!(recorded[0].by.project_id.as_ref().unwrap().as_str(), DEMO_PROJECT);
    assert_eq!(recorded[0].by.roles, [Role::Member, Role::Reader]);
}

#[tokio::test]
async fn revoking_the_first_token_of_a_chain_ends_the_chain_and_a_later_one_only_itself() {
    let stack = Stack::start();
    let first = stack.token("demo", "").await;
    let second = stack.rescoped(&first, project("demo")).await.issued();
    let third = stack.rescoped(&second, project("second")).await.issued();
    let stranger = stack.token("demo", "demo").await;

    assert_eq!(stack.about(Method::DELETE, &first, &second).await.status, 204);
    stack.caller(&second).await.unwrap_err();
    stack.caller(&third).await.unwrap();
    assert_eq!(stack.about(Method::DELETE, &first, &first).await.status, 204);
    stack.caller(&third).await.unwrap_err();
    stack.caller(&stranger).await.unwrap();
}

#[tokio::test]
async fn others_tokens_are_revoked_by_an_admin_only() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    let demo = stack.token("demo", "demo").await;
    let reader = stack.token("reader", "demo").await;
    stack.about(Method::DELETE, &reader, &demo).await.refused(403);
    stack.about(Method::DELETE, &demo, &admin).await.refused(403);
    stack.caller(&demo).await.unwrap();
    assert_eq!(stack.about(Method::DELETE, &admin, &demo).await.status, 204);
    stack.caller(&demo).await.unwrap_err();
    assert_eq!(stack.ledger.recorded.lock().unwrap()[0].by.user_id.as_str(), ADMIN_USER);
}

#[tokio::test]
async fn a_bad_subject_or_requester_revokes_nothing() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    stack.about(Method::DELETE, &admin, "garbage").await.refused(404);
    stack.about(Method::DELETE, "garbage", &admin).await.refused(401);
    let path = "/identity/v3/auth/tokens";
    stack.call(Method::DELETE, path, &[("x-auth-token", &admin)]).await.refused(404);
    assert!(stack.ledger.recorded.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_revocation_that_could_not_be_recorded_is_a_503_and_the_token_lives() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    stack.ledger.is_away.store(true, Ordering::SeqCst);
    let answer = stack.about(Method::DELETE, &token, &token).await;
    answer.refused(503);
    assert_eq!(answer.header("retry-after"), "1");
    stack.caller(&token).await.unwrap();
}
