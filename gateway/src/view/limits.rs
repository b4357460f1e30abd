//! Limits: the absolute entry, which stands first, since clients take it off the front.

use domain::quota::Quotas;
use serde::Serialize;

/// What a project may use.
#[derive(Debug, Serialize)]
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
