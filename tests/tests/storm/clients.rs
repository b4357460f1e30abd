//! Clients that make, change and remove instances all the time, and remember what they were told.

use domain::ids::InstanceId;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use testkit::stack::{Answer, Api, LIMIT, creation};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many instances a client keeps.
const KEPT: usize = 3;
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
    pub(crate) databases: BTreeMap<String, Told>,
    pub(crate) users: BTreeMap<String, Told>,
    /// Whether its deletion was asked for.
    pub(crate) deleted: Option<Told>,
}

/// What one client knows.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) api: Api,
    random: StdRng,
    name: String,
    names: u32,
    pub(crate) made: BTreeMap<InstanceId, Made>,
    /// Names of instances that were asked for without an answer.
    pub(crate) unanswered: BTreeSet<String>,
}

impl Client {
    pub(crate) fn new(api: Api, name: String, seed: u64) -> Self {
        Self {
            api,
            random: StdRng::seed_from_u64(seed),
            name,
            names: 0,
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
            match self.random.random_range(0..20) {
                _ if kept.len() < KEPT => self.create().await,
                0..8 => self.create_database(id).await,
                8..16 => self.create_user(id).await,
                16..19 => self.restart(id).await,
                _ => self.delete(id).await,
            }
        }
        self
    }

    /// A name that nobody else takes.
    fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}_{}_{}", self.name, self.names)
    }

    async fn create(&mut self) {
        let (name, database, user) = (self.name("i"), self.name("d"), self.name("u"));
        let body = creation(
            &name,
            json!({
                "databases": [{"name": database}],
                "users": [{"name": user, "password": PASSWORD}],
            }),
        );
        let Some(answer) = self.ask(Method::POST, "/instances", Some(&body)).await else {
            self.unanswered.insert(name);
            return;
        };
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.json()["instance"]["id"].as_str().and_then(|id| id.parse().ok());
        let made = Made {
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
        let body = json!({"users": [{"name": name, "password": PASSWORD}]});
        if let Some(told) = self.change(id, "users", &body).await {
            self.made.entry(id).or_default().users.insert(name, told);
        }
    }

    async fn restart(&mut self, id: InstanceId) {
        self.change(id, "action", &json!({"restart": {}})).await;
    }

    async fn delete(&mut self, id: InstanceId) {
        let told = match self.ask(Method::DELETE, &format!("/instances/{id}"), None).await {
            None => Told::Nothing,
            Some(answer) => {
                assert_eq!(answer.status, 202, "{answer:?}");
                Told::Yes
            }
        };
        self.made.entry(id).or_default().deleted = Some(told);
    }

    /// Has something done in an instance; nothing comes of what it is not ready for.
    async fn change(&mut self, id: InstanceId, what: &str, body: &Value) -> Option<Told> {
        let path = format!("/instances/{id}/{what}");
        let Some(answer) = self.ask(Method::POST, &path, Some(body)).await else {
            return Some(Told::Nothing);
        };
        if answer.status == 422 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            return None;
        }
        assert_eq!(answer.status, 202, "{path} {body}: {answer:?}");
        Some(Told::Yes)
    }

    /// Asks under one key until it is answered, or gives up at once.
    async fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> Option<Answer> {
        let key = Uuid::new_v4().to_string();
        let headers = [("Idempotency-Key", key.as_str())];
        let until = Instant::now() + LIMIT;
        loop {
            match self.api.ask_with(method.clone(), path, body, &headers).await {
                Ok(answer) if answer.status < 500 => return Some(answer),
                Ok(_) | Err(_) if self.random.random_ratio(1, 10) => return None,
                unanswered => assert!(Instant::now() < until, "{path}: {unanswered:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
