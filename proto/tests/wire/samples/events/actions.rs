//! Events of actions that an instance's guest is asked to run.

use super::super::common::{LATER, NOW, account, database, id, spec};
use super::super::guests::cause_word;
use domain::commit::Events;
use domain::guest::{ActionCause, ActionFailure};
use domain::ids::{ActionId, SecretId, UserId};
use domain::instance::action::{ActionSpec, PasswordChange};
use domain::instance::{Event, Fault, FaultCause, Step};

pub(super) fn all() -> Vec<(String, Events)> {
    let mut all: Vec<(String, Event)> =
        specs().into_iter().map(|spec| (spec_word(&spec).to_owned(), requested(spec))).collect();
    all.push(("update_user.bare".to_owned(), requested(unchanged_user())));
    all.iter_mut().for_each(|(name, _)| name.insert_str(0, "action_requested."));
    all.push(("action_completed".to_owned(), Event::ActionCompleted { id: ActionId(id(8)) }));
    all.push(("status_reset".to_owned(), Event::StatusReset));
    all.extend(failures());
    all.into_iter()
        .map(|(name, event)| (format!("instance.{name}"), Events::Instance(vec![event])))
        .collect()
}

fn requested(spec: ActionSpec) -> Event {
    Event::ActionRequested { id: ActionId(id(8)), spec, deadline: LATER }
}

fn spec_word(spec: &ActionSpec) -> &'static str {
    match spec {
        ActionSpec::CreateDatabases { .. } => "create_databases",
        ActionSpec::DeleteDatabase { .. } => "delete_database",
        ActionSpec::CreateUsers { .. } => "create_users",
        ActionSpec::ChangePasswords { .. } => "change_passwords",
        ActionSpec::UpdateUser { .. } => "update_user",
        ActionSpec::DeleteUser { .. } => "delete_user",
        ActionSpec::Grant { .. } => "grant",
        ActionSpec::Revoke { .. } => "revoke",
        ActionSpec::Restart => "restart",
        ActionSpec::EnableRoot { .. } => "enable_root",
        ActionSpec::DisableRoot => "disable_root",
    }
}

fn specs() -> [ActionSpec; 11] {
    let password = SecretId(id(9));
    [
        ActionSpec::CreateDatabases { databases: spec().databases },
        ActionSpec::DeleteDatabase { name: "shop".to_owned() },
        ActionSpec::CreateUsers { users: spec().users },
        ActionSpec::ChangePasswords {
            users: vec![PasswordChange { account: account(), password }],
        },
        ActionSpec::UpdateUser {
            account: account(),
            name: Some("app2".to_owned()),
            host: Some("%".to_owned()),
            password: Some(password),
        },
        ActionSpec::DeleteUser { account: account() },
        ActionSpec::Grant { account: account(), databases: vec![database().name, "x".to_owned()] },
        ActionSpec::Revoke { account: account(), database: database().name },
        ActionSpec::Restart,
        ActionSpec::EnableRoot { password, by: UserId::from("u1") },
        ActionSpec::DisableRoot,
    ]
}

/// An order that says no more than it must.
fn unchanged_user() -> ActionSpec {
    ActionSpec::UpdateUser { account: account(), name: None, host: None, password: None }
}

/// Each cause, with a fault where the owner should know of it.
fn failures() -> Vec<(String, Event)> {
    let fault = |step| {
        let detail = "start it again".to_owned();
        Fault { step, cause: FaultCause::ServerWontStart, detail, created: NOW }
    };
    [
        (ActionCause::EngineMissing, Some(Step::Restart)),
        (ActionCause::DiskFull, None),
        (ActionCause::ServerWontStart, Some(Step::Restart)),
        (ActionCause::Statement, None),
        (ActionCause::Exists, None),
        (ActionCause::NotFound, None),
        (ActionCause::Overdue, Some(Step::Action)),
    ]
    .into_iter()
    .map(|(cause, step)| {
        let failure = ActionFailure { cause, detail: "ERROR 1396 at user".to_owned() };
        let event = Event::ActionFailed { id: ActionId(id(8)), failure, fault: step.map(fault) };
        (format!("action_failed.{}", cause_word(cause)), event)
    })
    .collect()
}
