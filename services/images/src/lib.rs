//! Fetches, verifies, unpacks and patches programs from the distribution's archive.
//!
//! A [`Store`] is a directory of *images*: database engines, nats-server and a few tools, each
//! unpacked from signed Debian packages and rewritten to use only its own loader and libraries.
//! Nothing is installed and nothing of the host's package state is touched, so no root is needed.
//!
//! # Invariants
//! - Nothing is unpacked whose SHA-256 does not stand in an index signed by Debian's keyring.
//! - An image is either complete (its stamp, written last, is there) or absent: what a killed
//!   process left behind is thrown away by the next one.
//! - Every `ensure_*` may be repeated and may run in several processes at once; a file lock lets
//!   one of them do the work, and the others find it done.
//! - Everything here blocks: call it from a thread that may.
//!
//! Deliberately absent: other architectures than amd64, other hosts than Debian 12, and any
//! download that apt does not make.

mod apt;
mod command;
mod engine;
mod error;
mod files;
mod host;
mod install;
mod lock;
mod nats_server;
mod offer;
mod patch;
mod progress;
mod recipe;
mod removal;
mod sources;
mod stamp;
mod store;
mod template;
mod tools;
mod version;

pub use engine::EngineImage;
pub use error::Error;
pub use nats_server::{NATS_SERVER_VERSION_WANTED, NatsServer};
pub use offer::Offer;
pub use progress::Progress;
pub use recipe::{
    Change, ENGINES, Libraries, MARIADB_10_11, MARIADB_11_8, POSTGRESQL_15, POSTGRESQL_17, Recipe,
    Suite,
};
pub use store::Store;
pub use template::TEMPLATE_FORMAT;
pub use tools::Tools;
