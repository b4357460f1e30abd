//! The append-only event log: the port, its two adapters, the tailer and the command handler.
//!
//! # Invariants
//! - A commit is stored whole or not at all, at the version it was decided at.
//! - A repeat of an append carries the same commit id and changes nothing.
//! - Nobody reads past a hole, a lost tail or a replaced log: that ends with a typed error.

mod append;
pub mod chain;
pub mod durability;
pub mod folded;
pub mod handler;
pub mod jetstream;
pub mod log;
pub mod memory;
mod recorded;
pub mod tailer;

pub use append::append_settled;
pub use chain::{ChainBroken, ChainCheck, Hash};
pub use durability::{Durability, DurabilityError, Verdict, prove_durability};
pub use folded::Folded;
pub use handler::{HandleError, Handled, Handler, HandlerConfig, Request, Seed};
pub use jetstream::{JetStreamLog, StreamError, ensure_stream};
pub use log::{AppendError, BoxError, EventLog, LogIdentity, LogInfo, ReadError};
pub use memory::MemoryLog;
pub use recorded::Recorded;
pub use tailer::{Position, TailError, TailLost, Tailer};
