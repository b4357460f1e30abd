//! A gateway in this process over a log in memory, with the real read model, the real embedded
//! identity service, and the domain's own decisions in place of the bus.

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use bus::commands::{Cause, OutcomeUnknown};
use domain::aggregate::{Aggregate, Key};
use domain::command::{Accepted, Body as Asked, Envelope, Rejection, Reply};
use domain::commit::Actor;
use domain::ids::{CommandId, InstanceId};
use domain::instance::{self, Instance};
use domain::limits::Limits;
use domain::plane::{self, Plane};
use domain::project::{self, Project};
use domain::quota::Quotas;
use domain::time::Timestamp;
use eventlog::{HandleError, Handler, HandlerConfig, MemoryLog, Request as Order};
use gateway::{Commands, Config, Gateway, HashKey, Heartbeats, router};
use identity::embedded::{self, Embedded, NotRecorded, Revocation, Revocations};
use readmodel::{MemoryStore, ReadModel};
use serde_json::{Value, json};
use std::fmt::Debug;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt as _;
use uuid::Uuid;

/// 2026-11-22T09:30:05Z: when everything in these tests happens.
pub(crate) const NOW: Timestamp = Timestamp(1_795_339_805_000);
pub(crate) const QUOTAS: Quotas = Quotas { instances: 3, ram_mb: -1, volumes_gib: 12, backups: 50 };

/// Decides commands as a taskmanager would, on the log in memory.
pub(crate) struct Desk {
    instances: Handler<Instance>,
    projects: Handler<Project>,
    plane: Handler<Plane>,
    pub(crate) seen: Mutex<Vec<Envelope>>,
    pub(crate) is_silent: AtomicBool,
}

impl Desk {
    fn new(log: &MemoryLog) -> Self {
        let config = HandlerConfig {
            epoch: 1,
            limits: Limits::PRODUCTION,
            append_patience: Duration::from_secs(1),
            cells_max: 100,
        };
        let log = Arc::new(log.clone());
        Self {
            instances: Handler::new(log.clone(), config.clone()),
            projects: Handler::new(log.clone(), config.clone()),
            plane: Handler::new(log, config),
            seen: Mutex::default(),
            is_silent: AtomicBool::new(false),
        }
    }

    async fn create(&self, envelope: &Envelope) -> Result<u64, Rejection> {
        let Asked::CreateInstance { id, spec, .. } = &envelope.body else {
            panic!("not a creation")
        };
        let reserve = project::Command::Reserve {
            project_id: spec.project.clone(),
            instance: *id,
            amount: spec.amount(),
            quotas: QUOTAS,
        };
        let key = Key::from(&spec.project);
        handle(&self.projects, key, order(envelope, reserve)).await.map_err(|rejection| {
            let project::Rejection::QuotaExceeded { resources } = rejection;
            Rejection::QuotaExceeded { resources }
        })?;
        let create = instance::Command::Create { id: *id, spec: spec.clone() };
        self.instance(envelope, *id, create).await
    }

    async fn instance(
        &self,
        envelope: &Envelope,
        id: InstanceId,
        command: instance::Command,
    ) -> Result<u64, Rejection> {
        handle(&self.instances, id.into(), order(envelope, command)).await.map_err(|rejection| {
            match rejection {
                instance::Rejection::AlreadyExists => Rejection::InstanceExists,
                instance::Rejection::NotFound => Rejection::InstanceNotFound,
                instance::Rejection::Abandoned => Rejection::CreationAbandoned,
                instance::Rejection::StaleFence
                | instance::Rejection::ClaimedByAnother { .. }
                | instance::Rejection::NotOwed => panic!("not to a user's command"),
            }
        })
    }
}

fn order<C>(envelope: &Envelope, command: C) -> Order<C> {
    Order {
        command_id: envelope.command_id,
        causation_id: None,
        actor: envelope.actor.clone(),
        request_id: Some(envelope.request_id.clone()),
        command,
        deadline: None,
    }
}

