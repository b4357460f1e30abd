//! A service over its own users file, key and clock, and a way to ask it.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use identity::embedded::{
    Config, Embedded, NotRecorded, Revocation, Revocations, generate_key, router,
};
use identity::{Caller, Identity as _, IdentityError};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) const HOST: &str = "db.example:8779";
pub(crate) const ROOT: &str = "http://db.example:8779/identity";
/// 2026-11-22T10:43:15Z.
pub(crate) const START_SECS: u64 = 1_795_344_195;
pub(crate) const DEMO_PROJECT: &str = "00000000000000000000000000000d01";
pub(crate) const DEMO_USER: &str = "00000000000000000000000000000d02";
pub(crate) const ADMIN_USER: &str = "00000000000000000000000000000a02";
pub(crate) const CREDENTIAL: &str = "00000000000000000000000000000c01";
pub(crate) const UNAUTHORIZED: &str = "The request you have made requires authentication.";

pub(crate) const USERS: &str = r#"
[[projects]]
id = "00000000000000000000000000000a01"
name = "admin"
[[projects]]
id = "00000000000000000000000000000d01"
name = "demo"
description = "For trying things out."
[[projects]]
name = "second"
[[projects]]
name = "closed"
enabled = false

[[users]]
id = "00000000000000000000000000000a02"
name = "admin"
password = "admin-password"
default_project = "admin"
[[users]]
id = "00000000000000000000000000000d02"
name = "demo"
password = "demo-password"
default_project = "demo"
[[users]]
name = "reader"
password = "reader-password"
[[users]]
name = "gone"
password = "gone-password"
enabled = false

[[role_assignments]]
user = "admin"
project = "admin"
roles = ["admin"]
[[role_assignments]]
user = "demo"
project = "demo"
roles = ["member"]
[[role_assignments]]
user = "demo"
project = "second"
roles = ["reader"]
[[role_assignments]]
user = "demo"
project = "closed"
roles = ["member"]
[[role_assignments]]
user = "reader"
project = "demo"
roles = ["reader"]
[[role_assignments]]
user = "gone"
project = "demo"
roles = ["member"]

[[application_credentials]]
id = "00000000000000000000000000000c01"
name = "pipeline"
secret = "pipeline-secret"
user = "demo"
project = "demo"
roles = ["reader"]
"#;

/// Remembers revocations as a gateway's read model would.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) recorded: Mutex<Vec<Revocation>>,
    revoked: Mutex<HashSet<String>>,
    pub(crate) is_away: AtomicBool,
}

#[async_trait::async_trait]
impl Revocations for Ledger {
    fn is_revoked(&self, audit_id: &str) -> bool {
        self.revoked.lock().expect("no test panics with the lock").contains(audit_id)
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), NotRecorded> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(NotRecorded("no taskmanager answered".into()));
        }
        let audit_id = revocation.audit_id.as_str().to_owned();
        self.revoked.lock().expect("no test panics with the lock").insert(audit_id);
        self.recorded.lock().expect("no test panics with the lock").push(revocation);
        Ok(())
    }
}

/// A service of its own, in its own directory.
pub(crate) struct Stack {
    folder: TempDir,
    now_secs: Arc<AtomicU64>,
    pub(crate) ledger: Arc<Ledger>,
    embedded: Arc<Embedded>,
    router: Router,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `Null` if there was no body.
    pub(crate) body: Value,
}

