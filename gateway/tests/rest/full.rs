//! An instance whose volume is full, as its owner and administrators see it.

use crate::databases::active;
use crate::seed::report;
use crate::stack::Stack;
use domain::guest::{ActionOutcome, DatabaseHealth};
use domain::ids::InstanceId;
use domain::instance::Command;
use serde_json::{Value, json};

async fn becomes(stack: &Stack, id: InstanceId, health: DatabaseHealth) {
    stack.advance(id, report(id, health, ActionOutcome::Done)).await;
}

async fn shown(stack: &Stack, id: InstanceId) -> Value {
    let path = format!("/instances/{id}");
    stack.member().await.get(&path).await.json()["instance"].take()
}

#[tokio::test]
async fn what_is_full_is_blocked_and_says_what_to_do_for_as_long_as_it_is() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    crate::configurations::report(&stack, id, &[], Some("no such value")).await;
    let before = shown(&stack, id).await["fault"].take();
    assert!(before["message"].as_str().unwrap().contains("no such value"), "{before}");

    becomes(&stack, id, DatabaseHealth::Full).await;
    let full = shown(&stack, id).await;
    assert_eq!((&full["status"], &full["operating_status"]), (&json!("ACTIVE"), &json!("BLOCKED")));
    let message = full["fault"]["message"].as_str().unwrap();
    assert!(message.contains("volume is full") && message.contains("resize"), "{message}");
    assert!(message.chars().count() <= 255, "{message}");
    assert_eq!(
        (&full["fault"]["created"], &full["fault"]["details"]),
        (&full["updated"], &Value::Null)
    );
    let managed = stack.admin().await.get(&format!("/mgmt/instances/{id}")).await.json();
    assert_eq!(managed["instance"]["service_status"], "BLOCKED");
    let details = managed["instance"]["fault"]["details"].as_str().unwrap();
    assert!(details.contains("read-only"), "{details}");

    stack.advance(id, Command::NoteSilence).await;
    let silent = shown(&stack, id).await;
    assert_eq!(silent["operating_status"], "ERROR");
    becomes(&stack, id, DatabaseHealth::Up).await;
    assert_eq!(shown(&stack, id).await["operating_status"], "HEALTHY");
    assert_eq!(shown(&stack, id).await["fault"], before, "what was wrong before still is");
}
