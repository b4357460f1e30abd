//! The logs of an instance: where the server's own have their place, and how all are bounded.

use std::fs;
use std::time::Duration;

use domain::engine::UserLog;
use domain::guest_spec::{GuestSpec, Layout};

use super::{data, log_file, shim_log};
use crate::part::Part;
use crate::step;

/// So much in all that a server says is more than it says of itself.
const TALKATIVE_BYTES: u64 = 1 << 20;

/// Between two looks at the length of the logs.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The same once the server has been told to write what a tenant makes it write: that may be a
/// lot in a short time.
const LOOK_EVERY_WRITTEN: Duration = Duration::from_secs(1);

/// Puts aside what has become too long, and says when to look again.
pub(crate) fn look_after(spec: &GuestSpec) -> Duration {
    for path in [Part::Agent.log(spec), Part::Server.log(spec), shim_log(spec)] {
        if let Err(error) = log_file::bound(&path, spec.uid) {
            tracing::warn!(%error, path = %path.display(), "Log could not be cut.");
        }
    }
    if !data::is_prepared(spec) || !step::volume_is_there(spec) {
        return LOOK_EVERY;
    }
    // Instances that are older than these logs have no place for them.
    if let Err(error) = data::ensure_logs(spec) {
        tracing::warn!(%error, "There is no place for the server's logs.");
    }
    let paths = UserLog::ALL.map(|log| Layout(&spec.directory).log(log));
    for path in paths.iter().filter(|path| path.exists()) {
        if let Err(error) = log_file::bound_of_server(path, spec.uid) {
            tracing::warn!(%error, path = %path.display(), "Log could not be put aside.");
        }
    }
    let is_talkative = fs::symlink_metadata(Part::Server.log(spec))
        .is_ok_and(|metadata| metadata.len() > TALKATIVE_BYTES);
    let is_written = is_talkative || paths.iter().any(|path| path.exists());
    if is_written { LOOK_EVERY_WRITTEN } else { LOOK_EVERY }
}
