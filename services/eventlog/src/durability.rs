//! Proof, not hope, that an acknowledged append is on disk.
//!
//! nats-server writes to the disk every two minutes unless it is told otherwise, and a client
//! can't see that in its acknowledgements. So the servers themselves are asked, in the system
//! account, how JetStream is set in force there.

use crate::log::BoxError;
use async_nats::{Client, Message, Subscriber};
use futures::StreamExt;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// From this version on a server can write to the disk before it acknowledges.
pub const VERSION_MIN: (u32, u32) = (2, 10);

/// Every server is asked to describe itself.
const QUESTION: &str = "$SYS.REQ.SERVER.PING.VARZ";
const FIRST_ANSWER_MAX: Duration = Duration::from_secs(5);
/// After the first answer, the others of a cluster are given so long.
const FURTHER_ANSWERS: Duration = Duration::from_millis(500);

/// What an operator asks of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// An acknowledged write survives a power cut; the plane does not start where it would not.
    Required,
    /// It may lose the last two minutes at a power cut; a warning says so at each start.
    BestEffort,
}

/// What the servers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Each of these servers writes to the disk before it acknowledges.
    Durable {
        /// Their versions.
        versions: Vec<String>,
    },
    /// At least one does not.
    Volatile {
        /// The reason for each that does not.
        weaknesses: Vec<Weakness>,
    },
}

/// Why one server's acknowledgement is worth less than it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weakness {
    /// It has no way to write before it acknowledges.
    TooOld {
        /// Which.
        server: String,
        /// Its version.
        version: String,
    },
    /// It is not told to.
    SyncsSeldom {
        /// Which.
        server: String,
        /// How often it writes to the disk.
        every: Duration,
    },
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld { server, version } => {
                let (major, minor) = VERSION_MIN;
                write!(
                    f,
                    "nats-server {server} is of version {version}, which can't write to the disk \
                     before it acknowledges: use {major}.{minor} or later, best 2.12.7 or later"
                )
            }
            Self::SyncsSeldom { server, every } => write!(
                f,
                "nats-server {server} writes to the disk every {every:?} only, so a power cut \
                 loses what it acknowledged since: set `sync_interval: always` in the \
                 `jetstream` block of its configuration and restart it"
            ),
        }
    }
}

