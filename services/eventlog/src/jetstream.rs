//! The log on NATS JetStream: one message per commit, one subject per aggregate.
//!
//! # Invariants
//! - Every read of one aggregate asks the stream's leader, so it sees what was acknowledged.
//! - Nothing is sent while the connection is down: a queued append would land after its deadline.
//! - No step rests on the server's table of message ids, which forgets and differs by version;
//!   the expected version alone keeps a repeat from being stored twice.

mod connection;
mod follow;
mod stream;

pub use stream::{StreamError, ensure_stream};

use crate::chain::hash_of;
use crate::log::{AppendError, BoxError, EventLog, LogIdentity, LogInfo, ReadError};
use crate::recorded::{Recorded, encode};
use async_nats::Client;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, RawMessageError, Stream};
use async_nats::jetstream::{self, Context, ErrorCode};
use async_trait::async_trait;
use connection::Connection;
use domain::aggregate::Key;
use domain::commit::Commit;
use futures::stream::BoxStream;
use proto::subjects::STREAM_EVENTS;
use std::error::Error;
use std::time::Duration;

/// How long one request to the server may take before its outcome counts as unknown.
pub const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The log in the stream [`STREAM_EVENTS`]. Clones share the connection.
#[derive(Clone)]
pub struct JetStreamLog {
    client: Client,
    context: Context,
}

impl JetStreamLog {
    /// A log over a connection. Asks nothing yet; the stream may even come to be later.
    pub fn new(client: Client) -> Self {
        let context = context(client.clone());
        Self { client, context }
    }

    /// The stream, and the connection over which to ask it.
    async fn stream(&self) -> Result<(Connection, Stream<()>), ReadError> {
        let connection = Connection::of(&self.client).map_err(ReadError::Unavailable)?;
        let stream = self.context.get_stream_no_info(STREAM_EVENTS).await;
        Ok((connection, stream.map_err(unavailable)?))
    }

    async fn publish(
        &self,
        subject: String,
        message: PublishMessage,
    ) -> Result<PublishAck, PublishError> {
        self.context.send_publish(subject, message).await?.await
    }

    /// The first commit of an aggregate above `after`.
    async fn first(&self, subject: &str, after: u64) -> Result<Option<Recorded>, ReadError> {
        let (connection, stream) = self.stream().await?;
        let first = stream.get_first_raw_message_by_subject(subject, after + 1);
        found(connection.hold(first).await)?.map(|message| recorded(&message)).transpose()
    }

    /// What the commit became that the server says it has, or says is late.
    async fn own(
        &self,
        subject: &str,
        after: u64,
        commit: &Commit,
    ) -> Result<Recorded, AppendError> {
        match self.first(subject, after).await {
            Ok(Some(first)) if first.commit.commit_id == commit.commit_id => Ok(first),
            Ok(Some(_)) | Err(ReadError::Unreadable { .. }) => Err(AppendError::Conflict),
            // On its way within a cluster, or the log has lost its tail.
            Ok(None) => Err(AppendError::Unknown("nothing stands above that version".into())),
            Err(error @ ReadError::Unavailable(_)) => Err(AppendError::Unknown(error.into())),
        }
    }
}

