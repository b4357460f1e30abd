//! The two status words of an instance: total functions of its typed state.
//!
//! | phase | `status` | `operating_status` |
//! |---|---|---|
//! | provisioning | BUILD | empty |
//! | active | ACTIVE | see below |
//! | undoing, failed | ERROR | empty |
//! | deleting | SHUTDOWN | empty |
//!
//! At rest: a silent agent is ERROR, whatever the last health was; else unknown is NEW, starting
//! is BUILD, up is HEALTHY, down is SHUTDOWN.

use domain::guest::DatabaseHealth;
use domain::instance::{Live, Phase};

/// `status`: what the control plane is doing. Never says how the database is: clients wait for
/// exactly `ACTIVE`.
pub(crate) fn status(phase: &Phase) -> &'static str {
    match phase {
        Phase::Provisioning(_) => "BUILD",
        Phase::Active => "ACTIVE",
        Phase::Undoing(_) | Phase::Failed => "ERROR",
        Phase::Deleting(_) => "SHUTDOWN",
    }
}

/// `operating_status`: how the database is, while nothing else is going on.
pub(crate) fn operating_status(live: &Live) -> &'static str {
    match live.phase {
        Phase::Provisioning(_) | Phase::Undoing(_) | Phase::Failed | Phase::Deleting(_) => "",
        Phase::Active if live.agent_silent => "ERROR",
        Phase::Active => match live.health {
            DatabaseHealth::Unknown => "NEW",
            DatabaseHealth::Starting => "BUILD",
            DatabaseHealth::Up => "HEALTHY",
            DatabaseHealth::Down { .. } => "SHUTDOWN",
        },
    }
}
