//! Whom live questions are put to: the instances' guests, over the bus.

use async_trait::async_trait;
use domain::guest::{Query, QueryAnswer};
use domain::ids::InstanceId;
use std::time::Duration;
use telemetry::Chain;

/// Has guests asked.
#[async_trait]
pub trait Guests: Send + Sync {
    /// Asks the guest of `instance`; nothing when it gives no answer within `limit` that can be
    /// read.
    async fn ask(&self, instance: InstanceId, query: Query, limit: Duration)
    -> Option<QueryAnswer>;
}

#[async_trait]
impl Guests for bus::guests::Guests {
    async fn ask(
        &self,
        instance: InstanceId,
        query: Query,
        limit: Duration,
    ) -> Option<QueryAnswer> {
        match self.query(instance, query, limit).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                // Who asked is told so; that a guest is silent is noticed by taskmanagers.
                tracing::info!(instance_id = %instance, error = %Chain(&error), "Guest gave no answer.");
                None
            }
        }
    }
}
