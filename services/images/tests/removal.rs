//! Images that are taken away again, with a small directory in an engine's place.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use images::{EngineImage, Error, Store};

/// A store with one image, of which a copy of `sleep` is the server, and a template of it.
fn store_with_an_image(directory: &Path) -> (Store, EngineImage) {
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(directory, open).expect("the directory is ours");
    let store = Store::open(&directory.join("images"), Arc::new(())).expect("it is ours");
    let root = store.path().join("roots/mariadb-1-amd64");
    fs::create_dir_all(root.join("usr/sbin")).expect("there is room");
    fs::copy("/bin/sleep", root.join("usr/sbin/mariadbd")).expect("there is room");
    let id = "301aa4d9-31a3-5458-8f93-a97c97b75f53";
    let stamp = format!(
        "format = 1\nid = \"{id}\"\nengine = \"mariadb\"\nseries = \"1\"\nsuite = \"bookworm\"\n\
         package_version = \"1:1-1\"\narchitecture = \"amd64\"\nroot = \"{}\"\npatched = []\n\
         packages = []\n",
        root.display()
    );
    fs::write(root.join("image.toml"), stamp).expect("there is room");
    fs::create_dir(store.path().join(format!("templates/{id}-2"))).expect("there is room");
    let list = store.path().join(format!("templates/{id}-2.parameters.json"));
    fs::write(list, "[]").expect("there is room");
    let mut images = store.engines().expect("the stamp is one");
    (store, images.remove(0))
}

#[test]
fn an_image_goes_with_its_templates_and_again_without_complaint() {
    let directory = tempfile::tempdir().unwrap();
    let (store, image) = store_with_an_image(directory.path());
    assert!(store.size_of(&image) > 10_000);
    store.remove_engine(&image).unwrap();
    assert_eq!(store.engines().unwrap(), []);
    assert!(!image.root.exists());
    assert_eq!(fs::read_dir(store.path().join("templates")).unwrap().count(), 0);
    store.remove_engine(&image).unwrap();
}

#[test]
fn an_image_whose_programs_run_stays() {
    let directory = tempfile::tempdir().unwrap();
    let (store, image) = store_with_an_image(directory.path());
    let mut server = Command::new(image.root.join("usr/sbin/mariadbd"));
    let mut server = server.arg("600").stdin(Stdio::null()).spawn().unwrap();
    let refused = store.remove_engine(&image).unwrap_err();
    let pid = server.id();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(matches!(&refused, Error::Running { pids, .. } if *pids == [pid]), "{refused}");
    assert_eq!(store.engines().unwrap(), std::slice::from_ref(&image));
    store.remove_engine(&image).unwrap();
}
