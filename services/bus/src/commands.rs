//! Commands: sent by gateways, answered by taskmanagers, repeated until answered.
//!
//! # Invariants
//! - A repeat is the same bytes: the same command id, the same deadline.
//! - A command reaches one taskmanager at a time, but over its repeats it may reach several, also
//!   at once: the command id makes them one.

mod commander;

pub use commander::{Cause, Commander, OutcomeUnknown};

use crate::answering::{Answer, GATEWAYS, NotServing, answer_all, reply_below};
use async_nats::{Client, Message};
use domain::command::{Envelope, Rejection, Reply};
use proto::{Wire as _, subjects};
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Has commands decided by `handle`, at most `limit` at once, until `shutdown`; those that have
/// arrived by then are still answered. Without an answer from `handle` the gateway asks again,
/// us or another taskmanager, until the command's deadline.
///
/// # Errors
/// The client was closed.
pub async fn serve<H, F>(
    client: &Client,
    limit: NonZeroUsize,
    shutdown: &CancellationToken,
    handle: H,
) -> Result<(), NotServing>
where
    H: Fn(Envelope) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Reply>> + Send,
{
    let subscriber = client
        .queue_subscribe(subjects::COMMANDS_ALL, subjects::COMMAND_QUEUE.to_owned())
        .await
        .map_err(|_| NotServing)?;
    let handle = Arc::new(handle);
    answer_all(client, subscriber, limit, shutdown, move |message| {
        let handle = handle.clone();
        async move {
            let to = reply_below(&message, &GATEWAYS)?;
            let reply = match decode(&message) {
                Some(envelope) => handle(envelope).await?,
                None => Err(Rejection::NotUnderstood),
            };
            Some(Answer { to, payload: reply.to_bytes() })
        }
    })
    .await
}

fn decode(message: &Message) -> Option<Envelope> {
    let envelope = match Envelope::from_bytes(&message.payload) {
        Ok(envelope) => envelope,
        Err(error) => {
            tracing::warn!(subject = message.subject.as_str(), %error, "Unreadable command.");
            return None;
        }
    };
    let key = envelope.body.key();
    if subjects::parse_command(&message.subject) == Some(key) {
        return Some(envelope);
    }
    tracing::warn!(subject = message.subject.as_str(), %key, "A command to another aggregate.");
    None
}
