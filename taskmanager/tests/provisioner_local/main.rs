//! The local provisioner on this very machine: real processes, and as root real mounts, control
//! groups and uids.
//!
//! As root each test runs at the strongest level, and some run a second time as a plain user;
//! as a plain user all run at that user's level.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what is not as it should be ends a test, here as in its helpers"
)]

mod bench;
mod crashes;
mod effects;
mod endings;
mod fences;
mod growing;
mod keeping;
mod levels;
mod room;
