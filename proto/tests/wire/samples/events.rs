//! Commits: one for each event of each aggregate.

mod actions;
mod instance;
pub(super) mod others;

use super::common::{NOW, id, user};
use super::{Sample, catalogues, configurations};
use domain::aggregate::{Key, Kind};
use domain::commit::{Actor, Commit, Events, SCHEMA_VERSION};
use domain::ids::{CommandId, CommitId};

const MESSAGE: &str = "trove.event.v1.Commit";

pub(super) fn all() -> Vec<Sample> {
    let mut samples: Vec<Sample> = instance::all()
        .into_iter()
        .chain(actions::all())
        .chain(others::all())
        .chain(catalogues::events())
        .chain(configurations::events())
        .map(|(name, events)| Sample::new(format!("event.{name}"), MESSAGE, &commit(events)))
        .collect();
    samples.push(first_commit());
    samples.push(guest_commit());
    samples
}

/// A commit that says everything that can be said.
fn commit(events: Events) -> Commit {
    Commit {
        commit_id: CommitId(id(20)),
        command_id: CommandId(id(21)),
        causation_id: Some(CommitId(id(22))),
        aggregate: Key { kind: events.kind(), id: id(23) },
        actor: user(),
        request_id: Some("req-0197".into()),
        time: NOW,
        schema_version: SCHEMA_VERSION,
        epoch: 2,
        previous_hash: Some([0xCD; 32]),
        events,
    }
}

/// A commit that says no more than it must.
fn first_commit() -> Sample {
    let commit = Commit {
        causation_id: None,
        aggregate: Key { kind: Kind::Plane, id: id(24) },
        actor: Actor::Plane,
        request_id: None,
        epoch: 0,
        previous_hash: None,
        ..commit(Events::Plane(Vec::new()))
    };
    Sample::new("commit.bare", MESSAGE, &commit)
}

/// A guest's commit, with several events in their order.
fn guest_commit() -> Sample {
    use domain::guest::DatabaseHealth;
    use domain::instance::Event;

    let events = vec![
        Event::AgentReturned,
        Event::HealthChanged { health: DatabaseHealth::Up },
        Event::Prepared,
    ];
    let commit = Commit { actor: Actor::Guest, ..commit(Events::Instance(events)) };
    Sample::new("commit.by_guest", MESSAGE, &commit)
}
