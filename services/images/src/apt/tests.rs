//! The two ways in which apt alone would let something unsigned through, tried on the real
//! archive through the host's own sources.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::recipe::Libraries;

/// Small, and without the libraries it needs.
const DASH: Recipe = Recipe {
    engine: "dash",
    series: "bookworm",
    title: "dash",
    suite: Suite::Bookworm,
    packages: &["dash"],
    pretended: &["libc6", "debianutils", "dpkg"],
    programs: &["usr/bin/dash"],
    libraries: Libraries::Host,
    left_out: &[],
    links: &[],
    changes: &[],
};

/// Keys that Debian no longer signs with, from the same package as those that it does.
const OTHER_KEYRING: &str = "/usr/share/keyrings/debian-archive-removed-keys.gpg";

struct State {
    directory: tempfile::TempDir,
}

impl State {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn archive(&self) -> Archive<'static> {
        let path = self.directory.path();
        Archive::updated(Suite::Bookworm, (path, path), &()).unwrap()
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }
}

#[test]
fn an_update_with_other_keys_is_refused_even_when_older_lists_are_there() {
    let state = State::new();
    let archive = state.archive();
    assert!(!archive.plan(&DASH).unwrap().is_empty());
    let archives = Archives::of_host(Path::new("/etc/apt")).unwrap();
    let error = archive.update(&archives, Path::new(OTHER_KEYRING)).unwrap_err();
    assert!(matches!(error, Error::SignatureRefused { .. }), "{error}");
}

#[test]
fn an_archive_that_does_not_carry_the_release_is_told_from_one_that_does_not_answer() {
    let state = State::new();
    let archive = state.archive();
    let host = Archives::of_host(Path::new("/etc/apt")).unwrap();
    let without = Archives { main: format!("{}/none", host.main), ..host.clone() };
    let error = archive.update(&without, Path::new(host::KEYRING)).unwrap_err();
    assert!(matches!(error, Error::SuiteMissing { .. }), "{error}");
    // Nobody listens on the discard port.
    let silent = Archives { main: "http://127.0.0.1:9/debian".to_owned(), ..host };
    let error = archive.update(&silent, Path::new(host::KEYRING)).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[test]
fn a_package_that_was_changed_after_the_download_is_refused_and_nothing_is_unpacked() {
    let state = State::new();
    let archive = state.archive();
    let plan = archive.plan(&DASH).unwrap();
    let fetched = archive.fetch(&DASH, plan).unwrap();
    let [package] = fetched.packages() else { panic!("more than dash: {:?}", fetched.packages()) };
    let path = fetched.path(package);
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    fs::write(&path, bad).unwrap();
    let error = fetched.unpack_into("dash", &state.root()).unwrap_err();
    assert!(matches!(error, Error::Tampered { .. }), "{error}");
    assert!(!state.root().exists());

    fs::write(&path, good).unwrap();
    fetched.unpack_into("dash", &state.root()).unwrap();
    assert!(state.root().join("bin/dash").exists());
}

#[test]
fn package_files_are_closed_to_others_and_go_away() {
    use std::os::unix::fs::PermissionsExt;
    let state = State::new();
    let archive = state.archive();
    let plan = archive.plan(&DASH).unwrap();
    let fetched = archive.fetch(&DASH, plan).unwrap();
    let directory = fetched.path(&fetched.packages()[0]).parent().unwrap().to_owned();
    let mode = fs::metadata(&directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    drop(fetched);
    assert!(!directory.exists());
}
