//! `trove image remove`: an image goes when nobody refers to it any more.

use super::blocking;
use super::home::Place;
use super::progress::Told;
use crate::client::Client;
use crate::client::credentials::Flags;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use clap::Args;
use images::Store;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// How many users of an image an error names.
const NAMED_MAX: usize = 5;

/// What to remove.
#[derive(Args)]
pub(crate) struct Remove {
    /// Id of the image.
    id: Uuid,
    #[command(flatten)]
    place: Place,
}

impl Remove {
    pub(crate) async fn run(self, flags: &Flags, output: Output) -> Outcome<()> {
        let id = self.id;
        let what = format!("remove image {id}");
        let home = self.place.find(&what)?;
        let open = home.images_dir.clone();
        let find = move || {
            let store = Store::open(&open, Arc::new(Told::new()))?;
            let image = store.engine(id)?;
            Ok((store, image))
        };
        let (store, image) = blocking(&what, find).await?;
        let image = image.ok_or_else(|| {
            Failure::new(Kind::NotFound, &*what, "there is none of that id")
                .advise("`trove image list` shows those that are there")
        })?;
        let mut client = Client::connect(flags).await?;
        check_unused(&mut client, &what, &id.to_string()).await?;
        if let Some(count) = home.instances().and_then(|counts| counts.get(&image.root).copied()) {
            let why = format!("{count} instances on this host still run from it");
            return Err(Failure::new(Kind::Refused, what, why)
                .advise("delete them, and wait until they are gone"));
        }
        let removed = image.clone();
        blocking(&what, move || store.remove_engine(&removed)).await?;
        output.done(&format!("{} {} is removed.", image.engine, image.version_number));
        Ok(())
    }
}

/// Whether the stack knows nobody who needs the image: no version, and no instance that is not
/// gone yet.
async fn check_unused(client: &mut Client, what: &str, image: &str) -> Outcome<()> {
    let versions = client.get(what, "/mgmt/datastore-versions").await?;
    let users = of_image(&versions["versions"], image);
    if !users.is_empty() {
        let why = format!("it is the image of {}", named("version", &users));
        return Err(Failure::new(Kind::Refused, what, why)
            .advise("delete the version first (`trove datastore-version-delete`)"));
    }
    let at = ("/mgmt/instances?deleted=false", "instances");
    let instances = client.list(what, at, None).await?;
    let users = of_image(&instances["instances"], image);
    if !users.is_empty() {
        let why = format!("it is in use by {}", named("instance", &users));
        return Err(Failure::new(Kind::Refused, what, why)
            .advise("delete the instances, and wait until they are gone"));
    }
    Ok(())
}

fn of_image<'a>(entries: &'a Value, image: &str) -> Vec<&'a Value> {
    entries.as_array().into_iter().flatten().filter(|entry| entry["image"] == image).collect()
}

fn named(word: &str, users: &[&Value]) -> String {
    let shown = users.iter().take(NAMED_MAX).map(|user| {
        let word = |key: &str| crate::table::printable(user[key].as_str().unwrap_or_default());
        format!("{} ({})", word("name"), word("id"))
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = users.len().saturating_sub(NAMED_MAX);
    let plural = if users.len() == 1 { "" } else { "s" };
    if more == 0 {
        format!("{word}{plural} {shown}")
    } else {
        format!("{word}s {shown} and {more} more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::{Step, session};

    const NOBODY: Step = Step::Answer(200, r#"{"versions": [{"id": "v", "image": "b"}]}"#);

    async fn refusal(script: &[Step]) -> Option<String> {
        let (mut client, _requests) = session(script).await;
        let outcome = check_unused(&mut client, "remove it", "a").await;
        outcome.err().map(|failure| failure.to_string())
    }

    #[tokio::test]
    async fn an_image_that_a_version_or_an_instance_refers_to_stays() {
        let version =
            Step::Answer(200, r#"{"versions": [{"id": "v", "name": "11.8", "image": "a"}]}"#);
        let refused = refusal(&[version]).await.unwrap();
        assert!(refused.contains("the image of version 11.8 (v)"), "{refused}");
        let instances = r#"{"instances": [{"id": "1", "name": "x", "image": "a"},
            {"id": "2", "name": "y", "image": "b"}, {"id": "3", "name": "z", "image": "a"}]}"#;
        let refused = refusal(&[NOBODY, Step::Answer(200, instances)]).await.unwrap();
        assert!(refused.contains("in use by instances x (1), z (3)"), "{refused}");
        let nobody = Step::Answer(200, r#"{"instances": [{"id": "2", "image": "b"}]}"#);
        assert_eq!(refusal(&[NOBODY, nobody]).await, None);
    }
}
