//! PostgreSQL's words.

use super::Setting;
use super::facts::{Charset, Logs, Root, Settings, Statements};

pub(super) const SETTINGS: Settings = Settings {
    at_start: Setting {
        name: "max_locks_per_transaction",
        default: "64",
        values: [(128, "128"), (192, "192"), (256, "256")],
        shown_by: "show max_locks_per_transaction",
    },
    bad: &[
        ("{\"work_mem\":1}", "less than the minimum"),
        ("{\"archive_command\":\"id\"}", "not supported"),
        ("{\"shared_preload_libraries\":\"x\"}", "not supported"),
        ("{\"wait_timeout\":77}", "not supported"),
        ("{\"log_statement\":\"some\"}", "not one of"),
    ],
    too_large: ("shared_buffers", 10_000_000),
    show: "show ",
};

pub(super) const STATEMENTS: Statements = Statements {
    started: "select floor(extract(epoch from pg_postmaster_start_time()))",
    // It would compress what repeats itself.
    wide: "create table {} (a text); alter table {} alter a set storage external",
    denied: "password authentication failed",
};

pub(super) const CHARSET: Charset = Charset {
    name: "utf8",
    collation: "C",
    shown_by: "select pg_encoding_to_char(encoding) || '/' || datcollate from pg_database \
               where datname = current_database()",
    shown: "UTF8/C",
    default: "UTF8/C.UTF-8",
};

pub(super) const ROOT: Root = Root {
    name: "postgres",
    who: ("select session_user", "postgres"),
    may: &[
        "insert into t values (2)",
        "create schema own",
        "create extension pg_trgm",
        "select query from pg_stat_activity",
    ],
    may_not: &[
        "copy t from program 'id'",
        "select pg_read_file('/etc/passwd')",
        "alter system set archive_command = 'id'",
        "create role more",
        "create extension file_fdw",
    ],
    reserved: "postgres",
};

pub(super) const LOGS: Logs =
    Logs { owners: &[("general", "")], started: "ready to accept connections" };
