//! The gateway's side: one command, as many tries as its deadline allows, one answer.

use async_nats::{Client, Message, StatusCode, Subscriber};
use bytes::Bytes;
use domain::command::{Envelope, Reply};
use domain::time::Timestamp;
use futures::StreamExt as _;
use proto::{DecodeError, Wire as _, subjects};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, timeout_at};

/// After so long without an answer the command is sent again: often enough that it finds another
/// taskmanager before its deadline while one hangs that the bus still takes for healthy.
const TRY_MAX: Duration = Duration::from_millis(500);

/// Pauses while no taskmanager listens, doubled from the first to the last: short enough that a
/// restart is over before a caller notices.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Sends commands.
#[derive(Debug, Clone)]
pub struct Commander {
    client: Client,
}

/// Nobody answered before the deadline: the command may have been carried out, or not, or may
/// be about to be.
#[derive(Debug, thiserror::Error)]
#[error("the command was not answered in time")]
pub struct OutcomeUnknown {
    /// What the last try met.
    #[source]
    pub cause: Cause,
}

/// What the last try met.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The command was sent, but no answer came.
    #[error("no answer came")]
    NoAnswer,
    /// No taskmanager is there.
    #[error("no taskmanager listens")]
    NobodyListens,
    /// An answer came that this release can't read.
    #[error("the answer can't be read")]
    Unreadable(#[source] DecodeError),
    /// The client was closed.
    #[error("the connection is closed")]
    Closed,
}

impl Commander {
    /// Sends as the client's identity.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Sends a command, and sends it again, unchanged, until it is answered or its deadline has
    /// passed. Any try's answer counts, also one that comes after the next try was sent.
    ///
    /// # Errors
    /// See [`OutcomeUnknown`].
    pub async fn send(&self, envelope: &Envelope) -> Result<Reply, OutcomeUnknown> {
        let fail = |cause| OutcomeUnknown { cause };
        let inbox = self.client.new_inbox();
        let answers = self.client.subscribe(inbox.clone()).await;
        let mut sending = Sending {
            client: &self.client,
            subject: subjects::command(envelope.body.key()),
            payload: envelope.to_bytes().into(),
            inbox,
            answers: answers.map_err(|_| fail(Cause::Closed))?,
            deadline: Instant::now() + envelope.deadline.since(now()),
            pause: PAUSE_MIN,
        };
        let mut cause = Cause::NoAnswer;
        while Instant::now() < sending.deadline {
            match sending.attempt().await {
                Ok(reply) => return Ok(reply),
                Err(last @ (Cause::Closed | Cause::Unreadable(_))) => return Err(fail(last)),
                Err(again @ (Cause::NoAnswer | Cause::NobodyListens)) => cause = again,
            }
        }
        Err(fail(cause))
    }
}

struct Sending<'a> {
    client: &'a Client,
    subject: String,
    payload: Bytes,
    inbox: String,
    answers: Subscriber,
    deadline: Instant,
    pause: Duration,
}

impl Sending<'_> {
    /// Sends once, and listens until it is time to send again.
    async fn attempt(&mut self) -> Result<Reply, Cause> {
        let mut again_at = self.deadline.min(Instant::now() + TRY_MAX);
        let mut cause = Cause::NoAnswer;
        let sent = self.client.publish_with_reply(
            self.subject.clone(),
            self.inbox.clone(),
            self.payload.clone(),
        );
        // While there is no connection a full queue makes even this wait.
        match timeout_at(again_at, sent).await {
            Err(_elapsed) => return Err(cause),
            Ok(Err(_)) => return Err(Cause::Closed),
            Ok(Ok(())) => {}
        }
        loop {
            match timeout_at(again_at, self.answers.next()).await {
                Err(_elapsed) => return Err(cause),
                Ok(None) => return Err(Cause::Closed),
                Ok(Some(message)) if is_nobody(&message) => {
                    // An earlier try may still be answered: go on listening over the pause.
                    again_at = again_at.min(Instant::now() + self.pause);
                    self.pause = PAUSE_MAX.min(self.pause * 2);
                    cause = Cause::NobodyListens;
                }
                Ok(Some(message)) => {
                    return Reply::from_bytes(&message.payload).map_err(Cause::Unreadable);
                }
            }
        }
    }
}

/// Whether the server itself answers that nobody listens.
fn is_nobody(message: &Message) -> bool {
    message.status == Some(StatusCode::NO_RESPONDERS)
}

fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
