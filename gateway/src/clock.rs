//! The wall clock, read at the edge only: what is decided carries its time along.

use domain::time::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now.
pub(crate) fn now() -> Timestamp {
    timestamp(SystemTime::now())
}

/// A point of the system's clock as the log writes it.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    let elapsed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
