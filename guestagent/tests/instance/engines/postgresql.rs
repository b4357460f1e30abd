//! What is particular about PostgreSQL.

use domain::engine::Manager;
use domain::engine::postgresql::{entry_rules, settings_file};

use super::{Engine, Facts, FullFacts, NameFacts, RootFacts, SettingFacts};

pub(crate) const POSTGRESQL_15: Engine = &USUAL;

pub(crate) const POSTGRESQL_17: Engine = &Facts {
    recipe: &images::POSTGRESQL_17,
    root: RootFacts {
        may_not: [MAY_NOT, MAY_NOT_IN_17],
        hindrances: &["SET transaction_timeout = 1", "SET icu_validation_level = 'error'"],
        ..ROOT
    },
    ..USUAL
};

/// What holds unless a version says otherwise.
const USUAL: Facts = Facts {
    manager: Manager::Postgresql,
    recipe: &images::POSTGRESQL_15,
    settings: SettingFacts {
        live: [("work_mem", "8MB", "8MB", "4MB"), ("idle_session_timeout", "100000", "100s", "0")],
        at_restart: ("max_locks_per_transaction", "128", "128", "64"),
        bad: &[
            ("work_mem", "abc", ""),
            ("work_mem", "5", ""),
            ("timezone", "Qo'noS", ""),
            ("log_statement", "nonsense", ""),
            ("no_such_setting", "1", ""),
            ("shared_buffers", "4GB", ""),
            ("shared_buffers", "999999999", ""),
        ],
        // Leaves nobody but the agent a connection.
        fatal: ("max_connections", "8", "max_connections"),
        line: |name, value| format!("{name} = '{value}'\n"),
        told: |_, _| "SELECT 1".to_owned(),
        shown: |name| format!("SHOW {name}"),
    },
    names: NameFacts {
        own_databases: &["postgres", "template0", "Template1", "os_admin"],
        own_users: &["os_admin", "postgres", "pg_monitor", "PUBLIC", "os_db_1", ""],
        hostile: &[
            "x\"; DROP DATABASE postgres; --",
            "'; DROP ROLE os_admin; -- \\",
            "\"double\" \\\" \\' \\\\",
            "größe-数据",
            "%",
            "_",
            "a b  c",
            "é",
            "😀",
            "space ",
            "../../x",
            "Shop",
            "$user",
        ],
        longest: ("x", 63),
        too_long: [64, 64],
        unstorable: &["nul\0"],
        has_hosts: false,
        charset: ("LATIN1", "C", "LATIN1 C"),
        bad_charsets: &[
            (Some("nonsense"), None),
            (None, Some("nonsense")),
            (Some("utf8mb4"), Some("C")),
        ],
        charset_shown: "SELECT pg_encoding_to_char(encoding) || ' ' || datcollate \
                        FROM pg_database WHERE datname = current_database()",
        usable: "SELECT datname FROM pg_database WHERE datallowconn AND \
                 has_database_privilege(session_user, datname, 'CONNECT') \
                 ORDER BY datname::text COLLATE \"C\"",
    },
    root: ROOT,
    server_files: |layout, settings| {
        let rules = "local all os_admin scram-sha-256\n\
                     host all os_admin all reject\nhost all all all scram-sha-256\n";
        vec![(settings_file(layout), settings.to_owned()), (entry_rules(layout), rules.to_owned())]
    },
    password: "template",
    accounts: (
        "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1",
        &["os_admin", "postgres"],
    ),
    ready: "ready to accept connections",
    ends_without_memory: false,
    takes_memory: &["SELECT length(repeat('x', 900000000))"],
    full: FullFacts {
        // "In a read-only transaction".
        refusal: "25006",
        endless: (
            "INSERT INTO t SELECT 1 FROM pg_sleep(1000)",
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT%1000)' \
             AND state = 'active'",
        ),
        lifting: None,
    },
    half_done: &[
        ("postgres", "CREATE DATABASE half1"),
        ("half1", "CREATE TABLE t (a INT)"),
        ("postgres", "DROP DATABASE d1"),
        ("postgres", "CREATE ROLE half LOGIN PASSWORD 'p'"),
        ("postgres", "ALTER ROLE u1 RENAME TO renamed"),
        ("kept", "REASSIGN OWNED BY u2 TO postgres; DROP OWNED BY u2; DROP ROLE u2"),
        (
            "postgres",
            "DO $$ BEGIN EXECUTE (SELECT format('GRANT os_db_%s TO u3', oid) \
             FROM pg_database WHERE datname = 'd2'); END $$",
        ),
        (
            "postgres",
            "DO $$ BEGIN EXECUTE (SELECT format('REVOKE os_db_%s FROM u4', oid) \
             FROM pg_database WHERE datname = 'kept'); END $$",
        ),
    ],
};

