//! A gateway in this process over a log in memory, with the real read model, the real embedded
//! identity service, and the domain's own decisions in place of the bus.

use crate::contract::{Contract, Exchange};
use crate::desk::{Desk, QUOTAS};
use crate::guest::Guest;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use domain::ids::{InstanceId, LogId};
use domain::{instance, plane};
use eventlog::MemoryLog;
use gateway::{Config, Gateway, HashKey, Heartbeats, LoggedRevocations, Rates, router};
use identity::embedded::{self, Embedded};
use readmodel::{MemoryStore, ReadModel};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt as _;
use uuid::Uuid;

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
    pub(crate) guest: Arc<Guest>,
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
        Self::start_with(|_| {}).await
    }

    /// The same, with another configuration.
    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let stack = Self::start_empty(adjust);
        stack.found().await;
        stack
    }

    /// A stack over an empty log.
    pub(crate) fn start_empty(adjust: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::parse(include_str!("../../../config/gateway.toml")).unwrap();
        config.limits.read_your_write_ms = 300;
        config.limits.guest_query_ms = 300;
        config.page_size = 3;
        adjust(&mut config);
        let log = MemoryLog::new();
        let read_model = ReadModel::over(Box::new(MemoryStore::default())).unwrap();
        let stop = CancellationToken::new();
        let following = (read_model.clone(), Arc::new(log.clone()), stop.clone());
        tokio::spawn(async move {
            let (read_model, log, stop) = following;
            read_model.follow(log, stop).await.expect("a log in memory can be followed");
        });
        let desk = Arc::new(Desk::new(&log));
        let guest = Arc::new(Guest::default());
        tokio::spawn(guest.clone().run(read_model.clone(), desk.clone(), stop.clone()));
        let revocations = LoggedRevocations {
            read_model: read_model.clone(),
            commands: desk.clone(),
            limits: config.limits.clone(),
        };
        let identity = identity(&folder, revocations);
        let heartbeats = Arc::new(Heartbeats::default());
        let rates = Rates::new(config.rate_limits);
        let gateway = Gateway {
            config,
            read_model: read_model.clone(),
            log: Arc::new(log.clone()),
            commands: desk.clone(),
            guests: guest.clone(),
            identity: identity.clone(),
            heartbeats: heartbeats.clone(),
            hash_key: HashKey::from_bytes(&[7; 32]),
            rates,
        };
        let router = router(Arc::new(gateway), embedded::router(identity));
        Self {
            desk,
            guest,
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
            log_id: LogId(Uuid::from_u128(9)),
            epoch: 1,
            sealing_key: self.sealing_key.public(),
        };
        self.desk.plane(plane::Command::Found(founding)).await;
        self.desk.plane(plane::Command::SetQuotaDefaults(QUOTAS)).await;
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
        let position = self.desk.advance(id, command).await;
        self.read().await;
        position
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (asked, body) = request.into_parts();
        let sent = to_bytes(body, usize::MAX).await.unwrap();
        let exchange = Exchange::of(&asked, &sent);
        let answer = self.answer(Request::from_parts(asked, Body::from(sent))).await;
        self.contract().await.check(&exchange, &answer);
        answer
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// What the gateway says of itself: one document for all stacks.
    pub(crate) async fn contract(&self) -> &'static Contract {
        static CONTRACT: OnceCell<Contract> = OnceCell::const_new();
        let served = async {
            let request = Request::get("/openapi.json").header("host", "db.example:8779");
            let answer = self.answer(request.body(Body::empty()).unwrap()).await;
            Contract::new(answer.json())
        };
        CONTRACT.get_or_init(|| served).await
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

/// Projects of the users file.
pub(crate) const DEMO: &str = "d0000000000000000000000000000001";
pub(crate) const OTHER: &str = "d0000000000000000000000000000002";
pub(crate) const ADMIN: &str = "d0000000000000000000000000000003";

fn identity(folder: &tempfile::TempDir, revocations: LoggedRevocations) -> Arc<Embedded> {
    let users_file = folder.path().join("users.toml");
    fs::write(&users_file, include_str!("users.toml")).unwrap();
    fs::set_permissions(&users_file, fs::Permissions::from_mode(0o600)).unwrap();
    let key_file = folder.path().join("token.key");
    embedded::generate_key(&key_file).unwrap();
    let config = embedded::Config { users_file, key_file, public_url: None };
    Arc::new(Embedded::open(&config, Arc::new(revocations)).unwrap())
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
