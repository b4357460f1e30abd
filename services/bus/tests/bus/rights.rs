//! Every identity can do its part, and nothing else.

use crate::on_every_server;
use crate::rig::{Rig, eventually, settle};
use bus::authority::Identity;
use bus::{ConnectError, Connection, CredentialsSource};
use domain::ids::InstanceId;
use futures::StreamExt as _;
use uuid::Uuid;

fn guest() -> InstanceId {
    InstanceId(Uuid::now_v7())
}

on_every_server! {
    async fn a_guest_speaks_and_hears_only_as_itself(rig: Rig) {
        let (a, b) = (guest(), guest());
        let taskmanager = rig.taskmanager().await;
        let mut heard = taskmanager.subscribe("trove.guest.*.report").await.unwrap();
        settle(&taskmanager).await;
        let inbox = format!("_INBOX.guest.{a}");
        let mut watched = rig.watched(&rig.mint.mint(a), &inbox).await;

        for word in ["heartbeat", "report", "desired"] {
            watched.may_not_publish(&format!("trove.guest.{b}.{word}")).await;
        }
        for subject in [
            format!("trove.guest.{a}.poke"),
            format!("trove.guest.{b}.poke"),
            format!("trove.guest.{b}.query"),
            format!("{inbox}.x"),
            format!("_INBOX.guest.{b}.x"),
            "_INBOX.gateway.x".to_owned(),
            format!("trove.event.instance.{a}"),
            format!("trove.command.instance.{a}"),
            format!("trove.secret.{a}"),
            "$JS.API.INFO".to_owned(),
            "$JS.API.STREAM.INFO.TROVE_EVENTS".to_owned(),
            "$JS.API.STREAM.CREATE.X".to_owned(),
            "$JS.API.CONSUMER.CREATE.TROVE_EVENTS".to_owned(),
            "$JS.API.DIRECT.GET.TROVE_SECRETS".to_owned(),
            "$SYS.REQ.SERVER.PING".to_owned(),
            "$SYS.REQ.USER.INFO.x".to_owned(),
        ] {
            watched.may_not_publish(&subject).await;
        }
        for subject in [
            format!("trove.guest.{b}.poke"),
            format!("trove.guest.{b}.query"),
            format!("trove.guest.{a}.heartbeat"),
            format!("trove.guest.{a}.>"),
            "trove.guest.*.poke".to_owned(),
            "trove.>".to_owned(),
            ">".to_owned(),
            "_INBOX.>".to_owned(),
            "_INBOX.*.*.>".to_owned(),
            format!("_INBOX.guest.{b}.>"),
            "_INBOX.gateway.>".to_owned(),
            "trove.event.>".to_owned(),
            "$JS.EVENT.>".to_owned(),
            "$SYS.>".to_owned(),
        ] {
            watched.may_not_subscribe(&subject).await;
        }

        for word in ["heartbeat", "report", "desired"] {
            watched.client.publish(format!("trove.guest.{a}.{word}"), "x".into()).await.unwrap();
        }
        for subject in
            [format!("trove.guest.{a}.poke"), format!("trove.guest.{a}.query"), format!("{inbox}.>")]
        {
            let _subscriber = watched.client.subscribe(subject).await.unwrap();
        }
        watched.expect_no_refusal().await;
        let first = heard.next().await.unwrap();
        assert_eq!(first.subject.as_str(), format!("trove.guest.{a}.report"));
    }

    async fn a_guest_answers_a_question_once_and_only_where_it_was_asked(rig: Rig) {
        let id = guest();
        let mut watched = rig.watched(&rig.mint.mint(id), &format!("_INBOX.guest.{id}")).await;
        let mut queries =
            watched.client.subscribe(format!("trove.guest.{id}.query")).await.unwrap();
        settle(&watched.client).await;
        let gateway = rig.gateway().await;
        let subject = format!("trove.guest.{id}.query");
        let asked = tokio::spawn(async move { gateway.request(subject, "?".into()).await });
        let reply = queries.next().await.unwrap().reply.unwrap();
        watched.client.publish(reply.clone(), "!".into()).await.unwrap();
        assert_eq!(asked.await.unwrap().unwrap().payload, "!");
        watched.may_not_publish(&reply).await;
    }

    async fn a_gateway_asks_and_reads_but_never_writes(rig: Rig) {
        let id = guest();
        let mut watched =
            rig.watched(&rig.authority.credentials(Identity::Gateway), "_INBOX.gateway").await;
        for subject in [
            format!("trove.event.instance.{id}"),
            format!("trove.secret.{id}"),
            format!("trove.guest.{id}.poke"),
            format!("trove.guest.{id}.report"),
            format!("_INBOX.guest.{id}.x"),
            "_INBOX.gateway.x".to_owned(),
            "$JS.API.STREAM.CREATE.X".to_owned(),
            "$JS.API.STREAM.UPDATE.TROVE_EVENTS".to_owned(),
            "$JS.API.STREAM.DELETE.TROVE_EVENTS".to_owned(),
            "$JS.API.STREAM.PURGE.TROVE_EVENTS".to_owned(),
            "$JS.API.STREAM.MSG.DELETE.TROVE_EVENTS".to_owned(),
            "$JS.API.STREAM.RESTORE.TROVE_EVENTS".to_owned(),
            "$JS.API.CONSUMER.DELETE.TROVE_EVENTS.x".to_owned(),
            "$JS.API.CONSUMER.DURABLE.CREATE.TROVE_EVENTS.x".to_owned(),
            "$JS.API.STREAM.INFO.TROVE_SECRETS".to_owned(),
            "$JS.API.STREAM.MSG.GET.TROVE_SECRETS".to_owned(),
            "$JS.API.DIRECT.GET.TROVE_SECRETS".to_owned(),
            format!("$JS.API.DIRECT.GET.TROVE_SECRETS.trove.secret.{id}"),
            "$JS.API.CONSUMER.CREATE.TROVE_SECRETS.x".to_owned(),
            "$SYS.REQ.SERVER.PING".to_owned(),
        ] {
            watched.may_not_publish(&subject).await;
        }
        for subject in [
            "trove.command.>",
            "trove.event.>",
            "trove.secret.*",
            "trove.guest.*.report",
            "trove.guest.*.desired",
            "trove.guest.*.query",
            "trove.guest.>",
            "_INBOX.>",
            "_INBOX.taskmanager.>",
            "_INBOX.guest.>",
            ">",
        ] {
            watched.may_not_subscribe(subject).await;
        }
        for subject in [format!("trove.command.instance.{id}"), format!("trove.guest.{id}.query")] {
            watched.client.publish(subject, "x".into()).await.unwrap();
        }
        let _heartbeats = watched.client.subscribe("trove.guest.*.heartbeat").await.unwrap();
        watched.expect_no_refusal().await;
    }

    async fn a_taskmanager_has_no_rights_outside_its_part(rig: Rig) {
        let id = guest();
        let credentials = rig.authority.credentials(Identity::Taskmanager);
        let mut watched = rig.watched(&credentials, "_INBOX.taskmanager").await;
        for subject in [
            format!("trove.command.instance.{id}"),
            format!("trove.guest.{id}.report"),
            "_INBOX.taskmanager.x".to_owned(),
            "_INBOX.gateway.x".to_owned(),
            "_INBOX.launcher.x".to_owned(),
            "$SYS.REQ.SERVER.PING".to_owned(),
        ] {
            watched.may_not_publish(&subject).await;
        }
        for subject in ["trove.secret.*", "_INBOX.gateway.>", "_INBOX.guest.>", ">"] {
            watched.may_not_subscribe(subject).await;
        }
        for subject in [
            format!("trove.guest.{id}.poke"),
            format!("trove.guest.{id}.query"),
            format!("_INBOX.guest.{id}.x"),
            "_R_.x".to_owned(),
        ] {
            watched.client.publish(subject, "x".into()).await.unwrap();
        }
        for subject in ["trove.command.*.*", "trove.guest.*.heartbeat"] {
            let _subscriber = watched.client.subscribe(subject).await.unwrap();
        }
        watched.expect_no_refusal().await;
    }

    async fn the_launcher_sees_the_servers_settings_and_none_of_our_subjects(rig: Rig) {
        let launcher = rig.identity(Identity::Launcher).await;
        let answer = launcher.request("$SYS.REQ.SERVER.PING.VARZ", "".into()).await.unwrap();
        let settings: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
        let jetstream = &settings["data"]["jetstream"]["config"];
        assert_eq!(jetstream["sync_always"], true, "{settings:#}");
        assert_eq!(settings["data"]["version"], rig.server.version());
        let mut watched =
            rig.watched(&rig.authority.credentials(Identity::Launcher), "_INBOX.launcher").await;
        for subject in ["$SYS.REQ.SERVER.x.RELOAD", "$SYS.REQ.CLAIMS.UPDATE", "trove.command.a.b"] {
            watched.may_not_publish(subject).await;
        }
        watched.may_not_subscribe("$SYS.ACCOUNT.>").await;
        watched.may_not_subscribe(">").await;
    }

    async fn identities_of_another_authority_are_refused(rig: Rig) {
        let other = tempfile::tempdir().unwrap();
        let other = bus::authority::Authority::create(&other.path().join("authority")).unwrap();
        let stranger = CredentialsSource::Held(other.credentials(Identity::Gateway));
        let connection = Connection::of(Identity::Gateway, vec![rig.server.url()], stranger);
        let refused = bus::connect(&connection).await.unwrap_err();
        assert!(matches!(refused, ConnectError::Refused(_)), "{refused}");
    }

    async fn identities_survive_a_crash_and_connections_come_back(rig: Rig) {
        let id = guest();
        let (taskmanager, guest) = (rig.taskmanager().await, rig.guest(id).await);
        let mut reports = taskmanager.subscribe("trove.guest.*.report").await.unwrap();
        rig.server.kill();
        rig.server.relaunch();
        let subject = format!("trove.guest.{id}.report");
        eventually("a report is heard", async || {
            guest.publish(subject.clone(), "x".into()).await.unwrap();
            let heard = tokio::time::timeout(std::time::Duration::from_millis(50), reports.next());
            heard.await.is_ok()
        })
        .await;
        // And with a new authority object from the same files, as after a launcher's restart.
        let home = rig.directory.path().join("authority");
        let again = bus::authority::Authority::open(&home).unwrap();
        assert_eq!(rig.server.config().render(&again), rig.server.config().render(&rig.authority));
        rig.gateway().await;
    }
}
