//! Limits on how often a project may ask: one leaky bucket for each limit and project, in memory,
//! each gateway for itself.
//!
//! # Invariants
//! - A bucket that has run dry is the same as none, so idle projects take no memory.
//! - A request that is refused takes nothing: what it would have to wait does not grow by asking.

use crate::config::RateLimits;
use axum::http::Method;
use domain::ids::ProjectId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Limits are per minute.
const WINDOW: Duration = Duration::from_secs(60);

/// Where the paths of administrators begin, below the project's.
const MGMT: &str = "/mgmt";

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Limit {
    /// Of every POST.
    Post,
    /// Of every PUT.
    Put,
    /// Of every DELETE.
    Delete,
    /// Of every GET.
    Get,
    /// Of every POST below `/mgmt`, besides that of every POST.
    MgmtPost,
}

impl Limit {
    const ALL: [Self; 5] = [Self::Post, Self::Put, Self::Delete, Self::Get, Self::MgmtPost];

    /// The verb that is limited.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Post | Self::MgmtPost => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Get => "GET",
        }
    }

    /// The paths that are limited, as refusals name them.
    pub(crate) fn uri(self) -> &'static str {
        match self {
            Self::Post | Self::Put | Self::Delete | Self::Get => "*",
            Self::MgmtPost => "*/mgmt",
        }
    }

    /// The same as a pattern.
    pub(crate) fn regex(self) -> &'static str {
        match self {
            Self::Post | Self::Put | Self::Delete | Self::Get => ".*",
            Self::MgmtPost => "^/mgmt",
        }
    }

    fn applies(self, method: &Method, path: &str) -> bool {
        let is_mgmt = path == MGMT || path.starts_with("/mgmt/");
        *method == self.verb() && (self != Self::MgmtPost || is_mgmt)
    }
}

/// How much water is in a bucket: a request pours in its share of the window, and one window's
/// worth runs out in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    dry_at: Duration,
}

impl Bucket {
    fn level(self, now: Duration) -> Duration {
        self.dry_at.saturating_sub(now)
    }

    /// How long a request must wait; none when it need not.
    fn wait(self, share: Duration, now: Duration) -> Duration {
        (self.level(now) + share).saturating_sub(WINDOW)
    }
}

/// A request that came too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooOften {
    /// Of which limit.
    pub(crate) limit: Limit,
    /// How many a minute are taken.
    pub(crate) per_minute: u32,
    /// How long to wait.
    pub(crate) wait: Duration,
}

/// How a project stands with one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Which.
    pub(crate) limit: Limit,
    /// How many a minute are taken.
    pub(crate) per_minute: u32,
    /// How many would be taken at once.
    pub(crate) remaining: u32,
    /// How long the next one must wait.
    pub(crate) wait: Duration,
}

/// The buckets of all projects.
#[derive(Debug)]
pub struct Rates {
    limits: RateLimits,
    begun: Instant,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    of: HashMap<(ProjectId, Limit), Bucket>,
    cleaned: Duration,
}

impl Rates {
    /// No project has asked yet.
    pub fn new(limits: RateLimits) -> Self {
        Self { limits, begun: Instant::now(), buckets: Mutex::default() }
    }

    /// Takes a request of `project`, whose path is `path` below the project's.
    ///
    /// # Errors
    /// It came too often.
    pub(crate) fn take(
        &self,
        project: &ProjectId,
        method: &Method,
        path: &str,
    ) -> Result<(), TooOften> {
        self.lock().take(&self.limits, project, (method, path), self.begun.elapsed())
    }

    /// How a project stands with each limit that is in force.
    pub(crate) fn standings(&self, project: &ProjectId) -> Vec<Standing> {
        self.lock().standings(&self.limits, project, self.begun.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().expect("no code panics while it holds the lock")
    }
}

impl Buckets {
    fn take(
        &mut self,
        limits: &RateLimits,
        project: &ProjectId,
        (method, path): (&Method, &str),
        now: Duration,
    ) -> Result<(), TooOften> {
        self.clean(now);
        let mut shares = Vec::new();
        for limit in Limit::ALL.into_iter().filter(|limit| limit.applies(method, path)) {
            let Some((per_minute, share)) = share(limits, limit) else { continue };
            let wait = self.bucket(project, limit, now).wait(share, now);
            if !wait.is_zero() {
                return Err(TooOften { limit, per_minute, wait });
            }
            shares.push((limit, share));
        }
        for (limit, share) in shares {
            let level = self.bucket(project, limit, now).level(now);
            self.of.insert((project.clone(), limit), Bucket { dry_at: now + level + share });
        }
        Ok(())
    }

    fn standings(&self, limits: &RateLimits, project: &ProjectId, now: Duration) -> Vec<Standing> {
        let standing = |limit| {
            let (per_minute, share) = share(limits, limit)?;
            let bucket = self.bucket(project, limit, now);
            let room = WINDOW.saturating_sub(bucket.level(now));
            let remaining = u32::try_from(room.as_nanos() / share.as_nanos()).unwrap_or(u32::MAX);
            let wait = bucket.wait(share, now);
            Some(Standing { limit, per_minute, remaining: remaining.min(per_minute), wait })
        };
        Limit::ALL.into_iter().filter_map(standing).collect()
    }

    fn bucket(&self, project: &ProjectId, limit: Limit, now: Duration) -> Bucket {
        self.of.get(&(project.clone(), limit)).copied().unwrap_or(Bucket { dry_at: now })
    }

    /// Drops, once a window, what has run dry.
    fn clean(&mut self, now: Duration) {
        if now.saturating_sub(self.cleaned) >= WINDOW {
            self.of.retain(|_, bucket| !bucket.level(now).is_zero());
            self.cleaned = now;
        }
    }
}

/// A limit's figure, and the share of the window that one request takes; none when it is off.
fn share(limits: &RateLimits, limit: Limit) -> Option<(u32, Duration)> {
    let per_minute = match limit {
        Limit::Post => limits.post,
        Limit::Put => limits.put,
        Limit::Delete => limits.delete,
        Limit::Get => limits.get,
        Limit::MgmtPost => limits.mgmt_post,
    };
    (per_minute > 0).then(|| (per_minute, WINDOW / per_minute))
}

#[cfg(test)]
mod tests;
