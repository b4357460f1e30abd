//! The one place where the taskmanager reads the time and makes ids.

use domain::ids::CommandId;
use domain::time::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// The time on the wall.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// How long it is until `at`; zero when that is past.
pub(crate) fn until(at: Timestamp) -> Duration {
    at.since(now())
}

/// The id of a command that is never repeated: what it asks is idempotent by itself.
pub(crate) fn fresh_command() -> CommandId {
    CommandId(Uuid::now_v7())
}
