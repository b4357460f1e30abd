//! Logs of an instance.
//!
//! There is no object store that one could be published to, so `container`, `prefix` and
//! `metafile` are the text "None", which is what clients expect then.

use domain::engine::Log;
use schemars::JsonSchema;
use serde::Serialize;

/// A log, as lists and answers show it.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct LogView {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    published: u64,
    pending: u64,
    container: &'static str,
    prefix: &'static str,
    metafile: &'static str,
}

/// The end of a log.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct LogEnd {
    /// The log's name.
    pub(crate) name: &'static str,
    /// Its last lines, the oldest first.
    pub(crate) lines: Vec<String>,
}

impl LogView {
    /// A log; `bytes` is what is kept of it, if its guest told.
    pub(crate) fn of(log: Log, is_on: bool, bytes: Option<u64>) -> Self {
        Self {
            name: log.as_str(),
            kind: match log {
                Log::User(_) => "USER",
                Log::Error | Log::Guest => "SYS",
            },
            status: match bytes {
                _ if !is_on => "Disabled",
                None => "Unavailable",
                Some(0) => "Enabled",
                Some(_) => "Ready",
            },
            published: 0,
            pending: bytes.unwrap_or(0),
            container: "None",
            prefix: "None",
            metafile: "None",
        }
    }
}
