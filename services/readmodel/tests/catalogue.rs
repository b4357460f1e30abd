//! Rows of catalogues: numbers beyond 64 bits with sign, and such with a fraction, come back as
//! they went in.

use domain::aggregate::Key;
use domain::catalogue::{Event, Parameter, ParameterKind, Range, Real, Value};
use domain::commit::{Actor, Commit, Events, SCHEMA_VERSION};
use domain::ids::{CommandId, CommitId, VersionId};
use domain::time::Timestamp;
use eventlog::{EventLog, MemoryLog};
use readmodel::{MemoryStore, ReadModel};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const VERSION: VersionId = VersionId(Uuid::from_u128(4));

fn row(name: &str, kind: ParameterKind) -> Parameter {
    Parameter {
        name: name.to_owned(),
        kind,
        default: None,
        unit: None,
        restart_required: false,
        forbidden: None,
    }
}

fn rows() -> Vec<Parameter> {
    let integers = Range { min: Some(i64::MIN.into()), max: Some(u64::MAX.into()) };
    let reals = Range { min: Real::new(0.1 + 0.2), max: Real::new(1e300) };
    vec![
        row("a", ParameterKind::Integer(integers)),
        row("b", ParameterKind::Float(reals)),
        row("c", ParameterKind::Choice(vec!["ON".to_owned()])),
    ]
}

#[tokio::test]
async fn the_limits_of_a_parameter_are_read_as_they_were_written() {
    let log = MemoryLog::new();
    let commit = Commit {
        commit_id: CommitId(Uuid::from_u128(1)),
        command_id: CommandId(Uuid::from_u128(1)),
        causation_id: None,
        aggregate: Key::catalogue(VERSION),
        actor: Actor::Plane,
        request_id: None,
        time: Timestamp(5),
        schema_version: SCHEMA_VERSION,
        epoch: 1,
        previous_hash: None,
        events: Events::Catalogue(vec![Event::Set { version: VERSION, rows: rows() }]),
    };
    log.append(0, &commit).await.unwrap();
    let model = ReadModel::over(Box::new(MemoryStore::default())).unwrap();
    let stop = CancellationToken::new();
    let following = tokio::spawn({
        let (model, log, stop) = (model.clone(), Arc::new(log), stop.clone());
        async move { model.follow(log, stop).await }
    });
    model.caught_up().await;
    let catalogue = model.catalogue(VERSION).unwrap();
    let read: Vec<Parameter> = catalogue.all_offered().cloned().collect();
    assert_eq!(read, rows());
    let largest = Value::Integer(u64::MAX.into());
    assert_eq!(catalogue.check("A", &largest), Ok(largest));
    stop.cancel();
    following.await.unwrap().unwrap();
}
