//! Several versions of an engine on one stack: fetched while it runs, side by side, and gone again.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

mod archive;
mod failures;
mod side_by_side;
mod vanished;

use serde_json::Value;
use testkit::stack::{Api, Options, OwnImages, Stack, Trove};

/// A stack with images of its own, `admin`'s command line, and a session of `demo`.
async fn start_with(images: &OwnImages) -> anyhow::Result<(Stack, Trove, Api)> {
    start(Options { images_dir: Some(images.path()), ..Options::default() }).await
}

async fn start(options: Options) -> anyhow::Result<(Stack, Trove, Api)> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(options)).await??;
    let trove = stack.trove(&stack.first_person("admin")?)?;
    let api = stack.api(&stack.first_person("demo")?).await?;
    Ok((stack, trove, api))
}

/// The names of a datastore's versions, inactive ones too.
fn versions_of(trove: &Trove, datastore: &str) -> anyhow::Result<Vec<String>> {
    let list = trove.run(&format!("datastore-version-list {datastore}"))?;
    let versions = list["versions"].as_array().unwrap();
    Ok(versions.iter().map(|version| version["name"].as_str().unwrap().to_owned()).collect())
}

fn versions(trove: &Trove) -> anyhow::Result<Vec<String>> {
    versions_of(trove, "mariadb")
}

/// The engines' images that are there, in the order of the list.
fn images(trove: &Trove) -> anyhow::Result<Vec<Value>> {
    let mut list = trove.run("image list")?;
    let Value::Array(images) = list["images"].take() else { anyhow::bail!("{list}") };
    Ok(images)
}

/// The series of MariaDB that are there.
fn unpacked(trove: &Trove) -> anyhow::Result<Vec<String>> {
    let images = images(trove)?;
    let of_mariadb = images.iter().filter(|image| image["engine"] == "mariadb");
    Ok(of_mariadb.map(|image| image["series"].as_str().unwrap().to_owned()).collect())
}

/// The id of the image of a series; no two engines count theirs alike.
fn image_id(trove: &Trove, series: &str) -> anyhow::Result<String> {
    let images = images(trove)?;
    let image = images.iter().find(|image| image["series"] == series).unwrap();
    Ok(image["id"].as_str().unwrap().to_owned())
}
