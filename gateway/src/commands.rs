//! Where changes are sent to: the taskmanagers, over the bus.

use async_trait::async_trait;
use domain::command::{Envelope, Reply};

/// Has commands decided.
#[async_trait]
pub trait Commands: Send + Sync {
    /// Sends a command, and repeats it under the same id until it is answered or its deadline
    /// has passed.
    ///
    /// # Errors
    /// Nobody answered in time: it may have been carried out, or may yet be.
    async fn send(&self, envelope: &Envelope) -> Result<Reply, OutcomeUnknown>;
}

/// Nobody answered before the deadline.
#[derive(Debug, thiserror::Error)]
#[error("the command was not answered in time")]
pub struct OutcomeUnknown;
