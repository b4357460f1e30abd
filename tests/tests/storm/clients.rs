//! Clients that make, change and remove instances all the time, and remember what they were told.

use domain::ids::InstanceId;
use domain::instance::Step;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use testkit::stack::{Answer, Api, Engine, LIMIT, creation};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many instances a client keeps.
const KEPT: usize = 3;
/// Before something is tried again.
const SHORTLY: Duration = Duration::from_millis(20);
/// How long a client waits for what it has deleted to be gone; it may never have been told to go.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// How often a client gives up on a request; what comes of those takes room, which it never gives
/// back.
const GIVES_UP: u32 = 4;
/// What all users of all instances log in with.
pub(crate) const PASSWORD: &str = "secret-1";

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It was acknowledged.
    Yes,
    /// The client gave up before an answer came.
    Nothing,
}

/// An instance whose creation was acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// The database that it was made with, on which all its users have rights.
    pub(crate) first: String,
    pub(crate) databases: BTreeMap<String, Told>,
    pub(crate) users: BTreeMap<String, Told>,
    /// Whether its deletion was asked for.
    pub(crate) deleted: Option<Told>,
}

/// What a client can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Create,
    /// For another creation.
    MakeRoom,
    CreateDatabase,
    CreateUser,
    Restart,
    Delete,
}

impl Deed {
    /// What has an instance come to that step.
    fn leading_to(step: Step) -> Option<Self> {
        match step {
            Step::Place | Step::Volume | Step::Guest | Step::AgentReport | Step::Prepare => {
                Some(Self::Create)
            }
            Step::Action => Some(Self::CreateUser),
            Step::Restart => Some(Self::Restart),
            Step::NoGuest | Step::NoVolume | Step::Release => Some(Self::Delete),
            Step::Configure
            | Step::Revert
            | Step::Room
            | Step::Grow
            | Step::Apply
            | Step::Settle => None,
        }
    }
}

/// What one client knows.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) api: Api,
    random: StdRng,
    /// The step that is waited for.
    wished: watch::Receiver<Option<Step>>,
    name: String,
    names: u32,
    gave_up: u32,
    pub(crate) made: BTreeMap<InstanceId, Made>,
    /// Names of instances that were asked for without an answer.
    pub(crate) unanswered: BTreeSet<String>,
}

impl Client {
    pub(crate) fn new(
        api: Api,
        name: String,
        seed: u64,
        wished: watch::Receiver<Option<Step>>,
    ) -> Self {
        Self {
            api,
            random: StdRng::seed_from_u64(seed),
            wished,
            name,
            names: 0,
            gave_up: 0,
            made: BTreeMap::new(),
            unanswered: BTreeSet::new(),
        }
    }

    /// Works until it is told to stop, and gives back what it knows.
    pub(crate) async fn work(mut self, stop: CancellationToken) -> Self {
        while !stop.is_cancelled() {
            let kept = self.made.iter().filter(|(_, made)| made.deleted.is_none());
            let kept: Vec<_> = kept.map(|(id, _)| *id).collect();
            let Some(&id) = kept.iter().choose(&mut self.random) else {
                self.create().await;
                continue;
            };
            match self.choose(kept.len()) {
                Deed::Create => self.create().await,
                Deed::MakeRoom => self.make_room(id).await,
                Deed::CreateDatabase => self.create_database(id).await,
                Deed::CreateUser => self.create_user(id).await,
                Deed::Restart => self.restart(id).await,
                Deed::Delete => self.delete(id).await,
            }
        }
        self
    }

    /// Half of the time what is waited for.
    fn choose(&mut self, kept: usize) -> Deed {
        let wished = *self.wished.borrow();
        if let Some(deed) = wished.and_then(Deed::leading_to)
            && self.random.random()
        {
            return if deed == Deed::Create && kept >= KEPT { Deed::MakeRoom } else { deed };
        }
        match self.random.random_range(0..20) {
            _ if kept < KEPT => Deed::Create,
            0..8 => Deed::CreateDatabase,
            8..16 => Deed::CreateUser,
            16..19 => Deed::Restart,
            _ => Deed::Delete,
        }
    }

