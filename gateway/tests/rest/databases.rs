//! Databases inside an instance, and what all changes inside one have in common.

use crate::guest::{Manner, until};
use crate::seed::{activate, id_of, small_creation, start_guest};
use crate::stack::{Answer, Client, DEMO, OTHER, Stack};
use axum::http::{Method, StatusCode};
use domain::command::Body;
use domain::guest::{ActionCause, ActionFailure, DatabaseHealth, Report, Revision};
use domain::ids::InstanceId;
use domain::instance::Command;
use serde_json::{Value, json};

/// An instance at rest.
pub(crate) async fn active(stack: &Stack) -> InstanceId {
    let id = id_of(&stack.member().await.create("k", &small_creation("n")).await.json());
    activate(stack, id).await;
    id
}

async fn create(client: &Client<'_>, id: InstanceId, name: &str) -> Answer {
    let body = json!({"databases": [{"name": name}]});
    client.send(Method::POST, &format!("/instances/{id}/databases"), &body).await
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_database_is_made_listed_and_removed() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let answer = create(&member, id, "shop").await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0), "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.position() > 0);
    let path = format!("/instances/{id}/databases");
    assert_eq!(member.get(&path).await.json(), json!({"databases": [{"name": "shop"}]}));
    let again = create(&member, id, "shop").await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert_eq!(again.fault().1, "A database with the name \"shop\" already exists.");
    let one = format!("{path}/shop");
    assert_eq!(member.get(&one).await.status, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(member.delete(&one).await.status, StatusCode::ACCEPTED);
    let gone = member.delete(&one).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.fault().1, "Database shop cannot be found on the instance.");
    assert_eq!(member.get(&path).await.json(), json!({"databases": []}));
}

#[tokio::test]
async fn openstacksdk_s_single_database_is_taken_with_its_character_set() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let body = json!({"database": {"name": "d9", "character_set": "utf8"}});
    let path = format!("/instances/{id}/databases");
    let answer = stack.member().await.send(Method::POST, &path, &body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let seen = stack.desk.seen.lock().unwrap();
    let Body::RunAction { action, .. } = &seen[1].body else { panic!() };
    let domain::instance::ActionSpec::CreateDatabases { databases } = &**action else { panic!() };
    assert_eq!(databases[0].charset.as_deref(), Some("utf8"));
}

#[tokio::test]
async fn pages_follow_each_other_by_name() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    for name in ["a b", "c#d", "e", "f", "g"] {
        assert_eq!(create(&member, id, name).await.status, StatusCode::ACCEPTED);
    }
    let mut path = format!("/instances/{id}/databases?limit=2");
    let mut seen = Vec::new();
    loop {
        let body = member.get(&path).await.json();
        seen.extend(names(&body["databases"]).into_iter().map(str::to_owned));
        let Some(href) = body["links"][0]["href"].as_str() else {
            assert!(body.get("links").is_none() && body.get("databases_links").is_none());
            break;
        };
        let base = format!("http://db.example:8779/v1.0/{DEMO}");
        path = href.strip_prefix(&base).unwrap().to_owned();
    }
    assert_eq!(seen, ["a b", "c#d", "e", "f", "g"]);
    let all = member.get(&format!("/instances/{id}/databases?limit=99")).await.json();
    assert_eq!(names(&all["databases"]).len(), 3, "a page has a size at most");
    let bad = member.get(&format!("/instances/{id}/databases?limit=x")).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn reserved_and_hostile_names_never_reach_the_guest() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    for name in ["mysql", "SYS", "information_schema", "a`b", "x'; drop database y; --", ""] {
        assert_eq!(create(&member, id, name).await.status, StatusCode::BAD_REQUEST, "{name}");
    }
    for name in ["mysql", "a%60b", "a%2Fb"] {
        let answer = member.delete(&format!("/instances/{id}/databases/{name}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}");
    }
    assert_eq!(stack.desk.seen.lock().unwrap().len(), 1, "only the creation was sent");
}

#[tokio::test]
async fn a_database_that_is_not_up_is_not_worked_with() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let id = id_of(&member.create("k", &small_creation("n")).await.json());
    let path = format!("/instances/{id}/databases");
    let expect = async |word: &str| {
        for answer in [member.get(&path).await, create(&member, id, "shop").await] {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
            let text = format!("Instance {id} is not ready, status: {word}.");
            assert_eq!(answer.fault(), ("unprocessableEntity".to_owned(), text));
        }
    };
    start_guest(&stack, id).await;
    expect("BUILD").await;
    activate_prepared(&stack, id).await;
    stack.advance(id, observed(DatabaseHealth::Down { cause: "exited".to_owned() })).await;
    expect("SHUTDOWN").await;
    stack.advance(id, Command::NoteSilence).await;
    expect("ERROR").await;
    stack.advance(id, observed(DatabaseHealth::Up)).await;
    assert_eq!(create(&member, id, "shop").await.status, StatusCode::ACCEPTED);
    member.delete(&format!("/instances/{id}")).await;
    expect("SHUTDOWN").await;
}

async fn activate_prepared(stack: &Stack, id: InstanceId) {
    use domain::guest::ActionOutcome;
    stack.advance(id, crate::seed::report(id, DatabaseHealth::Up, ActionOutcome::Done)).await;
}

fn observed(health: DatabaseHealth) -> Command {
    Command::Observe(Report {
        revision: Revision::default(),
        health,
        results: Vec::new(),
        settings: None,
    })
}