const ROOT: RootFacts = RootFacts {
    may: &[
        "CREATE DATABASE mine",
        "CREATE TABLE t (a TEXT)",
        "INSERT INTO t VALUES (1)",
        "CREATE EXTENSION pg_trgm",
        "CREATE SCHEMA own",
        "CHECKPOINT",
        "SELECT query FROM pg_stat_activity",
        "ALTER DATABASE shop SET work_mem = '8MB'",
    ],
    may_not: [MAY_NOT, MAY_NOT_IN_15],
    // For want of a right, or since nobody may do it so.
    denials: &["42501", "55000", "42809"],
    hindrances: &[],
};

/// What root may not do, in any version.
const MAY_NOT: &[&str] = &[
    "COPY t FROM PROGRAM 'id'",
    "COPY t TO PROGRAM 'cat'",
    "COPY t FROM '/etc/passwd'",
    "COPY t TO '/tmp/out'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/out')",
    "ALTER SYSTEM SET archive_command = 'id'",
    "ALTER SYSTEM SET work_mem = '8MB'",
    "SELECT pg_reload_conf()",
    "SET session_preload_libraries = 'x'",
    "SET dynamic_library_path = '/tmp'",
    "SET log_statement = 'none'",
    "ALTER DATABASE shop SET session_preload_libraries = 'x'",
    "LOAD '/tmp/x.so'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/x.so'",
    "CREATE EXTENSION file_fdw",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE ROLE app",
    "ALTER ROLE postgres SUPERUSER",
    "ALTER ROLE postgres CREATEROLE",
    "ALTER ROLE os_admin PASSWORD 'mine'",
    "DROP ROLE os_admin",
    "GRANT os_admin TO postgres",
    "GRANT pg_execute_server_program TO postgres",
    "GRANT pg_read_server_files TO postgres",
    "SET ROLE os_admin",
    "SET SESSION AUTHORIZATION os_admin",
    "CREATE TABLESPACE x LOCATION '/tmp'",
    "CREATE EVENT TRIGGER x ON ddl_command_end EXECUTE FUNCTION pg_notify()",
    "CREATE SUBSCRIPTION x CONNECTION 'host=127.0.0.1' PUBLICATION y",
    "SELECT pg_create_physical_replication_slot('x')",
    "SELECT rolpassword FROM pg_authid",
    "DROP DATABASE postgres",
    "UPDATE pg_proc SET prolang = 12",
    "GRANT ALTER SYSTEM ON PARAMETER work_mem TO postgres",
];

const MAY_NOT_IN_15: &[&str] = &["CREATE EXTENSION adminpack"];

const MAY_NOT_IN_17: &[&str] = &[
    "GRANT pg_create_subscription TO postgres",
    "GRANT pg_maintain TO postgres",
    "GRANT pg_use_reserved_connections TO postgres",
    "CREATE EVENT TRIGGER x ON login EXECUTE FUNCTION pg_notify()",
    "SET event_triggers = off",
    "ALTER DATABASE shop SET event_triggers = off",
    "SELECT pg_sync_replication_slots()",
    "SELECT pg_log_standby_snapshot()",
];
