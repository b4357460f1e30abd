//! Actions on a whole instance.

use crate::databases::active;
use crate::guest::{Manner, until};
use crate::seed::{id_of, small_creation};
use crate::stack::{Answer, Client, DEMO, OTHER, Stack};
use axum::http::{Method, StatusCode};
use domain::guest::{ActionCause, ActionFailure};
use domain::ids::InstanceId;
use domain::instance::{Instance, Phase};
use serde_json::{Value, json};

async fn act(client: &Client<'_>, id: InstanceId, action: &Value) -> Answer {
    client.send(Method::POST, &format!("/instances/{id}/action"), action).await
}

async fn words(client: &Client<'_>, id: InstanceId) -> (String, String) {
    let body = client.get(&format!("/instances/{id}")).await.json();
    let word = |key: &str| body["instance"][key].as_str().unwrap().to_owned();
    (word("status"), word("operating_status"))
}

fn pair(status: &str, operating: &str) -> (String, String) {
    (status.to_owned(), operating.to_owned())
}

fn is_at_rest(instance: &Instance) -> bool {
    instance.live().is_some_and(|live| live.phase == Phase::Active)
}

#[tokio::test]
async fn a_restart_is_accepted_at_once_and_shows_until_it_has_ended() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    for body in [json!({"restart": {}}), json!({"restart": null})] {
        stack.guest.set(Manner::Away);
        let answer = act(&member, id, &body).await;
        assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0), "{answer:?}");
        assert_eq!(words(&member, id).await, pair("REBOOT", ""));
        let again = act(&member, id, &body).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = format!(
            "Instance {id} is not currently available for an action to be performed (instance \
             status was REBOOT)."
        );
        assert_eq!(again.fault().1, text);
        let list = member.get(&format!("/instances/{id}/databases")).await;
        assert_eq!(list.fault().1, format!("Instance {id} is not ready, status: REBOOT."));
        stack.guest.set(Manner::Willing);
        until(&stack.read_model, id, is_at_rest).await;
        assert_eq!(words(&member, id).await, pair("ACTIVE", "HEALTHY"));
    }
}

#[tokio::test]
async fn a_failed_restart_leaves_a_fault_until_one_succeeds() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let detail = "InnoDB: no luck".to_owned();
    let failure = ActionFailure { cause: ActionCause::ServerWontStart, detail };
    stack.guest.set(Manner::Failing(failure));
    let member = stack.member().await;
    assert_eq!(act(&member, id, &json!({"restart": {}})).await.status, StatusCode::ACCEPTED);
    until(&stack.read_model, id, |instance| {
        instance.live().is_some_and(|live| live.fault.is_some())
    })
    .await;
    let body = member.get(&format!("/instances/{id}")).await.json();
    let message = body["instance"]["fault"]["message"].as_str().unwrap();
    assert!(message.starts_with("Restart failed while restarting the database"), "{message}");
    stack.guest.set(Manner::Willing);
    assert_eq!(act(&member, id, &json!({"restart": {}})).await.status, StatusCode::ACCEPTED);
    until(&stack.read_model, id, |instance| {
        instance.live().is_some_and(|live| live.phase == Phase::Active)
    })
    .await;
    let body = member.get(&format!("/instances/{id}")).await.json();
    assert!(body["instance"].get("fault").is_none(), "{body}");
}

#[tokio::test]
async fn only_an_active_instance_is_restarted() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let id = id_of(&member.create("k", &small_creation("n")).await.json());
    let answer = act(&member, id, &json!({"restart": {}})).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.fault().1.contains("(instance status was BUILD)"), "{answer:?}");
}

#[tokio::test]
async fn a_reset_is_for_administrators_through_their_own_project() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    stack.guest.set(Manner::Away);
    act(&member, id, &json!({"restart": {}})).await;
    let denied = act(&member, id, &json!({"reset_status": {}})).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    assert_eq!(denied.fault().1, "Policy doesn't allow instance:reset_status to be performed.");
    let hidden = act(&stack.client("demo", OTHER).await, id, &json!({"reset_status": {}})).await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    let reset = act(&admin, id, &json!({"reset_status": {}})).await;
    assert_eq!((reset.status, reset.bytes.len()), (StatusCode::ACCEPTED, 0), "{reset:?}");
    assert_eq!(words(&member, id).await, pair("ACTIVE", "ERROR"));
}

#[tokio::test]
async fn a_forced_deletion_is_a_reset_and_a_deletion() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let building = id_of(&stack.member().await.create("k", &small_creation("n")).await.json());
    let reset = act(&admin, building, &json!({"reset_status": {}})).await;
    assert_eq!(reset.status, StatusCode::ACCEPTED, "{reset:?}");
    assert_eq!(words(&admin, building).await.0, "ERROR");
    let path = format!("/instances/{building}");
    assert_eq!(admin.delete(&path).await.status, StatusCode::ACCEPTED);
    assert_eq!(words(&admin, building).await.0, "SHUTDOWN");
}

#[tokio::test]
async fn actions_that_are_not_offered_are_answered_by_the_contract() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    for (body, status) in [
        (json!({"promote_to_replica_source": {}}), 400),
        (json!({"eject_replica_source": {}}), 400),
        (json!({"upgrade": {}}), 400),
        (json!({"restart": {}, "resize": {}}), 400),
        (json!({"restart": []}), 400),
        (json!({}), 400),
        (json!([]), 400),
    ] {
        let answer = act(&member, id, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
        answer.fault();
    }
    let looker = stack.client("looker", DEMO).await;
    assert_eq!(act(&looker, id, &json!({"restart": {}})).await.status, StatusCode::FORBIDDEN);
    let unknown = act(&member, InstanceId(uuid::Uuid::from_u128(1)), &json!({"restart": {}})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}
