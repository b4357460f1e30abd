//! Keeps the catalogue of each version's parameters as the version's image has it.
//!
//! A catalogue is made with the image's template, by the engine itself. A host that does not have
//! an image says nothing about it: what is known stays.

use crate::clock::fresh_command;
use crate::core::{Core, internal};
use domain::aggregate::{Key, Kind};
use domain::catalogue::{Command, Parameter};
use domain::engine::Manager;
use domain::ids::ImageId;
use domain::version::Details;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// How long until images are looked for again that were not there.
const PERIOD: Duration = Duration::from_secs(60);

/// Any error, boxed.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Lookup = dyn Fn(ImageId) -> Result<Option<Vec<Parameter>>, BoxError> + Send + Sync;

/// Finds the parameters of an image on this host. Asked from a thread that may block.
#[derive(Clone)]
pub(crate) struct ImageParameters(Arc<Lookup>);

impl ImageParameters {
    /// Parameters as `lookup` finds them, which says nothing for an image that is not there.
    pub(crate) fn new(
        lookup: impl Fn(ImageId) -> Result<Option<Vec<Parameter>>, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(lookup))
    }

    async fn find(&self, image: ImageId) -> Result<Option<Vec<Parameter>>, BoxError> {
        let lookup = self.0.clone();
        tokio::task::spawn_blocking(move || lookup(image)).await?
    }
}

/// Keeps them until `shutdown`: looks at all at the start and from time to time, and at once when
/// a version changes.
pub(crate) async fn keep(core: Arc<Core>, images: ImageParameters, shutdown: CancellationToken) {
    let mut changes = core.rows.changes();
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = period.tick() => {}
            () = version_changed(&mut changes) => {}
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = look(&core, &images) => {}
        }
    }
}

async fn version_changed(changes: &mut Receiver<Key>) {
    loop {
        match changes.recv().await {
            Ok(key) if key.kind == Kind::Version => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

async fn look(core: &Core, images: &ImageParameters) {
    let versions = match core.rows.versions() {
        Ok(versions) => versions,
        Err(error) => {
            tracing::warn!(error = %telemetry::Chain(&error), "Row not read.");
            return;
        }
    };
    for version in versions {
        if let Err(error) = renew(core, images, &version).await {
            let error = telemetry::Chain(error.as_ref());
            tracing::warn!(version = %version.id, %error, "Catalogue of parameters not renewed.");
        }
    }
}

/// Appends what differs; the same rows are no news to the catalogue itself.
async fn renew(core: &Core, images: &ImageParameters, version: &Details) -> Result<(), BoxError> {
    let Some(image) = version.image else { return Ok(()) };
    let Some(rows) = images.find(image).await? else { return Ok(()) };
    let command = Command::Set { version: version.id, rows: judged(rows, version.manager) };
    let request = internal(fresh_command(), command);
    core.catalogue
        .handle(Key::catalogue(version.id), &request, crate::clock::now)
        .await
        .map(|_| ())
        .map_err(|error| telemetry::Chain(&error).to_string().into())
}

/// What tenants may not set is ours to say, not that of the release which made the list.
fn judged(mut rows: Vec<Parameter>, manager: Manager) -> Vec<Parameter> {
    for row in &mut rows {
        row.forbidden = manager.forbidden(&row.name).map(str::to_owned);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::catalogue::ParameterKind;

    #[test]
    fn what_is_forbidden_follows_today_and_not_when_the_list_was_made() {
        let row = |name: &str, forbidden: Option<&str>| Parameter {
            name: name.to_owned(),
            kind: ParameterKind::Boolean,
            default: None,
            unit: None,
            restart_required: false,
            forbidden: forbidden.map(str::to_owned),
        };
        let rows = vec![row("fsync", None), row("autovacuum", Some("once"))];
        let judged = judged(rows, Manager::Postgresql);
        assert!(judged[0].forbidden.is_some());
        assert_eq!(judged[1].forbidden, None);
    }
}
