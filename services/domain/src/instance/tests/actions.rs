//! Scenarios of actions inside a database, restarts and resets.

use super::*;
use std::time::Duration;

pub(super) fn serving() -> Life {
    let mut life = Life::requested();
    life.settle();
    let mut up = report(None);
    up.health = DatabaseHealth::Up;
    life.ask(Command::Observe(up)).unwrap();
    life
}

fn action(number: u128, spec: ActionSpec) -> Command {
    Command::Request { id: ActionId(uuid::Uuid::from_u128(number)), action: Box::new(spec) }
}

fn result(number: u128, outcome: ActionOutcome) -> Command {
    let id = ActionId(uuid::Uuid::from_u128(number));
    let mut report = report(None);
    report.health = DatabaseHealth::Up;
    report.results = vec![ActionResult { id, outcome }];
    Command::Observe(report)
}

fn drop_database() -> ActionSpec {
    ActionSpec::DeleteDatabase { name: "shop".to_owned() }
}

fn failure(cause: ActionCause) -> ActionOutcome {
    ActionOutcome::Failed(ActionFailure { cause, detail: "so it is".to_owned() })
}

#[test]
fn an_action_waits_for_its_guest_and_its_result_is_remembered_once() {
    let mut life = serving();
    let before = life.live().revision;
    assert_eq!(life.ask(action(1, drop_database())).unwrap().len(), 1);
    assert_eq!(life.ask(action(1, drop_database())).unwrap(), [], "a repeat is no news");
    let id = ActionId(uuid::Uuid::from_u128(1));
    assert_eq!(life.live().actions.progress(id), action::Progress::Pending);
    assert!(life.live().revision > before, "the desired document has changed");
    assert_eq!(life.ask(result(1, ActionOutcome::Done)).unwrap().len(), 1);
    assert_eq!(life.ask(result(1, ActionOutcome::Done)).unwrap(), []);
    assert_eq!(life.live().actions.progress(id), action::Progress::Done);
    assert_eq!(life.ask(action(1, drop_database())).unwrap(), [], "not asked for again");
}

#[test]
fn a_failure_that_its_caller_heard_is_no_fault_and_a_later_one_is() {
    let mut life = serving();
    life.ask(action(1, drop_database())).unwrap();
    life.ask(result(1, failure(ActionCause::NotFound))).unwrap();
    let id = ActionId(uuid::Uuid::from_u128(1));
    assert!(matches!(life.live().actions.progress(id), action::Progress::Failed(_)));
    assert_eq!(life.live().fault, None);

    life.ask(action(2, drop_database())).unwrap();
    life.now = life.now.after(Limits::span(LIMITS.action_answer_ms));
    life.ask(result(2, failure(ActionCause::DiskFull))).unwrap();
    assert_eq!(life.live().fault.as_ref().unwrap().cause, FaultCause::DiskFull);
    life.ask(action(3, drop_database())).unwrap();
    life.ask(result(3, ActionOutcome::Done)).unwrap();
    assert_eq!(life.live().fault, None, "the next success clears it");
}

#[test]
fn an_action_that_is_never_reported_is_given_up() {
    let mut life = serving();
    life.ask(action(1, drop_database())).unwrap();
    let [Timer::Action { id, at }] = life.instance.timers()[..] else {
        panic!("an action that waits has a timer")
    };
    assert_eq!(life.ask(Command::ActionDeadlinePassed { id }).unwrap(), [], "not yet");
    life.now = at;
    assert_eq!(life.ask(Command::ActionDeadlinePassed { id }).unwrap().len(), 1);
    assert_eq!(life.live().fault.as_ref().unwrap().cause, FaultCause::Overdue);
    assert_eq!(life.instance.timers(), []);
}

#[test]
fn a_restart_excludes_everything_but_deletion_and_ends_in_service() {
    let mut life = serving();
    life.ask(action(1, ActionSpec::Restart)).unwrap();
    assert_eq!(life.live().phase, Phase::Restarting);
    assert_eq!(life.ask(action(2, drop_database())), Err(Rejection::Busy));
    assert_eq!(life.ask(action(3, ActionSpec::Restart)), Err(Rejection::Busy));
    life.ask(result(1, ActionOutcome::Done)).unwrap();
    assert_eq!(life.live().phase, Phase::Active);

    life.ask(action(4, ActionSpec::Restart)).unwrap();
    life.ask(result(4, failure(ActionCause::ServerWontStart))).unwrap();
    assert_eq!(life.live().phase, Phase::Active);
    assert_eq!(life.live().fault.as_ref().unwrap().step, Step::Restart);

    life.ask(action(5, ActionSpec::Restart)).unwrap();
    life.ask(Command::Delete).unwrap();
    life.settle();
    assert!(matches!(life.instance, Instance::Deleted { .. }));
}

