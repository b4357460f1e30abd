//! A plane of one test: a real nats-server, and a taskmanager that says what the test wants.

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bus::authority::{Authority, GuestMint, Identity};
use bus::guests::{Guests, Handler, Heartbeats, serve};
use bus::seal::seal;
use bus::server_config::ServerConfig;
use bus::{Client, Connection, CredentialsSource};
use domain::guest::{
    Action, ActionBody, ActionOutcome, Database, DatabaseHealth, Desired, DesiredAnswer,
    DesiredRequest, Query, QueryAnswer, Report, ReportAnswer, Revision, UserToMake,
};
use domain::ids::{ActionId, InstanceId};
use domain::secret::{PublicKey, Sealed};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bench::{LIMIT, eventually, free_address, store};
use crate::engines::Engine;

/// A document as the test writes it: passwords are sealed when a guest asks.
#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) engine: Engine,
    pub(crate) revision: u64,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) is_stopped: bool,
    pub(crate) prepare: Option<Prepare>,
    /// Further actions by their numbers; what is sealed in them holds the password itself.
    pub(crate) actions: Vec<(u128, ActionBody)>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Prepare {
    pub(crate) id: u128,
    pub(crate) databases: Vec<Database>,
    pub(crate) users: Vec<User>,
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) password: String,
    pub(crate) databases: Vec<String>,
}

impl Document {
    pub(crate) fn new(engine: Engine, revision: u64, prepare: Option<Prepare>) -> Self {
        let settings = engine.manager.settings(64);
        Self { engine, revision, settings, is_stopped: false, prepare, actions: Vec::new() }
    }

    fn sealed(&self, request: &DesiredRequest) -> Desired {
        let user = |user: &User| UserToMake {
            name: user.name.clone(),
            host: user.host.clone(),
            password: seal(&request.public_key, user.password.as_bytes()),
            databases: user.databases.clone(),
        };
        let action = |prepare: &Prepare| Action {
            id: ActionId(Uuid::from_u128(prepare.id)),
            body: ActionBody::Prepare {
                databases: prepare.databases.clone(),
                users: prepare.users.iter().map(user).collect(),
            },
        };
        let further = self.actions.iter().map(|(id, body)| Action {
            id: ActionId(Uuid::from_u128(*id)),
            body: sealed_body(body.clone(), &request.public_key),
        });
        Desired {
            revision: Revision { epoch: 1, sequence: self.revision },
            fence: 1,
            manager: self.engine.manager,
            version: self.engine.recipe.series.to_owned(),
            settings: self.settings.clone(),
            memory_mb: Some(64),
            is_stopped: self.is_stopped,
            actions: self.prepare.iter().map(action).chain(further).collect(),
        }
    }
}

fn sealed_body(mut body: ActionBody, key: &PublicKey) -> ActionBody {
    let close = |password: &mut Sealed| *password = seal(key, &password.0);
    if let ActionBody::CreateUsers { users } = &mut body {
        users.iter_mut().for_each(|user| close(&mut user.password));
    }
    if let ActionBody::UpdateUsers { changes } = &mut body {
        changes.iter_mut().filter_map(|change| change.password.as_mut()).for_each(close);
    }
    if let ActionBody::EnableRoot { password } = &mut body {
        close(password);
    }
    body
}

/// What the taskmanager answers, and what it heard.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) document: Option<Document>,
    pub(crate) answer: Option<ReportAnswer>,
    pub(crate) reports: Vec<Report>,
    pub(crate) asked: usize,
}

#[derive(Clone, Default)]
struct Clerk(Arc<Mutex<Desk>>);

impl Handler for Clerk {
    async fn desired(&self, _: InstanceId, request: DesiredRequest) -> Option<DesiredAnswer> {
        let mut desk = self.0.lock().unwrap();
        desk.asked += 1;
        Some(match &desk.document {
            None => DesiredAnswer::None,
            Some(document) => DesiredAnswer::Document(Box::new(document.sealed(&request))),
        })
    }

    async fn report(&self, _: InstanceId, report: Report) -> ReportAnswer {
        let mut desk = self.0.lock().unwrap();
        desk.reports.push(report);
        desk.answer.unwrap_or(ReportAnswer::Recorded)
    }
}

