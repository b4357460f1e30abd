//! Amounts of quotas.

use crate::generated::trove::event::v1 as wire;
use domain::quota::{Amount, Overrides, Quotas};

impl From<&Amount> for wire::Amount {
    fn from(amount: &Amount) -> Self {
        Self { instances: amount.instances, ram_mb: amount.ram_mb, volumes_gib: amount.volumes_gib }
    }
}

impl From<wire::Amount> for Amount {
    fn from(amount: wire::Amount) -> Self {
        Self { instances: amount.instances, ram_mb: amount.ram_mb, volumes_gib: amount.volumes_gib }
    }
}

impl From<&Quotas> for wire::Quotas {
    fn from(quotas: &Quotas) -> Self {
        Self {
            instances: quotas.instances,
            ram_mb: quotas.ram_mb,
            volumes_gib: quotas.volumes_gib,
            backups: quotas.backups,
        }
    }
}

impl From<wire::Quotas> for Quotas {
    fn from(quotas: wire::Quotas) -> Self {
        Self {
            instances: quotas.instances,
            ram_mb: quotas.ram_mb,
            volumes_gib: quotas.volumes_gib,
            backups: quotas.backups,
        }
    }
}

impl From<&Overrides> for wire::QuotaOverrides {
    fn from(overrides: &Overrides) -> Self {
        Self {
            instances: overrides.instances,
            ram_mb: overrides.ram_mb,
            volumes_gib: overrides.volumes_gib,
            backups: overrides.backups,
        }
    }
}

impl From<wire::QuotaOverrides> for Overrides {
    fn from(overrides: wire::QuotaOverrides) -> Self {
        Self {
            instances: overrides.instances,
            ram_mb: overrides.ram_mb,
            volumes_gib: overrides.volumes_gib,
            backups: overrides.backups,
        }
    }
}
