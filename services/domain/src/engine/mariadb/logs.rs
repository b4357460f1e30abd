//! How logs are switched: by settings, some of which go by two names.

use crate::engine::logs::UserLog;
use std::collections::BTreeMap;

/// The setting that has a log written.
pub const fn switch(log: UserLog) -> &'static str {
    match log {
        UserLog::General => "general_log",
        UserLog::SlowQuery => "slow_query_log",
    }
}

/// The setting that names the file of a log.
pub const fn file(log: UserLog) -> &'static str {
    match log {
        UserLog::General => "general_log_file",
        UserLog::SlowQuery => "slow_query_log_file",
    }
}

/// Another name of the switch.
const fn alias(log: UserLog) -> Option<&'static str> {
    match log {
        UserLog::General => None,
        UserLog::SlowQuery => Some("log_slow_query"),
    }
}

/// Has a log written or not, whatever the settings said before. One that is written goes into its
/// file: in a table nothing would bound it.
pub(crate) fn set(settings: &mut BTreeMap<String, String>, log: UserLog, is_on: bool) {
    if let Some(alias) = alias(log) {
        settings.remove(alias);
    }
    let word = if is_on { "ON" } else { "OFF" };
    settings.insert(switch(log).to_owned(), word.to_owned());
    if is_on {
        settings.insert("log_output".to_owned(), "FILE".to_owned());
    }
}

/// Whether a server with these settings writes a log.
pub(crate) fn is_on(settings: &BTreeMap<String, String>, log: UserLog) -> bool {
    let names = [Some(switch(log)), alias(log)];
    let values = names.into_iter().flatten().filter_map(|name| settings.get(name));
    values
        .into_iter()
        .any(|value| ["on", "1", "true", "yes"].contains(&value.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_switch_counts_whatever_stood_under_either_name() {
        let mut before = settings(&[("log_slow_query", "ON"), ("log_output", "TABLE"), ("a", "1")]);
        assert!(is_on(&before, UserLog::SlowQuery) && !is_on(&before, UserLog::General));
        set(&mut before, UserLog::SlowQuery, false);
        let off = [("a", "1"), ("log_output", "TABLE"), ("slow_query_log", "OFF")];
        assert_eq!(before, settings(&off));
        assert!(!is_on(&before, UserLog::SlowQuery));
        set(&mut before, UserLog::General, true);
        assert!(is_on(&before, UserLog::General));
        assert_eq!(before["log_output"], "FILE");
    }
}
