//! Shim, agent and template with real servers: every test runs with each engine.
//!
//! Images stand in `TROVE_IMAGES_DIR` if that is set, otherwise below the build directory, and
//! stay there, so that only the first run fetches them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what is not as it should be ends a test, here as in its helpers"
)]

mod accounts;
mod agent;
mod attacks;
mod bench;
mod canary;
mod engines;
mod guard;
mod hostile;
mod leftovers;
mod lists;
mod logins;
mod logs;
mod plane;
mod postgresql;
mod repeats;
mod restart;
mod root;
mod safety;
mod served;
mod settings;
mod shim;
mod template;
