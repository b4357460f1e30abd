//! Erases passwords that no creation under way refers to.
//!
//! A password is stored before its creation is recorded; when that never happens, nobody else
//! would ever erase it.

use crate::clock::now;
use crate::core::Core;
use bus::secrets::SecretStore;
use domain::ids::SecretId;
use domain::instance::Live;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_secs(600);

/// How long after it was stored a password may wait for its creation.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Sweeps until `shutdown`.
pub(crate) async fn sweep(core: Arc<Core>, secrets: Arc<SecretStore>, shutdown: CancellationToken) {
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = period.tick() => {
                if let Err(error) = sweep_once(&core, &secrets).await {
                    tracing::warn!(error = %telemetry::Chain(error.as_ref()), "Passwords not swept.");
                }
            }
        }
    }
}

async fn sweep_once(
    core: &Core,
    secrets: &SecretStore,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // Listed first: what is stored later is not looked at.
    let stored = secrets.list().await?;
    let needed: HashSet<SecretId> =
        core.rows.instances(None, usize::MAX)?.iter().flat_map(Live::secrets_needed).collect();
    for (id, since) in stored {
        if !needed.contains(&id) && now().since(since) > PATIENCE {
            secrets.erase(id).await?;
            tracing::info!(secret_id = %id, "Orphaned password erased.");
        }
    }
    Ok(())
}
