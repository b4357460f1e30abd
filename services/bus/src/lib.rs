//! NATS subjects, command and guest requests, and credentials.
//!
//! # Invariants
//! - Every process has its own identity and can reach only the subjects of its part.
//! - An answer goes only to an inbox of the one who asked, whatever reply subject was named.
//! - Nothing here decides: envelopes, documents and reports pass through unchanged.

mod answering;
pub mod authority;
pub mod commands;
pub mod connection;
pub mod credentials;
pub mod guests;
mod private_file;
pub mod seal;
pub mod secrets;
pub mod server_config;

pub use answering::NotServing;
pub use connection::{Client, ConnectError, Connection, CredentialsSource, connect};
pub use private_file::PrivateFileError;