async fn handle<A: Aggregate>(
    handler: &Handler<A>,
    key: Key,
    order: Order<A::Command>,
) -> Result<u64, A::Rejection>
where
    A::Rejection: Debug,
{
    match handler.handle(key, &order, || NOW).await {
        Ok(handled) => Ok(handled.position),
        Err(HandleError::Rejected(rejection)) => Err(rejection),
        Err(error) => panic!("the log in memory fails: {error}"),
    }
}

#[async_trait]
impl Commands for Desk {
    async fn send(&self, envelope: &Envelope) -> Result<Reply, OutcomeUnknown> {
        self.seen.lock().unwrap().push(envelope.clone());
        if self.is_silent.load(Ordering::Relaxed) {
            return Err(silence());
        }
        let position = match &envelope.body {
            Asked::CreateInstance { .. } => self.create(envelope).await,
            Asked::RenameInstance { id, name } => {
                let rename = instance::Command::Rename { name: name.clone() };
                self.instance(envelope, *id, rename).await
            }
            Asked::DeleteInstance { id } => {
                self.instance(envelope, *id, instance::Command::Delete).await
            }
            Asked::RevokeToken { .. } => panic!("the routes of databases revoke no token"),
        };
        Ok(position.map(|position| Accepted { position }))
    }
}

fn silence() -> OutcomeUnknown {
    OutcomeUnknown { cause: Cause::NobodyListens }
}

struct NothingRevoked;

#[async_trait]
impl Revocations for NothingRevoked {
    fn is_revoked(&self, _: &str) -> bool {
        false
    }

    async fn revoke(&self, _: Revocation) -> Result<(), NotRecorded> {
        Err(NotRecorded("no test of this crate revokes".into()))
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("a JSON body")
    }

    /// The key of the fault and its text; checks the shape that clients rely on.
    pub(crate) fn fault(&self) -> (String, String) {
        let body = self.json();
        let body = body.as_object().expect("an object");
        assert_eq!(body.len(), 1, "one key names the fault: {body:?}");
        let (key, fault) = body.iter().next().unwrap();
        assert_eq!(fault["code"], json!(self.status.as_u16()));
        (key.clone(), fault["message"].as_str().expect("a text").to_owned())
    }

    pub(crate) fn position(&self) -> u64 {
        self.headers["x-trove-position"].to_str().unwrap().parse().unwrap()
    }
}

/// A gateway with everything around it; ended when dropped.
pub(crate) struct Stack {
    pub(crate) desk: Arc<Desk>,
    pub(crate) log: MemoryLog,
    pub(crate) read_model: ReadModel,
    pub(crate) heartbeats: Arc<Heartbeats>,
    pub(crate) sealing_key: bus::seal::SecretKey,
    router: Router,
    _stop: DropGuard,
    _folder: tempfile::TempDir,
}

impl Stack {
    /// A founded stack with datastores, caught up.
    pub(crate) async fn start() -> Self {
        let stack = Self::start_empty(|_| {});
        stack.found().await;
        stack
    }

    /// A stack over an empty log.
    pub(crate) fn start_empty(adjust: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::parse(include_str!("../../../config/gateway.toml")).unwrap();
        config.limits.read_your_write_ms = 300;
        config.page_size = 3;
        adjust(&mut config);
        let identity = identity(&folder);
        let log = MemoryLog::new();
        let read_model = ReadModel::over(Box::new(MemoryStore::default())).unwrap();
        let stop = CancellationToken::new();
        let following = (read_model.clone(), Arc::new(log.clone()), stop.clone());
        tokio::spawn(async move {
            let (read_model, log, stop) = following;
            read_model.follow(log, stop).await.expect("a log in memory can be followed");
        });
        let desk = Arc::new(Desk::new(&log));
        let heartbeats = Arc::new(Heartbeats::default());
        let gateway = Gateway {
            config,
            read_model: read_model.clone(),
            log: Arc::new(log.clone()),
            commands: desk.clone(),
            identity: identity.clone(),
            heartbeats: heartbeats.clone(),
            hash_key: HashKey::from_bytes(&[7; 32]),
        };
        let router = router(Arc::new(gateway), embedded::router(identity));
        Self {
            desk,
            log,
            read_model,
            heartbeats,
            sealing_key: bus::seal::SecretKey::generate(),
            router,
            _stop: stop.drop_guard(),
            _folder: folder,
        }
    }

