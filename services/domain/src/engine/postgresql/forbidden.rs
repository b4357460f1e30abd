//! Parameters that no tenant may set, and why.
//!
//! What matters most is fixed on the server's command line as well. Whole families are refused by
//! how their names begin or end, so that a later release of the engine opens nothing new.

const COMMAND: &str = "is a command that the server would run";
const CODE: &str = "has the server load code";
const PATH: &str = "names a file or directory, which the agent lays out";
const LOG: &str = "says how the log is written, which the agent reads";
const NETWORK: &str = "belongs to the instance's address, which the control plane gives";
const TLS: &str = "belongs to keys and certificates, which the agent places";
const REPLICATION: &str = "belongs to replication and recovery, which the control plane drives";
const DURABILITY: &str = "would lose or spoil data";
const HOST: &str = "belongs to the host or to those who develop the server";
const LOGIN: &str = "weakens logging in, or locks the agent out";
const AGENT: &str = "says where settings come from, which the agent writes";
const SESSION: &str = "belongs to a session or a transaction, and says nothing for all of them";

/// Names that end like this.
const SUFFIXES: [(&str, &str); 7] = [
    ("_command", COMMAND),
    ("_library", CODE),
    ("_libraries", CODE),
    ("_directory", PATH),
    ("_directories", PATH),
    ("_file", PATH),
    ("_path", PATH),
];

/// Names that begin like this.
const PREFIXES: [(&str, &str); 24] = [
    ("archive_", REPLICATION),
    ("bonjour", NETWORK),
    ("debug_", HOST),
    ("gss_", LOGIN),
    ("ignore_", DURABILITY),
    ("jit", HOST),
    ("krb_", LOGIN),
    ("log_rotation_", LOG),
    ("max_standby_", REPLICATION),
    ("primary_", REPLICATION),
    ("recovery_", REPLICATION),
    ("send_abort_", HOST),
    ("ssl", TLS),
    ("sync_replication_", REPLICATION),
    ("syslog_", LOG),
    ("trace_", HOST),
    ("transaction_", SESSION),
    ("unix_socket_", NETWORK),
    ("wal_receiver_", REPLICATION),
    ("wal_retrieve_", REPLICATION),
    ("tcp_", NETWORK),
    ("role", SESSION),
    ("session_authorization", SESSION),
    ("is_superuser", SESSION),
];

/// Names in full.
const NAMES: [(&str, &[&str]); 10] = [
    (CODE, &["dynamic_library_path", "extension_destdir", "jit_provider"]),
    (
        PATH,
        &[
            "data_sync_retry",
            "default_tablespace",
            "default_table_access_method",
            "temp_tablespaces",
        ],
    ),
    (
        LOG,
        &[
            "event_source",
            "lc_messages",
            "log_destination",
            "log_file_mode",
            "log_filename",
            "log_line_prefix",
            "log_timezone",
            "log_truncate_on_rotation",
            "logging_collector",
        ],
    ),
    (
        NETWORK,
        &[
            "cluster_name",
            "listen_addresses",
            "port",
            "reserved_connections",
            "superuser_reserved_connections",
        ],
    ),
    (
        REPLICATION,
        &[
            "hot_standby",
            "hot_standby_feedback",
            "max_replication_slots",
            "max_slot_wal_keep_size",
            "max_wal_senders",
            "promote_trigger_file",
            "summarize_wal",
            "synchronized_standby_slots",
            "synchronous_standby_names",
            "wal_keep_size",
            "wal_level",
            "wal_log_hints",
            "wal_summary_keep_time",
        ],
    ),
    (
        DURABILITY,
        &[
            "allow_in_place_tablespaces",
            "allow_system_table_mods",
            "fsync",
            "full_page_writes",
            "session_replication_role",
            "vacuum_defer_cleanup_age",
            "wal_consistency_checking",
            "wal_init_zero",
            "wal_recycle",
            "wal_sync_method",
            "zero_damaged_pages",
        ],
    ),
    (
        HOST,
        &[
            "backtrace_functions",
            "dynamic_shared_memory_type",
            "exit_on_error",
            "file_extend_method",
            "huge_page_size",
            "huge_pages",
            "max_files_per_process",
            "max_stack_depth",
            "post_auth_delay",
            "pre_auth_delay",
            "remove_temp_files_after_crash",
            "restart_after_crash",
            "restrict_nonsystem_relation_kind",
            "shared_memory_type",
            "update_process_title",
        ],
    ),
    (
        LOGIN,
        &[
            "db_user_namespace",
            "password_encryption",
            "row_security",
            "scram_iterations",
            // It counts from before anybody is let in, and who comes can't say otherwise.
            "transaction_timeout",
        ],
    ),
    (AGENT, &["allow_alter_system"]),
    (
        SESSION,
        &["application_name", "client_encoding", "search_path", "standard_conforming_strings"],
    ),
];

