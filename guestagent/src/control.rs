//! What an agent may ask its shim for, over `shim.sock`: one JSON line each way.
//!
//! # Invariants
//! - Nothing here says *how* the server is run: that stands in the specification only.
//! - `start` and `stop` say what is wanted and return at once; `status` tells what has become of
//!   it. Asking for what is already so changes nothing.

use serde::{Deserialize, Serialize};

/// An agent's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Make the server's data from the template, unless that was done before.
    Prepare,
    /// The server is to run, from now on and after any crash.
    Start,
    /// The server is to rest.
    Stop,
    /// How is it?
    Status {
        /// Also tell what the volume holds, which may mean to look at each file.
        usage: bool,
        /// How much of the end of the server's log to tell, in bytes; at most
        /// [`LOG_TAIL_MAX`] is given.
        log_tail: u32,
    },
}

/// The most of a log that one answer holds, in bytes.
pub const LOG_TAIL_MAX: u32 = 16 * 1024;

/// The shim's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The request was taken; this is how things stand.
    Status(Status),
    /// The request could not be carried out.
    Refused {
        /// What stands against it.
        cause: RefusalCause,
        /// The same in words.
        detail: String,
    },
}

/// What stands against a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCause {
    /// The template is not there.
    TemplateMissing,
    /// The volume is full.
    VolumeFull,
    /// The volume, or the data that was on it, is not there.
    VolumeMissing,
    /// The server was not prepared yet.
    NotPrepared,
    /// The request is none.
    NotUnderstood,
    /// The file system answered with another error.
    Io,
}

/// How an instance's server is, as its parent sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether the server's data was made.
    pub prepared: bool,
    /// Whether the server is to run.
    pub wanted: bool,
    /// Whether it does.
    pub server: ServerState,
    /// How often it ended by itself, since the shim started.
    pub ends: u32,
    /// How it ended last, since the shim started.
    pub last_end: Option<End>,
    /// What the volume holds; only when asked for.
    pub usage: Option<Usage>,
    /// The end of the server's log; only when asked for.
    pub log_tail: Option<String>,
}

/// Whether a server runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ServerState {
    /// It was not started, or was stopped.
    Resting,
    /// It ended by itself and will be started again.
    Ended,
    /// It runs.
    Running {
        /// Its process id, as the host counts.
        pid: i32,
        /// For how long, in milliseconds, as far as the shim knows.
        ran_ms: u64,
    },
    /// It was told to end.
    Stopping {
        /// Its process id, as the host counts.
        pid: i32,
    },
}

/// How a process ended. Both figures are absent when it was not the shim's own child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its exit status.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether the kernel ended a process of its control group for lack of memory.
    pub out_of_memory: bool,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            _ if self.out_of_memory => f.write_str("out of memory"),
            (_, Some(signal)) => write!(f, "ended by signal {signal}"),
            (Some(code), None) => write!(f, "ended with status {code}"),
            (None, None) => f.write_str("ended"),
        }
    }
}

/// What a volume holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// In use, in bytes.
    pub used_bytes: u64,
    /// In all, in bytes.
    pub size_bytes: u64,
}
