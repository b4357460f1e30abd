//! A REST client that hides nothing: status, headers and body as they came.

use super::{Person, wait_for_async};
use anyhow::{Context as _, ensure};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::time::Duration;

const REQUEST_MAX: Duration = Duration::from_secs(30);

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as it came.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null for what is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The name of the fault and its text, if the body is one.
    pub fn fault(&self) -> Option<(String, String)> {
        let body = self.json();
        let (name, fault) = body.as_object()?.iter().next()?;
        let is_code = fault.get("code")?.as_u64()? == u64::from(self.status);
        let message = fault.get("message")?.as_str()?;
        is_code.then(|| (name.clone(), message.to_owned()))
    }

    async fn of(response: Response) -> anyhow::Result<Self> {
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let text = response.text().await.context("read the answer")?;
        Ok(Self { status, headers, text })
    }
}

/// A session of one user in one project, at one gateway.
#[derive(Debug, Clone)]
pub struct Api {
    http: Client,
    base: String,
    /// The project's id.
    pub project: String,
    /// The token.
    pub token: String,
}

impl Api {
    /// Logs in at the gateway at `base`.
    ///
    /// # Errors
    /// The gateway refused, or did not answer.
    pub async fn log_in(base: &str, person: &Person) -> anyhow::Result<Self> {
        let http = Client::builder().timeout(REQUEST_MAX).build()?;
        let user = json!({
            "name": person.user, "domain": {"name": "Default"}, "password": person.password,
        });
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": person.project, "domain": {"name": "Default"}}},
        }});
        let sent = http.post(format!("{base}/identity/v3/auth/tokens")).json(&body).send();
        let answer = Answer::of(sent.await.context("log in")?).await?;
        ensure!(answer.status == 201, "log in: {answer:?}");
        let token = answer.header("x-subject-token").context("no token came")?.to_owned();
        let project = answer.json()["token"]["project"]["id"].as_str().unwrap_or("").to_owned();
        Ok(Self { http, base: base.to_owned(), project, token })
    }

    /// The same session at another gateway.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// A request below the project's own path, with the token.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        self.ask_with(method, path, body, &[]).await
    }

    /// Like [`Self::ask`], with headers.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ask_with(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let url = format!("{}/v1.0/{}{path}", self.base, self.project);
        let mut request = self.http.request(method, url).header("X-Auth-Token", &self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::of(request.send().await.with_context(|| path.to_owned())?).await
    }

    /// A request as raw as it can be: any path, any body, only the headers given.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ask_raw(
        &self,
        method: Method,
        path: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method, url).body(body.to_vec());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.with_context(|| path.to_owned())?).await
    }

    /// Reads a path below the project's own.
    ///
    /// # Errors
    /// No answer came.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks for an instance of flavor 1 with 1 GiB; `more` is merged into the request.
    ///
    /// # Errors
    /// No answer came.
    pub async fn create(&self, name: &str, more: Value) -> anyhow::Result<Answer> {
        let body = creation(name, more);
        self.ask(Method::POST, "/instances", Some(&body)).await
    }

    /// Asks for an instance, and waits until it is active and its database is up.
    ///
    /// # Errors
    /// It was refused, or no answer came.
    ///
    /// # Panics
    /// It does not become active in time.
    pub async fn create_active(&self, name: &str, more: Value) -> anyhow::Result<Value> {
        let answer = self.create(name, more).await?;
        ensure!(answer.status == 200, "{answer:?}");
        let id = answer.json()["instance"]["id"].as_str().context("no id came")?.to_owned();
        Ok(self.wait_until_up(&id).await)
    }

    /// Waits until the instance is active and its database up, and gives it as it is then.
    ///
    /// # Panics
    /// It fails, or takes too long.
    pub async fn wait_until_up(&self, id: &str) -> Value {
        let what = format!("{id} is active and healthy");
        wait_for_async(&what, async || {
            let instance = self.instance(id).await?;
            assert_ne!(instance["status"], "ERROR", "{instance}");
            let is_up = instance["status"] == "ACTIVE" && instance["operating_status"] == "HEALTHY";
            is_up.then_some(instance)
        })
        .await
    }

    /// Waits until the instance has that status, and gives it as it is then.
    ///
    /// # Panics
    /// It takes too long.
    pub async fn wait_for_status(&self, id: &str, status: &str) -> Value {
        wait_for_async(&format!("{id} is {status}"), async || {
            self.instance(id).await.filter(|instance| instance["status"] == status)
        })
        .await
    }

    /// Deletes an instance and waits until it is gone.
    ///
    /// # Errors
    /// It was refused, or no answer came.
    ///
    /// # Panics
    /// It takes too long.
    pub async fn delete(&self, id: &str) -> anyhow::Result<()> {
        let path = format!("/instances/{id}");
        let answer = self.ask(Method::DELETE, &path, None).await?;
        ensure!(answer.status == 202, "{answer:?}");
        wait_for_async(&format!("{id} is gone"), async || {
            let answer = self.get(&path).await.ok()?;
            (answer.status == 404).then_some(())
        })
        .await;
        Ok(())
    }

    /// The instance as it is now, if the gateway answers and knows it.
    pub async fn instance(&self, id: &str) -> Option<Value> {
        let answer = self.get(&format!("/instances/{id}")).await.ok()?;
        (answer.status == 200).then(|| answer.json()["instance"].take())
    }
}

/// The body of a request for an instance of flavor 1 with 1 GiB; `more` is merged into it.
pub fn creation(name: &str, more: Value) -> Value {
    let mut instance = json!({"name": name, "flavorRef": "1", "volume": {"size": 1}});
    if let (Some(instance), Value::Object(more)) = (instance.as_object_mut(), more) {
        instance.extend(more);
    }
    json!({"instance": instance})
}
