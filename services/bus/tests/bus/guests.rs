//! The talk between plane and guests, from both ends.

use crate::on_every_server;
use crate::rig::{LIMIT, Rig, eventually, settle};
use async_nats::Client;
use bus::guests::{self, Guests, Handler, Link, LinkError};
use domain::guest::{
    DatabaseHealth, DesiredAnswer, DesiredRequest, Heartbeat, Query, QueryAnswer, Report,
    ReportAnswer, Revision, UserSeen,
};
use domain::ids::InstanceId;
use domain::instance::action::Account;
use domain::time::Timestamp;
use proto::Wire as _;
use proto::subjects::{self, GuestTopic};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn some_guest() -> InstanceId {
    InstanceId(Uuid::now_v7())
}

fn report() -> Report {
    Report {
        revision: Revision { epoch: 1, sequence: 7 },
        health: DatabaseHealth::Up,
        results: Vec::new(),
        settings: None,
    }
}

fn heartbeat(sent: i64) -> Heartbeat {
    Heartbeat {
        sent: Timestamp(sent),
        health: DatabaseHealth::Up,
        volume_used_bytes: Some(1),
        volume_size_bytes: None,
    }
}

#[derive(Clone, Default)]
struct Plane {
    reports: Arc<Mutex<Vec<(InstanceId, Report)>>>,
    asked: Arc<Mutex<Vec<InstanceId>>>,
}

impl Handler for Plane {
    /// Can't tell the first time.
    async fn desired(&self, guest: InstanceId, _: DesiredRequest) -> Option<DesiredAnswer> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(guest);
        (asked.len() > 1).then_some(DesiredAnswer::None)
    }

    async fn report(&self, guest: InstanceId, report: Report) -> ReportAnswer {
        self.reports.lock().unwrap().push((guest, report));
        ReportAnswer::Recorded
    }
}

impl Plane {
    fn serve(&self, client: Client) -> (CancellationToken, JoinHandle<()>) {
        let (shutdown, plane) = (CancellationToken::new(), self.clone());
        let token = shutdown.clone();
        let task = tokio::spawn(async move {
            let limit = NonZeroUsize::new(4).unwrap();
            guests::serve(&client, limit, &token, plane).await.unwrap();
        });
        (shutdown, task)
    }
}

/// Repeats a report until a taskmanager has it, as an agent does.
async fn reported(link: &Link) -> ReportAnswer {
    let mut answer = None;
    eventually("the report is recorded", async || {
        answer = link.report(&report()).await.ok();
        answer.is_some()
    })
    .await;
    answer.unwrap()
}

