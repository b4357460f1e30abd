//! The talk with guests: their documents and reports, their heartbeats, and live questions.
//!
//! # Invariants
//! - Which guest speaks is told by the subject alone, which the server lets no other guest use.
//! - Heartbeats and pokes may be lost; reports and documents are asked for again.

mod link;

pub use link::{Link, LinkError, Pokes};

use crate::answering::{Answer, NotServing, answer_all, reply_below};
use async_nats::{Client, Message, Request, Subscriber};
use domain::guest::{
    DesiredAnswer, DesiredRequest, Heartbeat, Query, QueryAnswer, Report, ReportAnswer,
};
use domain::ids::InstanceId;
use futures::StreamExt as _;
use proto::subjects::{self, GuestTopic};
use proto::{DecodeError, Wire};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The plane's side: talks to guests.
#[derive(Debug, Clone)]
pub struct Guests {
    client: Client,
}

/// Why a live question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The guest is away, or too slow.
    #[error("the guest did not answer")]
    NoAnswer(#[source] async_nats::RequestError),
    /// Its answer is not one that this release can read.
    #[error("the guest's answer can't be read")]
    Unreadable(#[source] DecodeError),
}

/// What a taskmanager answers to guests.
pub trait Handler: Send + Sync + 'static {
    /// The newest document of the guest's instance; `None` when it can't be told now: the guest
    /// asks again.
    fn desired(
        &self,
        guest: InstanceId,
        request: DesiredRequest,
    ) -> impl Future<Output = Option<DesiredAnswer>> + Send;

    /// Takes note of what the guest observed.
    fn report(
        &self,
        guest: InstanceId,
        report: Report,
    ) -> impl Future<Output = ReportAnswer> + Send;
}

impl Guests {
    /// Speaks as the client's identity: a taskmanager, or a gateway, which may not [`poke`].
    ///
    /// [`poke`]: Self::poke
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Tells a guest that its document may have changed. It may not arrive; the guest also looks
    /// by itself from time to time.
    pub async fn poke(&self, guest: InstanceId) {
        let subject = subjects::guest(guest, GuestTopic::Poke);
        if let Err(error) = self.client.publish(subject, "".into()).await {
            tracing::debug!(instance_id = %guest, %error, "A poke could not be sent.");
        }
    }

    /// Asks a guest and waits for its answer, at most `limit`.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn query(
        &self,
        guest: InstanceId,
        query: Query,
        limit: Duration,
    ) -> Result<QueryAnswer, QueryError> {
        let subject = subjects::guest(guest, GuestTopic::Query);
        let request = Request::new().payload(query.to_bytes().into()).timeout(Some(limit));
        let answer =
            self.client.send_request(subject, request).await.map_err(QueryError::NoAnswer)?;
        QueryAnswer::from_bytes(&answer.payload).map_err(QueryError::Unreadable)
    }

    /// All guests' heartbeats from now on. Those that come faster than they are taken are
    /// dropped.
    ///
    /// # Errors
    /// The client was closed.
    pub async fn heartbeats(&self) -> Result<Heartbeats, NotServing> {
        let subject = subjects::guests_all(GuestTopic::Heartbeat);
        let subscriber = self.client.subscribe(subject).await.map_err(|_| NotServing)?;
        Ok(Heartbeats { subscriber })
    }
}

/// Heartbeats as they come.
#[derive(Debug)]
pub struct Heartbeats {
    subscriber: Subscriber,
}

impl Heartbeats {
    /// The next one; none when the client was closed. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<(InstanceId, Heartbeat)> {
        loop {
            let message = self.subscriber.next().await?;
            if let Some(heard) = from_guest(&message) {
                return Some(heard);
            }
        }
    }
}

/// Has guests answered by `handler`, at most `limit` of each sort of request at once, until
/// `shutdown`; requests that have arrived by then are still answered.
///
/// # Errors
/// The client was closed.
pub async fn serve(
    client: &Client,
    limit: NonZeroUsize,
    shutdown: &CancellationToken,
    handler: impl Handler,
) -> Result<(), NotServing> {
    let handler = Arc::new(handler);
    let (desired, report) = (handler.clone(), handler);
    let desired =
        serve_topic(client, GuestTopic::Desired, (limit, shutdown), move |id, request| {
            let handler = desired.clone();
            async move { handler.desired(id, request).await }
        });
    let report = serve_topic(client, GuestTopic::Report, (limit, shutdown), move |id, report_| {
        let handler = report.clone();
        async move { Some(handler.report(id, report_).await) }
    });
    tokio::try_join!(desired, report).map(|((), ())| ())
}

async fn serve_topic<Q, A, H, F>(
    client: &Client,
    topic: GuestTopic,
    (limit, shutdown): (NonZeroUsize, &CancellationToken),
    handle: H,
) -> Result<(), NotServing>
where
    Q: Wire + Send,
    A: Wire,
    H: Fn(InstanceId, Q) -> F + Send + Sync + 'static,
    F: Future<Output = Option<A>> + Send,
{
    let queue = subjects::COMMAND_QUEUE.to_owned();
    let subject = subjects::guests_all(topic);
    let subscriber = client.queue_subscribe(subject, queue).await.map_err(|_| NotServing)?;
    let handle = Arc::new(handle);
    answer_all(client, subscriber, limit, shutdown, move |message| {
        let handle = handle.clone();
        async move {
            let (id, question) = from_guest(&message)?;
            let to = reply_below(&message, &[&subjects::guest_inbox(id)])?;
            let payload = handle(id, question).await?.to_bytes();
            Some(Answer { to, payload })
        }
    })
    .await
}

/// Who says what; nothing for what can't be read, which its sender hears as silence.
fn from_guest<T: Wire>(message: &Message) -> Option<(InstanceId, T)> {
    let (id, _topic) = subjects::parse_guest(&message.subject)?;
    match T::from_bytes(&message.payload) {
        Ok(value) => Some((id, value)),
        Err(error) => {
            let subject = message.subject.as_str();
            tracing::warn!(subject, %error, "Unreadable message of a guest.");
            None
        }
    }
}
