//! A template made from scratch.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::process::Command;

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
    for name in ["mysql", "ibdata1", "ib_logfile0", "aria_log_control"] {
        assert!(names.iter().any(|there| there == name), "{name}: {names:?}");
    }
    for name in [".tmp", "pid", "s", "ib_buffer_pool", "ibtmp1"] {
        assert!(names.iter().all(|there| there != name), "{name}: {names:?}");
    }

    let again = command.output().unwrap();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("not an empty directory"));
}
