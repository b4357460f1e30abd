//! Answers the plane's questions, from what the server holds at this moment.

use std::sync::Arc;

use domain::engine::Log;
use domain::guest::{DatabaseHealth, Query, QueryAnswer};

use super::Guest;
use super::logs;
use super::report::heartbeat;
use crate::engine::EngineError;

/// The answer to a question.
pub(crate) async fn answer(guest: Arc<Guest>, query: Query) -> QueryAnswer {
    let found =
        match query {
            Query::Health => Ok(QueryAnswer::Health(heartbeat(&guest).await)),
            Query::Databases(page) => guest.engine.databases(&page).await.map(|listed| {
                QueryAnswer::Databases { names: listed.items, has_more: listed.has_more }
            }),
            Query::Users(page) => guest.engine.users(&page).await.map(|listed| {
                QueryAnswer::Users { users: listed.items, has_more: listed.has_more }
            }),
            Query::User(account) => guest.engine.user(&account).await.map(QueryAnswer::User),
            Query::Logs => Ok(QueryAnswer::Logs(logs::sizes(&guest.spec))),
            Query::LogTail { log, lines } => Ok(tail(&guest, log, lines)),
        };
    found.unwrap_or_else(|error| unavailable(&guest, &error))
}

fn tail(guest: &Guest, log: Log, lines: u32) -> QueryAnswer {
    match logs::tail(&guest.spec, log, lines) {
        Ok(lines) => QueryAnswer::LogTail(lines),
        Err(error) => {
            tracing::warn!(%error, log = log.as_str(), "A log could not be read.");
            QueryAnswer::Unavailable { detail: error.to_string() }
        }
    }
}

/// Why the server is silent, where that is known, and otherwise that it is.
fn unavailable(guest: &Guest, error: &EngineError) -> QueryAnswer {
    let detail = match (error, guest.health.now()) {
        (EngineError::Silent(_), DatabaseHealth::Down { cause }) => cause,
        (_, _) => telemetry::Chain(error).to_string(),
    };
    tracing::info!(detail, "A question could not be answered.");
    QueryAnswer::Unavailable { detail }
}
