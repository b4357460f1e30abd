//! `trove image fetch`: from the archive to a version that instances can be made of.
//!
//! Every step finds what an earlier run has done, so that an interrupted one is simply repeated.

use super::blocking;
use super::home::Place;
use super::progress::Told;
use crate::client::credentials::Flags;
use crate::client::{Client, path};
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use clap::Args;
use hyper::Method;
use images::{ENGINES, EngineImage, Recipe, Store};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

const VERSIONS: &str = "/mgmt/datastore-versions";
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A taskmanager that has the image reads the list of its parameters within a second.
const CATALOGUE_MAX: Duration = Duration::from_secs(60);

/// What to fetch.
#[derive(Args)]
pub(crate) struct Fetch {
    /// The engine, such as mariadb.
    engine: String,
    /// Which series of it, such as 11.8.
    series: String,
    #[command(flatten)]
    place: Place,
}

impl Fetch {
    pub(crate) async fn run(self, flags: &Flags, output: Output) -> Outcome<()> {
        let what = format!("fetch {} {}", self.engine, self.series);
        let recipe = Recipe::find(&self.engine, &self.series)
            .ok_or_else(|| Failure::new(Kind::NotFound, &*what, unknown()))?;
        let home = self.place.find(&what)?;
        let guestagent = home.guestagent(&what)?;
        let mut client = Client::connect(flags).await?;
        // Whoever may not register a version is told before anything is fetched.
        client.get(&what, VERSIONS).await?;
        let (image, has_parameters) = blocking(&what, move || {
            let store = Store::open(&home.images_dir, Arc::new(Told::new()))?;
            let image = store.ensure_engine(recipe)?;
            let parameters = store.ensure_parameters(&image, &guestagent)?;
            Ok((image, parameters.is_some()))
        })
        .await
        .map_err(|failure| failure.advise(AFTER_A_FAILURE))?;
        let limit = CATALOGUE_MAX;
        let mut registration = Registration { client, what, recipe, image: &image, limit };
        let version = registration.ensure(has_parameters).await?;
        output.record(&json!({ "version": version }), "version");
        Ok(())
    }
}

const AFTER_A_FAILURE: &str = "no version was registered; the same command begins afresh, and \
                               `trove image remove` takes away an image that does not start";

fn unknown() -> String {
    let known: Vec<_> =
        ENGINES.iter().map(|recipe| format!("{} {}", recipe.engine, recipe.series)).collect();
    format!("nobody knows how to unpack that; these can be: {}", known.join(", "))
}

/// Makes an image known to the stack as a version of the datastore that is called as its engine.
struct Registration<'a> {
    client: Client,
    what: String,
    recipe: &'a Recipe,
    image: &'a EngineImage,
    /// For the stack to find the image.
    limit: Duration,
}

impl Registration<'_> {
    /// Leaves an active version of the image, and gives it.
    async fn ensure(&mut self, has_parameters: bool) -> Outcome<Value> {
        let known = self.versions().await?;
        let (version, is_new) = match known.iter().find(|version| self.is_of_image(version)) {
            Some(version) => (version.clone(), false),
            None => (self.create(&known).await?, true),
        };
        if version["active"] == true {
            return Ok(version);
        }
        let path = path::of(&["mgmt", "datastore-versions", id(&version)]);
        if has_parameters && let Err(failure) = self.wait_for_catalogue(id(&version)).await {
            if is_new {
                self.client.change(&self.what, Method::DELETE, &path, None).await?;
            }
            return Err(failure);
        }
        let body = json!({"active": true});
        self.client.change(&self.what, Method::PATCH, &path, Some(&body)).await?;
        Ok(self.client.get(&self.what, &path).await?["version"].take())
    }

    /// The versions of the engine's own datastore.
    async fn versions(&mut self) -> Outcome<Vec<Value>> {
        let mut body = self.client.get(&self.what, VERSIONS).await?;
        let Value::Array(versions) = body["versions"].take() else { return Ok(Vec::new()) };
        let is_own = |version: &Value| version["datastore_name"] == self.recipe.engine;
        Ok(versions.into_iter().filter(is_own).collect())
    }

    fn is_of_image(&self, version: &Value) -> bool {
        version["image"] == *self.image.id.to_string()
    }

    /// Inactive, until it is known that the stack finds the image.
    async fn create(&mut self, others: &[Value]) -> Outcome<Value> {
        let Self { recipe, image, .. } = self;
        let is_taken = others.iter().any(|version| version["name"] == recipe.series);
        let name = if is_taken { &image.version_number } else { recipe.series };
        let body = json!({
            "version": {
                "name": name,
                "version": image.version_number,
                "datastore_name": recipe.engine,
                "datastore_manager": recipe.engine,
                "image": image.id,
                "packages": [format!("{}={}", recipe.packages[0], image.package_version)],
                "active": false,
                "default": others.is_empty(),
            }
        });
        let created = self.client.change(&self.what, Method::POST, VERSIONS, Some(&body)).await;
        // Somebody else who fetches the same may have been faster.
        let known = self.versions().await?;
        match (known.into_iter().find(|version| self.is_of_image(version)), created) {
            (Some(version), _) => Ok(version),
            (None, Err(failure)) => Err(failure),
            (None, Ok(_)) => {
                let why = "the version that was made is not there";
                Err(Failure::new(Kind::Refused, &*self.what, why))
            }
        }
    }

    async fn wait_for_catalogue(&mut self, version: &str) -> Outcome<()> {
        let begun = Instant::now();
        let path = path::of(&["mgmt", "datastores", "versions", version, "parameters"]);
        while begun.elapsed() < self.limit {
            let body = self.client.get(&self.what, &path).await?;
            if body["configuration-parameters"].as_array().is_some_and(|rows| !rows.is_empty()) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let why = format!(
            "the stack did not find the image within {} s, so no version stays",
            self.limit.as_secs()
        );
        let advice = "check that the credentials are those of the stack whose images these are";
        Err(Failure::new(Kind::Refused, &*self.what, why).advise(advice))
    }
}

fn id(version: &Value) -> &str {
    version["id"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
