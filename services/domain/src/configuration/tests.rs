//! Scenarios of configuration groups.

use super::*;
use crate::limits::Limits;
use uuid::Uuid;

const ID: ConfigurationId = ConfigurationId(Uuid::from_u128(1));
const FOLLOWER: InstanceId = InstanceId(Uuid::from_u128(2));

fn ask(state: &mut Configuration, command: &Command) -> Result<usize, Rejection> {
    let context = Context { now: Timestamp(0), limits: &Limits::PRODUCTION };
    let events = state.decide(command, &context)?;
    for event in &events {
        state.evolve(event, Moment { time: Timestamp(1), position: 7 });
    }
    Ok(events.len())
}

fn values(values: &[(&str, i128)]) -> Values {
    values.iter().map(|(name, value)| ((*name).to_owned(), Value::Integer(*value))).collect()
}

fn create(body_hash: Option<Vec<u8>>) -> Command {
    let spec = Spec {
        project: ProjectId::from("p1"),
        name: "tuned".to_owned(),
        description: None,
        datastore: DatastoreId(Uuid::from_u128(3)),
        version: VersionId(Uuid::from_u128(4)),
        values: values(&[("a", 1), ("b", 2)]),
        body_hash,
    };
    Command::Create { id: ID, spec: Box::new(spec) }
}

fn made() -> Configuration {
    let mut state = Configuration::default();
    ask(&mut state, &create(None)).unwrap();
    state
}

fn set(values: NewValues) -> Command {
    Command::Update(Change { values: Some(values), ..Change::default() })
}

#[test]
fn values_are_replaced_or_merged_and_the_same_are_no_news() {
    let mut state = made();
    assert_eq!(ask(&mut state, &set(NewValues::Merge(values(&[("b", 3), ("c", 4)])))), Ok(1));
    assert_eq!(state.live().unwrap().spec.values, values(&[("a", 1), ("b", 3), ("c", 4)]));
    assert_eq!(ask(&mut state, &set(NewValues::Merge(values(&[("b", 3)])))), Ok(0));
    assert_eq!(ask(&mut state, &set(NewValues::Replace(values(&[("z", 0)])))), Ok(1));
    assert_eq!(state.live().unwrap().spec.values, values(&[("z", 0)]));
    let rename = Change { name: Some("other".to_owned()), ..Change::default() };
    assert_eq!(ask(&mut state, &Command::Update(rename.clone())), Ok(1));
    assert_eq!(ask(&mut state, &Command::Update(rename)), Ok(0));
}

#[test]
fn a_repeated_creation_is_known_by_its_body() {
    let mut state = Configuration::default();
    assert_eq!(ask(&mut state, &create(Some(vec![1]))), Ok(1));
    assert_eq!(ask(&mut state, &create(Some(vec![1]))), Ok(0));
    assert_eq!(ask(&mut state, &create(Some(vec![2]))), Err(Rejection::AlreadyExists));
    assert_eq!(ask(&mut state, &create(None)), Err(Rejection::AlreadyExists));
}

#[test]
fn a_group_is_kept_as_long_as_an_instance_follows_it_or_may_begin_to() {
    let mut state = made();
    let release = Command::Release { instance: FOLLOWER, since: 7 };
    assert_eq!(ask(&mut state, &Command::Expect { instance: FOLLOWER }), Ok(1));
    assert_eq!(ask(&mut state, &Command::Delete), Err(Rejection::InUse));
    assert_eq!(ask(&mut state, &Command::Keep { instance: FOLLOWER }), Ok(1));
    assert_eq!(ask(&mut state, &Command::Keep { instance: FOLLOWER }), Ok(0));
    assert_eq!(ask(&mut state, &Command::Delete), Err(Rejection::InUse));
    assert_eq!(ask(&mut state, &release), Ok(1));
    assert_eq!(ask(&mut state, &release), Ok(0));
    assert_eq!(ask(&mut state, &Command::Delete), Ok(1));
    assert_eq!(ask(&mut state, &release), Ok(0));
    for command in [
        Command::Expect { instance: FOLLOWER },
        Command::Keep { instance: FOLLOWER },
        Command::Update(Change::default()),
        Command::Delete,
    ] {
        assert_eq!(ask(&mut state, &command), Err(Rejection::NotFound), "{command:?}");
    }
}

#[test]
fn an_instance_that_is_expected_again_is_not_released_for_what_it_did_before() {
    let mut state = made();
    ask(&mut state, &Command::Expect { instance: FOLLOWER }).unwrap();
    let earlier = Command::Release { instance: FOLLOWER, since: 6 };
    assert_eq!(ask(&mut state, &earlier), Ok(0));
    assert_eq!(ask(&mut state, &Command::Delete), Err(Rejection::InUse));
}
