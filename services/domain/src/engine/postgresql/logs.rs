//! How logs are switched, and which lines of what the server says belong to which.
//!
//! The server has one place for all that it says. Lines that tell of a session, statements among
//! them, are the owner's; all others are what the server says of itself. Each line begins with a
//! prefix that tells them apart; further lines of a text begin with a tab, whatever is in it.

use crate::engine::logs::{Line, Log, UserLog};
use std::collections::BTreeMap;

/// The logs of an instance, as lists show them.
pub const ALL: [Log; 3] = [Log::User(UserLog::General), Log::Error, Log::Guest];

/// How each line begins: when, which process, and for a session whose and in which database.
pub const LINE_PREFIX: &str = "%m [%p] %qsession %u@%d: ";

/// What is said while statements are not: nothing about statements that fail.
pub(super) const QUIET: &str = "log";
const USUAL: &str = "warning";

/// Has the log of statements written or not, whatever the settings said before.
pub(crate) fn set(settings: &mut BTreeMap<String, String>, log: UserLog, is_on: bool) {
    match log {
        UserLog::General => {}
        // It has none: slow statements stand among the others.
        UserLog::SlowQuery => return,
    }
    // Not who comes and goes: that is mostly the agent.
    let (statements, messages) = if is_on { ("all", USUAL) } else { ("none", QUIET) };
    for (name, value) in [("log_statement", statements), ("log_min_messages", messages)] {
        settings.insert(name.to_owned(), value.to_owned());
    }
    if !is_on {
        for name in [
            "log_connections",
            "log_disconnections",
            "log_duration",
            "log_min_duration_sample",
            "log_min_duration_statement",
        ] {
            settings.remove(name);
        }
    }
}

/// Whether a server with these settings writes a log.
pub(crate) fn is_on(settings: &BTreeMap<String, String>, log: UserLog) -> bool {
    match log {
        UserLog::General => {
            settings.get("log_statement").is_some_and(|value| !value.eq_ignore_ascii_case("none"))
        }
        UserLog::SlowQuery => false,
    }
}

/// Whom a line tells of.
pub fn line(line: &str) -> Line {
    if line.starts_with('\t') {
        return Line::Further;
    }
    let of_session = line.split_once("] ").is_some_and(|(_, rest)| rest.starts_with("session "));
    if of_session { Line::OfSession } else { Line::OfServer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_counts_whatever_the_settings_said() {
        let mut settings = BTreeMap::from([("log_duration".to_owned(), "on".to_owned())]);
        assert!(!is_on(&settings, UserLog::General));
        set(&mut settings, UserLog::General, true);
        assert!(is_on(&settings, UserLog::General) && !is_on(&settings, UserLog::SlowQuery));
        set(&mut settings, UserLog::General, false);
        assert!(!is_on(&settings, UserLog::General));
        assert!(!settings.contains_key("log_duration"));
    }

    #[test]
    fn lines_of_sessions_are_told_from_the_servers_own() {
        let own = "2026-01-01 00:00:00.000 UTC [7] LOG:  database system is ready";
        let session = "2026-01-01 00:00:00.000 UTC [7] session app@shop: LOG:  statement: x";
        assert_eq!(line(own), Line::OfServer);
        assert_eq!(line(session), Line::OfSession);
        assert_eq!(line("\t2026-01-01 00:00:00.000 UTC [7] LOG:  forged"), Line::Further);
        assert_eq!(line("postgres: no such thing"), Line::OfServer);
    }
}
