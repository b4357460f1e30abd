//! A gateway that was taken over asks others to write for it. Nobody does.
//!
//! Whoever asks names where the answer goes, and the server does not look whether they may
//! publish there: only that the gateways' account is not the plane's keeps answers out of the
//! log.

use crate::on_every_server;
use crate::rig::{LIMIT, Rig, eventually, settle};
use async_nats::Client;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull, push};
use async_nats::jetstream::{self, Context, stream};
use bus::guests::{Guests, Link};
use domain::guest::{DatabaseHealth, Heartbeat, Query, QueryAnswer};
use domain::ids::InstanceId;
use domain::time::Timestamp;
use futures::{StreamExt as _, TryStreamExt as _};
use proto::Wire as _;
use proto::subjects::{self, GuestTopic};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Both streams, with three messages in the log.
async fn streams(taskmanager: &Client, id: InstanceId) -> Context {
    let jetstream = jetstream::new(taskmanager.clone());
    for (name, subject) in [
        (subjects::STREAM_EVENTS, subjects::EVENTS_ALL),
        (subjects::STREAM_SECRETS, subjects::SECRETS_ALL),
    ] {
        let config = stream::Config {
            name: name.to_owned(),
            subjects: vec![subject.to_owned()],
            allow_direct: true,
            ..stream::Config::default()
        };
        jetstream.create_stream(config).await.unwrap();
    }
    for text in ["one", "two", "three"] {
        let stored = jetstream.publish(subjects::event(id.into()), text.into()).await.unwrap();
        stored.await.unwrap();
    }
    jetstream
}

async fn messages(jetstream: &Context, stream: &str) -> u64 {
    jetstream.get_stream(stream).await.unwrap().cached_info().state.messages
}

