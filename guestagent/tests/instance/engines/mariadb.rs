//! What is particular about MariaDB.

use domain::engine::Manager;

use super::{Engine, Facts, FullFacts, NameFacts, RootFacts, SettingFacts};

pub(crate) const MARIADB_10_11: Engine = &USUAL;

pub(crate) const MARIADB_11_8: Engine = &Facts { recipe: &images::MARIADB_11_8, ..USUAL };

/// What holds unless a version says otherwise.
const USUAL: Facts = Facts {
    manager: Manager::Mariadb,
    recipe: &images::MARIADB_10_11,
    settings: SettingFacts {
        live: [
            ("wait_timeout", "100", "100", "28800"),
            ("max_allowed_packet", "32M", "33554432", "16777216"),
        ],
        at_restart: ("ft_min_word_len", "3", "3", "4"),
        bad: &[
            ("max_connections", "abc", ""),
            ("max_connections", "5", ""),
            ("character_set_server", "klingon", "klingon"),
            ("no_such_variable", "1", ""),
            ("innodb_buffer_pool_size", "4294967296", ""),
        ],
        // Does not fit the data that is there.
        fatal: ("innodb_page_size", "8192", "page"),
        line: |name, value| format!("{name}=\"{value}\"\n"),
        told: |name, value| format!("SET GLOBAL {name} = {value}"),
        shown: |name| format!("SELECT CAST(@@GLOBAL.{name} AS CHAR)"),
    },
    names: NameFacts {
        own_databases: &["mysql", "sys", "MySQL", "information_schema", "lost+found"],
        own_users: &["os_admin", "root", "mariadb.sys", "PUBLIC", ""],
        hostile: &[
            "x`; DROP DATABASE mysql; --",
            "'; DROP USER os_admin@localhost; -- \\",
            "\"double\" \\` \\' \\\\",
            "größe-数据",
            "%",
            "_",
            "a b  c",
            "é",
            "#mysql51#x/../..",
        ],
        longest: ("ü", 64),
        too_long: [65, 129],
        unstorable: &["😀", "space ", "nul\0"],
        has_hosts: true,
        charset: ("latin1", "latin1_bin", "latin1 latin1_bin"),
        bad_charsets: &[
            (Some("nonsense"), None),
            (None, Some("latin1_nonsense")),
            (Some("latin1"), Some("utf8mb4_bin")),
        ],
        charset_shown: "SELECT CONCAT(@@character_set_database, ' ', @@collation_database)",
        usable: "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA \
                 WHERE SCHEMA_NAME <> 'information_schema' ORDER BY BINARY SCHEMA_NAME",
    },
    root: RootFacts {
        may: &[
            "CREATE DATABASE mine",
            "CREATE TABLE t (a TEXT)",
            "INSERT INTO t VALUES (1)",
            "CREATE USER app IDENTIFIED BY 'p'",
            "GRANT ALL PRIVILEGES ON shop.* TO app",
            "CREATE USER root@'127.%' IDENTIFIED BY 'p'",
            "FLUSH TABLES",
            "SHOW FULL PROCESSLIST",
            "SELECT COUNT(*) FROM mysql.global_priv",
        ],
        may_not: [MAY_NOT, &[]],
        // On a database, an account, a table, for want of a right, for everybody.
        denials: &["1044", "1045", "1142", "1227", "1238"],
        hindrances: &[],
    },
    server_files: |layout, settings| {
        let init = "ALTER USER 'os_admin'@'localhost' IDENTIFIED BY 'new';\n";
        vec![
            (layout.server_settings(), format!("[mariadbd]\n{settings}")),
            (layout.server_init(), init.to_owned()),
        ]
    },
    password: "new",
    accounts: (
        "SELECT User FROM mysql.global_priv WHERE User <> 'PUBLIC' ORDER BY 1",
        &["mariadb.sys", "os_admin"],
    ),
    ready: "ready for connections",
    ends_without_memory: true,
    takes_memory: &[
        "SET SESSION max_heap_table_size = 1024 * 1024 * 1024",
        "CREATE DATABASE d",
        "CREATE TABLE d.m (t VARCHAR(16000)) ENGINE=MEMORY CHARACTER SET latin1",
        "INSERT INTO d.m VALUES (REPEAT('x', 16000)), (REPEAT('x', 16000))",
        "INSERT INTO d.m SELECT * FROM d.m",
    ],
    full: FullFacts {
        // "It runs with --read-only".
        refusal: "1290",
        endless: (
            "INSERT INTO t SELECT SLEEP(1000)",
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'INSERT%1000)'",
        ),
        lifting: Some("SET GLOBAL read_only = 0"),
    },
    half_done: &[
        ("mysql", "CREATE DATABASE half1"),
        ("half1", "CREATE TABLE t (a INT)"),
        ("mysql", "DROP DATABASE d1"),
        ("mysql", "CREATE USER half IDENTIFIED BY 'p'"),
        ("mysql", "RENAME USER u1 TO renamed"),
        ("mysql", "DROP USER u2"),
        ("mysql", "GRANT ALL PRIVILEGES ON d2.* TO u3"),
        ("mysql", "REVOKE ALL PRIVILEGES ON kept.* FROM u4"),
    ],
};

/// What root may not do, in any version.
const MAY_NOT: &[&str] = &[
    "SELECT 1 INTO OUTFILE '/tmp/out'",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
    "SET GLOBAL general_log_file = '/tmp/log'",
    "SET GLOBAL read_only = 1",
    "SET GLOBAL secure_file_priv = ''",
    "SHUTDOWN",
    "INSTALL SONAME 'auth_pam'",
    "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'",
    "DROP DATABASE mysql",
    "UPDATE mysql.global_priv SET Priv = '{}'",
    "INSERT INTO mysql.plugin VALUES ('x', 'x.so')",
    "GRANT FILE ON *.* TO root@'%'",
    "GRANT SUPER ON *.* TO root@'%'",
    "GRANT INSERT ON mysql.* TO root@'%'",
    "CREATE DEFINER = os_admin@localhost PROCEDURE shop.p() SELECT 1",
];
