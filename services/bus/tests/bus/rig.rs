//! A control plane's bus for one test: an authority, a server in its own directory, and clients
//! of every identity. Everything ends with the test.

use crate::server::Server;
use async_nats::{Client, Event};
use bus::authority::{Authority, GuestMint, Identity};
use bus::credentials::Credentials;
use bus::{Connection, CredentialsSource};
use domain::ids::InstanceId;
use futures::StreamExt as _;
use images::Suite;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Long enough for a slow machine; nothing waits this long when all is well.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Both releases that are supported: the oldest, and the newest that the archive has.
pub(crate) const SUITES: [Suite; 2] = [Suite::Trixie, Suite::Sid];

/// Runs a test on every supported server.
#[macro_export]
macro_rules! on_every_server {
    ($($(#[$attribute:meta])* async fn $name:ident($rig:ident: $rig_type:ty) $body:block)*) => {$(
        $(#[$attribute])*
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            for suite in $crate::rig::SUITES {
                #[allow(unused_mut, reason = "only some tests restart their server")]
                let mut $rig: $rig_type = $crate::rig::Rig::start(suite).await;
                $body
            }
        }
    )*};
}

pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) authority: Authority,
    pub(crate) mint: GuestMint,
    // Last, so that the server is stopped before its directory goes.
    pub(crate) directory: TempDir,
}

impl Rig {
    pub(crate) async fn start(suite: Suite) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::create(&directory.path().join("authority")).unwrap();
        let mint_file = directory.path().join("guest-mint.json");
        authority.write_guest_mint(&mint_file).unwrap();
        let mint = GuestMint::open(&mint_file).unwrap();
        let server = Server::start(suite, directory.path(), &authority);
        Self { server, authority, mint, directory }
    }

    pub(crate) async fn gateway(&self) -> Client {
        self.identity(Identity::Gateway).await
    }

    pub(crate) async fn taskmanager(&self) -> Client {
        self.identity(Identity::Taskmanager).await
    }

    pub(crate) async fn identity(&self, identity: Identity) -> Client {
        let held = CredentialsSource::Held(self.authority.credentials(identity));
        connect(&Connection::of(identity, vec![self.server.url()], held)).await
    }

    pub(crate) async fn guest(&self, id: InstanceId) -> Client {
        let held = CredentialsSource::Held(self.mint.mint(id));
        connect(&Connection::of_guest(id, vec![self.server.url()], held)).await
    }

    /// A client whose refusals can be counted, with an inbox of the caller's choice.
    pub(crate) async fn watched(&self, as_whom: &Credentials, inbox: &str) -> Watched {
        let (events, refusals) = tokio::sync::mpsc::channel(64);
        let client = async_nats::ConnectOptions::with_credentials(&as_whom.text())
            .unwrap()
            .custom_inbox_prefix(inbox)
            .request_timeout(Some(Duration::from_secs(2)))
            .event_callback(move |event| {
                if let Event::ServerError(error) = event {
                    events.try_send(error.to_string()).unwrap();
                }
                std::future::ready(())
            })
            .connect(self.server.url())
            .await
            .unwrap();
        Watched { client, refusals }
    }
}

async fn connect(connection: &Connection) -> Client {
    tokio::time::timeout(LIMIT, bus::connect(connection)).await.unwrap().unwrap()
}

/// A client and what the server refused it.
pub(crate) struct Watched {
    pub(crate) client: Client,
    refusals: tokio::sync::mpsc::Receiver<String>,
}

impl Watched {
    /// Publishes and expects the server's refusal, by name.
    pub(crate) async fn may_not_publish(&mut self, subject: &str) {
        self.client.publish(subject.to_owned(), "x".into()).await.unwrap();
        self.client.flush().await.unwrap();
        self.expect_refusal("Publish", subject).await;
    }

    /// Subscribes and expects the server's refusal, by name.
    pub(crate) async fn may_not_subscribe(&mut self, subject: &str) {
        let _subscriber = self.client.subscribe(subject.to_owned()).await.unwrap();
        self.client.flush().await.unwrap();
        self.expect_refusal("Subscription", subject).await;
        let _queued =
            self.client.queue_subscribe(subject.to_owned(), "taskmanager".into()).await.unwrap();
        self.client.flush().await.unwrap();
        self.expect_refusal("Subscription", subject).await;
    }

    async fn expect_refusal(&mut self, action: &str, subject: &str) {
        let refusal = tokio::time::timeout(LIMIT, self.refusals.recv())
            .await
            .unwrap_or_else(|_| panic!("{action} of {subject} was not refused"))
            .unwrap()
            .to_lowercase();
        let wanted = format!("permissions violation for {action} to \"{subject}\"").to_lowercase();
        assert!(refusal.contains(&wanted), "{refusal}, not {wanted}");
    }

    /// Whatever was sent so far was not refused: the next refusal is of what is sent now.
    pub(crate) async fn expect_no_refusal(&mut self) {
        self.may_not_publish("marker.of.this.test").await;
    }
}

/// Comes back when the server has handled all that the client sent before, subscriptions too: a
/// flush only says that it was written, the end of a drain that the server has answered.
pub(crate) async fn settle(client: &Client) {
    let mut subscriber = client.subscribe(client.new_inbox()).await.unwrap();
    subscriber.drain().await.unwrap();
    let ended = async { while subscriber.next().await.is_some() {} };
    tokio::time::timeout(LIMIT, ended).await.expect("the server answers");
}

/// Waits until `check` holds.
pub(crate) async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !check().await {
        assert!(Instant::now() < end, "not within {LIMIT:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