on_every_server! {
    async fn a_report_and_a_question_reach_a_taskmanager_under_the_guests_name(rig: Rig) {
        let id = some_guest();
        let link = Link::new(rig.guest(id).await, id);
        let nobody = link.report(&report()).await.unwrap_err();
        assert!(matches!(nobody, LinkError::NoAnswer(_)), "{nobody}");
        let plane = Plane::default();
        let (shutdown, task) = plane.serve(rig.taskmanager().await);
        assert_eq!(reported(&link).await, ReportAnswer::Recorded);
        assert_eq!(*plane.reports.lock().unwrap(), [(id, report())]);
        let request = DesiredRequest { public_key: [7; 32] };
        let silence = link.desired(&request).await.unwrap_err();
        assert!(matches!(silence, LinkError::NoAnswer(_)), "{silence}");
        assert_eq!(link.desired(&request).await.unwrap(), DesiredAnswer::None);
        assert_eq!(*plane.asked.lock().unwrap(), [id, id]);
        shutdown.cancel();
        task.await.unwrap();
    }

    async fn a_guest_can_not_have_its_answer_sent_to_another(rig: Rig) {
        let (a, b) = (some_guest(), some_guest());
        let (client, victim) = (rig.guest(a).await, rig.guest(b).await);
        let mut poked = Link::new(victim.clone(), b).pokes().await.unwrap();
        let mut inbox = victim.subscribe(format!("_INBOX.guest.{b}.x")).await.unwrap();
        settle(&victim).await;
        let plane = Plane::default();
        let taskmanager = rig.taskmanager().await;
        let (shutdown, task) = plane.serve(taskmanager.clone());
        let link = Link::new(client.clone(), a);
        reported(&link).await;
        for reply in [
            subjects::guest(b, GuestTopic::Poke),
            format!("_INBOX.guest.{b}.x"),
            format!("_INBOX.guest.{a}"),
            "_INBOX.gateway.x".to_owned(),
            subjects::event(a.into()),
        ] {
            let subject = subjects::guest(a, GuestTopic::Report);
            client.publish_with_reply(subject, reply, report().to_bytes().into()).await.unwrap();
        }
        reported(&link).await;
        assert_eq!(plane.reports.lock().unwrap().len(), 2);
        // What the taskmanager sends now is the first that the victim hears.
        taskmanager.publish(format!("_INBOX.guest.{b}.x"), "marker".into()).await.unwrap();
        assert_eq!(futures::StreamExt::next(&mut inbox).await.unwrap().payload, "marker");
        let none = tokio::time::timeout(Duration::ZERO, poked.next()).await;
        assert!(none.is_err(), "{none:?}");
        shutdown.cancel();
        task.await.unwrap();
    }

    async fn heartbeats_reach_every_gateway_and_taskmanager(rig: Rig) {
        let id = some_guest();
        let link = Link::new(rig.guest(id).await, id);
        let listeners = [rig.gateway().await, rig.gateway().await, rig.taskmanager().await];
        let mut heard = Vec::new();
        for client in listeners {
            heard.push(Guests::new(client.clone()).heartbeats().await.unwrap());
            settle(&client).await;
        }
        let stranger = rig.guest(id).await;
        let subject = subjects::guest(id, GuestTopic::Heartbeat);
        stranger.publish(subject, "\u{ff}".into()).await.unwrap();
        settle(&stranger).await;
        link.heartbeat(&heartbeat(1)).await;
        link.heartbeat(&heartbeat(2)).await;
        for heard in &mut heard {
            assert_eq!(heard.next().await.unwrap(), (id, heartbeat(1)));
            assert_eq!(heard.next().await.unwrap(), (id, heartbeat(2)));
        }
    }

    async fn several_pokes_are_one_hint(rig: Rig) {
        let id = some_guest();
        let client = rig.guest(id).await;
        let mut pokes = Link::new(client.clone(), id).pokes().await.unwrap();
        settle(&client).await;
        let taskmanager = rig.taskmanager().await;
        let plane = Guests::new(taskmanager.clone());
        plane.poke(some_guest()).await;
        // Until they have all come before the first is taken, which nobody can wait for.
        eventually("several pokes are one hint", async || {
            for _ in 0..5 {
                plane.poke(id).await;
            }
            settle(&taskmanager).await;
            settle(&client).await;
            assert_eq!(pokes.next().await, Some(()));
            let mut more = 0;
            while tokio::time::timeout(Duration::ZERO, pokes.next()).await.is_ok() {
                more += 1;
            }
            more == 0
        })
        .await;
        plane.poke(id).await;
        assert_eq!(tokio::time::timeout(LIMIT, pokes.next()).await.unwrap(), Some(()));
    }

    async fn gateway_and_taskmanager_can_ask_a_guest(rig: Rig) {
        let id = some_guest();
        let (client, shutdown) = (rig.guest(id).await, CancellationToken::new());
        let served = tokio::spawn({
            let (link, shutdown) = (Link::new(client.clone(), id), shutdown.clone());
            async move {
                let handle = async |query: Query| match query {
                    Query::User(account) => {
                        QueryAnswer::User(Some(UserSeen { account, databases: Vec::new() }))
                    }
                    Query::Health
                    | Query::Databases(_)
                    | Query::Users(_)
                    | Query::Logs
                    | Query::LogTail { .. } => QueryAnswer::Health(heartbeat(9)),
                };
                link.serve_queries(&shutdown, handle).await
            }
        });
        let account = Account { name: "app".to_owned(), host: "%".to_owned() };
        for client in [rig.gateway().await, rig.taskmanager().await] {
            let plane = Guests::new(client);
            eventually("the guest listens", async || {
                plane.query(id, Query::Health, LIMIT).await.is_ok()
            })
            .await;
            let answer = plane.query(id, Query::Health, LIMIT).await.unwrap();
            assert_eq!(answer, QueryAnswer::Health(heartbeat(9)));
            let user = plane.query(id, Query::User(account.clone()), LIMIT).await.unwrap();
            let seen = UserSeen { account: account.clone(), databases: Vec::new() };
            assert_eq!(user, QueryAnswer::User(Some(seen)));
            let away = plane.query(some_guest(), Query::Health, LIMIT).await;
            away.unwrap_err();
        }
        shutdown.cancel();
        served.await.unwrap().unwrap();
    }

    async fn the_talk_goes_on_after_a_crash_of_the_server(rig: Rig) {
        let id = some_guest();
        let link = Link::new(rig.guest(id).await, id);
        let plane = Plane::default();
        let (shutdown, task) = plane.serve(rig.taskmanager().await);
        let gateway = Guests::new(rig.gateway().await);
        let mut heard = gateway.heartbeats().await.unwrap();
        reported(&link).await;
        rig.server.kill();
        // A sign of life that nobody can hear now is not kept for later.
        eventually("the loss is noticed", async || {
            link.report(&report()).await.is_err()
        })
        .await;
        link.heartbeat(&heartbeat(1)).await;
        rig.server.relaunch();
        reported(&link).await;
        eventually("a heartbeat is heard", async || {
            link.heartbeat(&heartbeat(2)).await;
            let heard = tokio::time::timeout(Duration::from_millis(50), heard.next()).await;
            heard.is_ok_and(|heard| heard == Some((id, heartbeat(2))))
        })
        .await;
        shutdown.cancel();
        task.await.unwrap();
    }
}
