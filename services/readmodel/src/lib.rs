//! Projections of the log, kept in a store that may be thrown away at any time.
//!
//! # Invariants
//! - Rows and log position move in one batch.
//! - A row is a pure function of the log: deleting the store changes no answer.
//! - Nothing but projections: no secrets, no counters, nothing that the log can't rebuild.
//! - A row whose checksum fails is never answered from: the whole store is rebuilt.
//!
//! Deliberately absent: history. It is read from the log by subject.

mod fold;
mod model;
mod row;
pub mod sled_store;
pub mod store;

pub use model::{FollowError, OpenError, ReadError, ReadModel, Wanted};
pub use store::{Batch, MemoryStore, ProjectionStore, StoreError};
