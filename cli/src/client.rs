//! A session at the API: reads, lists over all pages, and changes.
//!
//! # Invariants
//! - A request that was lost, or met a service that is not available or was asked too often, is
//!   repeated a bounded number of times; a change keeps its `Idempotency-Key` over its repeats, so that it happens once.
//! - A token that ended in the middle is replaced by one new log-in, and only one.
//! - Answers are never older than what an earlier answer of this session showed
//!   (`X-Trove-Position`).

mod clouds;
pub(crate) mod credentials;
pub(crate) mod http;
mod login;
pub(crate) mod path;
mod yaml;

use crate::failure::{Failure, Kind, Outcome};
use credentials::{Credentials, Flags, Proof};
use http::{Answer, Ask, Http, SendError};
use hyper::{Method, StatusCode};
use login::Session;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The pauses before repeats; there are no more repeats than pauses.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// More pages than anybody has: a service that leads in circles is found out.
const PAGES_MAX: usize = 10_000;
const POSITION: &str = "x-trove-position";
/// A service that says when to come again means soon.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// A session of one user in one project.
pub(crate) struct Client {
    http: Http,
    credentials: Credentials,
    session: Session,
    /// Whether the token was replaced already.
    is_second_token: bool,
    /// The newest position of the service's log that an answer showed.
    position: Option<String>,
    /// One command is one change, however often it is sent.
    key: String,
}

impl Client {
    /// Logs in.
    pub(crate) async fn connect(flags: &Flags) -> Outcome<Self> {
        Self::log_in(Credentials::find(flags)?).await
    }

    async fn log_in(credentials: Credentials) -> Outcome<Self> {
        let mut http = Http::new(credentials.cacert.clone());
        let session = login::log_in(&mut http, &credentials).await?;
        let key = Uuid::new_v4().to_string();
        Ok(Self { http, credentials, session, is_second_token: false, position: None, key })
    }

    /// The project that the session is for.
    pub(crate) fn project_id(&self) -> &str {
        &self.session.project_id
    }

    /// Reads what stands at `path`, below the project's own.
    pub(crate) async fn get(&mut self, what: &str, path: &str) -> Outcome<Value> {
        let answer = self.send(what, Method::GET, path, None).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            Failure::new(Kind::Refused, what, format!("the answer is no JSON: {error}"))
        })
    }

    /// Reads a list over all its pages: at most `limit` entries, as one body.
    pub(crate) async fn list(
        &mut self,
        what: &str,
        (path, key): (&str, &str),
        limit: Option<usize>,
    ) -> Outcome<Value> {
        let mut entries: Vec<Value> = Vec::new();
        let mut at = path.to_owned();
        for _ in 0..PAGES_MAX {
            let mut body = self.get(what, &at).await?;
            let Value::Array(page) = body[key].take() else {
                return Err(Failure::new(
                    Kind::Refused,
                    what,
                    format!("there is no list of {key}"),
                ));
            };
            entries.extend(page);
            let is_enough = limit.is_some_and(|limit| entries.len() >= limit);
            match path::next(path, &body) {
                Some(next) if !is_enough && next != at => at = next,
                Some(_) | None => {
                    entries.truncate(limit.unwrap_or(usize::MAX));
                    return Ok(json!({ key: entries }));
                }
            }
        }
        Err(Failure::new(Kind::Refused, what, format!("there are more than {PAGES_MAX} pages")))
    }

    /// Changes something; the answer is null where the API says nothing.
    pub(crate) async fn change(
        &mut self,
        what: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Outcome<Value> {
        Ok(self.send(what, method, path, body).await?.json())
    }

    async fn send(
        &mut self,
        what: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Outcome<Answer> {
        let mut pauses = PAUSES.iter();
        loop {
            let sent = self.send_once(&method, path, body).await;
            let (failure, asked_for) = match sent {
                Ok(answer) if answer.status.is_success() => return Ok(answer),
                Ok(answer) if answer.status == StatusCode::UNAUTHORIZED && self.may_log_in() => {
                    self.session = login::log_in(&mut self.http, &self.credentials).await?;
                    self.is_second_token = true;
                    continue;
                }
                Ok(answer) => (Failure::of_answer(what, &answer), retry_after(&answer)),
                Err(SendError::Unusable(why)) => return Err(Failure::usage(what, why)),
                Err(SendError::Lost(why)) => {
                    let advice = "check whether the service runs; if this was a change, look at \
                                  what became of it before you repeat it";
                    (Failure::new(Kind::NoAnswer, what, why).advise(advice), None)
                }
            };
            match pauses.next() {
                Some(pause) if failure.kind == Kind::NoAnswer || asked_for.is_some() => {
                    tokio::time::sleep(asked_for.unwrap_or(*pause)).await;
                }
                Some(_) | None => return Err(failure),
            }
        }
    }

    async fn send_once(
        &mut self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, SendError> {
        let mut headers = vec![("X-Auth-Token", self.session.token.0.as_str())];
        if *method == Method::GET {
            headers.extend(self.position.as_deref().map(|position| (POSITION, position)));
        } else {
            headers.push(("Idempotency-Key", self.key.as_str()));
        }
        let url = format!("{}{path}", self.session.endpoint);
        let ask = Ask { method: method.clone(), url, headers, body };
        let answer = self.http.send(ask).await?;
        if let Some(position) = answer.header(POSITION) {
            self.position = Some(position.to_owned());
        }
        Ok(answer)
    }

    fn may_log_in(&self) -> bool {
        let is_token = matches!(self.credentials.proof, Proof::Token(_));
        !self.is_second_token && !is_token
    }
}

/// When to come again, of a service that was asked too often.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let is_limit =
        matches!(answer.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS);
    let seconds = answer.header("retry-after").filter(|_| is_limit)?;
    seconds.parse().ok().map(Duration::from_secs).filter(|pause| *pause <= RETRY_AFTER_MAX)
}

#[cfg(test)]
pub(crate) mod tests;
