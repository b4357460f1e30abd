//! Appending until the outcome is known.

use crate::log::{AppendError, EventLog};
use crate::recorded::Recorded;
use domain::commit::Commit;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Appends, and on an unknown outcome repeats the very same commit until the log says what
/// became of it. A commit that an earlier try stored is an answer like any other.
///
/// # Errors
/// Those of [`EventLog::append`]; [`AppendError::Unknown`] only once `deadline` has passed.
pub async fn append_settled(
    log: &dyn EventLog,
    expected: u64,
    commit: &Commit,
    deadline: Instant,
) -> Result<Recorded, AppendError> {
    let mut pause = PAUSE_MIN;
    loop {
        let error = match timeout_at(deadline, log.append(expected, commit)).await {
            Ok(Err(AppendError::Unknown(error))) => error,
            Ok(settled) => return settled,
            Err(elapsed) => return Err(AppendError::Unknown(elapsed.into())),
        };
        if Instant::now() + pause >= deadline {
            return Err(AppendError::Unknown(error));
        }
        tracing::debug!(commit_id = %commit.commit_id, "Append repeated: its outcome is unknown.");
        sleep(pause).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
}
