//! Scenarios of a datastore.

use super::*;
use crate::limits::Limits;
use crate::time::Timestamp;
use uuid::Uuid;

const ID: DatastoreId = DatastoreId(Uuid::from_u128(1));
const ONE: VersionId = VersionId(Uuid::from_u128(2));
const OTHER: VersionId = VersionId(Uuid::from_u128(3));

fn ask(state: &mut Datastore, command: &Command) -> Result<usize, Rejection> {
    let context = Context { now: Timestamp(0), limits: &Limits::PRODUCTION };
    let events = state.decide(command, &context)?;
    for event in &events {
        state.evolve(event, Moment { time: Timestamp(0), position: 1 });
    }
    Ok(events.len())
}

fn label(name: &str) -> Label {
    Label { name: name.to_owned(), number: "1.0".to_owned() }
}

fn hold(version: VersionId, name: &str) -> Command {
    Command::Hold { version, label: label(name) }
}

fn choose(default: DefaultChange) -> Command {
    Command::Change { name: None, default: Some(default) }
}

fn made() -> Datastore {
    let mut state = Datastore::default();
    ask(&mut state, &Command::Create { id: ID, name: "mysql".to_owned() }).unwrap();
    state
}

fn default_of(state: &Datastore) -> Option<VersionId> {
    match state {
        Datastore::Registered { default_version, .. } => *default_version,
        Datastore::Absent | Datastore::Deleted => None,
    }
}

#[test]
fn a_name_belongs_to_one_version_and_while_it_is_renamed_it_holds_both() {
    let mut state = made();
    assert_eq!(ask(&mut state, &hold(ONE, "a")), Ok(1));
    assert_eq!(ask(&mut state, &hold(ONE, "a")), Ok(0));
    assert_eq!(ask(&mut state, &hold(OTHER, "a")), Err(Rejection::NameTaken { by: ONE }));
    assert_eq!(ask(&mut state, &hold(ONE, "b")), Ok(1));
    assert_eq!(ask(&mut state, &hold(OTHER, "a")), Err(Rejection::NameTaken { by: ONE }));
    let keep = Command::Keep { version: ONE, label: label("b") };
    assert_eq!(ask(&mut state, &keep), Ok(1));
    assert_eq!(ask(&mut state, &keep), Ok(0));
    assert_eq!(ask(&mut state, &hold(OTHER, "a")), Ok(1));
    assert_eq!(ask(&mut state, &hold(OTHER, "b")), Err(Rejection::NameTaken { by: ONE }));
}

#[test]
fn the_default_is_one_of_the_versions_and_goes_with_it() {
    let mut state = made();
    let to = choose(DefaultChange::To(ONE));
    assert_eq!(ask(&mut state, &to), Err(Rejection::NoSuchVersion));
    ask(&mut state, &hold(ONE, "a")).unwrap();
    assert_eq!(ask(&mut state, &to), Ok(1));
    assert_eq!(ask(&mut state, &choose(DefaultChange::Not(OTHER))), Ok(0));
    assert_eq!(ask(&mut state, &choose(DefaultChange::Not(ONE))), Ok(1));
    assert_eq!(default_of(&state), None);
    ask(&mut state, &to).unwrap();
    assert_eq!(ask(&mut state, &Command::Release(ONE)), Ok(1));
    assert_eq!(default_of(&state), None);
}

#[test]
fn an_administrators_default_stands_until_the_configuration_says_another() {
    let mut state = made();
    ask(&mut state, &hold(ONE, "a")).unwrap();
    ask(&mut state, &hold(OTHER, "b")).unwrap();
    assert_eq!(ask(&mut state, &Command::SetDefaultVersion(ONE)), Ok(1));
    assert_eq!(ask(&mut state, &choose(DefaultChange::To(OTHER))), Ok(1));
    assert_eq!(ask(&mut state, &Command::SetDefaultVersion(ONE)), Ok(0));
    assert_eq!(default_of(&state), Some(OTHER));
}

#[test]
fn a_datastore_with_versions_stays_and_one_that_is_gone_comes_back_by_name_only() {
    let mut state = made();
    ask(&mut state, &hold(ONE, "a")).unwrap();
    assert_eq!(ask(&mut state, &Command::Delete), Err(Rejection::HasVersions));
    ask(&mut state, &Command::Release(ONE)).unwrap();
    assert_eq!(ask(&mut state, &Command::Delete), Ok(1));
    let name = "mysql".to_owned();
    assert_eq!(ask(&mut state, &Command::Register { id: ID, name: name.clone() }), Ok(0));
    assert_eq!(ask(&mut state, &Command::SetDefaultVersion(ONE)), Ok(0));
    assert_eq!(ask(&mut state, &hold(ONE, "a")), Err(Rejection::NotFound));
    assert_eq!(ask(&mut state, &Command::Create { id: ID, name: name.clone() }), Ok(1));
    assert_eq!(ask(&mut state, &Command::Create { id: ID, name }), Err(Rejection::Exists));
}
