//! Which request is legal in which visible status, row by row.
//!
//! A new word of `status` is a new column, with what brings an instance there in [`bring`]; a new
//! operation is a row of [`table::TABLE`].

mod table;

use crate::configurations;
use crate::guest::Manner;
use crate::management::delete_begun;
use crate::seed::{activate, fail, id_of, report, small_creation};
use crate::stack::{Answer, Client, Stack};
use axum::body::Body;
use axum::http::Method;
use domain::guest::{ActionOutcome, DatabaseHealth};
use domain::ids::InstanceId;
use domain::instance::Command;
use serde_json::{Value, json};
use table::{Row, TABLE, Told, Who};

/// `status`, and `operating_status` where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Build,
    Healthy,
    Blocked,
    Down,
    Silent,
    Reboot,
    Resize,
    RestartRequired,
    Error,
    Shutdown,
}

/// In the order of the table's columns.
const SEEN: [Seen; 10] = [
    Seen::Build,
    Seen::Healthy,
    Seen::Blocked,
    Seen::Down,
    Seen::Silent,
    Seen::Reboot,
    Seen::Resize,
    Seen::RestartRequired,
    Seen::Error,
    Seen::Shutdown,
];

impl Seen {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Build => ("BUILD", ""),
            Self::Healthy => ("ACTIVE", "HEALTHY"),
            Self::Blocked => ("ACTIVE", "BLOCKED"),
            Self::Down => ("ACTIVE", "SHUTDOWN"),
            Self::Silent => ("ACTIVE", "ERROR"),
            Self::Reboot => ("REBOOT", ""),
            Self::Resize => ("RESIZE", ""),
            Self::RestartRequired => ("RESTART_REQUIRED", ""),
            Self::Error => ("ERROR", ""),
            Self::Shutdown => ("SHUTDOWN", ""),
        }
    }
}

/// An instance that is seen like that. Where it has served, it has a database `shop`, a user `app`
/// with access to it, and root; what it follows is a group of its own.
async fn bring(stack: &Stack, seen: Seen, is_following: bool) -> InstanceId {
    let member = stack.member().await;
    let mut creation = small_creation("n");
    if is_following {
        creation["instance"]["configuration"] = json!(group(&member).await);
    }
    let id = id_of(&member.create("k", &creation).await.json());
    if !matches!(seen, Seen::Build | Seen::Error) {
        activate(stack, id).await;
        furnish(stack, id).await;
    }
    match seen {
        Seen::Build | Seen::Healthy => {}
        Seen::Blocked => {
            stack.advance(id, report(id, DatabaseHealth::Full, ActionOutcome::Done)).await;
        }
        Seen::Down => {
            let down = DatabaseHealth::Down { cause: "ended by signal 9".to_owned() };
            stack.advance(id, report(id, down, ActionOutcome::Done)).await;
        }
        Seen::Silent => {
            stack.advance(id, Command::NoteSilence).await;
        }
        Seen::Reboot => {
            stack.guest.set(Manner::Away);
            act(stack, id, &json!({"restart": {}})).await;
        }
        Seen::Resize => {
            act(stack, id, &json!({"resize": {"volume": {"size": 3}}})).await;
        }
        Seen::RestartRequired => configurations::report(stack, id, &["a_size"], None).await,
        Seen::Error => fail(stack, id).await,
        Seen::Shutdown => delete_begun(stack, id).await,
    }
    let shown = shown(stack, id).await;
    let words = (shown["status"].as_str().unwrap(), shown["operating_status"].as_str().unwrap());
    assert_eq!(words, seen.words());
    id
}

async fn furnish(stack: &Stack, id: InstanceId) {
    let member = stack.member().await;
    let database = json!([{"name": "shop"}]);
    let user = json!([{"name": "app", "password": "pw-of-app", "databases": database}]);
    for (path, body, code) in [
        ("databases", json!({ "databases": database }), 202),
        ("users", json!({ "users": user }), 202),
        ("root", json!({}), 200),
    ] {
        let made = member.send(Method::POST, &format!("/instances/{id}/{path}"), &body).await;
        assert_eq!(made.status.as_u16(), code, "{path}: {made:?}");
    }
}

