//! A client as strict as gophercloud: each request has its statuses, and each answer its shape.

use super::shapes::{Instance, Link};
use anyhow::{Context as _, bail, ensure};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use testkit::stack::{Answer, Api, wait_for_async};

/// What gophercloud takes for a success where a call says nothing else.
const POSTED: &[u16] = &[201, 202];
const PUT: &[u16] = &[201, 202];
const DELETED: &[u16] = &[202, 204];
/// Calls that say themselves what is one.
pub(super) const ONLY_OK: &[u16] = &[200];
const ONLY_ACCEPTED: &[u16] = &[202];

/// A page is followed so often; a list that does not end is an error.
const PAGES_MAX: usize = 100;

#[derive(Debug, Clone)]
pub(super) struct Client(pub(super) Api);

impl Client {
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        ok: &[u16],
    ) -> anyhow::Result<Answer> {
        let answer = self.0.ask(method.clone(), path, body).await?;
        ensure!(ok.contains(&answer.status), "{method} {path}: {ok:?}, not {answer:?}");
        Ok(answer)
    }

    /// What is under a key; without one, the whole.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        key: Option<&str>,
    ) -> anyhow::Result<T> {
        let answer = self.ask(Method::GET, path, None, ONLY_OK).await?;
        read(answer.json(), key).with_context(|| format!("{path}: {}", answer.text))
    }

    /// A new thing, whose only good status is 200.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<T> {
        let answer = self.ask(Method::POST, path, body, ONLY_OK).await?;
        read(answer.json(), Some(key)).with_context(|| format!("{path}: {}", answer.text))
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        self.ask(Method::POST, path, Some(body), POSTED).await.map(drop)
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        self.ask(Method::PUT, path, Some(body), PUT).await.map(drop)
    }

    /// A configuration group is attached and detached with 202 alone.
    pub(super) async fn follow(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        self.ask(Method::PUT, path, Some(body), ONLY_ACCEPTED).await.map(drop)
    }

    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.ask(Method::DELETE, path, None, DELETED).await.map(drop)
    }

    /// All pages of a list, by the one key of links that gophercloud looks at.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
    ) -> anyhow::Result<Vec<T>> {
        let mut found = Vec::new();
        let mut next = Some(format!("/v1.0/{}{path}", self.0.project));
        for _ in 0..PAGES_MAX {
            let Some(url) = next else { return Ok(found) };
            let path = &url[url.find("/v1.0/").context("a page lies elsewhere")?..];
            let token = [("X-Auth-Token", self.0.token.as_str())];
            let answer = self.0.ask_raw(Method::GET, path, b"", &token).await?;
            ensure!(answer.status == 200, "{path}: {answer:?}");
            let page: Vec<T> = read(answer.json(), Some(key))
                .with_context(|| format!("{path}: {}", answer.text))?;
            found.extend(page);
            let links: Option<Vec<Link>> =
                serde_json::from_value(answer.json()[format!("{key}_links")].take())?;
            let is_next = |link: &Link| link.rel == "next";
            next = links.into_iter().flatten().find(is_next).map(|link| link.href);
        }
        bail!("{path} has no last page")
    }

    pub(super) async fn instance(&self, id: &str) -> anyhow::Result<Option<Instance>> {
        let path = format!("/instances/{id}");
        let answer = self.ask(Method::GET, &path, None, &[200, 404]).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let read = read(answer.json(), Some("instance"));
        read.map(Some).with_context(|| answer.text)
    }

    /// Waits as Terraform does: until `is_there`, and any status but those in `pending` on the
    /// way is a failure.
    pub(super) async fn wait(
        &self,
        id: &str,
        pending: &[&str],
        is_there: impl Fn(Option<&Instance>) -> bool,
    ) -> anyhow::Result<Option<Instance>> {
        wait_for_async(&format!("{id} through {pending:?}"), async || {
            let seen = match self.instance(id).await {
                Ok(seen) => seen,
                Err(error) => return Some(Err(error)),
            };
            if is_there(seen.as_ref()) {
                return Some(Ok(seen));
            }
            let is_expected = |seen: &Instance| pending.contains(&&*seen.status);
            (!seen.as_ref().is_some_and(is_expected))
                .then(|| Err(anyhow::anyhow!("{id} is not {pending:?}: {seen:?}")))
        })
        .await
    }
}

fn read<T: DeserializeOwned>(mut body: Value, key: Option<&str>) -> anyhow::Result<T> {
    let value = match key {
        Some(key) => body[key].take(),
        None => body,
    };
    Ok(serde_json::from_value(value)?)
}