#[tokio::test]
async fn what_the_taskmanager_knows_better_is_said_like_that() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    // Decided, but not folded yet where the gateway looks.
    let down = observed(DatabaseHealth::Down { cause: "exited".to_owned() });
    stack.desk.advance(id, down).await;
    let answer = create(&stack.member().await, id, "shop").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
    assert!(answer.fault().1.contains("is not ready"));
}

#[tokio::test]
async fn a_guest_that_gives_no_answer_is_not_a_missing_database() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    for manner in [Manner::Away, Manner::ServerAway] {
        stack.guest.set(manner);
        let answer = stack.member().await.get(&format!("/instances/{id}/databases")).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        let text = format!("The database of instance {id} does not answer. Try again shortly.");
        assert_eq!(answer.fault().1, text);
    }
}

#[tokio::test]
async fn a_change_that_takes_too_long_is_accepted_and_still_comes() {
    let stack = Stack::start_with(|config| config.limits.action_answer_ms = 50).await;
    let id = active(&stack).await;
    let member = stack.member().await;
    stack.guest.set(Manner::Away);
    assert_eq!(create(&member, id, "shop").await.status, StatusCode::ACCEPTED);
    stack.guest.set(Manner::Willing);
    until(&stack.read_model, id, |instance| {
        instance.live().is_some_and(|live| live.actions.pending.is_empty())
    })
    .await;
    let list = member.get(&format!("/instances/{id}/databases")).await.json();
    assert_eq!(names(&list["databases"]), ["shop"]);
}

#[tokio::test]
async fn failures_keep_the_server_s_own_words() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    for (cause, status) in [
        (ActionCause::Statement, 400),
        (ActionCause::DiskFull, 422),
        (ActionCause::ServerWontStart, 422),
    ] {
        let failure = ActionFailure { cause, detail: "ER_ODD: it was odd".to_owned() };
        stack.guest.set(Manner::Failing(failure));
        let answer = create(&member, id, "shop").await;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        assert!(answer.fault().1.ends_with("ER_ODD: it was odd."), "{answer:?}");
    }
    let detail = "a path of the host".to_owned();
    stack.guest.set(Manner::Failing(ActionFailure { cause: ActionCause::EngineMissing, detail }));
    let answer = create(&member, id, "shop").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.fault().1.contains("path"));
}

#[tokio::test]
async fn a_change_that_a_reset_or_deletion_takes_away_is_not_called_done() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    stack.guest.set(Manner::Away);
    let pending = |instance: &domain::instance::Instance| {
        instance.live().is_some_and(|live| !live.actions.pending.is_empty())
    };
    let interrupt = async |command: Command| {
        until(&stack.read_model, id, pending).await;
        stack.advance(id, command).await;
    };
    let (answer, ()) = tokio::join!(create(&member, id, "shop"), interrupt(Command::ResetStatus));
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    assert!(answer.fault().1.contains("outcome is not known"));
    stack.advance(id, observed(DatabaseHealth::Up)).await;
    let (answer, ()) = tokio::join!(create(&member, id, "shop"), interrupt(Command::Delete));
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_done_once_and_answered_alike() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let path = format!("/instances/{id}/databases");
    let headers = [("idempotency-key", "k")];
    for name in ["shop", "shop", "other"] {
        let body = json!({"databases": [{"name": name}]});
        let answer = member.send_with(Method::POST, &path, &body, &headers).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{name} {answer:?}");
    }
    assert_eq!(stack.guest.ran.lock().unwrap().len(), 2);
    // Also while the database is away, since nothing is left to be done.
    stack.advance(id, observed(DatabaseHealth::Unknown)).await;
    let body = json!({"databases": [{"name": "shop"}]});
    let answer = member.send_with(Method::POST, &path, &body, &headers).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let refused = create(&member, id, "third").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_repeated_failure_is_the_same_failure() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    create(&member, id, "shop").await;
    let path = format!("/instances/{id}/databases");
    let body = json!({"databases": [{"name": "shop"}]});
    for _ in 0..2 {
        let headers = [("idempotency-key", "k")];
        let answer = member.send_with(Method::POST, &path, &body, &headers).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
    }
    assert_eq!(stack.guest.ran.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn many_changes_at_once_have_each_its_own_answer() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let names = ["a", "b", "c", "a", "b", "c", "a", "b", "c"];
    let answers = futures::future::join_all(names.map(|name| create(&member, id, name))).await;
    let made = answers.iter().filter(|answer| answer.status == StatusCode::ACCEPTED).count();
    let taken = answers.iter().filter(|answer| answer.status == StatusCode::BAD_REQUEST).count();
    assert_eq!((made, taken), (3, 6), "{answers:?}");
}

#[tokio::test]
async fn other_projects_and_mere_readers_are_kept_out() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let other = stack.client("demo", OTHER).await;
    let looker = stack.client("looker", DEMO).await;
    for path in ["databases", "users"] {
        let path = format!("/instances/{id}/{path}");
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(looker.get(&path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(create(&other, id, "shop").await.status, StatusCode::NOT_FOUND);
    let denied = create(&looker, id, "shop").await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    assert!(denied.fault().1.contains("instance:extension:database:create"));
    assert_eq!(create(&stack.admin().await, id, "shop").await.status, StatusCode::ACCEPTED);
}
