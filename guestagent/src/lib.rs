//! Runs one database server, and the shim that keeps it alive.
//!
//! # Invariants
//! - The server's command line comes from the specification file, which only the provisioner
//!   writes; an agent can't change it.
//! - The shim never touches the bus, the agent never starts a process that outlives it.

pub mod agent;
mod backoff;
pub mod canary;
pub mod control;
pub mod engine;
mod files;
pub mod part;
pub mod process;
pub mod shim;
pub mod spec;
pub mod step;
pub mod template;
