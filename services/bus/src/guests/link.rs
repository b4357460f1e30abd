//! The guest's side: everything that an agent says and hears.

use crate::answering::{Answer, GATEWAYS, NotServing, answer_all, reply_below};
use async_nats::connection::State;
use async_nats::{Client, Request, Subscriber};
use domain::guest::{
    DesiredAnswer, DesiredRequest, Heartbeat, Query, QueryAnswer, Report, ReportAnswer,
};
use domain::ids::InstanceId;
use futures::{FutureExt as _, StreamExt as _};
use proto::subjects::{self, GuestTopic};
use proto::{DecodeError, Wire};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long to wait for a taskmanager; its append may wait for a slow disk.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Questions answered at once.
const QUERIES_MAX: NonZeroUsize = NonZeroUsize::new(4).expect("4 is not 0");

/// An agent's connection to the plane, for its one instance.
#[derive(Debug, Clone)]
pub struct Link {
    client: Client,
    id: InstanceId,
}

/// Why a request has no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No taskmanager answered in time: ask again later.
    #[error("no taskmanager answered")]
    NoAnswer(#[source] async_nats::RequestError),
    /// The answer is not one that this release can read: ask again later, a newer agent might.
    #[error("the answer can't be read")]
    Unreadable(#[source] DecodeError),
}

impl Link {
    /// Speaks for instance `id`; the client's credentials must be its own.
    pub fn new(client: Client, id: InstanceId) -> Self {
        Self { client, id }
    }

    /// Asks for the newest document.
    ///
    /// # Errors
    /// See [`LinkError`].
    pub async fn desired(&self, request: &DesiredRequest) -> Result<DesiredAnswer, LinkError> {
        self.request(GuestTopic::Desired, request).await
    }

    /// Reports; to be repeated until [`ReportAnswer::Recorded`].
    ///
    /// # Errors
    /// See [`LinkError`].
    pub async fn report(&self, report: &Report) -> Result<ReportAnswer, LinkError> {
        self.request(GuestTopic::Report, report).await
    }

    /// Gives a sign of life. Lost when nobody listens, and not sent while there is no
    /// connection: an old one would say what is not so any more.
    pub async fn heartbeat(&self, heartbeat: &Heartbeat) {
        if self.client.connection_state() != State::Connected {
            return;
        }
        let subject = subjects::guest(self.id, GuestTopic::Heartbeat);
        if let Err(error) = self.client.publish(subject, heartbeat.to_bytes().into()).await {
            tracing::debug!(%error, "A heartbeat could not be sent.");
        }
    }

    /// Hints that the document may have changed, from now on.
    ///
    /// # Errors
    /// The client was closed.
    pub async fn pokes(&self) -> Result<Pokes, NotServing> {
        let subject = subjects::guest(self.id, GuestTopic::Poke);
        let subscriber = self.client.subscribe(subject).await.map_err(|_| NotServing)?;
        Ok(Pokes { subscriber })
    }

    /// Has live questions answered by `handle`, until `shutdown`.
    ///
    /// # Errors
    /// The client was closed.
    pub async fn serve_queries<H, F>(
        &self,
        shutdown: &CancellationToken,
        handle: H,
    ) -> Result<(), NotServing>
    where
        H: Fn(Query) -> F + Send + Sync + 'static,
        F: Future<Output = QueryAnswer> + Send,
    {
        let subject = subjects::guest(self.id, GuestTopic::Query);
        let subscriber = self.client.subscribe(subject).await.map_err(|_| NotServing)?;
        let handle = Arc::new(handle);
        answer_all(&self.client, subscriber, QUERIES_MAX, shutdown, move |message| {
            let handle = handle.clone();
            async move {
                let [borrowed, gateway] = GATEWAYS;
                let askers = [borrowed, gateway, subjects::TASKMANAGER_INBOX];
                let to = reply_below(&message, &askers)?;
                match Query::from_bytes(&message.payload) {
                    Ok(query) => Some(Answer { to, payload: handle(query).await.to_bytes() }),
                    Err(error) => {
                        tracing::warn!(%error, "Unreadable question.");
                        None
                    }
                }
            }
        })
        .await
    }

    async fn request<A: Wire>(&self, topic: GuestTopic, body: &impl Wire) -> Result<A, LinkError> {
        let subject = subjects::guest(self.id, topic);
        let request = Request::new().payload(body.to_bytes().into()).timeout(Some(REQUEST_TIMEOUT));
        let answer =
            self.client.send_request(subject, request).await.map_err(LinkError::NoAnswer)?;
        A::from_bytes(&answer.payload).map_err(LinkError::Unreadable)
    }
}

/// Hints that the document may have changed.
#[derive(Debug)]
pub struct Pokes {
    subscriber: Subscriber,
}

impl Pokes {
    /// Waits for a hint; several that have come meanwhile are one. None when the client was
    /// closed. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<()> {
        self.subscriber.next().await?;
        while let Some(Some(_)) = self.subscriber.next().now_or_never() {}
        Some(())
    }
}