/// What begins or ends like these and is a tenant's to tune.
const ALLOWED: [&str; 2] = ["debug_pretty_print", "transaction_buffers"];

/// Why no tenant may set a parameter; its name in lower case and with `_`.
pub fn forbidden(name: &str) -> Option<&'static str> {
    if ALLOWED.contains(&name) {
        return None;
    }
    let exact = NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(why, _)| *why);
    let ends = || SUFFIXES.iter().find(|(suffix, _)| name.ends_with(suffix));
    let begins = || PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix));
    exact.or_else(|| ends().or_else(begins).map(|(_, why)| *why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_run_commands_load_code_or_leave_the_volume_is_forbidden() {
        for name in [
            "archive_command",
            "archive_cleanup_command",
            "archive_library",
            "restore_command",
            "recovery_end_command",
            "ssl_passphrase_command",
            "ssl_passphrase_command_supports_reload",
            "shared_preload_libraries",
            "session_preload_libraries",
            "local_preload_libraries",
            "output_plugin_libraries",
            "dynamic_library_path",
            "extension_destdir",
            "jit_provider",
            "data_directory",
            "config_file",
            "hba_file",
            "external_pid_file",
            "stats_temp_directory",
            "promote_trigger_file",
            "log_directory",
            "log_filename",
            "unix_socket_directories",
            "listen_addresses",
            "krb_server_keyfile",
        ] {
            assert!(forbidden(name).is_some(), "{name}");
        }
    }

    #[test]
    fn what_later_releases_brought_that_is_no_tenants_is_forbidden() {
        for (name, why) in [
            ("allow_alter_system", AGENT),
            ("debug_io_direct", HOST),
            ("file_extend_method", HOST),
            ("gss_accept_delegation", LOGIN),
            ("reserved_connections", NETWORK),
            ("scram_iterations", LOGIN),
            ("send_abort_for_crash", HOST),
            ("summarize_wal", REPLICATION),
            ("sync_replication_slots", REPLICATION),
            ("synchronized_standby_slots", REPLICATION),
            ("trace_connection_negotiation", HOST),
            ("transaction_timeout", LOGIN),
        ] {
            assert_eq!(forbidden(name), Some(why), "{name}");
        }
    }

    #[test]
    fn what_would_lose_data_is_forbidden() {
        for name in ["fsync", "full_page_writes", "zero_damaged_pages", "ignore_checksum_failure"] {
            assert_eq!(forbidden(name), Some(DURABILITY), "{name}");
        }
    }

    #[test]
    fn what_tenants_tune_is_not() {
        for name in [
            "max_connections",
            "shared_buffers",
            "work_mem",
            "statement_timeout",
            "transaction_buffers",
            "synchronous_commit",
            "autovacuum",
            "log_statement",
            "log_min_duration_statement",
            "timezone",
            "datestyle",
            "random_page_cost",
            "max_wal_size",
            "wal_compression",
        ] {
            assert_eq!(forbidden(name), None, "{name}");
        }
    }
}
