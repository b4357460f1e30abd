//! Images made from the real archive, and run.
//!
//! They stand in `TROVE_IMAGES_DIR` if that is set, otherwise below the build directory, and
//! stay there, so that only the first run fetches.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use images::{
    ENGINES, MARIADB_10_11, NATS_SERVER_VERSION_WANTED, POSTGRESQL_15, POSTGRESQL_17, Store, Suite,
};

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
fn what_postgresql_loads_later_finds_its_libraries_too() {
    for recipe in [&POSTGRESQL_15, &POSTGRESQL_17] {
        let image = store().ensure_engine(recipe).unwrap();
        let loader = image.root.join("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
        let libraries = image.root.join("usr/lib/x86_64-linux-gnu");
        let modules = image.root.join("usr/lib/postgresql/current/lib");
        let mut count = 0;
        for entry in std::fs::read_dir(&modules).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "so") {
                let (module, libraries) = (path.to_str().unwrap(), libraries.to_str().unwrap());
                let listed = output(&loader, &["--library-path", libraries, "--list", module]);
                assert!(!listed.contains("not found"), "{module}: {listed}");
                count += 1;
            }
        }
        assert!(count > 40, "{count}");
        assert!(!modules.join("llvmjit.so").exists(), "its compiler is left out");
    }
}

#[test]
fn postgresql_takes_its_time_zones_from_beside_its_data() {
    for recipe in [&POSTGRESQL_15, &POSTGRESQL_17] {
        let image = store().ensure_engine(recipe).unwrap();
        let server = std::fs::read(image.root.join(recipe.programs[0])).unwrap();
        let holds = |text: &[u8]| server.windows(text.len()).any(|part| part == text);
        assert!(holds(b"../zoneinfo\0") && !holds(b"/usr/share/zoneinfo\0"), "{image:?}");
        assert!(image.root.join("usr/share/zoneinfo/Europe/Berlin").exists(), "{image:?}");
        assert!(!image.root.join("usr/share/zoneinfo/localtime").is_symlink(), "{image:?}");
        assert!(image.root.join("usr/lib/locale/C.utf8").exists(), "{image:?}");
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

#[test]
fn each_series_of_an_engine_runs_on_its_own_libraries() {
    for recipe in ENGINES {
        let image = store().ensure_engine(recipe).unwrap();
        assert!(image.version_number.starts_with(recipe.series), "{image:?}");
        let server = image.root.join(recipe.programs[0]);
        assert!(output(&server, &["--version"]).contains(&image.version_number));
        for program in recipe.programs {
            let strange = strange_libraries(&image.root, &image.root.join(program));
            assert!(strange.is_empty(), "{program:?}: {strange:?}");
        }
    }
}

/// The libraries that a program takes from outside of its image.
fn strange_libraries(root: &Path, program: &Path) -> Vec<String> {
    let loader = root.join("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
    let libraries = output(&loader, &["--list", program.to_str().expect("plain name")]);
    let is_strange = |line: &&str| {
        line.contains("not found")
            || line.contains('/') && !line.contains(root.to_str().expect("plain name"))
    };
    libraries.lines().filter(is_strange).map(str::to_owned).collect()
}

#[test]
fn what_the_archive_has_is_told_with_its_size() {
    let store = store();
    store.ensure_engine(&MARIADB_10_11).unwrap();
    let (offers, errors) = store.offers();
    assert!(errors.is_empty(), "{errors:?}");
    let told: Vec<_> =
        offers.iter().map(|offer| (offer.recipe.engine, offer.recipe.series)).collect();
    let known: Vec<_> = ENGINES.iter().map(|recipe| (recipe.engine, recipe.series)).collect();
    assert_eq!(told, known);
    for offer in offers {
        assert!(offer.version_number.starts_with(offer.recipe.series), "{offer:?}");
        assert!(offer.download_bytes > 10_000_000, "{offer:?}");
    }
}