#[async_trait]
impl EventLog for JetStreamLog {
    async fn append(&self, expected: u64, commit: &Commit) -> Result<Recorded, AppendError> {
        let (subject, payload) = encode(commit)?;
        let (size, hash) = (payload.len(), hash_of(&subject, &payload));
        let connection = Connection::of(&self.client).map_err(AppendError::Unknown)?;
        let message = PublishMessage::build()
            .payload(payload.into())
            .message_id(commit.commit_id.to_string())
            .expected_last_subject_sequence(expected)
            .expected_stream(STREAM_EVENTS);
        let published = connection.hold(self.publish(subject.clone(), message)).await;
        match published.map_err(AppendError::Unknown)? {
            Ok(stored) if !stored.duplicate => {
                Ok(Recorded { sequence: stored.sequence, commit: commit.clone(), hash })
            }
            // Servers before 2.12 look at the message id first. A stored commit has the bytes of
            // the try that came first, so it is read back.
            Ok(_) => self.own(&subject, expected, commit).await,
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                self.own(&subject, expected, commit).await
            }
            Err(error) => Err(classify(error, size)),
        }
    }

    async fn read(&self, key: Key, after: u64) -> Result<Vec<Recorded>, ReadError> {
        let subject = proto::subjects::event(key);
        let mut history = Vec::new();
        let mut position = after;
        while let Some(recorded) = self.first(&subject, position).await? {
            position = recorded.sequence;
            history.push(recorded);
        }
        Ok(history)
    }

    async fn last(&self, key: Key) -> Result<u64, ReadError> {
        let (connection, stream) = self.stream().await?;
        let subject = proto::subjects::event(key);
        let last = connection.hold(stream.get_last_raw_message_by_subject(&subject)).await;
        let last = found(last)?;
        Ok(last.map_or(0, |message| message.sequence))
    }

    async fn info(&self) -> Result<LogInfo, ReadError> {
        let (connection, stream) = self.stream().await?;
        let info = connection.hold(stream.get_info()).await.map_err(ReadError::Unavailable)?;
        let info = info.map_err(unavailable)?;
        let made = i64::try_from(info.created.unix_timestamp_nanos()).map_err(unavailable)?;
        Ok(LogInfo { identity: LogIdentity(made), last_sequence: info.state.last_sequence })
    }

    async fn follow(
        &self,
        after: u64,
    ) -> Result<BoxStream<'static, Result<Recorded, ReadError>>, ReadError> {
        let (connection, stream) = self.stream().await?;
        follow::follow(connection, &stream, after).await.map_err(ReadError::Unavailable)
    }
}

fn context(client: Client) -> Context {
    jetstream::context::ContextBuilder::new().timeout(ANSWER_MAX).build(client)
}

fn unavailable(error: impl Into<BoxError>) -> ReadError {
    ReadError::Unavailable(error.into())
}

fn found(
    answer: Result<Result<StreamMessage, RawMessageError>, BoxError>,
) -> Result<Option<StreamMessage>, ReadError> {
    match answer.map_err(ReadError::Unavailable)? {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

fn recorded(message: &StreamMessage) -> Result<Recorded, ReadError> {
    Recorded::read(message.sequence, &message.subject, &message.payload)
}

/// What an error says about the fate of a message of `size` bytes.
fn classify(error: PublishError, size: usize) -> AppendError {
    match error.kind() {
        PublishErrorKind::MaxPayloadExceeded => AppendError::TooLarge { size },
        PublishErrorKind::WrongLastSequence => AppendError::Conflict,
        PublishErrorKind::WrongLastMessageId => AppendError::Refused(error.into()),
        // No responders: the server has just started, and its streams have not.
        PublishErrorKind::StreamNotFound
        | PublishErrorKind::TimedOut
        | PublishErrorKind::BrokenPipe
        | PublishErrorKind::MaxAckPending => AppendError::Unknown(error.into()),
        PublishErrorKind::Other => match refusal(&error) {
            Some(ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM) => AppendError::TooLarge { size },
            Some(_) => AppendError::Refused(error.into()),
            None => AppendError::Unknown(error.into()),
        },
    }
}

/// The server's own word for not having stored a message, unless it asks for patience.
fn refusal(error: &PublishError) -> Option<ErrorCode> {
    const NOW_UNAVAILABLE: usize = 503;
    let error = error.source()?.downcast_ref::<jetstream::Error>()?;
    let code = error.error_code();
    // Full is said with the same status, but passes by no waiting.
    let is_full =
        [ErrorCode::STREAM_STORE_FAILED, ErrorCode::INSUFFICIENT_RESOURCES].contains(&code);
    (is_full || error.code() != NOW_UNAVAILABLE).then_some(code)
}
