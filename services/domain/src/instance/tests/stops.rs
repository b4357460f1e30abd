//! Scenarios of a server that an administrator has stopped.

use super::*;

#[test]
fn a_server_is_stopped_at_rest_only_and_a_repeat_is_no_news() {
    let mut life = Life::until(Step::Prepare);
    assert_eq!(life.ask(Command::Stop), Err(Rejection::Busy));
    life.settle();
    assert_eq!(life.ask(Command::Stop).unwrap(), [Event::Stopped]);
    assert!(life.live().is_stopped);
    assert_eq!((life.live().revision, &life.live().phase), (life.position, &Phase::Active));
    assert_eq!(life.ask(Command::Stop).unwrap(), []);
    life.ask(Command::ResetStatus).unwrap();
    assert!(life.live().is_stopped, "a reset starts nothing");
    life.ask(Command::Delete).unwrap();
    assert_eq!(life.ask(Command::Stop), Err(Rejection::Busy));
}

#[test]
fn a_restart_or_a_resize_starts_it_again() {
    let action = Box::new(ActionSpec::Restart);
    let restart = Command::Request { id: ActionId(derived(&["a"])), action };
    let resize = Command::Resize { to: Box::new(Resize::Volume { gib: 99 }) };
    for start in [restart, resize] {
        let mut life = Life::requested();
        life.settle();
        life.ask(Command::Stop).unwrap();
        life.ask(start).unwrap();
        assert!(!life.live().is_stopped);
        assert_eq!(life.live().revision, life.position, "its guest is told");
        assert_eq!(life.ask(Command::Stop), Err(Rejection::Busy));
    }
}