impl Stack {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a directory for the test");
        write(&folder, "users.toml", USERS);
        let config = config(&folder);
        generate_key(&config.key_file).expect("key");
        Self::open(folder, &config)
    }

    fn open(folder: TempDir, config: &Config) -> Self {
        let now_secs = Arc::new(AtomicU64::new(START_SECS));
        let clock = Arc::clone(&now_secs);
        let ledger = Arc::new(Ledger::default());
        let embedded = Embedded::open(config, Arc::clone(&ledger) as Arc<dyn Revocations>)
            .expect("good files")
            .with_clock(Arc::new(move || {
                UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst))
            }));
        let embedded = Arc::new(embedded);
        let router = Router::new().nest_service("/identity", router(Arc::clone(&embedded)));
        Self { folder, now_secs, ledger, embedded, router }
    }

    /// The same files behind another service, as a second gateway has them.
    pub(crate) fn second_gateway(&self) -> Self {
        let folder = tempfile::tempdir().expect("a directory for the test");
        Self::open(folder, &config(&self.folder))
    }

    /// The same service with a public URL.
    pub(crate) fn with_public_url(self, url: &str) -> Self {
        let public_url = Some(url.parse().expect("a public URL"));
        let config = Config { public_url, ..config(&self.folder) };
        Self::open(self.folder, &config)
    }

    pub(crate) fn users_file(&self) -> PathBuf {
        self.folder.path().join("users.toml")
    }

    /// Replaces the users file, as a careful editor does.
    pub(crate) fn write_users(&self, content: &str) {
        write(&self.folder, "users.toml", content);
    }

    /// Changes one piece of the users file.
    pub(crate) fn change_users(&self, from: &str, to: &str) {
        let content = fs::read_to_string(self.users_file()).expect("the users file");
        assert!(content.contains(from), "{from}");
        self.write_users(&content.replace(from, to));
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.now_secs.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    pub(crate) async fn caller(&self, token: &str) -> Result<Caller, IdentityError> {
        self.embedded.caller(token).await
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let router = self.router.clone();
        let response = router.oneshot(request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body in memory");
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).expect("every body is JSON")
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request.body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call(Method::GET, path, &[("x-auth-token", token)]).await
    }

    /// About `subject`, with the rights of `token`.
    pub(crate) async fn about(&self, method: Method, token: &str, subject: &str) -> Answer {
        let headers = [("x-auth-token", token), ("x-subject-token", subject)];
        self.call(method, "/identity/v3/auth/tokens", &headers).await
    }

    pub(crate) async fn post_raw(&self, body: impl Into<Body>) -> Answer {
        let request = Request::post("/identity/v3/auth/tokens")
            .header(header::HOST, HOST)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())
            .expect("a request");
        self.ask(request).await
    }

    pub(crate) async fn post(&self, auth: Value) -> Answer {
        self.post_raw(json!({ "auth": auth }).to_string()).await
    }

    /// A token by password; `scope` is a project's name, or `""` for none.
    pub(crate) async fn token(&self, user: &str, scope: &str) -> String {
        let mut auth = json!({ "identity": by_password(user, &format!("{user}-password")) });
        auth["scope"] = if scope.is_empty() { json!("unscoped") } else { project(scope) };
        self.post(auth).await.issued()
    }

    /// A token made from another one.
    pub(crate) async fn rescoped(&self, token: &str, scope: Value) -> Answer {
        self.post(json!({ "identity": by_token(token), "scope": scope })).await
    }
}

impl Answer {
    /// The token that was issued.
    pub(crate) fn issued(&self) -> String {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.body);
        self.header("x-subject-token").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no header {name}"));
        value.to_str().expect("text")
    }

    /// Checks that this is a refusal in the error shape, and returns its text.
    pub(crate) fn refused(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        let error = &self.body["error"];
        assert_eq!(error["code"], status);
        assert_eq!(error["title"].as_str(), self.status.canonical_reason());
        if status == 401 {
            assert_eq!(self.header("www-authenticate"), format!("Keystone uri=\"{ROOT}/v3\""));
        }
        error["message"].as_str().expect("a message")
    }

    pub(crate) fn ok(&self) -> &Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        &self.body
    }
}

fn config(folder: &TempDir) -> Config {
    Config {
        users_file: folder.path().join("users.toml"),
        key_file: folder.path().join("token.key"),
        public_url: None,
    }
}

fn write(folder: &TempDir, name: &str, content: &str) {
    let draft = folder.path().join("draft");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&draft).expect("a draft");
    std::io::Write::write_all(&mut file, content.as_bytes()).expect("a written draft");
    fs::rename(&draft, folder.path().join(name)).expect("a replaced file");
}

pub(crate) fn by_password(user: &str, password: &str) -> Value {
    json!({
        "methods": ["password"],
        "password": {
            "user": { "name": user, "domain": { "name": "Default" }, "password": password },
        },
    })
}

pub(crate) fn by_token(token: &str) -> Value {
    json!({ "methods": ["token"], "token": { "id": token } })
}

pub(crate) fn by_credential(id: &str, secret: &str) -> Value {
    json!({
        "methods": ["application_credential"],
        "application_credential": { "id": id, "secret": secret },
    })
}

pub(crate) fn project(name: &str) -> Value {
    json!({ "project": { "name": name, "domain": { "name": "Default" } } })
}

/// The values of one field of a list.
pub(crate) fn names<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let items = list.as_array().expect("a list");
    items.iter().map(|item| item[field].as_str().expect("a string")).collect()
}
