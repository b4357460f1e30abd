//! A project's quota: figures and use, by resource.

use domain::project::Project;
use domain::quota::{Overrides, Quotas};
use schemars::JsonSchema;
use serde::Serialize;

/// One resource.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Usage {
    resource: &'static str,
    in_use: i64,
    reserved: i64,
    limit: i64,
}

/// Figures that were just set; the others are left out.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ChangedQuotas")]
pub(crate) struct Changed {
    #[serde(skip_serializing_if = "Option::is_none")]
    instances: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ram: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volumes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backups: Option<i64>,
}

/// All resources: in use is what belongs to instances, reserved what waits for theirs.
pub(crate) fn usage(project: &Project, quotas: &Quotas) -> [Usage; 4] {
    let (kept, waiting) = project.used();
    let of = |resource, in_use, reserved, limit| Usage { resource, in_use, reserved, limit };
    [
        of("instances", kept.instances, waiting.instances, quotas.instances),
        of("ram", kept.ram_mb, waiting.ram_mb, quotas.ram_mb),
        of("volumes", kept.volumes_gib, waiting.volumes_gib, quotas.volumes_gib),
        of("backups", 0, 0, quotas.backups),
    ]
}

impl Changed {
    /// The answer to a change.
    pub(crate) fn of(overrides: &Overrides) -> Self {
        Self {
            instances: overrides.instances,
            ram: overrides.ram_mb,
            volumes: overrides.volumes_gib,
            backups: overrides.backups,
        }
    }
}
