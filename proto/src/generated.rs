//! The types that `build.rs` makes of the `.proto` files; private to this crate.
#![allow(clippy::all, dead_code, unreachable_pub, reason = "generated, and only in part needed")]

include!(concat!(env!("OUT_DIR"), "/generated.rs"));
