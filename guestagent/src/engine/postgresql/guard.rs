//! A server whose users only read, for want of room: by what transactions begin as, which the
//! agent's sessions ask for otherwise.
//!
//! Whoever knows what it does may still begin one that writes, such as to remove a table: a
//! tenant that wants to make room can. What goes on writing is ended at the next look.

use domain::engine::postgresql::ADMIN;

use super::session::Session;
use crate::engine::EngineError;

/// The setting by which it is done.
pub(super) const SETTING: &str = "default_transaction_read_only";
/// The line of a settings file by which it is done; none that a setting could be written as.
pub(super) const LINE: &str = "default_transaction_read_only = on # there is no room to write\n";

/// Whether a settings file of the agent's says so.
pub(super) fn is_in(file: &str) -> bool {
    file.lines().any(|line| line == LINE.trim_end())
}

/// Ends what others write. A transaction that has written has a number.
pub(super) async fn end_writers(session: &Session) -> Result<(), EngineError> {
    let query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE backend_type = 'client backend' AND usename::text <> $1 \
                 AND (backend_xid IS NOT NULL OR (state = 'active' \
                 AND xact_start < pg_conf_load_time()))";
    session.rows(query, &[&ADMIN]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::settings;
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_the_agent_has_a_file_say_is_found_there_and_is_no_setting() {
        let settings =
            BTreeMap::from([("default_transaction_read_only".to_owned(), "off".to_owned())]);
        let lifted = settings::file(&settings, None).unwrap();
        let held = settings::file(&settings, Some(LINE)).unwrap();
        assert_eq!((is_in(&lifted), is_in(&held)), (false, true));
        assert_eq!(settings::of(&held), settings);
    }
}