on_every_server! {
    async fn a_gateway_reads_the_whole_log_through_its_own_account(rig: Rig) {
        let id = InstanceId(Uuid::now_v7());
        let taskmanager = streams(&rig.taskmanager().await, id).await;
        let gateway = jetstream::new(rig.gateway().await);
        let log = gateway.get_stream(subjects::STREAM_EVENTS).await.unwrap();
        assert_eq!(log.cached_info().state.messages, 3);
        let subject = subjects::event(id.into());
        assert_eq!(log.direct_get(2).await.unwrap().payload, "two");
        assert_eq!(log.direct_get_last_for_subject(&subject).await.unwrap().payload, "three");
        assert_eq!(log.get_raw_message(1).await.unwrap().payload, "one");
        let config = pull::Config {
            ack_policy: AckPolicy::None,
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: 2 },
            ..pull::Config::default()
        };
        let consumer = log.create_consumer(config).await.unwrap();
        let mut followed = consumer.messages().await.unwrap();
        let again = taskmanager.publish(subject.clone(), "four".into()).await.unwrap();
        again.await.unwrap();
        for (sequence, text) in [(2, "two"), (3, "three"), (4, "four")] {
            let message = tokio::time::timeout(LIMIT, followed.try_next()).await.unwrap();
            let message = message.unwrap().unwrap();
            assert_eq!((message.payload.as_ref(), &message.subject), (text.as_bytes(), &subject.as_str().into()));
            assert_eq!(message.info().unwrap().stream_sequence, sequence);
        }
    }

    async fn no_answer_to_a_gateway_is_stored(rig: Rig) {
        let id = InstanceId(Uuid::now_v7());
        let taskmanager = rig.taskmanager().await;
        let jetstream = streams(&taskmanager, id).await;
        let gateway = rig.gateway().await;
        let log = jetstream::new(gateway.clone()).get_stream(subjects::STREAM_EVENTS).await.unwrap();
        let config = pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() };
        let consumer = log.create_consumer(config).await.unwrap().cached_info().name.clone();
        let (event, other) = (subjects::event(id.into()), InstanceId(Uuid::now_v7()));
        for (question, payload) in [
            ("STREAM.INFO.TROVE_EVENTS".to_owned(), ""),
            ("STREAM.MSG.GET.TROVE_EVENTS".to_owned(), "{\"seq\":1}"),
            ("DIRECT.GET.TROVE_EVENTS".to_owned(), "{\"seq\":1}"),
            (format!("DIRECT.GET.TROVE_EVENTS.{event}"), ""),
            (format!("CONSUMER.INFO.TROVE_EVENTS.{consumer}"), ""),
            (format!("CONSUMER.MSG.NEXT.TROVE_EVENTS.{consumer}"), "1"),
            ("CONSUMER.CREATE.TROVE_EVENTS".to_owned(), "{\"stream_name\":\"TROVE_EVENTS\"}"),
        ] {
            for reply in [event.clone(), subjects::event(other.into()), format!("trove.secret.{id}")] {
                let subject = format!("$JS.API.{question}");
                gateway.publish_with_reply(subject, reply, payload.into()).await.unwrap();
            }
        }
        // Consumers that the server itself feeds into a subject of the plane.
        for target in [event.clone(), format!("trove.secret.{id}")] {
            let config = push::Config {
                deliver_subject: target,
                ack_policy: AckPolicy::None,
                ..push::Config::default()
            };
            let _refused_or_useless = log.create_consumer(config).await;
        }
        // A guest that would answer anything anywhere.
        let guest = rig.guest(id).await;
        let query = subjects::guest(id, GuestTopic::Query);
        let mut asked = guest.subscribe(query.clone()).await.unwrap();
        settle(&guest).await;
        gateway.publish_with_reply(query, event.clone(), "".into()).await.unwrap();
        let reply = tokio::time::timeout(LIMIT, asked.next()).await.unwrap().unwrap().reply.unwrap();
        assert!(reply.starts_with("_R_."), "{reply}");
        guest.publish(reply, "forged".into()).await.unwrap();
        settle(&guest).await;
        settle(&gateway).await;
        // An append that comes after all of that stands right behind the three.
        let stored = jetstream.publish(event, "four".into()).await.unwrap().await.unwrap();
        assert_eq!(stored.sequence, 4);
        assert_eq!(messages(&jetstream, subjects::STREAM_EVENTS).await, 4);
        assert_eq!(messages(&jetstream, subjects::STREAM_SECRETS).await, 0);
    }

    async fn a_gateway_has_no_jetstream_of_its_own(rig: Rig) {
        let gateway = jetstream::new(rig.gateway().await);
        let config = stream::Config { name: "OWN".to_owned(), ..stream::Config::default() };
        gateway.create_stream(config).await.unwrap_err();
    }

    async fn questions_and_heartbeats_cross_the_accounts(rig: Rig) {
        let id = InstanceId(Uuid::now_v7());
        let beat = Heartbeat {
            sent: Timestamp(1),
            health: DatabaseHealth::Up,
            volume_used_bytes: None,
            volume_size_bytes: None,
        };
        let gateway = rig.gateway().await;
        let plane = Guests::new(gateway.clone());
        let mut heard = plane.heartbeats().await.unwrap();
        settle(&gateway).await;
        let guest = rig.guest(id).await;
        let (link, shutdown) = (Link::new(guest.clone(), id), CancellationToken::new());
        link.heartbeat(&beat).await;
        assert_eq!(heard.next().await.unwrap(), (id, beat.clone()));
        let served = tokio::spawn({
            let (link, shutdown, beat) = (link.clone(), shutdown.clone(), beat.clone());
            async move {
                link.serve_queries(&shutdown, move |_: Query| {
                    std::future::ready(QueryAnswer::Health(beat.clone()))
                })
                .await
            }
        });
        eventually("the guest answers", async || {
            plane.query(id, Query::Health, LIMIT).await.is_ok()
        })
        .await;
        let raw = gateway.request(subjects::guest(id, GuestTopic::Query), Query::Health.to_bytes().into());
        assert_eq!(QueryAnswer::from_bytes(&raw.await.unwrap().payload).unwrap(), QueryAnswer::Health(beat));
        shutdown.cancel();
        served.await.unwrap().unwrap();
    }
}
