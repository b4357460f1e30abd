//! The two status words of an instance: total functions of its typed state.
//!
//! | phase | `status` | `operating_status` |
//! |---|---|---|
//! | provisioning | BUILD | empty |
//! | active | ACTIVE | see below |
//! | active, settings wait for a restart | RESTART_REQUIRED | empty |
//! | restarting | REBOOT | empty |
//! | resizing | RESIZE | empty |
//! | undoing, failed | ERROR | empty |
//! | deleting | SHUTDOWN | empty |
//!
//! At rest: a silent agent is ERROR, whatever the last health was; else unknown is ERROR too,
//! since only a reset leaves it so; starting is BUILD, up is HEALTHY, full is BLOCKED, down is
//! SHUTDOWN.

use domain::guest::DatabaseHealth;
use domain::instance::{Live, Phase};

/// Every word of [`status`].
pub(crate) const STATUSES: [&str; 7] =
    ["BUILD", "ACTIVE", "RESTART_REQUIRED", "REBOOT", "RESIZE", "ERROR", "SHUTDOWN"];

/// Every word of [`operating_status`].
pub(crate) const OPERATING_STATUSES: [&str; 6] =
    ["", "BUILD", "HEALTHY", "BLOCKED", "SHUTDOWN", "ERROR"];

/// `status`: what the control plane is doing. Never says how the database is: clients wait for
/// exactly `ACTIVE`.
pub(crate) fn status(live: &Live) -> &'static str {
    match live.phase {
        Phase::Provisioning(_) => "BUILD",
        Phase::Active if live.is_restart_required() => "RESTART_REQUIRED",
        Phase::Active => "ACTIVE",
        Phase::Restarting => "REBOOT",
        Phase::Resizing(_) => "RESIZE",
        Phase::Undoing(_) | Phase::Failed => "ERROR",
        Phase::Deleting(_) => "SHUTDOWN",
    }
}

/// `operating_status`: how the database is, while nothing else is going on.
pub(crate) fn operating_status(live: &Live) -> &'static str {
    match live.phase {
        Phase::Provisioning(_)
        | Phase::Restarting
        | Phase::Resizing(_)
        | Phase::Undoing(_)
        | Phase::Failed
        | Phase::Deleting(_) => "",
        Phase::Active if live.is_restart_required() => "",
        Phase::Active => service_status(live),
    }
}

/// How the database is, whatever is going on.
pub(crate) fn service_status(live: &Live) -> &'static str {
    if live.agent_silent {
        return "ERROR";
    }
    match live.health {
        DatabaseHealth::Unknown => "ERROR",
        DatabaseHealth::Starting => "BUILD",
        DatabaseHealth::Up => "HEALTHY",
        DatabaseHealth::Full => "BLOCKED",
        DatabaseHealth::Down { .. } => "SHUTDOWN",
    }
}

/// An instance's status, as refusals tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    /// What the control plane is doing.
    pub(crate) status: &'static str,
    /// How the database is; while something else is going on, that.
    pub(crate) database: &'static str,
}

impl Words {
    /// Of an instance that is not known well enough.
    pub(crate) const UNKNOWN: Self = Self { status: "UNKNOWN", database: "UNKNOWN" };

    /// The words of an instance.
    pub(crate) fn of(live: &Live) -> Self {
        let status = status(live);
        let operating = operating_status(live);
        Self { status, database: if operating.is_empty() { status } else { operating } }
    }
}
