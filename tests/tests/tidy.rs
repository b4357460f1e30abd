//! Keeps the tree as CONTRIBUTING.md says it is: what no compiler checks.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who may import whom, outside of tests. `ARCHITECTURE.md` gives the reasons.
const ARROWS: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    ("proto", &["domain"]),
    ("bus", &["domain", "proto"]),
    ("eventlog", &["domain", "proto"]),
    ("readmodel", &["domain", "eventlog"]),
    ("identity", &[]),
    ("telemetry", &[]),
    ("images", &["domain", "telemetry"]),
    ("gateway", &["domain", "bus", "eventlog", "readmodel", "identity", "telemetry"]),
    ("taskmanager", &["domain", "bus", "eventlog", "readmodel", "telemetry", "images"]),
    ("guestagent", &["domain", "bus", "telemetry"]),
    ("cli", &["proto", "images", "telemetry", "bus", "identity"]),
    ("testkit", TEST_ONLY),
    ("e2e", TEST_ONLY),
];
/// May import all of ours, and nobody but tests imports them.
const TEST_ONLY: &[&str] = &["*"];

/// More than this is not read in one sitting.
const LINES_MAX: usize = 400;

#[test]
fn crates_import_only_along_the_arrows() {
    let arrows = BTreeMap::from(ARROWS);
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(|package| text(&package["name"])).collect();
    assert_eq!(ours, arrows.keys().copied().collect(), "a crate without a row in ARROWS");
    for package in packages {
        let name = text(&package["name"]);
        let allowed = arrows[name];
        for dependency in package["dependencies"].as_array().unwrap() {
            let imported = text(&dependency["name"]);
            if dependency["kind"] == "dev" || !ours.contains(imported) {
                continue;
            }
            let is_for_tests = arrows[imported] == TEST_ONLY;
            let may = allowed == TEST_ONLY || (allowed.contains(&imported) && !is_for_tests);
            assert!(may, "{name} imports {imported}");
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_and_is_not_too_long() {
    for path in files("rs") {
        let source = fs::read_to_string(&path).unwrap();
        let shown = path.display();
        assert!(source.starts_with("//! "), "{shown} does not begin with what it is");
        assert_ne!(path.file_name().unwrap(), "mod.rs", "{shown}");
        let lines = source.lines().count();
        assert!(lines <= LINES_MAX, "{shown} has {lines} lines");
    }
}

#[test]
fn nothing_is_left_to_be_done_later() {
    // Put together here, so that this file does not find itself.
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X:"], ["dbg", "!("], ["todo", "!("]]
        .map(|halves| halves.concat());
    for path in files("rs").into_iter().chain(files("md")).chain(files("toml")) {
        let source = fs::read_to_string(&path).unwrap();
        for word in &words {
            assert!(!source.contains(word.as_str()), "{word} in {}", path.display());
        }
    }
}

#[test]
fn nothing_names_a_machine() {
    let paths = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"]].map(|halves| halves.concat());
    for extension in ["rs", "md", "toml", "proto", "lock"] {
        for path in files(extension) {
            let source = fs::read_to_string(&path).unwrap();
            for word in &paths {
                assert!(!source.contains(word.as_str()), "{word} in {}", path.display());
            }
        }
    }
}

#[test]
fn what_documents_point_to_exists() {
    for path in files("md") {
        let document = fs::read_to_string(&path).unwrap();
        for target in links(&document) {
            let file = target.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            let there = path.parent().unwrap().join(file).exists();
            assert!(there, "{} points to {target}", path.display());
        }
    }
}

/// Each row of `docs/api.md` ends with a file and a test in it.
#[test]
fn every_difference_from_trove_has_its_test() {
    let document = fs::read_to_string(root().join("docs/api.md")).unwrap();
    let rows = document.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |"));
    let mut count = 0;
    for row in rows {
        let mut words = row.trim_end_matches(" |").rsplit('`');
        let (_, test, _, file) = (words.next(), words.next(), words.next(), words.next());
        let (test, file) = (test.unwrap(), file.unwrap_or_else(|| panic!("no test: {row}")));
        let source = fs::read_to_string(root().join(file)).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}(")), "{file} has no {test}");
        count += 1;
    }
    assert!(count > 30, "{count}");
}

/// The targets of `[text](target)`.
fn links(document: &str) -> Vec<&str> {
    document
        .match_indices("](")
        .filter_map(|(at, _)| document[at + 2..].split_once(')').map(|(target, _)| target))
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All files of ours with this extension.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                // What is built or kept by programs is not ours.
                if !name.starts_with('.') && name != "target" {
                    directories.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
