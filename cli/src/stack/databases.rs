//! The databases of the stack, which outlive the control plane and end only by an orderly stop.

use super::place::Place;
use crate::console::Console;
use crate::process::Process;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long all of them together may take.
const STOP_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Says how many run already.
pub(crate) fn running(place: &Place) -> usize {
    shims(&place.instances()).len()
}

/// Tells all shims to stop their agents and servers, and waits until they have; `force` ends the
/// waiting, not the stopping. Also finds those that are started meanwhile.
pub(crate) async fn stop(place: &Place, console: &Console, force: &CancellationToken) {
    let since = Instant::now();
    let instances = place.instances();
    let mut told: BTreeMap<(PathBuf, i32), Process> = BTreeMap::new();
    let mut left_shown = usize::MAX;
    loop {
        for (file, shim) in shims(&instances) {
            let shim = told.entry((file, shim.pid())).or_insert_with(|| {
                // It may have ended in between; if it can't be told, the waiting shows it.
                drop(shim.signal(Signal::TERM));
                shim
            });
            debug_assert!(shim.pid() > 0);
        }
        let left = told.values().filter(|shim| !shim.ends_within(Duration::ZERO)).count();
        if left == 0 {
            let count = told.len();
            if count > 0 {
                console.done(since, &format!("{} stopped.", databases(count)));
            }
            return;
        }
        if left != left_shown {
            console.say(&format!("Waiting for {} to stop.", databases(left)));
            left_shown = left;
        }
        if since.elapsed() > STOP_MAX || force.is_cancelled() {
            console.say(&format!(
                "{} still stopping in {}; not waited for any longer.",
                databases(left),
                instances.display()
            ));
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn databases(count: usize) -> String {
    if count == 1 { "1 database".to_owned() } else { format!("{count} databases") }
}

/// The live shims, by identity file.
fn shims(instances: &Path) -> Vec<(PathBuf, Process)> {
    let Ok(entries) = fs::read_dir(instances) else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let file = entry.ok()?.path().join("shim.id");
            let shim = Process::recorded(&file)?;
            Some((file, shim))
        })
        .collect()
}
