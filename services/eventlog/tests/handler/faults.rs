//! Lost messages, a log that is away, deadlines and damage.

use crate::plane::{Plane, config, key_of, project_key, reserve};
use eventlog::memory::Loss;
use eventlog::{EventLog, HandleError, HandlerConfig};
use std::time::Duration;

#[tokio::test]
async fn a_lost_message_is_repeated_until_the_outcome_is_known() {
    for loss in [Loss::Request, Loss::Answer] {
        let plane = Plane::new();
        plane.log.lose_next(loss);
        plane.log.lose_next(loss);
        let handled = plane.handle(&reserve(1)).await.unwrap();
        assert_eq!((handled.position, handled.news), (1, true), "{loss:?}");
        assert_eq!(plane.history().await.len(), 1, "{loss:?}");
        assert!(plane.handle(&reserve(2)).await.unwrap().news, "{loss:?}");
        plane.check_chain().await;
    }
}

#[tokio::test]
async fn a_command_of_unknown_outcome_may_be_repeated_anywhere() {
    for loss in [Loss::Request, Loss::Answer] {
        let plane = Plane::with(HandlerConfig { append_patience: Duration::ZERO, ..config() });
        let request = reserve(1);
        plane.log.lose_next(loss);
        let unknown = plane.handle(&request).await;
        assert!(matches!(unknown, Err(HandleError::Unavailable(_))), "{unknown:?}");
        let elsewhere = plane.another_handler();
        let handled = elsewhere.handle(project_key(), &request, || plane.time()).await.unwrap();
        assert_eq!(handled.position, 1);
        assert_eq!(plane.handle(&request).await.unwrap().position, 1);
        assert_eq!(plane.history().await.len(), 1, "{loss:?}");
    }
}

#[tokio::test]
async fn while_the_log_is_away_nothing_is_known_and_later_all_goes_on() {
    let plane = Plane::with(HandlerConfig { append_patience: Duration::ZERO, ..config() });
    plane.handle(&reserve(1)).await.unwrap();
    plane.log.go_down();
    // To append, to check a refusal, and to read an aggregate: each needs the log.
    let away = [plane.handle(&reserve(2)).await, plane.handle(&reserve(1)).await];
    let handler = plane.another_handler();
    let unread = handler.handle(key_of(1), &reserve(3), || plane.time()).await;
    for result in away.into_iter().chain([unread]) {
        assert!(matches!(result, Err(HandleError::Unavailable(_))), "{result:?}");
    }
    plane.log.come_up();
    assert!(plane.handle(&reserve(2)).await.unwrap().news);
    handler.handle(key_of(1), &reserve(3), || plane.time()).await.unwrap();
}

#[tokio::test]
async fn nothing_is_appended_past_the_deadline() {
    let plane = Plane::new();
    let mut late = reserve(1);
    late.deadline = Some(plane.time());
    let passed = plane.handle(&late).await;
    assert!(matches!(passed, Err(HandleError::DeadlinePassed)), "{passed:?}");
    assert_eq!(plane.log.info().await.unwrap().last_sequence, 0);
}

#[tokio::test]
async fn an_append_is_repeated_no_longer_than_the_command_lives() {
    let plane = Plane::new();
    plane.handle(&reserve(1)).await.unwrap();
    let mut short = reserve(2);
    short.deadline = Some(plane.time().after(Duration::from_millis(100)));
    plane.log.go_down();
    let began = std::time::Instant::now();
    let unknown = plane.handle(&short).await;
    assert!(matches!(unknown, Err(HandleError::Unavailable(_))), "{unknown:?}");
    assert!(began.elapsed() < config().append_patience, "it waited for its patience's end");
}

#[tokio::test]
async fn a_damaged_aggregate_takes_no_commands_and_the_others_do() {
    let plane = Plane::new();
    plane.handle(&reserve(1)).await.unwrap();
    // What somebody wrote who did not know the history.
    let mut forged = plane.history().await[0].commit.clone();
    forged.commit_id = domain::ids::CommitId(uuid::Uuid::new_v4());
    forged.previous_hash = Some([1; 32]);
    plane.log.append(1, &forged).await.unwrap();
    for handler in [plane.handler(), &plane.another_handler()] {
        for _ in 0..2 {
            let refused = handler.handle(project_key(), &reserve(2), || plane.time()).await;
            assert!(matches!(refused, Err(HandleError::Damaged)), "{refused:?}");
        }
        handler.handle(key_of(1), &reserve(3), || plane.time()).await.unwrap();
    }
    assert_eq!(plane.history().await.len(), 2, "a damaged aggregate was written");
}

#[tokio::test]
async fn a_caller_that_gives_up_leaves_a_handler_that_works() {
    let plane = Plane::new();
    let request = reserve(1);
    plane.handle(&reserve(0)).await.unwrap();
    plane.log.lose_next(Loss::Answer);
    // The append's answer is lost, and the caller leaves before the append is repeated.
    let given_up = tokio::time::timeout(Duration::ZERO, plane.handle(&request)).await;
    assert!(given_up.is_err());
    assert_eq!(plane.history().await.len(), 2);
    assert!(plane.handle(&reserve(2)).await.unwrap().news);
    assert_eq!(plane.handle(&request).await.unwrap().position, 2);
    assert_eq!(plane.history().await.len(), 3);
}
