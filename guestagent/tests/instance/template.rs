//! A template made from scratch.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::process::Command;

use domain::catalogue::{Parameter, ParameterKind, Range};
use rustix::process::geteuid;

use crate::bench::{binary, store};
use crate::engines::{Engine, MARIADB_10_11, MARIADB_11_8, POSTGRESQL_15, POSTGRESQL_17};

/// A user that stands in no list of the system's.
const UNKNOWN: u32 = 54_321;

#[test]
fn a_template_of_mariadb_is_made_by_whoever_asks_in_an_empty_directory_only() {
    let there = ["mysql", "ibdata1", "ib_logfile0", "aria_log_control"];
    let gone = [".tmp", "pid", "s", "ib_buffer_pool", "ibtmp1"];
    check_mariadb(&made(MARIADB_10_11, "mysql", &there, &gone));
    let rows = made(MARIADB_11_8, "mysql", &there, &gone);
    check_mariadb(&rows);
    assert_forbidden(&rows, &["redirect_url"], &["binlog_gtid_index"]);
}

#[test]
fn a_template_of_postgresql_is_made_by_whoever_asks_in_an_empty_directory_only() {
    let there = ["PG_VERSION", "base", "global", "pg_wal", "pg_xact"];
    let gone = [".work", "postmaster.pid", "postmaster.opts", ".s.PGSQL.5432", "pg_hba.conf"];
    check_postgresql(&made(POSTGRESQL_15, "postgresql", &there, &gone));
    let rows = made(POSTGRESQL_17, "postgresql", &there, &gone);
    check_postgresql(&rows);
    let forbidden = ["allow_alter_system", "scram_iterations", "transaction_timeout"];
    assert_forbidden(&rows, &forbidden, &["io_combine_limit", "transaction_buffers"]);
}

/// That of what a version brought, tenants may not set these and may set those.
fn assert_forbidden(rows: &[Parameter], forbidden: &[&str], allowed: &[&str]) {
    for (names, expected) in [(forbidden, true), (allowed, false)] {
        for name in names {
            let row = rows.iter().find(|row| row.name == *name).expect(name);
            assert_eq!(row.forbidden.is_some(), expected, "{name}: {:?}", row.forbidden);
        }
    }
}

/// Makes a template as a user that the system does not know; gives the list of parameters.
fn made(engine: Engine, manager: &str, there: &[&str], gone: &[&str]) -> Vec<Parameter> {
    let image = store().ensure_engine(engine.recipe).unwrap();
    let above = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o711))
        .tempdir()
        .unwrap();
    let program = above.path().join("trove-guestagent");
    fs::copy(binary(), &program).unwrap();
    let out = above.path().join("out");
    fs::create_dir(&out).unwrap();
    let mut command = Command::new(&program);
    command.args(["template", manager]).args([&image.root, &out]);
    if geteuid().is_root() {
        chown(&out, Some(UNKNOWN), Some(UNKNOWN)).unwrap();
        command.uid(UNKNOWN).gid(UNKNOWN).current_dir("/");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let names: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in there.iter().chain([&"parameters.json"]) {
        assert!(names.iter().any(|there| there == name), "{name}: {names:?}");
    }
    for name in gone {
        assert!(names.iter().all(|there| there != name), "{name}: {names:?}");
    }

    let json = fs::read(out.join("parameters.json")).unwrap();
    let rows: Vec<Parameter> = serde_json::from_slice(&json).unwrap();

    let again = command.output().unwrap();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("not an empty directory"));
    rows
}

/// What is known of every version of MariaDB, whatever the machine.
fn check_mariadb(rows: &[Parameter]) {
    let find = |name: &str| rows.iter().find(|row| row.name == name).expect(name);
    assert!((500..700).contains(&rows.len()), "{}", rows.len());
    let timeout = find("wait_timeout");
    let range = Range { min: Some(1), max: Some(31_536_000) };
    assert_eq!(timeout.kind, ParameterKind::Integer(range));
    assert_eq!(timeout.default.as_deref(), Some("28800"));
    assert!(!timeout.restart_required && timeout.forbidden.is_none());
    assert!(find("innodb_buffer_pool_chunk_size").restart_required);
    assert_eq!(find("general_log").kind, ParameterKind::Boolean);
    assert!(matches!(&find("sql_mode").kind, ParameterKind::Set(words) if words.len() > 20));
    assert!(matches!(&find("optimizer_switch").kind, ParameterKind::Flags(_)));
    assert!(matches!(&find("binlog_format").kind, ParameterKind::Choice(_)));
    let widest = rows.iter().filter_map(|row| match &row.kind {
        ParameterKind::Integer(range) => range.max,
        ParameterKind::Float(_)
        | ParameterKind::Boolean
        | ParameterKind::Text
        | ParameterKind::Choice(_)
        | ParameterKind::Set(_)
        | ParameterKind::Flags(_) => None,
    });
    assert_eq!(widest.max(), Some(u64::MAX.into()));
    for name in ["datadir", "plugin_dir", "log_error", "init_file", "wsrep_provider", "port"] {
        assert!(find(name).forbidden.is_some(), "{name}");
    }
    for row in rows {
        let default = row.default.as_deref().unwrap_or_default();
        assert!(!default.starts_with('/'), "{}: {default}", row.name);
    }
}

/// What is known of every version of PostgreSQL, whatever the machine.
fn check_postgresql(rows: &[Parameter]) {
    let find = |name: &str| rows.iter().find(|row| row.name == name).expect(name);
    assert!((300..400).contains(&rows.len()), "{}", rows.len());
    let buffers = find("shared_buffers");
    let range = Range { min: Some(16), max: Some(1_073_741_823) };
    assert_eq!(buffers.kind, ParameterKind::Integer(range));
    assert_eq!(buffers.unit.as_deref(), Some("8kB"));
    assert!(buffers.restart_required && buffers.forbidden.is_none());
    assert_eq!(find("work_mem").default.as_deref(), Some("4096"));
    assert!(!find("work_mem").restart_required);
    assert_eq!(find("autovacuum").default.as_deref(), Some("ON"));
    assert!(
        matches!(&find("log_statement").kind, ParameterKind::Choice(words) if words.len() == 4)
    );
    assert!(matches!(find("random_page_cost").kind, ParameterKind::Float(_)));
    assert_eq!(find("datestyle").kind, ParameterKind::Text);
    assert!(rows.iter().all(|row| row.name != "block_size"), "nobody can set it");
    for name in ["archive_command", "shared_preload_libraries", "hba_file", "fsync", "port"] {
        assert!(find(name).forbidden.is_some(), "{name}");
    }
    for row in rows {
        let default = row.default.as_deref().unwrap_or_default();
        assert!(!default.contains('/'), "{}: {default}", row.name);
    }
}
