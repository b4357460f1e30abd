//! An image that goes while its version is there: new instances say what is missing, and those
//! that run are left alone.

use crate::{image_id, start_with, unpacked};
use images::MARIADB_11_8;
use serde_json::{Value, json};
use std::fs;
use testkit::stack::{OwnImages, Part, Sql, wait_for_async};

fn of_11_8() -> Value {
    json!({
        "datastore": {"type": "mariadb", "version": "11.8"},
        "databases": [{"name": "d"}],
        "users": [{"name": "u", "password": "secret-1", "databases": [{"name": "d"}]}],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanished_image_fails_new_instances_and_none_that_run() -> anyhow::Result<()> {
    let images = OwnImages::with(&[&MARIADB_11_8])?;
    let (stack, trove, api) = start_with(&images).await?;
    trove.run("image fetch mariadb 11.8")?;
    let running = api.create_active("running", of_11_8()).await?;
    let id = running["id"].as_str().unwrap();
    let sql = Sql::to(&running, "u", "secret-1")?;
    sql.run("create table d.t (a int); insert into d.t values (1)")?;
    let server = stack.identity(Part::Server(id))?;

    let root = images.root(&MARIADB_11_8)?;
    let hidden = images.path().join("hidden");
    fs::rename(&root, &hidden)?;
    let doomed = api.create("doomed", of_11_8()).await?.json()["instance"]["id"].take();
    let doomed = doomed.as_str().unwrap();
    let failed = api.wait_for_status(doomed, "ERROR").await;
    let message = failed["fault"]["message"].as_str().unwrap();
    assert!(message.contains("engine's files are missing"), "{message}");
    api.delete(doomed).await?;

    // The others are looked at meanwhile, also by a taskmanager that is new.
    let killed = stack.kill(Part::Taskmanager(0))?;
    wait_for_async("another taskmanager works", async || {
        let part = Part::Taskmanager(0);
        stack.identity(part).ok().filter(|next| *next != killed && stack.runs(part))
    })
    .await;
    let old = api.create_active("old", json!({})).await?;
    assert_eq!(sql.run("select a from d.t")?, ["1"]);
    assert_eq!(api.wait_until_up(id).await["status"], "ACTIVE");
    assert_eq!(stack.identity(Part::Server(id))?, server);

    // What came back is found again, and goes when nobody has it.
    fs::rename(&hidden, &root)?;
    let again = api.create_active("again", of_11_8()).await?;
    let image = image_id(&trove, "11.8")?;
    let remove = format!("image remove {image}");
    assert!(trove.refused(&remove)?.said.contains("the image of version 11.8"));
    let other = image_id(&trove, "10.11")?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let version = trove.run("datastore-version-list mariadb")?["versions"][0]["id"].take();
    let path = format!("/mgmt/datastore-versions/{}", version.as_str().unwrap());
    let moved = json!({"image": other});
    let changed = admin.ask(reqwest::Method::PATCH, &path, Some(&moved)).await?;
    assert_eq!(changed.status, 202, "{changed:?}");
    let refused = trove.refused(&remove)?;
    assert!(refused.said.contains("in use by instances"), "{refused:?}");
    for instance in [&running, &old, &again] {
        api.delete(instance["id"].as_str().unwrap()).await?;
    }
    trove.run(&remove)?;
    assert_eq!(unpacked(&trove)?, ["10.11"]);
    assert!(!root.exists());
    Ok(())
}
