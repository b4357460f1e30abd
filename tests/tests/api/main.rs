//! What users do with a stack and what they may get wrong. Nothing here stops or kills anything,
//! so all share one stack, each with a project of its own.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

mod bad_input;
mod clients;
mod configurations;
mod datastores;
mod founding;
mod gophercloud;
mod guard;
mod idempotency;
mod inside;
mod logs;
mod management;
mod openstack;
mod quotas;
mod resize;
mod root;
mod trove_cli;
mod visibility;

use std::sync::Arc;
use testkit::stack::{Api, Person, Stack};

/// The shared stack, and a session of somebody new.
async fn newcomer() -> anyhow::Result<(Arc<Stack>, Person, Api)> {
    // It waits for real processes.
    let stack = tokio::task::spawn_blocking(Stack::shared).await??;
    let person = stack.person()?;
    let api = stack.api(&person).await?;
    Ok((stack, person, api))
}
