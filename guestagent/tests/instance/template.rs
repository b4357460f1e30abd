//! A template made from scratch.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::process::Command;

use domain::catalogue::{Parameter, ParameterKind, Range};
use images::MARIADB_10_11;
use rustix::process::geteuid;

use crate::bench::{binary, store};

#[test]
fn a_template_is_made_by_whoever_asks_in_an_empty_directory_only() {
    let image = store().ensure_engine(&MARIADB_10_11).unwrap();
    let above = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o711))
        .tempdir()
        .unwrap();
    let program = above.path().join("trove-guestagent");
    fs::copy(binary(), &program).unwrap();
    let out = above.path().join("out");
    fs::create_dir(&out).unwrap();
    let mut command = Command::new(&program);
    command.args(["template", "mysql"]).args([&image.root, &out]);
    if geteuid().is_root() {
        chown(&out, Some(65_534), Some(65_534)).unwrap();
        command.uid(65_534).gid(65_534).current_dir("/");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let names: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in ["mysql", "ibdata1", "ib_logfile0", "aria_log_control", "parameters.json"] {
        assert!(names.iter().any(|there| there == name), "{name}: {names:?}");
    }
    for name in [".tmp", "pid", "s", "ib_buffer_pool", "ibtmp1"] {
        assert!(names.iter().all(|there| there != name), "{name}: {names:?}");
    }

    let json = fs::read(out.join("parameters.json")).unwrap();
    let rows: Vec<Parameter> = serde_json::from_slice(&json).unwrap();
    check(&rows);

    let again = command.output().unwrap();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("not an empty directory"));
}

/// What is known of MariaDB 10.11, whatever the machine.
fn check(rows: &[Parameter]) {
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
