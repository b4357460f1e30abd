//! Resizing: another flavor, or a larger volume, as a process with steps of its own.
//!
//! # Invariants
//! - What `spec` says of flavor and volume is in force; it changes in the commit that says so.
//! - From its request until it has settled, a resize claims the larger of before and after, of
//!   its project's quota and of its host; what is given back is given back last.
//!
//! ```text
//!          ┌─ flavor ─▶ Apply ──────────▶ Settle ──▶ Active
//! Room ────┤              │ overdue        ▲
//!   │      │              ▼                │
//!   │      │            Revert ────────────┤
//!   │      └─ volume ─▶ Grow ─▶ Apply ─────┤
//!   └─────────────── refused, or overdue ──┘
//! ```

use super::process::{Phase, Running, Step};
use super::{Live, Spec};
use crate::flavor::Flavor;
use crate::ids::{ActionId, derived};
use crate::quota::Amount;
use serde::{Deserialize, Serialize};

/// A volume of one GiB, in MiB.
const MB_PER_GIB: u64 = 1024;

/// What an instance may become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resize {
    /// Of another flavor.
    Flavor(Flavor),
    /// With a larger volume.
    Volume {
        /// Its new size in GiB.
        gib: u32,
    },
}

/// A resize under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resizing {
    /// To what.
    pub to: Resize,
    /// The position of the commit that asked for it: names it among others of this instance.
    pub since: u64,
    /// How far it is.
    pub running: Running,
}

/// What an instance takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Memory in MiB.
    pub ram_mb: u32,
    /// Virtual processors.
    pub vcpus: u32,
    /// The volume in GiB.
    pub volume_gib: u32,
}

impl Figures {
    /// What that is of a project's quota.
    pub fn amount(self) -> Amount {
        Amount { instances: 1, ram_mb: self.ram_mb.into(), volumes_gib: self.volume_gib.into() }
    }

    /// Memory of a place on a host, in MiB.
    pub fn memory_mb(self) -> u64 {
        self.ram_mb.into()
    }

    /// Disk of a place on a host, in MiB.
    pub fn disk_mb(self) -> u64 {
        u64::from(self.volume_gib) * MB_PER_GIB
    }

    /// The larger of both, figure by figure.
    #[must_use]
    fn max(self, other: Self) -> Self {
        Self {
            ram_mb: self.ram_mb.max(other.ram_mb),
            vcpus: self.vcpus.max(other.vcpus),
            volume_gib: self.volume_gib.max(other.volume_gib),
        }
    }

    /// The same after a resize.
    #[must_use]
    pub fn resized(self, to: &Resize) -> Self {
        match to {
            Resize::Flavor(flavor) => Self { ram_mb: flavor.ram_mb, vcpus: flavor.vcpus, ..self },
            Resize::Volume { gib } => Self { volume_gib: *gib, ..self },
        }
    }

    /// What is taken while one becomes the other.
    #[must_use]
    pub fn while_resized(self, to: &Resize) -> Self {
        self.max(self.resized(to))
    }
}

impl Spec {
    /// What it takes.
    pub fn figures(&self) -> Figures {
        Figures {
            ram_mb: self.flavor.ram_mb,
            vcpus: self.flavor.vcpus,
            volume_gib: self.volume_gib,
        }
    }
}

impl Live {
    /// The resize under way, if one is.
    pub fn resizing(&self) -> Option<&Resizing> {
        match &self.phase {
            Phase::Resizing(resizing) => Some(resizing),
            Phase::Provisioning(_)
            | Phase::Active
            | Phase::Restarting
            | Phase::Undoing(_)
            | Phase::Failed
            | Phase::Deleting(_) => None,
        }
    }

    /// What it takes of project and host: what is in force, and what it is on its way to.
    pub fn claimed(&self) -> Figures {
        let in_force = self.spec.figures();
        self.resizing().map_or(in_force, |resizing| in_force.while_resized(&resizing.to))
    }

    /// The flavor that its guest is to run with: the new one while it is tried.
    pub fn wanted_flavor(&self) -> &Flavor {
        match self.resizing() {
            Some(Resizing { to: Resize::Flavor(new), running, .. })
                if running.step == Step::Apply =>
            {
                new
            }
            Some(_) | None => &self.spec.flavor,
        }
    }

    /// The restart that a change of flavor waits for, or taking it back.
    pub fn owed_restart(&self) -> Option<ActionId> {
        let resizing = self.resizing()?;
        let word = match (&resizing.to, resizing.running.step) {
            (Resize::Flavor(_), Step::Apply) => "resize",
            (Resize::Flavor(_), Step::Revert) => "revert",
            (Resize::Flavor(_) | Resize::Volume { .. }, _) => return None,
        };
        let (id, since) = (self.id.to_string(), resizing.since.to_string());
        Some(ActionId(derived(&["action", word, &id, &since])))
    }
}
