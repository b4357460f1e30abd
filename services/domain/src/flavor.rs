//! Flavors: sizes of instances, from the configuration; their figures are copied into events.

use crate::ids::FlavorId;
use serde::{Deserialize, Serialize};

/// What an instance may use of its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flavor {
    /// Its id, usually a small number.
    pub id: FlavorId,
    /// Its name, such as `db.tiny`.
    pub name: String,
    /// Memory in MiB.
    pub ram_mb: u32,
    /// Virtual processors.
    pub vcpus: u32,
}
