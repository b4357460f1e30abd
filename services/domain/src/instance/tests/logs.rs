//! Scenarios of logs: when one is switched, and what its server runs with then.

use super::*;
use crate::catalogue::Value;

const GENERAL: UserLog = UserLog::General;

fn switch(is_on: bool) -> Command {
    Command::SwitchLog { log: GENERAL, is_on }
}

fn serving() -> Life {
    let mut life = Life::requested();
    life.settle();
    life
}

#[test]
fn a_log_is_switched_while_the_instance_is_at_rest_and_a_repeat_is_no_news() {
    let mut life = Life::until(Step::Prepare);
    assert_eq!(life.ask(switch(true)), Err(Rejection::Busy));
    let mut life = serving();
    assert_eq!(life.ask(switch(true)).unwrap(), [Event::LogSwitched { log: GENERAL, is_on: true }]);
    assert_eq!((life.live().revision, life.live().settings.asked), (life.position, life.position));
    assert_eq!(life.ask(switch(true)).unwrap(), []);
    assert_eq!(life.ask(switch(false)).unwrap().len(), 1);
    life.ask(Command::Delete).unwrap();
    assert_eq!(life.ask(switch(true)), Err(Rejection::Busy));
}

#[test]
fn a_switch_counts_more_than_the_group_and_what_was_not_switched_is_the_group_s() {
    let mut life = serving();
    let group = [("general_log", Value::Boolean(true)), ("slow_query_log", Value::Boolean(true))];
    let group = group.map(|(name, value)| (name.to_owned(), value)).into();
    assert!(!life.live().wanted_settings(None).contains_key("general_log"));
    assert_eq!(life.live().wanted_settings(Some(&group))["general_log"], "ON");
    life.ask(switch(false)).unwrap();
    let settings = life.live().wanted_settings(Some(&group));
    assert_eq!((&*settings["general_log"], &*settings["slow_query_log"]), ("OFF", "ON"));
    let manager = life.live().spec.version.manager;
    assert!(!manager.is_log_on(&settings, GENERAL));
    assert!(manager.is_log_on(&settings, UserLog::SlowQuery));
}

#[test]
fn the_owner_is_told_when_the_server_does_not_take_it() {
    let mut life = serving();
    life.ask(switch(true)).unwrap();
    let mut report = report(None);
    report.settings = Some(SettingsState {
        sequence: life.position,
        restart_required: Vec::new(),
        refused: Some(ActionFailure { cause: ActionCause::Statement, detail: "no".to_owned() }),
    });
    life.ask(Command::Observe(report)).unwrap();
    assert_eq!(life.live().fault.as_ref().unwrap().step, Step::Configure);
}