/// Why the log can't be used, or not be judged.
#[derive(Debug, thiserror::Error)]
pub enum DurabilityError {
    /// Durability is required and not given.
    #[error("acknowledged writes would not survive a power cut: {}", list(.weaknesses))]
    Volatile {
        /// What has to change.
        weaknesses: Vec<Weakness>,
    },
    /// No server with JetStream answered: the user is not of the system account, or the
    /// connection is gone.
    #[error("no nats-server with JetStream answered a question in the system account")]
    NoAnswer,
    /// The question could not be asked, or the answer not be read.
    #[error("the nats-servers can't be asked how they write to the disk")]
    Unavailable(#[source] BoxError),
}

/// Asks all servers, as a user of the system account, and compares with what is required.
/// A shortfall that is allowed is named in a warning.
///
/// # Errors
/// See [`DurabilityError`].
pub async fn prove_durability(
    system: &Client,
    durability: Durability,
) -> Result<Verdict, DurabilityError> {
    let verdict = verdict(ask(system).await?)?;
    if let Verdict::Volatile { weaknesses } = &verdict {
        match durability {
            Durability::Required => {
                return Err(DurabilityError::Volatile { weaknesses: weaknesses.clone() });
            }
            Durability::BestEffort => {
                let weaknesses = list(weaknesses);
                tracing::warn!(weaknesses, "Acknowledged writes may be lost at a power cut.");
            }
        }
    }
    Ok(verdict)
}

fn list(weaknesses: &[Weakness]) -> String {
    weaknesses.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What a server answers, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Answer {
    data: Varz,
}

#[derive(Debug, Deserialize)]
struct Varz {
    #[serde(default)]
    server_name: String,
    server_id: String,
    version: String,
    #[serde(default)]
    jetstream: JetStreamVarz,
}

#[derive(Debug, Default, Deserialize)]
struct JetStreamVarz {
    /// Absent where JetStream is off.
    config: Option<JetStreamConfig>,
}

#[derive(Debug, Deserialize)]
struct JetStreamConfig {
    #[serde(default)]
    sync_always: bool,
    /// In nanoseconds; absent before 2.10.
    #[serde(default)]
    sync_interval: u64,
}

async fn ask(system: &Client) -> Result<Vec<Varz>, DurabilityError> {
    let unavailable = |error: BoxError| DurabilityError::Unavailable(error);
    let inbox = system.new_inbox();
    let mut answers =
        system.subscribe(inbox.clone()).await.map_err(|error| unavailable(error.into()))?;
    system
        .publish_with_reply(QUESTION, inbox, Vec::new().into())
        .await
        .map_err(|error| unavailable(error.into()))?;
    let mut servers = Vec::new();
    let mut until = Instant::now() + FIRST_ANSWER_MAX;
    while let Some(message) = next(&mut answers, until).await {
        if message.status.is_some() {
            // "No responders": this user's account has no such subject.
            return Err(DurabilityError::NoAnswer);
        }
        let answer: Answer =
            serde_json::from_slice(&message.payload).map_err(|error| unavailable(error.into()))?;
        if servers.is_empty() {
            until = Instant::now() + FURTHER_ANSWERS;
        }
        servers.push(answer.data);
    }
    Ok(servers)
}

async fn next(answers: &mut Subscriber, until: Instant) -> Option<Message> {
    timeout_at(until, answers.next()).await.ok().flatten()
}

fn verdict(servers: Vec<Varz>) -> Result<Verdict, DurabilityError> {
    let mut weaknesses = Vec::new();
    let mut versions = Vec::new();
    for server in servers {
        let Some(config) = server.jetstream.config else {
            continue;
        };
        let name =
            if server.server_name.is_empty() { server.server_id } else { server.server_name };
        if number(&server.version) < VERSION_MIN {
            weaknesses.push(Weakness::TooOld { server: name, version: server.version });
        } else if !config.sync_always {
            let every = Duration::from_nanos(config.sync_interval);
            weaknesses.push(Weakness::SyncsSeldom { server: name, every });
        } else {
            versions.push(server.version);
        }
    }
    match (weaknesses.is_empty(), versions.is_empty()) {
        (true, true) => Err(DurabilityError::NoAnswer),
        (true, false) => Ok(Verdict::Durable { versions }),
        (false, _) => Ok(Verdict::Volatile { weaknesses }),
    }
}

/// The first two numbers of a version; 0 for what is none.
fn number(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Varz {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn one_weak_server_of_a_cluster_makes_the_log_volatile() {
        let strong = r#"{"server_id":"A","server_name":"one","version":"2.12.7",
            "jetstream":{"config":{"sync_always":true,"sync_interval":120000000000}}}"#;
        let seldom = r#"{"server_id":"B","server_name":"two","version":"2.12.7",
            "jetstream":{"config":{"sync_interval":120000000000}}}"#;
        let Verdict::Volatile { weaknesses } =
            verdict(vec![server(strong), server(seldom)]).unwrap()
        else {
            panic!("the second server is weak");
        };
        let text = list(&weaknesses);
        assert!(text.contains("nats-server two writes to the disk every 120s only"), "{text}");
        assert!(text.contains("sync_interval: always"), "{text}");
    }

    #[test]
    fn a_server_before_2_10_is_weak_whatever_it_says() {
        let old = r#"{"server_id":"A","version":"2.9.10","jetstream":{"config":{}}}"#;
        let expected = Weakness::TooOld { server: "A".into(), version: "2.9.10".into() };
        assert_eq!(
            verdict(vec![server(old)]).unwrap(),
            Verdict::Volatile { weaknesses: vec![expected] }
        );
    }

    #[test]
    fn servers_without_jetstream_prove_nothing() {
        let relay = r#"{"server_id":"A","version":"2.12.7","jetstream":{}}"#;
        assert!(matches!(verdict(vec![server(relay)]), Err(DurabilityError::NoAnswer)));
    }
}
