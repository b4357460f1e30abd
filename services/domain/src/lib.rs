//! The pure core of the control plane: ids, aggregates, processes and the documents exchanged
//! with guests.
//!
//! # Invariants
//! - No clock, no randomness, no I/O: what a decision needs enters inside its command.
//! - `decide` says which facts follow; `evolve` folds a fact and never refuses one.
//!
//! `serde` derives exist for the rows of the read model, which are disposable; the log's bytes
//! are protobuf (crate `proto`).

pub mod aggregate;
pub mod catalogue;
pub mod command;
pub mod commit;
pub mod configuration;
pub mod datastore;
pub mod engine;
pub mod flavor;
pub mod guest;
pub mod guest_spec;
pub mod host;
pub mod ids;
pub mod instance;
pub mod limits;
pub mod offer;
pub mod plane;
pub mod project;
pub mod quota;
pub mod secret;
pub mod time;
pub mod version;
