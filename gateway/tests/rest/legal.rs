//! Which request is legal in which visible status, row by row.
//!
//! A new word of `status` is a new row, with what brings an instance there in [`bring`].

use crate::guest::Manner;
use crate::management::delete_begun;
use crate::seed::{activate, fail, id_of, report, small_creation};
use crate::stack::{Answer, Stack};
use axum::http::Method;
use domain::guest::{ActionOutcome, DatabaseHealth};
use domain::ids::InstanceId;
use domain::instance::Command;
use serde_json::{Value, json};

/// `status`, and `operating_status` where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Build,
    Healthy,
    Down,
    Silent,
    Reboot,
    Error,
    Shutdown,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Show,
    Databases,
    CreateDatabase,
    Rename,
    Restart,
    Reboot,
    Promote,
    Delete,
}

/// The texts of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Another task is under way.
    Busy,
    /// The database can't be worked with.
    NotReady,
    /// It makes no sense for this instance.
    NoReplica,
}

use Seen::{Build, Down, Error, Healthy, Reboot, Shutdown, Silent};
use Why::{Busy, NoReplica, NotReady};

/// What is answered: a success, or why not.
type Told = Result<u16, Why>;

const ASKED: [Asked; 8] = [
    Asked::Show,
    Asked::Databases,
    Asked::CreateDatabase,
    Asked::Rename,
    Asked::Restart,
    Asked::Reboot,
    Asked::Promote,
    Asked::Delete,
];

const NO: Told = Err(Busy);
const DB: Told = Err(NotReady);
const REPLICA: Told = Err(NoReplica);

/// In the order of [`ASKED`]. A restart is the way out for a database that is down or silent.
const TABLE: [(Seen, [Told; 8]); 7] = [
    (Build, [Ok(200), DB, DB, Ok(202), NO, NO, REPLICA, Ok(202)]),
    (Healthy, [Ok(200), Ok(200), Ok(202), Ok(202), Ok(202), Ok(202), REPLICA, Ok(202)]),
    (Down, [Ok(200), DB, DB, Ok(202), Ok(202), Ok(202), REPLICA, Ok(202)]),
    (Silent, [Ok(200), DB, DB, Ok(202), Ok(202), Ok(202), REPLICA, Ok(202)]),
    (Reboot, [Ok(200), DB, DB, Ok(202), NO, NO, REPLICA, Ok(202)]),
    (Error, [Ok(200), DB, DB, Ok(202), NO, NO, REPLICA, Ok(202)]),
    (Shutdown, [Ok(200), DB, DB, NO, NO, NO, REPLICA, Ok(202)]),
];

impl Seen {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Build => ("BUILD", ""),
            Healthy => ("ACTIVE", "HEALTHY"),
            Down => ("ACTIVE", "SHUTDOWN"),
            Silent => ("ACTIVE", "ERROR"),
            Reboot => ("REBOOT", ""),
            Error => ("ERROR", ""),
            Shutdown => ("SHUTDOWN", ""),
        }
    }
}

/// An instance that is seen like that.
async fn bring(stack: &Stack, seen: Seen) -> InstanceId {
    let member = stack.member().await;
    let id = id_of(&member.create("k", &small_creation("n")).await.json());
    match seen {
        Build => {}
        Healthy => activate(stack, id).await,
        Down => {
            activate(stack, id).await;
            let down = DatabaseHealth::Down { cause: "ended by signal 9".to_owned() };
            stack.advance(id, report(id, down, ActionOutcome::Done)).await;
        }
        Silent => {
            activate(stack, id).await;
            stack.advance(id, Command::NoteSilence).await;
        }
        Reboot => {
            activate(stack, id).await;
            stack.guest.set(Manner::Away);
            assert_eq!(ask(stack, id, Asked::Restart).await.status.as_u16(), 202);
        }
        Error => fail(stack, id).await,
        Shutdown => {
            activate(stack, id).await;
            delete_begun(stack, id).await;
        }
    }
    let shown: Value = ask(stack, id, Asked::Show).await.json();
    let word = |key: &str| shown["instance"][key].as_str().unwrap().to_owned();
    let (status, operating) = seen.words();
    assert_eq!((&*word("status"), &*word("operating_status")), (status, operating));
    id
}

async fn ask(stack: &Stack, id: InstanceId, asked: Asked) -> Answer {
    let (member, admin) = (stack.member().await, stack.admin().await);
    let path = format!("/instances/{id}");
    let databases = format!("{path}/databases");
    let action = format!("{path}/action");
    let post = Method::POST;
    match asked {
        Asked::Show => member.get(&path).await,
        Asked::Databases => member.get(&databases).await,
        Asked::CreateDatabase => {
            member.send(post, &databases, &json!({"databases": [{"name": "shop"}]})).await
        }
        Asked::Rename => {
            member.send(Method::PUT, &path, &json!({"instance": {"name": "new"}})).await
        }
        Asked::Restart => member.send(post, &action, &json!({"restart": {}})).await,
        Asked::Reboot => admin.send(post, &format!("/mgmt{action}"), &json!({"reboot": {}})).await,
        Asked::Promote => {
            member.send(post, &action, &json!({"promote_to_replica_source": {}})).await
        }
        Asked::Delete => member.delete(&path).await,
    }
}

#[tokio::test]
async fn every_request_is_answered_by_the_status_that_its_caller_sees() {
    for (seen, row) in TABLE {
        for (asked, told) in ASKED.into_iter().zip(row) {
            let stack = Stack::start().await;
            let id = bring(&stack, seen).await;
            let answer = ask(&stack, id, asked).await;
            let (status, operating) = seen.words();
            let database = if operating.is_empty() { status } else { operating };
            let (code, text) = match told {
                Ok(code) => (code, None),
                Err(Busy) => (
                    422,
                    Some(format!(
                        "Instance {id} is not currently available for an action to be performed \
                         (instance status was {status})."
                    )),
                ),
                Err(NotReady) => {
                    (422, Some(format!("Instance {id} is not ready, status: {database}.")))
                }
                Err(NoReplica) => (400, Some(format!("Instance {id} is not a replica."))),
            };
            assert_eq!(answer.status.as_u16(), code, "{seen:?} {asked:?}: {answer:?}");
            if let Some(text) = text {
                assert_eq!(answer.fault().1, text, "{seen:?} {asked:?}");
            }
        }
    }
}
