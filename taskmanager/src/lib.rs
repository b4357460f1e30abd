//! Decides commands, appends events and drives provisioning.
//!
//! # Invariants
//! - No state that the log can't rebuild; the read model may be deleted at any time.
//! - Any number of taskmanagers may run: what excludes them is the expected version of an append
//!   and the fence of a claim, never a lock between them.
//!
//! `run` is the one place where the parts are put together.

mod catalogues;
mod clock;
mod commands;
mod config;
mod core;
mod effects;
mod errands;
mod followers;
mod guests;
mod keeper;
mod local;
pub mod provisioner;
mod reconcile;
mod register;
mod resizing;
mod run;
mod runner;
mod silence;
mod sweep;
mod worker;

pub use config::{Config, ConfigError};
pub use run::run;
