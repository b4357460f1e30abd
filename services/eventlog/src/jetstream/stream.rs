//! The stream that is the log: how it must be, and whether it is.

use super::context;
use crate::log::{BoxError, MESSAGE_SIZE_MAX};
use async_nats::Client;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType,
};
use proto::subjects::{EVENTS_ALL, STREAM_EVENTS};
use std::fmt::Debug;
use std::time::Duration;

/// How long the server knows a message id; a second belt beside the expected version.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// Set, since an unset limit is 1000 on some servers and none on others. A tailer that begins
/// anew leaves a consumer behind for some seconds.
const CONSUMERS_MAX: i32 = 1024;
const UNLIMITED: i64 = -1;

/// Why there is no log to write to.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The server did not answer, or would not make the stream.
    #[error("the stream of the event log can't be made or looked at")]
    Unavailable(#[source] BoxError),
    /// The stream is there but is not as it must be: an operator has to look.
    #[error("the stream {STREAM_EVENTS} is not as the event log needs it: {difference}")]
    Differs {
        /// Each setting with what it is and what it must be.
        difference: String,
    },
}

/// Makes the stream of the log with so many replicas, unless it is there; then checks that it is
/// in force as wanted. Changes nothing about a stream that is there.
///
/// # Errors
/// See [`StreamError`].
pub async fn ensure_stream(client: &Client, replicas: usize) -> Result<(), StreamError> {
    let wanted = wanted(replicas);
    let stream = context(client.clone())
        .get_or_create_stream(wanted.clone())
        .await
        .map_err(|error| StreamError::Unavailable(error.into()))?;
    match difference(&stream.cached_info().config, &wanted) {
        None => Ok(()),
        Some(difference) => Err(StreamError::Differs { difference }),
    }
}

fn wanted(replicas: usize) -> Config {
    Config {
        name: STREAM_EVENTS.to_owned(),
        subjects: vec![EVENTS_ALL.to_owned()],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        num_replicas: replicas,
        // A full log refuses; it never forgets.
        discard: DiscardPolicy::New,
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        duplicate_window: DUPLICATE_WINDOW,
        max_consumers: CONSUMERS_MAX,
        max_messages: UNLIMITED,
        max_messages_per_subject: UNLIMITED,
        max_bytes: UNLIMITED,
        max_message_size: i32::try_from(MESSAGE_SIZE_MAX).expect("256 KiB fit"),
        ..Default::default()
    }
}

/// What differs in a way that the log's promises, or its reach, depend on.
fn difference(found: &Config, wanted: &Config) -> Option<String> {
    let differences: Vec<String> = settings(found)
        .into_iter()
        .zip(settings(wanted))
        .filter(|(found, wanted)| found != wanted)
        .map(|((name, found), (_, wanted))| format!("{name} is {found} but must be {wanted}"))
        .collect();
    (!differences.is_empty()).then(|| differences.join(", "))
}

fn settings(config: &Config) -> Vec<(&'static str, String)> {
    let text = |value: &dyn Debug| format!("{value:?}");
    // Absent is how servers without the choice say it.
    let persistence = config.persist_mode.unwrap_or(PersistenceMode::Default);
    vec![
        ("subjects", text(&config.subjects)),
        ("retention", text(&config.retention)),
        ("storage", text(&config.storage)),
        ("num_replicas", text(&config.num_replicas)),
        ("discard", text(&config.discard)),
        ("discard_new_per_subject", text(&config.discard_new_per_subject)),
        ("deny_delete", text(&config.deny_delete)),
        ("deny_purge", text(&config.deny_purge)),
        ("allow_rollup_hdrs", text(&config.allow_rollup)),
        ("allow_direct", text(&config.allow_direct)),
        ("duplicate_window", text(&config.duplicate_window)),
        ("max_age", text(&config.max_age)),
        ("max_consumers", text(&config.max_consumers)),
        ("max_msgs", text(&config.max_messages)),
        ("max_msgs_per_subject", text(&config.max_messages_per_subject)),
        ("max_bytes", text(&config.max_bytes)),
        ("max_msg_size", text(&config.max_message_size)),
        ("no_ack", text(&config.no_ack)),
        ("sealed", text(&config.sealed)),
        ("mirror", text(&config.mirror)),
        ("sources", text(&config.sources)),
        ("subject_transform", text(&config.subject_transform)),
        ("persist_mode", text(&persistence)),
        ("allow_msg_ttl", text(&config.allow_message_ttl)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_setting_and_both_values() {
        let found = Config { deny_purge: false, max_consumers: 1000, ..wanted(1) };
        assert_eq!(
            difference(&found, &wanted(1)).unwrap(),
            "deny_purge is false but must be true, max_consumers is 1000 but must be 1024"
        );
        assert_eq!(difference(&wanted(1), &wanted(1)), None);
    }

    #[test]
    fn a_stream_that_acknowledges_before_it_stores_is_not_accepted() {
        let found = Config { persist_mode: Some(PersistenceMode::Async), ..wanted(1) };
        assert!(difference(&found, &wanted(1)).unwrap().starts_with("persist_mode is Async"));
    }
}
