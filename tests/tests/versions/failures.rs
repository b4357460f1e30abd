//! An engine that can't be fetched, verified, unpacked or started leaves no version, and the same
//! command goes on from there.

use crate::archive::{NOBODY, refused_with, serve_changed_index};
use crate::{image_id, start_with, unpacked, versions};
use images::MARIADB_11_8;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use testkit::stack::{Api, OwnImages, Trove, wait_for};

const FETCH: &str = "image fetch mariadb 11.8";

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_had_leaves_no_version_and_is_had_later() -> anyhow::Result<()> {
    let images = Arc::new(OwnImages::with(&[&MARIADB_11_8])?);
    let (stack, trove, api) = start_with(&images).await?;
    let (client, own) = (trove.clone(), images.clone());
    tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        does_not_start(&client, &own)?;
        is_not_served(&client, &own)?;
        is_interrupted(&client, &own.path())?;
        let version = client.run(FETCH)?["version"].take();
        assert_eq!((&version["name"], &version["active"]), (&json!("11.8"), &json!(true)));
        assert_eq!(engines(&own.path())?, 2);
        Ok(())
    })
    .await??;
    is_usable(&api, &trove).await?;
    drop(stack);
    Ok(())
}

/// How many directories there are of the engine, whole or not.
fn engines(images: &Path) -> anyhow::Result<usize> {
    let names = fs::read_dir(images.join("roots"))?;
    let is_engine = |name: &str| name.starts_with("mariadb-") || name == ".new-mariadb";
    Ok(names.flatten().filter(|entry| is_engine(&entry.file_name().to_string_lossy())).count())
}

async fn is_usable(api: &Api, trove: &Trove) -> anyhow::Result<()> {
    let wanted = json!({"datastore": {"type": "mariadb", "version": "11.8"}});
    let instance = api.create_active("late", wanted).await?;
    assert_eq!(instance["datastore"]["version"], "11.8");
    assert_eq!(versions(trove)?, ["11.8", "10.11"]);
    api.delete(instance["id"].as_str().unwrap()).await
}

fn assert_no_version(trove: &Trove) {
    assert_eq!(versions(trove).unwrap(), ["10.11"]);
}

/// The image is there, and its server ends at once.
fn does_not_start(trove: &Trove, images: &OwnImages) -> anyhow::Result<()> {
    let server = images.root(&MARIADB_11_8)?.join("usr/sbin/mariadbd");
    fs::remove_file(&server)?;
    fs::write(&server, "#!/bin/sh\necho '[ERROR] no luck today' >&2\nexit 7\n")?;
    fs::set_permissions(&server, fs::Permissions::from_mode(0o755))?;
    let refused = trove.refused(FETCH)?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for words in ["no luck today", "no version was registered", "trove image remove"] {
        assert!(refused.said.contains(words), "{refused:?}");
    }
    assert_no_version(trove);
    let id = image_id(trove, "11.8")?;
    trove.run(&format!("image remove {id}"))?;
    assert_eq!(unpacked(trove)?, ["10.11"]);
    Ok(())
}

fn is_not_served(trove: &Trove, images: &OwnImages) -> anyhow::Result<()> {
    let changed = serve_changed_index()?;
    for (address, why) in [
        (NOBODY, "the package archive cannot be reached: check the network"),
        (changed.as_str(), "not signed with Debian's keys, so nothing was taken from it"),
    ] {
        let refused = refused_with(trove, (images, address), FETCH)?;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.said.contains(why), "{refused:?}");
        assert!(!refused.said.contains("Fetching MariaDB"), "{refused:?}");
        assert_no_version(trove);
        assert_eq!(unpacked(trove)?, ["10.11"]);
    }
    let refused = refused_with(trove, (images, &changed), "image list --available")?;
    assert!(refused.said.contains("not signed with Debian's keys"), "{refused:?}");
    Ok(())
}

/// Killed while it fetches, and while it unpacks.
fn is_interrupted(trove: &Trove, images: &Path) -> anyhow::Result<()> {
    for moment in ["apt/trixie/fetch", "roots/.new-mariadb"] {
        let moment = images.join(moment);
        let mut fetching = trove.command(FETCH)?;
        let mut fetching = fetching.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        wait_for("it is in the middle", || moment.exists() || has_ended(&mut fetching));
        fetching.kill()?;
        fetching.wait()?;
        assert!(moment.exists(), "it was over before it could be killed");
        assert_no_version(trove);
        assert_eq!(unpacked(trove)?, ["10.11"]);
    }
    Ok(())
}

fn has_ended(child: &mut std::process::Child) -> bool {
    matches!(child.try_wait(), Ok(Some(_)))
}
