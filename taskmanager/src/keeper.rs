//! The host keeper: a shim for each instance of this host that should run, and for no other.
//!
//! A reconciler: it looks at start and then every five seconds, and always at the whole host.

use crate::core::Core;
use crate::effects::Effects;
use crate::provisioner::{KeepReport, Provisioner};
use domain::instance::{Live, Phase, Step};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_secs(5);

/// Keeps this host until `shutdown`.
pub(crate) async fn keep(
    core: Arc<Core>,
    provisioner: Arc<dyn Provisioner>,
    effects: Effects,
    shutdown: CancellationToken,
) {
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = period.tick() => look(&core, provisioner.as_ref(), &effects).await,
        }
    }
}

async fn look(core: &Core, provisioner: &dyn Provisioner, effects: &Effects) {
    // Taken before the rows, so that whatever is newer than it is left alone.
    let seen = core.rows.position();
    let live = match core.rows.instances(None, usize::MAX) {
        Ok(live) => live,
        Err(error) => {
            tracing::warn!(error = %telemetry::Chain(&error), "Rows not read.");
            return;
        }
    };
    let host = provisioner.capacity().host;
    let wanted: Vec<_> = live
        .iter()
        .filter(|live| should_run(live))
        .filter_map(|live| effects.plan(live, live.claimed(), live.fence))
        .filter(|plan| plan.place.host == host)
        .collect();
    match provisioner.keep(seen, &wanted).await {
        Ok(report) => tell(&report),
        Err(error) => tracing::warn!(error = %telemetry::Chain(&error), "Host not looked at."),
    }
}

fn tell(report: &KeepReport) {
    for id in &report.started {
        tracing::info!(instance_id = %id, "Missing shim started.");
    }
    for id in &report.ended {
        tracing::info!(instance_id = %id, "Shim of a gone instance ended.");
    }
    for (id, error) in &report.failed {
        tracing::warn!(instance_id = %id, error = %telemetry::Chain(error), "Instance not kept.");
    }
}

fn should_run(live: &Live) -> bool {
    match &live.phase {
        Phase::Active | Phase::Restarting | Phase::Resizing(_) => true,
        // From the step that starts it: its end may be folded later than its shim runs.
        Phase::Provisioning(running) => {
            matches!(running.step, Step::Guest | Step::AgentReport | Step::Prepare)
        }
        Phase::Undoing(_) | Phase::Failed | Phase::Deleting(_) => false,
    }
}
