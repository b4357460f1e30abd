//! MariaDB's words.

use super::Setting;
use super::facts::{Charset, Logs, Root, Settings, Statements};

pub(super) const SETTINGS: Settings = Settings {
    at_start: Setting {
        name: "ft_min_word_len",
        default: "4",
        values: [(3, "3"), (5, "5"), (6, "6")],
        shown_by: "select @@global.ft_min_word_len",
    },
    bad: &[
        ("{\"wait_timeout\":0}", "less than the minimum"),
        ("{\"plugin_dir\":\"x\"}", "not supported"),
        ("{\"init_connect\":\"x\"}", "not supported"),
        ("{\"work_mem\":8192}", "not supported"),
        ("{\"concurrent_insert\":\"some\"}", "not one of"),
    ],
    too_large: ("innodb_buffer_pool_size", 10_737_418_240),
    show: "select @@global.",
};

pub(super) const STATEMENTS: Statements = Statements {
    started: "select unix_timestamp() - variable_value from information_schema.global_status \
              where variable_name = 'uptime'",
    wide: "create table {} (a longblob)",
    denied: "Access denied",
};

pub(super) const CHARSET: Charset = Charset {
    name: "utf8mb4",
    collation: "utf8mb4_bin",
    shown_by: "select concat_ws('/', default_character_set_name, default_collation_name) \
               from information_schema.schemata where schema_name = database()",
    shown: "utf8mb4/utf8mb4_bin",
    default: "utf8mb4/utf8mb4_general_ci",
};

pub(super) const ROOT: Root = Root {
    name: "root",
    who: ("select current_user()", "root@%"),
    may: &[
        "insert into t values (2)",
        "create user more identified by 'p-w-d'",
        "grant all privileges on d.* to more",
        "show full processlist",
    ],
    may_not: &[
        "shutdown",
        "set global read_only = 1",
        "set global general_log_file = '/tmp/log'",
        "select 1 into outfile '/tmp/out'",
        "install soname 'auth_pam'",
        "drop database mysql",
        "grant super on *.* to root@'%'",
    ],
    reserved: "mysql",
};

pub(super) const LOGS: Logs = Logs {
    owners: &[("general", ""), ("slow_query", "set long_query_time = 0; ")],
    started: "ready for connections",
};
