//! What several processes, killed ones and full disks do to an images directory.
//!
//! Processes are this test program itself, started again for the one test that does their work.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use images::{MARIADB_10_11, Progress, Store, Tools};

const CHILD_DIRECTORY: &str = "TROVE_TEST_IMAGES_CHILD";
const CHILD_WORK: &str = "TROVE_TEST_IMAGES_WORK";
const WAIT_MAX: Duration = Duration::from_secs(120);

/// Writes down what is done, for the process that counts it.
struct Told;

impl Progress for Told {
    fn step(&self, sentence: &str) {
        say(sentence);
    }
}

/// To the process that reads this one's output, whole lines at a time.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads it");
}

fn open(directory: &Path) -> Store {
    Store::open(directory, Arc::new(())).expect("the directory is ours")
}

fn child(directory: &Path, work: &str) -> Command {
    let mut child = Command::new(std::env::current_exe().expect("this program has a path"));
    child
        .args(["--exact", "a_process_prepares_an_image_when_asked", "--nocapture"])
        .env(CHILD_DIRECTORY, directory)
        .env(CHILD_WORK, work)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    child
}

fn said(child: Child) -> String {
    let output = child.wait_with_output().expect("it was started here");
    String::from_utf8(output.stdout).expect("it writes text")
}

fn version(tools: &Tools) -> String {
    let output = Command::new(&tools.bwrap).arg("--version").output().expect("it can be started");
    String::from_utf8(output.stdout).expect("it writes text")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("it is there");
    entries
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("plain name"))
        .collect()
}

#[test]
fn a_process_prepares_an_image_when_asked() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let store = Store::open(Path::new(&directory), Arc::new(Told)).unwrap();
    let done = match std::env::var(CHILD_WORK).unwrap().as_str() {
        "tools" => store.ensure_tools().map(drop),
        "engine" => store.ensure_engine(&MARIADB_10_11).map(drop),
        other => panic!("no such work: {other}"),
    };
    match done {
        Ok(()) => say("Done."),
        Err(error) => say(&format!("Refused: {error}")),
    }
}

#[test]
fn of_two_processes_at_once_one_does_the_work_and_both_have_it() {
    let directory = tempfile::tempdir().unwrap();
    let children = [(); 2].map(|()| child(directory.path(), "tools").spawn().unwrap());
    let told = children.map(said).concat();
    assert_eq!(told.matches("Unpacking").count(), 1, "{told}");
    assert_eq!(told.matches("Done.").count(), 2, "{told}");
}

#[test]
fn what_a_killed_process_left_is_thrown_away_and_made_afresh() {
    let directory = tempfile::tempdir().unwrap();
    let shelf = directory.path().join("tools");
    let half_made = shelf.join(".new-tools/usr/bin");
    let mut killed = child(directory.path(), "tools").spawn().unwrap();
    let started = Instant::now();
    while !half_made.exists() {
        assert!(started.elapsed() < WAIT_MAX, "nothing is being unpacked");
        std::thread::sleep(Duration::from_millis(1));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(half_made.exists());
    // Killed later, it would have left this: everything but the stamp.
    let unstamped = shelf.join("tools-0-amd64");
    std::fs::create_dir(&unstamped).unwrap();

    let store = open(directory.path());
    let tools = store.ensure_tools().unwrap();
    assert!(version(&tools).starts_with("bubblewrap "));
    assert_eq!(names(&shelf), [tools.root.file_name().unwrap().to_str().unwrap()]);
    assert!(!directory.path().join("apt/bookworm/fetch").exists());
}

#[test]
fn an_image_that_was_moved_runs_at_its_new_place() {
    let above = tempfile::tempdir().unwrap();
    open_to_all(above.path());
    let (before, after) = (above.path().join("before"), above.path().join("after"));
    let old = open(&before).ensure_tools().unwrap();
    std::fs::rename(&before, &after).unwrap();
    assert!(Command::new(after.join(old.bwrap.strip_prefix(&before).unwrap())).output().is_err());

    // No network is needed for it: `ensure_tools` finds them there.
    let new = open(&after).ensure_tools().unwrap();
    assert!(new.root.starts_with(&after), "{new:?}");
    assert!(version(&new).starts_with("bubblewrap "));
}

/// As root an images directory below a closed one is refused.
fn open_to_all(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory, open).expect("the directory is ours");
}

#[test]
fn a_disk_that_is_full_while_fetching_is_named_and_nothing_is_left() {
    let told = prepare_engine_on_disk_of(24 << 20);
    assert!(told.contains("Refused: no space is left on the disk of "), "{told}");
    assert!(!told.contains("Unpacking MariaDB"), "{told}");
    assert!(told.ends_with("Left:\n"), "{told}");
}

#[test]
fn a_disk_that_is_full_while_unpacking_is_named_and_nothing_is_left() {
    let told = prepare_engine_on_disk_of(160 << 20);
    assert!(told.contains("Unpacking MariaDB"), "{told}");
    assert!(told.contains("Refused: no space is left on the disk of "), "{told}");
    assert!(told.ends_with("Left:\n"), "{told}");
}

/// Prepares an engine on a small disk of its own, which bubblewrap makes in memory; gives what
/// was told, and a list of what was left.
fn prepare_engine_on_disk_of(bytes: u64) -> String {
    let images = std::env::var_os("TROVE_IMAGES_DIR")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("images"), PathBuf::from);
    let tools = open(&images).ensure_tools().expect("the archive has them");
    let disk = tempfile::tempdir().expect("there is room");
    let inside = child(disk.path(), "engine");
    let mut walled = Command::new(tools.bwrap);
    walled
        .args(["--dev-bind", "/", "/", "--size", &bytes.to_string(), "--tmpfs"])
        .arg(disk.path())
        .args(["--chmod", "0755"])
        .arg(disk.path())
        .args(["--", "/bin/sh", "-c"])
        .arg("\"$@\"; cd \"$0\"; echo Left:; ls -A roots; ls -d apt/bookworm/fetch")
        .arg(disk.path())
        .arg(inside.get_program())
        .args(inside.get_args())
        .envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    said(walled.spawn().expect("bubblewrap can be started"))
}
