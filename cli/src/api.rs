//! The stack's own REST interface, as far as the launcher uses it.

use anyhow::{Context as _, bail};
use identity::users::Login;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than the gateway itself waits for anything.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// Whether the gateway at `base` says that all is well.
pub(crate) async fn is_healthy(base: &str) -> bool {
    let answer = Client::new()
        .get(format!("{base}/healthcheck"))
        .timeout(Duration::from_secs(2))
        .send()
        .await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// A session of one user in one project.
#[derive(Debug)]
pub(crate) struct Api {
    http: Client,
    /// With the project in it, without a slash at the end.
    url: String,
    token: String,
}

/// What a request to create an instance came to.
#[derive(Debug)]
pub(crate) enum Created {
    /// The instance is being made, or was made by an earlier such request.
    Instance(String),
    /// It was refused, for the reason given.
    Refused(String),
}

impl Api {
    /// Logs in at the gateway at `base`.
    pub(crate) async fn log_in(base: &str, login: &Login) -> anyhow::Result<Self> {
        let http = Client::builder().timeout(REQUEST_MAX).build().context("make a client")?;
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": login.user_name,
                "domain": {"name": "Default"},
                "password": login.password.expose(),
            }}},
            "scope": {"project": {"name": login.project_name, "domain": {"name": "Default"}}},
        }});
        let answer = http
            .post(format!("{base}/identity/v3/auth/tokens"))
            .json(&body)
            .send()
            .await
            .context("log in")?;
        let answer = success(answer).await.context("log in")?;
        let token = answer.headers().get("x-subject-token").context("log in: no token")?;
        let token = token.to_str().context("log in: an odd token")?.to_owned();
        let body: Value = answer.json().await.context("log in: an odd answer")?;
        let project = body["token"]["project"]["id"].as_str().context("log in: no project")?;
        Ok(Self { http, url: format!("{base}/v1.0/{project}"), token })
    }

    /// The instances of the project, first page.
    pub(crate) async fn instances(&self) -> anyhow::Result<Vec<Value>> {
        let answer = self.get("/instances").await?;
        let mut body: Value = success(answer).await?.json().await.context("list instances")?;
        serde_json::from_value(body["instances"].take()).context("list instances: no list")
    }

    /// The instance `id`, unless there is none.
    pub(crate) async fn instance(&self, id: &str) -> anyhow::Result<Option<Value>> {
        let answer = self.get(&format!("/instances/{id}")).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let mut body: Value = success(answer).await?.json().await.context("show instance")?;
        Ok(Some(body["instance"].take()))
    }

    /// Creates an instance; the same key and body may be sent any number of times.
    pub(crate) async fn create(&self, key: &str, body: &Value) -> anyhow::Result<Created> {
        let answer = self
            .http
            .post(format!("{}/instances", self.url))
            .header("X-Auth-Token", &self.token)
            .header("Idempotency-Key", key)
            .json(body)
            .send()
            .await
            .context("create instance")?;
        if answer.status().is_client_error() {
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            return Ok(Created::Refused(format!("{status}: {text}")));
        }
        let body: Value = success(answer).await?.json().await.context("create instance")?;
        let id = body["instance"]["id"].as_str().context("create instance: no id")?;
        Ok(Created::Instance(id.to_owned()))
    }

    async fn get(&self, path: &str) -> anyhow::Result<Response> {
        self.http
            .get(format!("{}{path}", self.url))
            .header("X-Auth-Token", &self.token)
            .send()
            .await
            .with_context(|| format!("get {path}"))
    }
}

async fn success(answer: Response) -> anyhow::Result<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    bail!("{status}: {}", answer.text().await.unwrap_or_default())
}
