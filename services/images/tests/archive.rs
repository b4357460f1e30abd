//! Images made from the real archive, and run.
//!
//! They stand in `TROVE_IMAGES_DIR` if that is set, otherwise below the build directory, and
//! stay there, so that only the first run fetches.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use images::{MARIADB_10_11, NATS_SERVER_VERSION_WANTED, Store, Suite};

fn store() -> Store {
    let directory = std::env::var_os("TROVE_IMAGES_DIR")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("images"), PathBuf::from);
    Store::open(&directory, Arc::new(())).expect("the images directory is ours")
}

fn output(program: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).env_clear().output().expect("it can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it writes text")
}

#[test]
fn the_bus_is_newer_than_the_hosts_release_has_it() {
    let server = store().ensure_nats_server().unwrap();
    let said = output(&server.path, &["--version"]);
    assert_eq!(said.trim(), format!("nats-server: v{}", server.version));
    assert_eq!(server.suite, Suite::Sid, "older than {NATS_SERVER_VERSION_WANTED}?");
}

#[test]
fn the_bus_of_debian_13_can_be_had_beside_it() {
    let server = store().ensure_nats_server_from(Suite::Trixie).unwrap();
    assert!(output(&server.path, &["--version"]).contains("v2.10."));
}

#[test]
fn mariadb_runs_on_its_own_libraries() {
    let image = store().ensure_engine(&MARIADB_10_11).unwrap();
    assert!(image.version_number.starts_with("10.11."), "{image:?}");
    let server = image.root.join("usr/sbin/mariadbd");
    assert!(output(&server, &["--version"]).contains(&image.version_number));
    for program in MARIADB_10_11.programs {
        let program = image.root.join(program);
        let loader = image.root.join("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
        let libraries = output(&loader, &["--list", program.to_str().unwrap()]);
        let strange: Vec<&str> = libraries
            .lines()
            .filter(|line| line.contains('/') && !line.contains(image.root.to_str().unwrap()))
            .collect();
        assert!(strange.is_empty(), "{program:?}: {strange:?}");
    }
}

#[test]
fn an_image_is_found_again_by_its_id() {
    let store = store();
    let image = store.ensure_engine(&MARIADB_10_11).unwrap();
    assert_eq!(store.engine(image.id).unwrap(), Some(image));
}

#[test]
fn bubblewrap_runs_by_its_path() {
    let tools = store().ensure_tools().unwrap();
    assert!(output(&tools.bwrap, &["--version"]).starts_with("bubblewrap "));
}