async fn act(stack: &Stack, id: InstanceId, body: &Value) {
    let path = format!("/instances/{id}/action");
    let answer = stack.member().await.send(Method::POST, &path, body).await;
    assert_eq!(answer.status.as_u16(), 202, "{body}: {answer:?}");
}

/// A new group that fits.
async fn group(client: &Client<'_>) -> String {
    let body = json!({"configuration": {"name": "tuned", "values": {"wait_timeout": 100}}});
    let made = client.send(Method::POST, "/configurations", &body).await;
    assert_eq!(made.status.as_u16(), 200, "{made:?}");
    made.json()["configuration"]["id"].as_str().unwrap().to_owned()
}

async fn ask(stack: &Stack, id: InstanceId, row: &Row) -> Answer {
    let client = match row.who {
        Who::Member => stack.member().await,
        Who::Admin => stack.admin().await,
    };
    let (method, path) = row.request.split_once(' ').unwrap();
    let path = path.replace("{id}", &id.to_string());
    let mut body = row.body.replace("{id}", &id.to_string());
    if body.contains("{group}") {
        body = body.replace("{group}", &group(&stack.member().await).await);
    }
    let request = client.request(method.parse().unwrap(), &path);
    let request = request.header("content-type", "application/json");
    stack.send(request.body(Body::from(body)).unwrap()).await
}

/// The instance, but for what a heartbeat says.
async fn shown(stack: &Stack, id: InstanceId) -> Value {
    let answer = stack.member().await.get(&format!("/instances/{id}")).await;
    answer.json()["instance"].take()
}

#[tokio::test]
async fn every_request_is_answered_by_the_status_that_its_caller_sees() {
    for (column, seen) in SEEN.into_iter().enumerate() {
        // What is refused, and what only reads, leaves everything as it was for the next.
        let stack = Stack::start().await;
        let id = bring(&stack, seen, true).await;
        let before = shown(&stack, id).await;
        for row in TABLE {
            let told = row.told[column];
            let needs_none = row.body.contains("{group}");
            if told.is_change() || needs_none {
                let stack = Stack::start().await;
                let id = bring(&stack, seen, !needs_none).await;
                check(&stack, id, (seen, &row, told)).await;
            } else {
                check(&stack, id, (seen, &row, told)).await;
                assert_eq!(
                    shown(&stack, id).await,
                    before,
                    "{seen:?} {} {}",
                    row.request,
                    row.body
                );
            }
        }
    }
}

async fn check(stack: &Stack, id: InstanceId, (seen, row, told): (Seen, &Row, Told)) {
    let answer = ask(stack, id, row).await;
    let (status, operating) = seen.words();
    let database = if operating.is_empty() { status } else { operating };
    let (code, text) = match told {
        Told::Read(code) | Told::Changed(code) => (code, None),
        Told::Busy => (
            422,
            Some(format!(
                "Instance {id} is not currently available for an action to be performed (instance \
                 status was {status})."
            )),
        ),
        Told::NotReady => (422, Some(format!("Instance {id} is not ready, status: {database}."))),
        Told::NotAtRest => (
            400,
            Some(format!(
                "The operation you have requested cannot be executed because the instance status \
                 is currently: {status}."
            )),
        ),
        Told::Never(code, text) => (code, Some(text.replace("{id}", &id.to_string()))),
    };
    assert_eq!(answer.status.as_u16(), code, "{seen:?} {} {}: {answer:?}", row.request, row.body);
    if let Some(text) = text {
        assert_eq!(answer.fault().1, text, "{seen:?} {} {}", row.request, row.body);
    }
}
