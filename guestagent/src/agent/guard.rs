//! Keeps a volume from becoming quite full: while little room is left, the server's users only
//! read. Whoever deletes something, or makes the volume larger, ends that.
//!
//! # Invariants
//! - That it is held stands in the settings file before the server is told, and until the server
//!   has been told otherwise: a crash of either changes nothing.
//! - Between holding and lifting lies as much room as is kept free, so that it does not go to and
//!   fro.
//! - The agent itself has all rights, so that it can still delete what its tenant wants deleted.
//!
//! A server that meets the end of its volume in the midst of a change may end, and not start again
//! before there is room. So the less room there is, the more often it is looked at. Where files
//! have to be added up, that is too much work, and a server may write beyond its size meanwhile.

use std::time::Duration;

use super::Guest;
use super::action::ActionError;
use super::settings;
use crate::control::{Request, Usage};
use crate::engine::Guard;
use crate::shim::usage;
use crate::step;

/// The longest time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The shortest.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(50);
/// So many bytes in a second are the most that a server is expected to write: before it can have
/// used what room there is, it is looked at again.
const BYTES_PER_SEC: u64 = 512 << 20;
/// Between two looks at a volume whose files have to be added up.
const ADD_UP_EVERY: Duration = Duration::from_secs(5);

/// A full volume is kept this part of it free,
const PARTS: u64 = 20;
/// but no more bytes than this,
const FREE_MAX: u64 = 2 << 30;
/// and no fewer than this,
const FREE_MIN: u64 = 32 << 20;
/// unless that would be more than this part of it.
const PARTS_MIN: u64 = 8;

/// Holds and lifts the guard of one server; never ends.
pub(crate) async fn keep(guest: &Guest) {
    loop {
        let pause = match look(guest).await {
            Some(usage) if guest.spec.volume.mounted => pause(usage, guest.engine.guard()),
            Some(_) => ADD_UP_EVERY,
            None => LOOK_EVERY,
        };
        tokio::time::sleep(pause).await;
    }
}

async fn look(guest: &Guest) -> Option<Usage> {
    let usage = usage(guest).await?;
    let now = guest.engine.guard();
    let wanted = wanted(usage, now);
    if (now, wanted) == (Guard::Lifted, Guard::Lifted) {
        return Some(usage);
    }
    match ensure(guest, now, wanted).await {
        Ok(()) => {}
        // One that does not run finds it in its settings.
        Err(error @ ActionError::Blocked(_)) => tracing::debug!(%error, "The server is not told."),
        Err(error @ ActionError::Failed(_)) => {
            tracing::warn!(%error, "The guard of the volume is not as it should be.");
        }
    }
    if now != wanted {
        guest.health.look_now();
    }
    Some(usage)
}

/// What the volume holds, if it is there.
async fn usage(guest: &Guest) -> Option<Usage> {
    if guest.spec.volume.mounted {
        let is_there = step::volume_is_there(&guest.spec);
        return is_there.then(|| usage::of_volume(&guest.spec).ok()).flatten();
    }
    let status = guest.shim.ask(Request::Status { usage: true, log_tail: 0 }).await;
    status.ok().and_then(|status| status.usage)
}

/// What is kept free of a volume of that size.
fn least(size: u64) -> u64 {
    (size / PARTS).clamp(FREE_MIN.min(size / PARTS_MIN), FREE_MAX)
}

fn free(usage: Usage) -> u64 {
    usage.size_bytes.saturating_sub(usage.used_bytes)
}

/// What the guard should be at this usage, if it is `now`.
fn wanted(usage: Usage, now: Guard) -> Guard {
    let least = least(usage.size_bytes);
    let enough = match now {
        Guard::Lifted => least,
        Guard::Held => 2 * least,
    };
    if free(usage) < enough { Guard::Held } else { Guard::Lifted }
}

/// Until what room there is could be used up.
fn pause(usage: Usage, now: Guard) -> Duration {
    match now {
        Guard::Held => LOOK_EVERY,
        Guard::Lifted => {
            let room = free(usage).saturating_sub(least(usage.size_bytes));
            let millis = room.saturating_mul(1000) / BYTES_PER_SEC;
            Duration::from_millis(millis).clamp(LOOK_EVERY_MIN, LOOK_EVERY)
        }
    }
}

async fn ensure(guest: &Guest, now: Guard, wanted: Guard) -> Result<(), ActionError> {
    let engine = &guest.engine;
    match wanted {
        Guard::Held => {
            if now == Guard::Lifted {
                tracing::warn!("The volume is full: the server's users only read.");
            }
            engine.set_guard(Guard::Held);
            settings::rewrite(guest)?;
            Ok(engine.hold().await?)
        }
        Guard::Lifted => {
            let settings = settings::in_force(guest)?.unwrap_or_default();
            engine.let_go(&settings).await?;
            if settings::in_force(guest)?.unwrap_or_default() != settings {
                // What the server was told may be out of date: it is told again at the next look.
                return Ok(());
            }
            engine.set_guard(Guard::Lifted);
            settings::rewrite(guest)?;
            engine.reread().await?;
            tracing::info!("The volume has room again: the server's users change what they may.");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(used_mib: u64, size_mib: u64, now: Guard) -> Guard {
        wanted(Usage { used_bytes: used_mib << 20, size_bytes: size_mib << 20 }, now)
    }

    #[test]
    fn a_twentieth_is_kept_free_and_twice_that_ends_it() {
        assert_eq!(at(972, 1024, Guard::Lifted), Guard::Lifted);
        assert_eq!(at(973, 1024, Guard::Lifted), Guard::Held);
        assert_eq!(at(950, 1024, Guard::Held), Guard::Held);
        assert_eq!(at(921, 1024, Guard::Held), Guard::Lifted);
    }

    #[test]
    fn the_less_room_there_is_the_sooner_it_is_looked_at_again() {
        let pause = |used_mib: u64, now| {
            pause(Usage { used_bytes: used_mib << 20, size_bytes: 1 << 30 }, now).as_millis()
        };
        assert_eq!(pause(0, Guard::Lifted), 1000);
        assert!((350..450).contains(&pause(768, Guard::Lifted)), "{}", pause(768, Guard::Lifted));
        assert_eq!([960, 1024, 2000].map(|used| pause(used, Guard::Lifted)), [50; 3]);
        assert_eq!(pause(1024, Guard::Held), 1000);
    }

    #[test]
    fn a_large_volume_keeps_no_more_than_a_limit_and_a_small_one_no_less() {
        assert_eq!(at((1 << 20) - 2048, 1 << 20, Guard::Lifted), Guard::Lifted);
        assert_eq!(at((1 << 20) - 2047, 1 << 20, Guard::Lifted), Guard::Held);
        assert_eq!(at(480, 512, Guard::Lifted), Guard::Lifted);
        assert_eq!(at(481, 512, Guard::Lifted), Guard::Held);
        assert_eq!(at(56, 64, Guard::Lifted), Guard::Lifted);
        assert_eq!(at(57, 64, Guard::Lifted), Guard::Held);
        assert_eq!(at(70, 64, Guard::Held), Guard::Held, "soft volumes may hold more");
    }
}
