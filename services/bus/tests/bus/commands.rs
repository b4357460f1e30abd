//! One command, many tries, one answer.

use crate::on_every_server;
use crate::rig::{LIMIT, Rig, eventually, settle};
use async_nats::Client;
use bus::commands::{self, Cause, Commander};
use domain::command::{Accepted, Body, Envelope, Rejection, Reply};
use domain::commit::Actor;
use domain::ids::{CommandId, InstanceId, RequestId};
use domain::time::Timestamp;
use futures::StreamExt as _;
use proto::{Wire as _, subjects};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const POSITION: Reply = Ok(Accepted { position: 42 });

fn envelope(within: Duration) -> Envelope {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Envelope {
        command_id: CommandId(Uuid::now_v7()),
        deadline: Timestamp(now.as_millis().try_into().unwrap()).after(within),
        actor: Actor::Plane,
        request_id: RequestId::from("req-1"),
        body: Body::DeleteInstance { id: InstanceId(Uuid::now_v7()) },
    }
}

/// A taskmanager that answers each command alike and remembers what it was asked.
struct Decider {
    seen: Arc<Mutex<Vec<Envelope>>>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Decider {
    async fn start(client: Client, reply: Option<Reply>) -> Self {
        let (seen, shutdown) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
        let (seen_too, shutdown_too) = (seen.clone(), shutdown.clone());
        let task = tokio::spawn(async move {
            let limit = NonZeroUsize::new(8).unwrap();
            let served = commands::serve(&client, limit, &shutdown_too, move |envelope| {
                let (seen, reply) = (seen_too.clone(), reply.clone());
                async move {
                    seen.lock().await.push(envelope);
                    reply
                }
            });
            served.await.unwrap();
        });
        Self { seen, shutdown, task }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(LIMIT, self.task).await.unwrap().unwrap();
    }
}

on_every_server! {
    async fn a_command_is_answered_and_arrives_unchanged(rig: Rig) {
        let rejected = Err(Rejection::InstanceNotFound);
        for reply in [POSITION, rejected] {
            let decider = Decider::start(rig.taskmanager().await, Some(reply.clone())).await;
            let commander = Commander::new(rig.gateway().await);
            let envelope = envelope(LIMIT);
            assert_eq!(commander.send(&envelope).await.unwrap(), reply);
            assert_eq!(*decider.seen.lock().await, [envelope]);
            decider.stop().await;
        }
    }

    async fn a_command_waits_for_a_taskmanager_that_comes_back(rig: Rig) {
        let commander = Commander::new(rig.gateway().await);
        let taskmanager = rig.taskmanager().await;
        let envelope = envelope(LIMIT);
        let sent = tokio::spawn({
            let envelope = envelope.clone();
            async move { commander.send(&envelope).await }
        });
        // It is under way, and nobody is there, once the server has said so to somebody else.
        let probe = Commander::new(rig.gateway().await);
        let unknown = probe.send(&self::envelope(Duration::from_millis(300))).await.unwrap_err();
        assert!(matches!(unknown.cause, Cause::NobodyListens), "{:?}", unknown.cause);
        assert!(!sent.is_finished());
        let decider = Decider::start(taskmanager, Some(POSITION)).await;
        assert_eq!(sent.await.unwrap().unwrap(), POSITION);
        let seen = decider.seen.lock().await.clone();
        assert!(seen.iter().all(|seen| *seen == envelope), "{seen:?}");
        decider.stop().await;
    }

    async fn an_unanswered_command_is_repeated_unchanged(rig: Rig) {
        let taskmanager = rig.taskmanager().await;
        let mut heard = taskmanager
            .queue_subscribe(subjects::COMMANDS_ALL, subjects::COMMAND_QUEUE.to_owned())
            .await
            .unwrap();
        settle(&taskmanager).await;
        let commander = Commander::new(rig.gateway().await);
        let sent = tokio::spawn(async move { commander.send(&envelope(LIMIT)).await });
        let first = heard.next().await.unwrap();
        let second = heard.next().await.unwrap();
        assert_eq!(first.payload, second.payload);
        // The answer to the first try is as good, though the second is under way.
        let answer = POSITION.to_bytes();
        taskmanager.publish(first.reply.unwrap(), answer.into()).await.unwrap();
        assert_eq!(sent.await.unwrap().unwrap(), POSITION);
    }

    async fn the_outcome_is_unknown_only_after_the_deadline(rig: Rig) {
        let decider = Decider::start(rig.taskmanager().await, None).await;
        let commander = Commander::new(rig.gateway().await);
        let limit = Duration::from_millis(2500);
        let begun = tokio::time::Instant::now();
        let unknown = commander.send(&envelope(limit)).await.unwrap_err();
        assert!(begun.elapsed() >= limit - Duration::from_millis(2), "{:?}", begun.elapsed());
        assert!(matches!(unknown.cause, Cause::NoAnswer), "{:?}", unknown.cause);
        let seen = decider.seen.lock().await.clone();
        // Every half second: that often a hanging taskmanager may be met instead of another.
        assert!((3..=5).contains(&seen.len()), "{seen:?}");
        assert!(seen.iter().all(|asked| asked.command_id == seen[0].command_id), "{seen:?}");
        decider.stop().await;
    }

    async fn a_command_survives_a_crash_of_the_server(rig: Rig) {
        let commander = Commander::new(rig.gateway().await);
        let decider = Decider::start(rig.taskmanager().await, Some(POSITION)).await;
        assert_eq!(commander.send(&envelope(LIMIT)).await.unwrap(), POSITION);
        rig.server.kill();
        let envelope = envelope(LIMIT);
        let sent = tokio::spawn({
            let (commander, envelope) = (commander.clone(), envelope.clone());
            async move { commander.send(&envelope).await }
        });
        rig.server.relaunch();
        assert_eq!(sent.await.unwrap().unwrap(), POSITION);
        let seen = decider.seen.lock().await.clone();
        assert!(seen[1..].iter().all(|seen| *seen == envelope), "{seen:?}");
        decider.stop().await;
    }

    async fn what_can_not_be_read_is_answered_so(rig: Rig) {
        let decider = Decider::start(rig.taskmanager().await, Some(POSITION)).await;
        let gateway = rig.gateway().await;
        Commander::new(gateway.clone()).send(&envelope(LIMIT)).await.unwrap().unwrap();
        let to_another = envelope(LIMIT).to_bytes();
        for payload in [b"\xff\xff".to_vec(), Vec::new(), to_another] {
            let subject = subjects::command(envelope(LIMIT).body.key());
            let answer = gateway.request(subject, payload.into()).await.unwrap();
            let reply = Reply::from_bytes(&answer.payload).unwrap();
            assert_eq!(reply, Err(Rejection::NotUnderstood));
        }
        assert_eq!(decider.seen.lock().await.len(), 1);
        decider.stop().await;
    }

    async fn an_answer_never_leaves_the_gateways_account(rig: Rig) {
        let taskmanager = rig.taskmanager().await;
        let decider = Decider::start(taskmanager.clone(), Some(POSITION)).await;
        let gateway = rig.gateway().await;
        let commander = Commander::new(gateway.clone());
        commander.send(&envelope(LIMIT)).await.unwrap().unwrap();
        // A taskmanager may publish to these, a gateway may not.
        let victim = InstanceId(Uuid::now_v7());
        let poke = subjects::guest(victim, subjects::GuestTopic::Poke);
        let guest = rig.guest(victim).await;
        let mut heard = guest.subscribe(poke.clone()).await.unwrap();
        let mut inbox = guest.subscribe(format!("_INBOX.guest.{victim}.x")).await.unwrap();
        settle(&guest).await;
        for reply in [poke.clone(), format!("_INBOX.guest.{victim}.x")] {
            let envelope = envelope(LIMIT);
            let subject = subjects::command(envelope.body.key());
            let payload = envelope.to_bytes().into();
            gateway.publish_with_reply(subject, reply, payload).await.unwrap();
        }
        commander.send(&envelope(LIMIT)).await.unwrap().unwrap();
        eventually("all are decided", async || decider.seen.lock().await.len() == 4).await;
        decider.stop().await;
        for (subscriber, subject) in
            [(&mut heard, poke), (&mut inbox, format!("_INBOX.guest.{victim}.x"))]
        {
            taskmanager.publish(subject, "marker".into()).await.unwrap();
            assert_eq!(subscriber.next().await.unwrap().payload, "marker");
        }
    }

    async fn never_more_commands_are_decided_at_once_than_the_limit(rig: Rig) {
        let taskmanager = rig.taskmanager().await;
        let (gate, running) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let shutdown = CancellationToken::new();
        let served = tokio::spawn({
            let (gate, running, shutdown) = (gate.clone(), running.clone(), shutdown.clone());
            async move {
                let limit = NonZeroUsize::new(3).unwrap();
                commands::serve(&taskmanager, limit, &shutdown, move |_envelope| {
                    let (gate, running) = (gate.clone(), running.clone());
                    async move {
                        let at_once = running.fetch_add(1, Ordering::SeqCst) + 1;
                        assert!(at_once <= 3, "{at_once} at once");
                        gate.acquire().await.unwrap().forget();
                        running.fetch_sub(1, Ordering::SeqCst);
                        Some(POSITION)
                    }
                })
                .await
            }
        });
        let commander = Commander::new(rig.gateway().await);
        let sent: Vec<_> = (0..10)
            .map(|_| {
                let commander = commander.clone();
                tokio::spawn(async move { commander.send(&envelope(LIMIT)).await })
            })
            .collect();
        eventually("three are being decided", async || running.load(Ordering::SeqCst) == 3).await;
        // An end of the service still answers those that have arrived.
        gate.add_permits(1000);
        for sent in sent {
            assert_eq!(sent.await.unwrap().unwrap(), POSITION);
        }
        shutdown.cancel();
        served.await.unwrap().unwrap();
    }

    async fn a_decider_that_panics_is_asked_again(rig: Rig) {
        let taskmanager = rig.taskmanager().await;
        let (tries, shutdown) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let served = tokio::spawn({
            let (tries, shutdown) = (tries.clone(), shutdown.clone());
            async move {
                let limit = NonZeroUsize::new(3).unwrap();
                commands::serve(&taskmanager, limit, &shutdown, move |_envelope| {
                    let tries = tries.clone();
                    async move {
                        assert!(tries.fetch_add(1, Ordering::SeqCst) > 0, "the first try");
                        Some(POSITION)
                    }
                })
                .await
            }
        });
        let commander = Commander::new(rig.gateway().await);
        assert_eq!(commander.send(&envelope(LIMIT)).await.unwrap(), POSITION);
        assert_eq!(tries.load(Ordering::SeqCst), 2);
        shutdown.cancel();
        served.await.unwrap().unwrap();
    }

    async fn two_taskmanagers_share_the_commands(rig: Rig) {
        let one = Decider::start(rig.taskmanager().await, Some(POSITION)).await;
        let two = Decider::start(rig.taskmanager().await, Some(POSITION)).await;
        let commander = Commander::new(rig.gateway().await);
        let mut sent = 0;
        eventually("both have decided some", async || {
            commander.send(&envelope(LIMIT)).await.unwrap().unwrap();
            sent += 1;
            !one.seen.lock().await.is_empty() && !two.seen.lock().await.is_empty()
        })
        .await;
        assert_eq!(one.seen.lock().await.len() + two.seen.lock().await.len(), sent);
        one.stop().await;
        // The other one carries on alone.
        assert_eq!(commander.send(&envelope(LIMIT)).await.unwrap(), POSITION);
        two.stop().await;
    }
}
