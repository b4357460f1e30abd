//! Parameters that no tenant may set, and why.
//!
//! What a server is started with on its command line wins over the settings file, but not for
//! every option, and a server that does not start helps nobody: what belongs to the control plane
//! is refused by name. Whole families are refused by how their names begin or end, so that a
//! later release of the engine opens nothing new.

const PATH: &str = "names a file or directory, which the agent lays out";
const CODE: &str = "has the server load code or run commands";
const CLUSTER: &str = "belongs to multi-primary replication, which is not offered";
const SQL: &str = "has the server run statements with rights that are not the tenant's";
const FILES: &str = "confines what statements may read and write on the host";
const NETWORK: &str = "belongs to the instance's address, which the control plane gives";
const TLS: &str = "belongs to keys and certificates, which the agent places";
const LAYOUT: &str = "must fit the files on the volume, or the server does not start";
const REPLICATION: &str = "belongs to replication and recovery, which the control plane drives";
const DURABILITY: &str = "would lose acknowledged data in a crash";
const LIMITS: &str = "takes of the host what the flavor does not give";
const LOGIN: &str = "weakens logging in, or locks the agent out";
const ENCRYPTION: &str = "needs a key service, without which the server does not start";

/// Names that end like this.
const SUFFIXES: [(&str, &str); 6] = [
    ("dir", PATH),
    ("_dirs", PATH),
    ("_directory", PATH),
    ("_path", PATH),
    ("_file", PATH),
    ("_filename", PATH),
];

/// Names that begin like this.
const PREFIXES: [(&str, &str); 13] = [
    ("wsrep_", CLUSTER),
    ("plugin_", CODE),
    ("ssl_", TLS),
    ("tls_", TLS),
    ("report_", NETWORK),
    ("gtid_", REPLICATION),
    ("relay_log", REPLICATION),
    ("rpl_semi_sync_", REPLICATION),
    ("log_bin_basename", REPLICATION),
    ("log_bin_index", REPLICATION),
    ("encrypt_", ENCRYPTION),
    ("innodb_encrypt", ENCRYPTION),
    ("aria_encrypt", ENCRYPTION),
];

/// Names in full.
const NAMES: [(&str, &[&str]); 11] = [
    (PATH, &["log_error"]),
    (CODE, &["allow_suspicious_udfs"]),
    (SQL, &["init_connect", "init_slave"]),
    (FILES, &["local_infile", "secure_file_priv"]),
    (
        NETWORK,
        &[
            "bind_address",
            "extra_port",
            "port",
            "proxy_protocol_networks",
            "redirect_url",
            "skip_name_resolve",
            "skip_networking",
            "socket",
        ],
    ),
    (
        LAYOUT,
        &[
            "aria_block_size",
            "innodb_checksum_algorithm",
            "innodb_force_recovery",
            "innodb_page_size",
            "innodb_read_only",
            "innodb_read_only_compressed",
            "innodb_undo_tablespaces",
            "lower_case_table_names",
            "version",
        ],
    ),
    (
        REPLICATION,
        &[
            "binlog_expire_logs_seconds",
            "binlog_space_limit",
            "expire_logs_days",
            "log_bin",
            "log_slave_updates",
            "max_binlog_total_size",
            "read_only",
            "server_id",
            "slave_connections_needed_for_purge",
            "slave_skip_errors",
            "sql_log_bin",
        ],
    ),
    (DURABILITY, &["aria_sync_log_dir", "innodb_doublewrite", "innodb_flush_method", "sync_frm"]),
    (LIMITS, &["core_file", "large_pages", "memlock", "open_files_limit"]),
    (
        LOGIN,
        &[
            "default_password_lifetime",
            "old_passwords",
            "require_secure_transport",
            "secure_auth",
            "skip_grant_tables",
            "strict_password_validation",
        ],
    ),
    (ENCRYPTION, &["innodb_default_encryption_key_id"]),
];

/// Why no tenant may set a parameter; its name in lower case and with `_`.
pub fn forbidden(name: &str) -> Option<&'static str> {
    let exact = NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(why, _)| *why);
    let begins = || PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix));
    let ends = || SUFFIXES.iter().find(|(suffix, _)| name.ends_with(suffix));
    exact.or_else(|| begins().or_else(ends).map(|(_, why)| *why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_leave_the_volume_or_load_code_is_forbidden() {
        for name in [
            "datadir",
            "tmpdir",
            "plugin_dir",
            "innodb_data_home_dir",
            "innodb_undo_directory",
            "general_log_file",
            "slow_query_log_file",
            "log_error",
            "init_file",
            "wsrep_provider",
            "wsrep_notify_cmd",
            "secure_file_priv",
            "pid_file",
            "ssl_key",
            "port",
            "redirect_url",
        ] {
            assert!(forbidden(name).is_some(), "{name}");
        }
    }

    #[test]
    fn what_tenants_tune_is_not() {
        for name in [
            "max_connections",
            "wait_timeout",
            "sql_mode",
            "innodb_buffer_pool_size",
            "innodb_flush_log_at_trx_commit",
            "innodb_file_per_table",
            "log_bin_trust_function_creators",
            "general_log",
            "slow_query_log",
            "character_set_server",
        ] {
            assert_eq!(forbidden(name), None, "{name}");
        }
    }
}