    /// A name that nobody else takes.
    fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}_{}_{}", self.name, self.names)
    }

    async fn create(&mut self) {
        let (name, database, user) = (self.name("i"), self.name("d"), self.name("u"));
        let engine = Engine::of(self.random.random_range(0..Engine::ALL.len()));
        let wanted = engine.with(json!({
            "databases": [{"name": database}],
            "users": [of_database(&user, &database)],
        }));
        let body = creation(&name, wanted);
        let Some(answer) = self.ask(Method::POST, "/instances", Some(&body)).await else {
            self.unanswered.insert(name);
            return;
        };
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.json()["instance"]["id"].as_str().and_then(|id| id.parse().ok());
        let made = Made {
            first: database.clone(),
            databases: [(database, Told::Yes)].into(),
            users: [(user, Told::Yes)].into(),
            deleted: None,
        };
        let before = self.made.insert(id.expect("an id"), made);
        assert!(before.is_none(), "an id was given out twice");
    }

    async fn create_database(&mut self, id: InstanceId) {
        let name = self.name("d");
        let body = json!({"databases": [{"name": name}]});
        if let Some(told) = self.change(id, "databases", &body).await {
            self.made.entry(id).or_default().databases.insert(name, told);
        }
    }

    async fn create_user(&mut self, id: InstanceId) {
        let name = self.name("u");
        let first = self.made.entry(id).or_default().first.clone();
        let body = json!({"users": [of_database(&name, &first)]});
        if let Some(told) = self.change(id, "users", &body).await {
            self.made.entry(id).or_default().users.insert(name, told);
        }
    }

    async fn restart(&mut self, id: InstanceId) {
        self.change(id, "action", &json!({"restart": {}})).await;
    }

    /// Deletes an instance that has been through all steps of its making.
    async fn make_room(&mut self, id: InstanceId) {
        match self.api.instance(&id.to_string()).await {
            Some(instance) if instance["status"] != "BUILD" => self.delete(id).await,
            Some(_) | None => tokio::time::sleep(SHORTLY).await,
        }
    }

    /// Deletes it and waits until it is gone, or else there would be more and more.
    async fn delete(&mut self, id: InstanceId) {
        let told = match self.ask(Method::DELETE, &format!("/instances/{id}"), None).await {
            None => Told::Nothing,
            Some(answer) => {
                assert_eq!(answer.status, 202, "{answer:?}");
                Told::Yes
            }
        };
        self.made.entry(id).or_default().deleted = Some(told);
        let path = format!("/instances/{id}");
        let until = Instant::now() + GONE_WITHIN;
        while Instant::now() < until {
            match self.api.get(&path).await {
                Ok(answer) if answer.status == 404 => return,
                Ok(_) | Err(_) => tokio::time::sleep(SHORTLY).await,
            }
        }
    }

    /// Has something done in an instance; nothing comes of what it is not ready for.
    async fn change(&mut self, id: InstanceId, what: &str, body: &Value) -> Option<Told> {
        let path = format!("/instances/{id}/{what}");
        let Some(answer) = self.ask(Method::POST, &path, Some(body)).await else {
            return Some(Told::Nothing);
        };
        if answer.status == 422 {
            tokio::time::sleep(SHORTLY).await;
            return None;
        }
        assert_eq!(answer.status, 202, "{path} {body}: {answer:?}");
        Some(Told::Yes)
    }

    /// Asks under one key until it is answered, or gives up.
    async fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> Option<Answer> {
        let key = Uuid::new_v4().to_string();
        let headers = [("Idempotency-Key", key.as_str())];
        let until = Instant::now() + LIMIT;
        loop {
            match self.api.ask_with(method.clone(), path, body, &headers).await {
                // A gateway may be a moment behind what was acknowledged.
                Ok(answer) if answer.status < 500 && answer.status != 404 => return Some(answer),
                Ok(_) | Err(_) if self.gave_up < GIVES_UP && self.random.random_ratio(1, 10) => {
                    self.gave_up += 1;
                    return None;
                }
                unanswered => assert!(Instant::now() < until, "{path}: {unanswered:?}"),
            }
            tokio::time::sleep(SHORTLY).await;
        }
    }
}

/// A user with rights on that database.
fn of_database(user: &str, database: &str) -> Value {
    json!({"name": user, "password": PASSWORD, "databases": [{"name": database}]})
}
