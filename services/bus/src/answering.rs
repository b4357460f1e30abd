//! The loop of everything that answers requests: takes them, bounds them, answers them.
//!
//! # Invariants
//! - Never more handlers at once than the limit; further requests wait in the subscription.
//! - A request whose handler panics gets no answer, and its sender asks again.

use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use proto::subjects;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How long an orderly end waits for requests that were taken already.
const FINISH_MAX: Duration = Duration::from_secs(5);

/// Why nothing is answered any more.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed")]
pub struct NotServing;

/// The answer to one request.
pub(crate) struct Answer {
    /// The subject that the request named.
    pub(crate) to: async_nats::Subject,
    /// The encoded answer.
    pub(crate) payload: Vec<u8>,
}

/// Answers requests from `subscriber` until `shutdown`; then those that have arrived are still
/// answered, as far as five seconds reach. `handle` gives no answer where there is to be none.
pub(crate) async fn answer_all<H, F>(
    client: &Client,
    mut subscriber: Subscriber,
    limit: NonZeroUsize,
    shutdown: &CancellationToken,
    handle: H,
) -> Result<(), NotServing>
where
    H: Fn(Message) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Answer>> + Send + 'static,
{
    let mut work = Work { client: client.clone(), handle: Arc::new(handle), tasks: JoinSet::new() };
    tokio::select! {
        () = work.run(&mut subscriber, limit) => return Err(NotServing),
        () = shutdown.cancelled() => {}
    }
    let rest = async {
        if subscriber.drain().await.is_ok() {
            work.run(&mut subscriber, limit).await;
        }
        while let Some(ended) = work.tasks.join_next().await {
            report_panic(ended);
        }
        client.flush().await
    };
    match tokio::time::timeout(FINISH_MAX, rest).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => tracing::info!("Ended with requests unanswered."),
    }
    Ok(())
}

struct Work<H> {
    client: Client,
    handle: Arc<H>,
    tasks: JoinSet<()>,
}

impl<H, F> Work<H>
where
    H: Fn(Message) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Answer>> + Send + 'static,
{
    /// Handles messages until there are no more. May be dropped between any two of them.
    async fn run(&mut self, subscriber: &mut Subscriber, limit: NonZeroUsize) {
        loop {
            let has_room = self.tasks.len() < limit.get();
            tokio::select! {
                Some(ended) = self.tasks.join_next() => report_panic(ended),
                message = subscriber.next(), if has_room => match message {
                    Some(message) => self.begin(message),
                    None => return,
                },
            }
        }
    }

    fn begin(&mut self, message: Message) {
        let (client, handle) = (self.client.clone(), self.handle.clone());
        self.tasks.spawn(async move {
            let Some(Answer { to, payload }) = handle(message).await else { return };
            if let Err(error) = client.publish(to, Bytes::from(payload)).await {
                tracing::warn!(%error, "An answer could not be sent.");
            }
        });
    }
}

fn report_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "The handler of a request ended without an answer.");
    }
}

/// Where gateways receive answers: as the server names it for requests from their account, and
/// by their own name on a server that has no accounts.
pub(crate) const GATEWAYS: [&str; 2] = ["_R_", subjects::GATEWAY_INBOX];

/// The reply subject of a request, if it lies below one of the inboxes that its sender may have.
///
/// The server lets a sender name any reply subject, also one that only the answering side may
/// publish to: answering there would lend our rights to the sender.
pub(crate) fn reply_below(message: &Message, inboxes: &[&str]) -> Option<async_nats::Subject> {
    let reply = message.reply.as_ref();
    let is_below = |inbox: &&str| {
        let token = reply.and_then(|reply| reply.strip_prefix(*inbox));
        token.is_some_and(|token| token.starts_with('.'))
    };
    if inboxes.iter().any(is_below) {
        return reply.cloned();
    }
    let (subject, reply) = (message.subject.as_str(), reply.map(|reply| reply.as_str()));
    tracing::warn!(subject, reply, "Ignored a request that wants its answer elsewhere.");
    None
}
