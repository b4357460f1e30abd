//! The protobuf files, their generated types and their conversions to the domain.
//!
//! # Invariants
//! - Only domain types cross this crate's border; nobody else knows protobuf.
//! - A domain value has exactly one encoding, and what was once released decodes for ever.
//! - Decoding refuses, it never panics, whatever the bytes.

pub mod subjects;

mod convert;
mod error;
mod generated;
mod wire;

pub use error::DecodeError;
pub use wire::Wire;
