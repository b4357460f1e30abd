//! Where things of a test stack are, and waiting for what comes about.

use super::LIMIT;
use anyhow::Context as _;
use domain::guest_spec::{GuestSpec, Layout};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The engines that all stacks share: `TROVE_IMAGES_DIR`, or else below the build directory.
///
/// As root, users of instances must get there; a build directory that they can't pass through
/// is replaced by one of the system's.
///
/// # Errors
/// The test's own program is in no build directory.
pub fn images_dir() -> anyhow::Result<PathBuf> {
    if let Some(directory) = std::env::var_os("TROVE_IMAGES_DIR") {
        return Ok(directory.into());
    }
    let target = target()?;
    let is_closed = |path: &Path| fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o001 == 0);
    if rustix::process::geteuid().is_root() && target.ancestors().any(is_closed) {
        return Ok("/var/tmp/trove-test-images".into());
    }
    Ok(target.join("images"))
}

/// The program of that name as it was built with the tests.
///
/// # Errors
/// The test's own program is in no build directory.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    Ok(programs()?.join(name))
}

/// The directory of the programs under test: that of the test itself, without `deps`.
fn programs() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("find the test's own program")?;
    let directory = own.parent().and_then(Path::parent).context("find the built programs")?;
    Ok(directory.to_owned())
}

/// The build directory.
pub(super) fn target() -> anyhow::Result<PathBuf> {
    let programs = programs()?;
    Ok(programs.parent().context("find the build directory")?.to_owned())
}

/// Where users of instances can reach things of that stack.
pub(super) fn base(state: &Path) -> anyhow::Result<PathBuf> {
    let kept = kept(state)?;
    let base = kept.get("base").and_then(toml::Value::as_str).context("no base is kept")?;
    Ok(base.into())
}

/// The control groups of instances, and those of the stack above them.
pub(super) fn groups(instances: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut groups = Vec::new();
    let Ok(entries) = fs::read_dir(instances) else { return Ok(groups) };
    for entry in entries {
        let Ok(text) = fs::read(Layout(&entry?.path()).spec()) else { continue };
        let spec: GuestSpec = serde_json::from_slice(&text)?;
        groups.extend(spec.cgroups.iter().filter_map(|group| group.parent()).map(Path::to_owned));
        groups.extend(spec.cgroups);
    }
    Ok(groups)
}

/// The port of a gateway.
pub(super) fn gateway_port(state: &Path, number: usize) -> anyhow::Result<i64> {
    let kept = kept(state)?;
    let ports = kept.get("gateway_ports").and_then(toml::Value::as_array);
    ports
        .and_then(|ports| ports.get(number)?.as_integer())
        .with_context(|| format!("there is no gateway {number}"))
}

/// Where nats-server is reached.
pub(super) fn nats_url(state: &Path) -> anyhow::Result<String> {
    let kept = kept(state)?;
    let port =
        kept.get("nats_port").and_then(toml::Value::as_integer).context("no port is kept")?;
    Ok(format!("nats://127.0.0.1:{port}"))
}

fn kept(state: &Path) -> anyhow::Result<toml::Table> {
    let path = state.join("stack.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

/// For whoever looks at the test's output.
pub(super) fn tell(sentence: &str) {
    eprintln!("{sentence}");
}

/// Waits until `condition` holds.
///
/// # Panics
/// It does not within [`LIMIT`].
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < until, "not within {LIMIT:?}: {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Waits until `look` sees something.
///
/// # Panics
/// It does not within [`LIMIT`].
pub async fn wait_for_async<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    wait_within(LIMIT, what, look).await
}

/// The same within another limit.
///
/// # Panics
/// `look` does not see anything in time.
pub async fn wait_within<T>(
    limit: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let until = Instant::now() + limit;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < until, "not within {limit:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