#[test]
fn work_inside_a_database_needs_one_that_answers_and_a_restart_does_not() {
    let mut life = serving();
    let mut down = report(None);
    down.health = DatabaseHealth::Down { cause: "signal 9".to_owned() };
    life.ask(Command::Observe(down)).unwrap();
    assert_eq!(life.ask(action(1, drop_database())), Err(Rejection::DatabaseDown));
    assert!(life.ask(action(2, ActionSpec::Restart)).is_ok());
    assert_eq!(Life::requested().ask(action(1, drop_database())), Err(Rejection::Busy));
}

#[test]
fn a_reset_ends_what_waits_and_takes_back_a_creation() {
    let mut life = serving();
    life.ask(action(1, ActionSpec::Restart)).unwrap();
    life.ask(Command::ResetStatus).unwrap();
    assert_eq!(
        (&life.live().phase, &life.live().health),
        (&Phase::Active, &DatabaseHealth::Unknown)
    );
    assert_eq!(life.instance.timers(), []);

    let mut life = Life::until(Step::Volume);
    life.ask(Command::ResetStatus).unwrap();
    life.settle();
    assert_eq!(life.live().phase, Phase::Failed);
}

fn enable_root(by: &str) -> ActionSpec {
    let password = crate::ids::SecretId(derived(&["s", by]));
    ActionSpec::EnableRoot { password, by: UserId::from(by) }
}

#[test]
fn root_s_history_keeps_who_was_first_and_says_whether_it_is_enabled() {
    let mut life = serving();
    life.ask(action(1, enable_root("u1"))).unwrap();
    assert_eq!(life.live().root, None, "nothing is done yet");
    life.ask(result(1, failure(ActionCause::Statement))).unwrap();
    assert_eq!(life.live().root, None, "what failed was not done");
    for (number, by) in [(2, "u1"), (3, "u2")] {
        life.ask(action(number, enable_root(by))).unwrap();
        life.now = life.now.after(Duration::from_secs(1));
        life.ask(result(number, ActionOutcome::Done)).unwrap();
    }
    let root = life.live().root.clone().unwrap();
    assert!(root.is_enabled);
    assert_eq!((root.first.by.as_str(), root.last.by.as_str()), ("u1", "u2"));
    assert!(root.first.at < root.last.at);
    life.ask(action(4, ActionSpec::DisableRoot)).unwrap();
    life.ask(result(4, ActionOutcome::Done)).unwrap();
    assert_eq!(life.live().root, Some(Root { is_enabled: false, ..root }));
}

#[test]
fn a_root_that_may_have_been_enabled_counts_as_enabled() {
    let mut life = serving();
    life.ask(action(1, enable_root("u1"))).unwrap();
    life.now = life.now.after(Limits::span(LIMITS.action_ms));
    life.ask(Command::ActionDeadlinePassed { id: ActionId(uuid::Uuid::from_u128(1)) }).unwrap();
    assert!(life.live().root.as_ref().unwrap().is_enabled);

    let mut life = serving();
    life.ask(action(1, enable_root("u1"))).unwrap();
    life.ask(Command::ResetStatus).unwrap();
    assert!(life.live().root.as_ref().unwrap().is_enabled);
}

#[test]
fn a_full_server_is_worked_with_and_its_health_is_told_once() {
    let mut life = serving();
    let full = |results| {
        let health = DatabaseHealth::Full;
        Command::Observe(Report { health, results, ..report(None) })
    };
    life.now = life.now.after(Duration::from_secs(5));
    let news = Event::HealthChanged { health: DatabaseHealth::Full };
    assert_eq!(life.ask(full(Vec::new())).unwrap(), [news]);
    assert_eq!(life.live().health_since, life.now);
    assert_eq!(life.ask(full(Vec::new())).unwrap(), [], "a repeat is no news");
    // That is how its owner makes room.
    life.ask(action(1, drop_database())).unwrap();
    let id = ActionId(uuid::Uuid::from_u128(1));
    life.ask(full(vec![ActionResult { id, outcome: ActionOutcome::Done }])).unwrap();
    assert_eq!(life.live().actions.progress(id), action::Progress::Done);
    assert_eq!(life.live().health, DatabaseHealth::Full);
}
