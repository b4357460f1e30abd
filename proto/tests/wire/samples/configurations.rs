//! Facts of configuration groups.

use super::common::{LATER, id};
use domain::catalogue::{Real, Value};
use domain::commit::Events;
use domain::configuration::{Event, Spec};
use domain::ids::{ConfigurationId, DatastoreId, InstanceId, VersionId};

/// One event of each kind, and one that says no more than it must.
pub(super) fn events() -> Vec<(String, Events)> {
    let (instance, group_id) = (InstanceId(id(1)), ConfigurationId(id(12)));
    let bare = Spec { description: None, values: [].into(), body_hash: None, ..group() };
    let name = "tuned".to_owned();
    let mut events: Vec<(String, Event)> = [
        Event::Created { id: group_id, spec: Box::new(group()) },
        Event::Described { name: name.clone(), description: Some("for tests".to_owned()) },
        Event::ValuesSet(group().values),
        Event::Deleted,
        Event::FollowerExpected { instance, until: LATER },
        Event::FollowerKept { instance },
        Event::FollowerReleased { instance },
    ]
    .into_iter()
    .map(|event| (word(&event).to_owned(), event))
    .collect();
    for event in [
        Event::Created { id: group_id, spec: Box::new(bare) },
        Event::Described { name, description: None },
    ] {
        events.push((format!("{}.bare", word(&event)), event));
    }
    events
        .into_iter()
        .map(|(name, event)| (format!("configuration.{name}"), Events::Configuration(vec![event])))
        .collect()
}

fn word(event: &Event) -> &'static str {
    match event {
        Event::Created { .. } => "created",
        Event::Described { .. } => "described",
        Event::ValuesSet(_) => "values_set",
        Event::Deleted => "deleted",
        Event::FollowerExpected { .. } => "follower_expected",
        Event::FollowerKept { .. } => "follower_kept",
        Event::FollowerReleased { .. } => "follower_released",
    }
}

/// A group with one value, since a map's entries have no order of their own.
pub(super) fn group() -> Spec {
    Spec {
        project: "a11ce".into(),
        name: "tuned".to_owned(),
        description: Some("for tests".to_owned()),
        datastore: DatastoreId(id(3)),
        version: VersionId(id(4)),
        values: [(
            "long_query_time".to_owned(),
            Value::Float(Real::new(1.5).expect("a finite number")),
        )]
        .into(),
        body_hash: Some(vec![0xAB; 32]),
    }
}
