//! The command handler on the log in memory, with a project's quota as the aggregate.

mod faults;
mod plane;
mod races;

use domain::project::Project;
use eventlog::folded::COMMANDS_MAX;
use eventlog::{EventLog, Folded, HandleError, Handler, MemoryLog};
use plane::{Plane, config, project_key, release, reserve};
use std::sync::Arc;

#[tokio::test]
async fn a_command_is_decided_and_its_commit_says_who_asked_and_why() {
    let plane = Plane::new();
    let request = reserve(7);
    let handled = plane.handle(&request).await.unwrap();
    assert!(handled.news);
    let history = plane.history().await;
    let [recorded] = &history[..] else { panic!("{history:?}") };
    assert_eq!(recorded.sequence, handled.position);
    assert_eq!(recorded.commit.command_id, request.command_id);
    assert_eq!(recorded.commit.causation_id, request.causation_id);
    assert_eq!(recorded.commit.actor, request.actor);
    assert_eq!(recorded.commit.request_id, request.request_id);
    assert_eq!(recorded.commit.time, plane.time());
    assert_eq!(recorded.commit.epoch, config().epoch);
}

#[tokio::test]
async fn a_repeated_command_gets_the_result_of_the_first() {
    let plane = Plane::new();
    let first = reserve(1);
    let position = plane.handle(&first).await.unwrap().position;
    // Decided against its own effect it would be "already so" at the newest position.
    plane.handle(&reserve(2)).await.unwrap();
    for handler in [plane.handler(), &plane.another_handler()] {
        let again = handler.handle(project_key(), &first, || plane.time()).await.unwrap();
        assert_eq!((again.position, again.news), (position, false));
    }
    assert_eq!(plane.history().await.len(), 2);
}

#[tokio::test]
async fn what_is_already_so_appends_nothing() {
    let plane = Plane::new();
    let position = plane.handle(&reserve(1)).await.unwrap().position;
    let again = plane.handle(&reserve(1)).await.unwrap();
    assert_eq!((again.position, again.news), (position, false));
    assert_eq!(plane.history().await.len(), 1);
}

#[tokio::test]
async fn a_rejection_is_given_as_the_aggregate_said_it() {
    let plane = Plane::new();
    for instance in 0..plane::QUOTA {
        plane.handle(&reserve(instance)).await.unwrap();
    }
    let refused = plane.handle(&reserve(1000)).await;
    assert!(matches!(refused, Err(HandleError::Rejected(_))), "{refused:?}");
}

#[tokio::test]
async fn an_aggregate_from_a_read_model_may_lag_behind_the_log() {
    let plane = Plane::new();
    for instance in 0..3 {
        plane.handle(&reserve(instance)).await.unwrap();
    }
    let mut lagging = Folded::<Project>::default();
    lagging.apply(&plane.history().await[0]).unwrap();
    let seed = Box::new(move |_| {
        let lagging = lagging.clone();
        Box::pin(async move { Some(lagging) }) as _
    });
    let handler = Handler::seeded(Arc::new(plane.log.clone()), config(), seed);
    let already = handler.handle(project_key(), &reserve(2), || plane.time()).await.unwrap();
    assert!(!already.news, "the newest state has it");
    let news = handler.handle(project_key(), &release(1), || plane.time()).await.unwrap();
    assert_eq!((news.position, news.news), (4, true));
    plane.check_chain().await;
}

#[tokio::test]
async fn aggregates_that_were_forgotten_are_read_again() {
    let plane = Plane::new();
    let log = Arc::new(MemoryLog::new());
    let small = eventlog::HandlerConfig { cells_max: 4, ..config() };
    let handler = Handler::<Project>::new(log.clone(), small);
    let mut requests = Vec::new();
    for project in 0..20 {
        let request = reserve(project);
        let key = plane::key_of(project);
        let handled = handler.handle(key, &request, || plane.time()).await.unwrap();
        requests.push((key, request, handled.position));
    }
    for (key, request, position) in requests {
        let again = handler.handle(key, &request, || plane.time()).await.unwrap();
        assert_eq!((again.position, again.news), (position, false));
    }
    assert_eq!(log.info().await.unwrap().last_sequence, 20);
}

#[tokio::test]
async fn an_aggregate_remembers_its_latest_commands_only() {
    let plane = Plane::new();
    for _ in 0..COMMANDS_MAX {
        plane.handle(&reserve(1)).await.unwrap();
        plane.handle(&release(1)).await.unwrap();
    }
    let mut folded = Folded::<Project>::default();
    let history = plane.history().await;
    for recorded in &history {
        folded.apply(recorded).unwrap();
    }
    assert_eq!(folded.commands.len(), COMMANDS_MAX);
    let [first, .., last] = &history[..] else { panic!("{history:?}") };
    assert_eq!(folded.answer_to(first.commit.command_id), None);
    assert_eq!(folded.answer_to(last.commit.command_id), Some(last.sequence));
    let row = serde_json::to_vec(&folded).unwrap();
    assert_eq!(serde_json::from_slice::<Folded<Project>>(&row).unwrap(), folded);
}
