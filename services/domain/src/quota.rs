//! Amounts of what a project may use.

use serde::{Deserialize, Serialize};

/// What one instance takes, or a project has taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Instances.
    pub instances: i64,
    /// Memory in MiB.
    pub ram_mb: i64,
    /// Volumes in GiB.
    pub volumes_gib: i64,
}

impl Amount {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            instances: self.instances.saturating_add(other.instances),
            ram_mb: self.ram_mb.saturating_add(other.ram_mb),
            volumes_gib: self.volumes_gib.saturating_add(other.volumes_gib),
        }
    }

    /// What is left of this without the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            instances: self.instances.saturating_sub(other.instances),
            ram_mb: self.ram_mb.saturating_sub(other.ram_mb),
            volumes_gib: self.volumes_gib.saturating_sub(other.volumes_gib),
        }
    }

    /// The larger of both, resource by resource.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            instances: self.instances.max(other.instances),
            ram_mb: self.ram_mb.max(other.ram_mb),
            volumes_gib: self.volumes_gib.max(other.volumes_gib),
        }
    }
}

/// The most that a project may use; −1 means without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Instances.
    pub instances: i64,
    /// Memory in MiB.
    pub ram_mb: i64,
    /// Volumes in GiB.
    pub volumes_gib: i64,
    /// Backups.
    pub backups: i64,
}

/// A project's own figures; what is absent follows the plane's defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// Instances.
    pub instances: Option<i64>,
    /// Memory in MiB.
    pub ram_mb: Option<i64>,
    /// Volumes in GiB.
    pub volumes_gib: Option<i64>,
    /// Backups.
    pub backups: Option<i64>,
}

impl Overrides {
    /// What a project with these figures may use.
    #[must_use]
    pub fn over(self, defaults: Quotas) -> Quotas {
        Quotas {
            instances: self.instances.unwrap_or(defaults.instances),
            ram_mb: self.ram_mb.unwrap_or(defaults.ram_mb),
            volumes_gib: self.volumes_gib.unwrap_or(defaults.volumes_gib),
            backups: self.backups.unwrap_or(defaults.backups),
        }
    }

    /// These figures after `newer` ones; what is absent there stays.
    #[must_use]
    pub fn then(self, newer: Self) -> Self {
        Self {
            instances: newer.instances.or(self.instances),
            ram_mb: newer.ram_mb.or(self.ram_mb),
            volumes_gib: newer.volumes_gib.or(self.volumes_gib),
            backups: newer.backups.or(self.backups),
        }
    }
}

/// A counted resource, in the words of the REST interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Resource {
    /// `instances`.
    Instances,
    /// `ram`.
    Ram,
    /// `volumes`.
    Volumes,
}

impl Resource {
    /// The word of the REST interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::Ram => "ram",
            Self::Volumes => "volumes",
        }
    }
}

impl Quotas {
    /// The resources of which `used` is more than allowed, where `asked` asks for some at all.
    pub fn exceeded(&self, used: Amount, asked: Amount) -> Vec<Resource> {
        let after = used.plus(asked);
        [
            (Resource::Instances, self.instances, after.instances, asked.instances),
            (Resource::Ram, self.ram_mb, after.ram_mb, asked.ram_mb),
            (Resource::Volumes, self.volumes_gib, after.volumes_gib, asked.volumes_gib),
        ]
        .into_iter()
        .filter(|&(_, limit, after, asked)| limit >= 0 && asked > 0 && after > limit)
        .map(|(resource, ..)| resource)
        .collect()
    }
}
