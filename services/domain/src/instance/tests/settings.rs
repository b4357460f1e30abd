//! Scenarios of settings: groups that are followed, and what guests say of them.

use super::*;
use crate::guest::SettingsState;
use crate::ids::ConfigurationId;

const GROUP: ConfigurationId = ConfigurationId(uuid::Uuid::from_u128(70));

fn serving() -> Life {
    let mut life = Life::requested();
    life.settle();
    life
}

fn attach() -> Command {
    Command::AttachConfiguration { configuration: GROUP }
}

fn told(life: &mut Life, sequence: u64, waiting: &[&str], refused: Option<&str>) -> usize {
    let mut report = report(None);
    report.health = life.live().health.clone();
    report.settings = Some(SettingsState {
        sequence,
        restart_required: waiting.iter().map(|name| (*name).to_owned()).collect(),
        refused: refused.map(|detail| ActionFailure {
            cause: ActionCause::ServerWontStart,
            detail: detail.to_owned(),
        }),
    });
    life.ask(Command::Observe(report)).unwrap().len()
}

#[test]
fn a_group_is_followed_from_an_instance_at_rest_only_and_one_at_a_time() {
    let mut life = Life::until(Step::Prepare);
    assert_eq!(life.ask(attach()), Err(Rejection::NotAtRest));
    let mut life = serving();
    assert_eq!(life.ask(Command::DetachConfiguration).unwrap(), [], "it follows none");
    assert_eq!(life.ask(attach()).unwrap().len(), 1);
    assert_eq!(life.live().revision, life.position, "the desired document has changed");
    let attached = Rejection::ConfigurationAttached { configuration: GROUP };
    assert_eq!(life.ask(attach()), Err(attached));
    let position = life.position;
    told(&mut life, position, &["a"], None);
    assert_eq!(life.ask(Command::DetachConfiguration), Err(Rejection::NotAtRest));
    told(&mut life, position, &[], None);
    life.ask(Command::DetachConfiguration).unwrap();
    assert_eq!(life.live().configuration, None);
}

#[test]
fn a_guest_s_word_is_news_when_it_differs_or_was_waited_for() {
    let mut life = serving();
    assert_eq!(told(&mut life, 3, &[], None), 0, "nothing was asked and nothing is wrong");
    life.ask(attach()).unwrap();
    let asked = life.position;
    assert_eq!(told(&mut life, asked - 1, &[], None), 0, "it speaks of an older document");
    assert_eq!(told(&mut life, asked, &[], None), 1);
    assert_eq!(told(&mut life, asked + 1, &[], None), 0);
    assert_eq!(told(&mut life, asked + 1, &["a"], None), 1);
    assert!(life.live().is_restart_required());
    assert_eq!(told(&mut life, asked, &[], None), 0, "a late report changes nothing");
    assert!(life.live().is_restart_required());
}

#[test]
fn refused_settings_are_a_fault_until_they_are_well() {
    let mut life = serving();
    life.ask(attach()).unwrap();
    let asked = life.position;
    told(&mut life, asked, &[], Some("it is too large"));
    let fault = life.live().fault.clone().unwrap();
    assert_eq!((fault.step, fault.cause), (Step::Configure, FaultCause::ServerWontStart));
    assert_eq!(fault.detail, "it is too large");
    told(&mut life, asked + 1, &[], None);
    assert_eq!(life.live().fault, None);
}
