//! Limits: the absolute entry, which stands first, since clients take it off the front.

use super::moment;
use crate::rates::Standing;
use domain::quota::Quotas;
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// A limit of either kind.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
pub(crate) enum Limit {
    /// Of use.
    Absolute(Absolute),
    /// Of requests.
    Rate(Rate),
}

/// What a project may use.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Absolute {
    verb: &'static str,
    max_instances: i64,
    max_ram: i64,
    max_volumes: i64,
    max_backups: i64,
}

impl Absolute {
    /// The entry for these quotas.
    pub(crate) fn of(quotas: &Quotas) -> Self {
        Self {
            verb: "ABSOLUTE",
            max_instances: quotas.instances,
            max_ram: quotas.ram_mb,
            max_volumes: quotas.volumes_gib,
            max_backups: quotas.backups,
        }
    }
}

/// How often a project may ask, and what is left of that.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Rate {
    verb: &'static str,
    uri: &'static str,
    regex: &'static str,
    value: u32,
    remaining: u32,
    unit: &'static str,
    #[serde(rename = "nextAvailable")]
    next_available: String,
}

impl Rate {
    /// The entry for a limit in force. Its time is the only one with a zone.
    pub(crate) fn of(standing: &Standing, now: Timestamp) -> Self {
        Self {
            verb: standing.limit.verb(),
            uri: standing.limit.uri(),
            regex: standing.limit.regex(),
            value: standing.per_minute,
            remaining: standing.remaining,
            unit: "MINUTE",
            next_available: format!("{}Z", moment(now.after(standing.wait))),
        }
    }
}