    async fn found(&self) {
        let founding = plane::Founding {
            log_id: domain::ids::LogId(Uuid::from_u128(9)),
            epoch: 1,
            sealing_key: self.sealing_key.public(),
        };
        for command in [plane::Command::Found(founding), plane::Command::SetQuotaDefaults(QUOTAS)] {
            handle(&self.desk.plane, Key::plane(), by_plane(command)).await.unwrap();
        }
        super::seed::datastores(&self.log).await;
        self.read().await;
    }

    /// Waits until the read model has everything.
    pub(crate) async fn read(&self) {
        use eventlog::EventLog as _;
        let position = self.log.info().await.unwrap().last_sequence;
        assert!(self.read_model.reached(position, Duration::from_secs(5)).await);
    }

    /// Has an instance decide a command that no user can give.
    pub(crate) async fn advance(&self, id: InstanceId, command: instance::Command) -> u64 {
        let position = handle(&self.desk.instances, id.into(), by_plane(command)).await.unwrap();
        self.read().await;
        position
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// A log-in's client.
    pub(crate) async fn client(&self, user: &'static str, project: &'static str) -> Client<'_> {
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": user, "domain": {"id": "default"}, "password": format!("{user}-pass")
            }}},
            "scope": {"project": {"id": project}}
        }});
        let request = Request::post("/identity/v3/auth/tokens")
            .header("host", "db.example:8779")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.send(request).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let token = answer.headers["x-subject-token"].to_str().unwrap().to_owned();
        Client { stack: self, token, project }
    }

    pub(crate) async fn member(&self) -> Client<'_> {
        self.client("demo", DEMO).await
    }

    pub(crate) async fn admin(&self) -> Client<'_> {
        self.client("admin", ADMIN).await
    }
}

pub(crate) fn by_plane<C>(command: C) -> Order<C> {
    Order {
        command_id: CommandId(Uuid::new_v4()),
        causation_id: None,
        actor: Actor::Plane,
        request_id: None,
        command,
        deadline: None,
    }
}

/// Projects of the users file.
pub(crate) const DEMO: &str = "d0000000000000000000000000000001";
pub(crate) const OTHER: &str = "d0000000000000000000000000000002";
pub(crate) const ADMIN: &str = "d0000000000000000000000000000003";

fn identity(folder: &tempfile::TempDir) -> Arc<Embedded> {
    let users_file = folder.path().join("users.toml");
    fs::write(&users_file, include_str!("users.toml")).unwrap();
    fs::set_permissions(&users_file, fs::Permissions::from_mode(0o600)).unwrap();
    let key_file = folder.path().join("token.key");
    embedded::generate_key(&key_file).unwrap();
    let config = embedded::Config { users_file, key_file, public_url: None };
    Arc::new(Embedded::open(&config, Arc::new(NothingRevoked)).unwrap())
}

/// Sends requests with a token.
pub(crate) struct Client<'a> {
    stack: &'a Stack,
    pub(crate) token: String,
    project: &'static str,
}

impl Client<'_> {
    /// A request to `path` below the client's project.
    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("/v1.0/{}{path}", self.project))
            .header("host", "db.example:8779")
            .header("x-auth-token", &self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.stack.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.stack.send(self.request(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send_with(method, path, body, &[]).await
    }

    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request =
            self.request(method, path).header("content-type", "application/json; charset=UTF-8");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.stack.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Creates an instance under an idempotency key, so that its id is always the same.
    pub(crate) async fn create(&self, key: &str, body: &Value) -> Answer {
        let headers = [("idempotency-key", key)];
        self.send_with(Method::POST, "/instances", body, &headers).await
    }
}