pub(crate) struct Plane {
    program: PathBuf,
    child: Child,
    url: String,
    mint: GuestMint,
    client: Client,
    clerk: Clerk,
    shutdown: CancellationToken,
    directory: tempfile::TempDir,
}

impl Plane {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::create(&directory.path().join("authority")).unwrap();
        let mint_file = directory.path().join("mint");
        authority.write_guest_mint(&mint_file).unwrap();
        let address = free_address();
        let config = ServerConfig {
            name: "test".to_owned(),
            host: address.ip().to_string(),
            port: address.port(),
            store_dir: directory.path().join("store"),
            jwt_dir: directory.path().join("jwt"),
        };
        fs::write(directory.path().join("nats.conf"), config.render(&authority)).unwrap();
        let program = store().ensure_nats_server().expect("a nats-server").path;
        let child = launch(&program, &directory);
        let url = format!("nats://{address}");
        let identity = Identity::Taskmanager;
        let held = CredentialsSource::Held(authority.credentials(identity));
        let connection = Connection::of(identity, vec![url.clone()], held);
        let connecting = tokio::time::timeout(LIMIT, bus::connect(&connection));
        let client = connecting.await.unwrap().unwrap();
        let (clerk, shutdown) = (Clerk::default(), CancellationToken::new());
        tokio::spawn({
            let (client, clerk, shutdown) = (client.clone(), clerk.clone(), shutdown.clone());
            async move {
                let limit = NonZeroUsize::new(4).unwrap();
                serve(&client, limit, &shutdown, clerk).await.unwrap();
            }
        });
        let mint = GuestMint::open(&mint_file).unwrap();
        Self { program, child, url, mint, client, clerk, shutdown, directory }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// An identity for the guest, as its credentials file has it.
    pub(crate) fn credentials(&self, id: InstanceId) -> String {
        self.mint.mint(id).text().to_string()
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.clerk.0.lock().unwrap()
    }

    /// Offers a document and says so.
    pub(crate) async fn offer(&self, id: InstanceId, document: Document) {
        self.desk().document = Some(document);
        Guests::new(self.client.clone()).poke(id).await;
    }

    pub(crate) async fn heartbeats(&self) -> Heartbeats {
        Guests::new(self.client.clone()).heartbeats().await.unwrap()
    }

    /// The guest's answer; asked for again while no agent is there.
    pub(crate) async fn query(&self, id: InstanceId, query: Query) -> QueryAnswer {
        let guests = Guests::new(self.client.clone());
        let until = Instant::now() + LIMIT;
        loop {
            match guests.query(id, query.clone(), Duration::from_secs(5)).await {
                Ok(answer) => return answer,
                Err(error) => assert!(Instant::now() < until, "no answer: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for a report that `is_meant`, among those not looked at yet or the newest.
    pub(crate) fn reported(&self, what: &str, is_meant: impl Fn(&Report) -> bool) -> Report {
        eventually(what, || {
            self.desk().reports.iter().rev().find(|report| is_meant(report)).cloned()
        })
    }

    /// Waits for the outcome of the action with that number.
    pub(crate) fn outcome(&self, id: u128) -> ActionOutcome {
        let id = ActionId(Uuid::from_u128(id));
        let find = |report: &Report| {
            report
                .results
                .iter()
                .find(|result| result.id == id)
                .map(|result| result.outcome.clone())
        };
        find(&self.reported("the action has ended", |report| find(report).is_some())).unwrap()
    }

    /// Waits until the newest report says so.
    pub(crate) fn healthy(&self, is_meant: impl Fn(&DatabaseHealth) -> bool) {
        eventually("the health is reported", || {
            self.desk().reports.last().is_some_and(|last| is_meant(&last.health)).then_some(())
        });
    }

    pub(crate) fn kill_nats(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn relaunch_nats(&mut self) {
        self.child = launch(&self.program, &self.directory);
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.shutdown.cancel();
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn launch(program: &std::path::Path, directory: &tempfile::TempDir) -> Child {
    let log = File::create(directory.path().join("nats.log")).unwrap();
    Command::new(program)
        .arg("-c")
        .arg(directory.path().join("nats.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}
