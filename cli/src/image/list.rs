//! `trove image list`: what is unpacked here, and what the archive has.

use super::home::{Home, Place};
use super::progress::{Told, megabytes};
use super::{blocking, in_words};
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use crate::table::Column;
use clap::Args;
use images::{Offer, Store};
use serde_json::{Value, json};
use std::sync::Arc;

const COLUMNS: [Column; 6] = [
    ("ID", "id"),
    ("Engine", "engine"),
    ("Series", "series"),
    ("Version", "version"),
    ("Size (MB)", "size_mb"),
    ("Instances", "instances"),
];
const AVAILABLE: [Column; 6] = [
    ("Engine", "engine"),
    ("Series", "series"),
    ("Version", "version"),
    ("From", "suite"),
    ("To fetch (MB)", "download_mb"),
    ("Here", "here"),
];

/// Which list.
#[derive(Args)]
pub(crate) struct List {
    /// What Debian's archive has now, and can be fetched
    #[arg(long)]
    available: bool,
    #[command(flatten)]
    place: Place,
}

impl List {
    pub(crate) async fn run(self, output: Output) -> Outcome<()> {
        if self.available { self.offered(output).await } else { self.unpacked(output).await }
    }

    async fn unpacked(self, output: Output) -> Outcome<()> {
        let what = "list images";
        let home = self.place.find(what)?;
        let images = blocking(what, move || here(&home)).await?;
        output.list(&json!({ "images": images }), "images", &COLUMNS);
        Ok(())
    }

    /// What can be had is shown even where something else can't.
    async fn offered(self, output: Output) -> Outcome<()> {
        let what = "list what can be fetched";
        let home = self.place.find(what)?;
        let ask = move || {
            let store = Store::open(&home.images_dir, Arc::new(Told::new()))?;
            Ok(store.offers())
        };
        let (offers, errors) = blocking(what, ask).await?;
        let available: Vec<_> = offers.iter().map(available).collect();
        if !available.is_empty() || errors.is_empty() {
            output.list(&json!({ "available": available }), "available", &AVAILABLE);
        }
        if errors.is_empty() {
            return Ok(());
        }
        let why: Vec<_> = errors.iter().map(in_words).collect();
        Err(Failure::new(Kind::Refused, what, why.join("\n")))
    }
}

fn here(home: &Home) -> Result<Vec<Value>, images::Error> {
    let store = Store::open(&home.images_dir, Arc::new(()))?;
    let counts = home.instances();
    let shown = |image: &images::EngineImage| {
        json!({
            "id": image.id,
            "engine": image.engine,
            "series": image.series,
            "version": image.version_number,
            "package_version": image.package_version,
            "size_mb": megabytes(store.size_of(image)),
            "instances": counts.as_ref().map(|counts| counts.get(&image.root).unwrap_or(&0)),
        })
    };
    Ok(store.engines()?.iter().map(shown).collect())
}

fn available(offer: &Offer) -> Value {
    json!({
        "engine": offer.recipe.engine,
        "series": offer.recipe.series,
        "version": offer.version_number,
        "package_version": offer.package_version,
        "suite": offer.recipe.suite.as_str(),
        "download_mb": megabytes(offer.download_bytes),
        "here": offer.is_here,
    })
}
