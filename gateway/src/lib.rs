//! The Trove-compatible REST interface: authenticates, checks shape, sends commands, waits for
//! their answers, and answers reads from its own read model.
//!
//! # Invariants
//! - A gateway keeps no state that the log can't rebuild, but the last heartbeats and how often
//!   each project has asked lately; any number of them may run.
//! - It never appends to the log and never touches a provisioner.
//! - A password is sealed before it leaves the process, and is never logged.

mod api;
mod call;
mod catalogue;
mod clock;
mod commands;
mod config;
mod dialect;
mod fault;
mod following;
mod gateway;
mod guests;
mod heartbeats;
mod inside;
mod negotiation;
mod rates;
mod request;
mod request_id;
mod revocations;
mod router;
mod routes;
mod run;
mod view;

pub use commands::Commands;
pub use config::{Config, ConfigError, IdentityFiles, Limits, Nats, RateLimits};
pub use dialect::Dialect;
pub use gateway::Gateway;
pub use guests::Guests;
pub use heartbeats::{Heard, Heartbeats};
pub use rates::Rates;
pub use request::idempotency::{HashKey, HashKeyError};
pub use revocations::LoggedRevocations;
pub use router::router;
pub use run::{RunError, run};
