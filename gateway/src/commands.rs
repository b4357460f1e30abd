//! Where changes are sent to: the taskmanagers, over the bus.

use async_trait::async_trait;
use bus::commands::{Commander, OutcomeUnknown};
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

#[async_trait]
impl Commands for Commander {
    async fn send(&self, envelope: &Envelope) -> Result<Reply, OutcomeUnknown> {
        Self::send(self, envelope).await
    }
}
