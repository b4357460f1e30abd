//! Sealed passwords between their command and their action: stored, read, erased.
//!
//! A stream of its own, because the log never forgets and this must.
//!
//! # Invariants
//! - Only ciphertext comes here.
//! - What is stored under an id is never replaced: a repeat changes nothing, and no old version
//!   stays behind on the disk.
//! - Erased means overwritten on the disk, not only removed from the index.

use async_nats::Client;
use async_nats::jetstream::context::{CreateStreamError, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{
    Config, DirectGetError, DirectGetErrorKind, DiscardPolicy, RetentionPolicy, StorageType, Stream,
};
use async_nats::jetstream::{self, Context};
use domain::ids::SecretId;
use domain::secret::{Sealed, StoredSecret};
use domain::time::Timestamp;
use proto::subjects;
use std::time::Duration;

/// The largest ciphertext, in bytes.
pub const SECRET_BYTES_MAX: usize = 4096;

/// What the headers of a stored message may take, in bytes.
const HEADER_BYTES_MAX: usize = 256;

const TIMEOUT: Duration = Duration::from_secs(5);

/// The stream of sealed secrets.
#[derive(Debug, Clone)]
pub struct SecretStore {
    jetstream: Context,
}

/// Why a secret could not be stored, read or erased.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is larger than [`SECRET_BYTES_MAX`]; nothing can store it.
    #[error("a secret of {bytes} bytes is too large")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The stream stands there with settings that are not ours, and can't be changed.
    #[error("the stream of secrets has other settings: {setting}")]
    StreamDiffers {
        /// The first setting that differs.
        setting: &'static str,
    },
    /// The server did not say in time that it is done, or said that it is not: it may be. Every
    /// call here can be repeated.
    #[error("the stream of secrets is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SecretStore {
    /// Uses the stream as the client's identity, which must be a taskmanager's.
    pub fn new(client: Client) -> Self {
        let mut jetstream = jetstream::new(client);
        jetstream.set_timeout(TIMEOUT);
        Self { jetstream }
    }

    /// Makes the stream, or gives the one that is there its settings.
    ///
    /// # Errors
    /// [`SecretError::Unavailable`], [`SecretError::StreamDiffers`].
    pub async fn ensure_stream(&self) -> Result<(), SecretError> {
        let made = self.jetstream.create_or_update_stream(config()).await;
        let made = made.map_err(|error: CreateStreamError| unavailable(error))?;
        // A server drops settings that it does not know without a word.
        match difference(&config(), &made.config) {
            None => Ok(()),
            Some(setting) => Err(SecretError::StreamDiffers { setting }),
        }
    }

    /// Stores a secret; it is on disk afterwards. If there is one under its id, that one stays.
    ///
    /// # Errors
    /// [`SecretError::TooLarge`], [`SecretError::Unavailable`].
    pub async fn put(&self, secret: &StoredSecret) -> Result<(), SecretError> {
        let payload = &secret.sealed.0;
        if payload.len() > SECRET_BYTES_MAX {
            return Err(SecretError::TooLarge { bytes: payload.len() });
        }
        let message = PublishMessage::build()
            .payload(payload.clone().into())
            .expected_stream(subjects::STREAM_SECRETS)
            .expected_last_subject_sequence(0);
        let stored = async {
            let subject = subjects::secret(secret.id);
            self.jetstream.send_publish(subject, message).await?.await
        };
        match stored.await {
            Ok(_) => Ok(()),
            Err(error) if is_taken(&error) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// A stored secret; `None` when there is none under the id, or none any more.
    ///
    /// # Errors
    /// [`SecretError::Unavailable`].
    pub async fn get(&self, id: SecretId) -> Result<Option<Sealed>, SecretError> {
        let stream = self.stream().await?;
        let last = stream.direct_get_last_for_subject(subjects::secret(id)).await;
        Ok(found(last)?.map(|message| Sealed(message.payload.to_vec())))
    }

    /// Erases a secret from the disk; of one that is gone already nothing is left to do.
    ///
    /// # Errors
    /// [`SecretError::Unavailable`].
    pub async fn erase(&self, id: SecretId) -> Result<(), SecretError> {
        let stream = self.stream().await?;
        let last = stream.direct_get_last_for_subject(subjects::secret(id)).await;
        let Some(message) = found(last)? else { return Ok(()) };
        // The server overwrites the message unless it is asked not to.
        match stream.delete_message(message.sequence).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SecretError::Unavailable("the server did not erase it".into())),
            // Another may have been faster, which servers say in several ways.
            Err(error) => match self.get(id).await? {
                None => Ok(()),
                Some(_) => Err(unavailable(error)),
            },
        }
    }

    /// All secrets and when each was stored, oldest first: for the sweep of those that nothing
    /// refers to.
    ///
    /// # Errors
    /// [`SecretError::Unavailable`].
    pub async fn list(&self) -> Result<Vec<(SecretId, Timestamp)>, SecretError> {
        let stream = self.stream().await?;
        let mut secrets = Vec::new();
        let mut from = 1;
        loop {
            let next = stream.direct_get_next_for_subject(subjects::SECRETS_ALL, Some(from)).await;
            let Some(message) = found(next)? else { return Ok(secrets) };
            from = message.sequence + 1;
            if let Some(id) = subjects::parse_secret(&message.subject) {
                let milliseconds = message.time.unix_timestamp_nanos() / 1_000_000;
                let stored = Timestamp(i64::try_from(milliseconds).unwrap_or(i64::MAX));
                secrets.push((id, stored));
            }
        }
    }

    async fn stream(&self) -> Result<Stream<()>, SecretError> {
        self.jetstream.get_stream_no_info(subjects::STREAM_SECRETS).await.map_err(unavailable)
    }
}

fn config() -> Config {
    Config {
        name: subjects::STREAM_SECRETS.to_owned(),
        subjects: vec![subjects::SECRETS_ALL.to_owned()],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        num_replicas: 1,
        // Full means refused: an accepted secret is never pushed out by a later one.
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_messages_per_subject: 1,
        max_message_size: i32::try_from(SECRET_BYTES_MAX + HEADER_BYTES_MAX)
            .expect("a few thousand fit"),
        allow_direct: true,
        deny_delete: false,
        ..Config::default()
    }
}

/// The first setting that matters and is not as wanted.
fn difference(wanted: &Config, found: &Config) -> Option<&'static str> {
    let same = [
        ("subjects", wanted.subjects == found.subjects),
        ("retention", wanted.retention == found.retention),
        ("storage", wanted.storage == found.storage),
        ("discard", wanted.discard == found.discard),
        ("max_age", wanted.max_age == found.max_age),
        ("max_msg_size", wanted.max_message_size == found.max_message_size),
        ("max_msgs_per_subject", wanted.max_messages_per_subject == found.max_messages_per_subject),
        ("allow_direct", wanted.allow_direct == found.allow_direct),
        ("deny_delete", wanted.deny_delete == found.deny_delete),
    ];
    same.into_iter().find_map(|(setting, is_same)| (!is_same).then_some(setting))
}

fn found<T>(got: Result<T, DirectGetError>) -> Result<Option<T>, SecretError> {
    match got {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

/// Whether the subject has a message already.
fn is_taken(error: &PublishError) -> bool {
    error.kind() == PublishErrorKind::WrongLastSequence
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> SecretError {
    SecretError::Unavailable(Box::new(error))
}
