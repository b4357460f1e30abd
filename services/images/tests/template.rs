//! Templates, with a small script in the guestagent's place: what counts here is that it is run
//! once, by whom, and that nothing half-made is ever seen.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use images::{EngineImage, Error, Progress, Store, TEMPLATE_FORMAT};
use uuid::Uuid;

#[derive(Default)]
struct Steps(Mutex<Vec<String>>);

impl Progress for Steps {
    fn step(&self, sentence: &str) {
        self.0.lock().expect("no test panics with it").push(sentence.to_owned());
    }
}

struct Bench {
    directory: tempfile::TempDir,
    steps: Arc<Steps>,
    store: Store,
    image: EngineImage,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        let steps = Arc::new(Steps::default());
        let progress: Arc<dyn Progress> = Arc::<Steps>::clone(&steps);
        let store = Store::open(directory.path(), progress).expect("the directory is ours");
        let image = EngineImage {
            id: Uuid::from_u128(7),
            engine: "mariadb".to_owned(),
            series: "10.11".to_owned(),
            package_version: "1:10.11.19-0".to_owned(),
            version_number: "10.11.19".to_owned(),
            root: directory.path().join("roots/mariadb"),
        };
        Self { directory, steps, store, image }
    }

    fn guestagent(&self, script: &str) -> PathBuf {
        let path = self.directory.path().join("guestagent");
        std::fs::write(&path, format!("#!/bin/sh\nset -eu\n{script}\n")).expect("there is room");
        let executable = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&path, executable).expect("the file is ours");
        path
    }

    fn templates(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path().join("templates"));
        entries
            .expect("it is there")
            .map(|entry| entry.expect("it can be read").file_name().into_string().expect("plain"))
            .collect()
    }
}

/// Makes what a guestagent would make, closed to others as a database server leaves it.
const GOOD: &str =
    "umask 077; echo \"$1 $2 $3\" > \"$4/arguments\"; id -u > \"$4/user\"; mkdir \"$4/data\"";

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").mode() & 0o7777
}

#[test]
fn a_template_is_made_by_the_guestagent_and_readable_for_all() {
    let bench = Bench::new();
    let template = bench.store.ensure_template(&bench.image, &bench.guestagent(GOOD)).unwrap();
    let arguments = std::fs::read_to_string(template.join("arguments")).unwrap();
    assert_eq!(arguments.trim(), format!("template mariadb {}", bench.image.root.display()));
    assert_eq!(mode(&template), 0o755);
    assert_eq!(mode(&template.join("data")), 0o755);
    assert_eq!(mode(&template.join("user")), 0o644);
}

#[test]
fn root_lets_nobody_make_the_template_and_owns_it_afterwards() {
    let bench = Bench::new();
    let template = bench.store.ensure_template(&bench.image, &bench.guestagent(GOOD)).unwrap();
    let caller = std::fs::metadata(bench.directory.path()).unwrap().uid();
    let maker = std::fs::read_to_string(template.join("user")).unwrap();
    let expected = if caller == 0 { 65_534 } else { caller };
    assert_eq!(maker.trim(), expected.to_string());
    assert_eq!(std::fs::metadata(template.join("user")).unwrap().uid(), caller);
}

#[test]
fn the_list_of_parameters_is_kept_beside_the_template() {
    let bench = Bench::new();
    let guestagent = bench.guestagent("echo '[]' > \"$4/parameters.json\"; touch \"$4/data\"");
    let list = bench.store.ensure_parameters(&bench.image, &guestagent).unwrap();
    assert_eq!(list.as_deref(), Some(&b"[]\n"[..]));
    let template = bench.store.ensure_template(&bench.image, &guestagent).unwrap();
    assert!(template.join("data").exists() && !template.join("parameters.json").exists());
}

#[test]
fn a_template_that_is_wanted_by_several_at_once_is_made_once() {
    let bench = Bench::new();
    let guestagent = bench.guestagent(GOOD);
    let made = std::thread::scope(|scope| {
        let wanting: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| bench.store.ensure_template(&bench.image, &guestagent)))
            .collect();
        wanting.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect::<Vec<_>>()
    });
    assert!(made.iter().all(|template| *template == made[0]), "{made:?}");
    let steps = bench.steps.0.lock().unwrap();
    assert_eq!(*steps, ["Making the template of mariadb 10.11.19."]);
}

#[test]
fn a_guestagent_that_fails_leaves_no_template_and_its_reason() {
    let bench = Bench::new();
    let failing = bench.guestagent("touch \"$4/half\"; echo 'no such engine' >&2; exit 1");
    let error = bench.store.ensure_template(&bench.image, &failing).unwrap_err();
    assert!(matches!(&error, Error::ProgramFailed { output, .. } if output == "no such engine"));
    assert_eq!(bench.templates(), Vec::<String>::new());
    let template = bench.store.ensure_template(&bench.image, &bench.guestagent(GOOD)).unwrap();
    assert!(!template.join("half").exists());
}

#[test]
fn what_a_killed_process_left_is_no_template() {
    let bench = Bench::new();
    let work = bench
        .directory
        .path()
        .join(format!("templates/.new-{}-{TEMPLATE_FORMAT}/out", bench.image.id));
    std::fs::create_dir_all(&work).unwrap();
    std::fs::write(work.join("half"), "").unwrap();
    let template = bench.store.ensure_template(&bench.image, &bench.guestagent(GOOD)).unwrap();
    assert!(!template.join("half").exists());
    assert_eq!(bench.templates().len(), 1);
}
