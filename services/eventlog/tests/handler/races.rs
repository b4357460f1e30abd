//! Several taskmanagers on one log.

use crate::plane::{Plane, QUOTA, project_key, release, reserve};
use domain::project::Project;
use eventlog::{EventLog, Folded, HandleError};
use std::sync::Arc;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_handlers_never_give_more_than_the_quota() {
    let plane = Arc::new(Plane::new());
    let handlers = [Arc::new(plane.another_handler()), Arc::new(plane.another_handler())];
    let mut racers = JoinSet::new();
    for instance in 0..60 {
        let (plane, handler) = (plane.clone(), handlers[instance as usize % 2].clone());
        racers.spawn(async move {
            let now = || plane.time();
            handler.handle(project_key(), &reserve(instance), now).await
        });
    }
    let mut given = 0;
    while let Some(handled) = racers.join_next().await {
        match handled.unwrap() {
            Ok(handled) => given += u32::from(handled.news),
            Err(HandleError::Rejected(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(given, QUOTA);
    let mut folded = Folded::<Project>::default();
    for recorded in plane.history().await {
        folded.apply(&recorded).unwrap();
    }
    assert_eq!(folded.state.reservations.len(), QUOTA as usize);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_command_sent_to_many_handlers_is_done_once() {
    let plane = Arc::new(Plane::new());
    let request = Arc::new(reserve(1));
    let mut racers = JoinSet::new();
    for _ in 0..8 {
        let (plane, request) = (plane.clone(), request.clone());
        racers.spawn(async move {
            let handler = plane.another_handler();
            handler.handle(project_key(), &request, || plane.time()).await.unwrap().position
        });
    }
    while let Some(position) = racers.join_next().await {
        assert_eq!(position.unwrap(), 1);
    }
    assert_eq!(plane.log.info().await.unwrap().last_sequence, 1);
}

#[tokio::test]
async fn a_rejection_on_a_stale_state_is_not_final() {
    let plane = Plane::new();
    for instance in 0..QUOTA {
        plane.handle(&reserve(instance)).await.unwrap();
    }
    let elsewhere = plane.another_handler();
    elsewhere.handle(project_key(), &release(0), || plane.time()).await.unwrap();
    assert!(plane.handle(&reserve(1000)).await.unwrap().news);
}

#[tokio::test]
async fn already_so_on_a_stale_state_is_not_final() {
    let plane = Plane::new();
    plane.handle(&reserve(1)).await.unwrap();
    let elsewhere = plane.another_handler();
    elsewhere.handle(project_key(), &release(1), || plane.time()).await.unwrap();
    assert!(plane.handle(&reserve(1)).await.unwrap().news);
    plane.check_chain().await;
}
