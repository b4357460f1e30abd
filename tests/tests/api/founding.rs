//! Every call of the two founding documents: the API guide of 2015, and the proposal for managing
//! datastores. Requests are as they stand there, but for ids, hosts and sizes; answers have at
//! least the keys that stand there, with values of the same types. What a call is for is looked up
//! inside the database.
//!
//! All of it is done twice: in the guide's own dialect, and in Trove's, with the differences that
//! `gateway/src/dialect.rs` lists.

mod guide;
mod proposal;
mod walk;

use super::newcomer;
use testkit::stack::{Options, Stack};
use walk::{Dialect, Walk};

#[tokio::test(flavor = "multi_thread")]
async fn every_call_does_what_it_says_in_trove_s_dialect() -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    walk(Walk::new(Dialect::Trove, api, admin)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_does_what_it_says_in_its_own_dialect() -> anyhow::Result<()> {
    let options = Options { dialect: "founding", ..Options::default() };
    let stack = tokio::task::spawn_blocking(|| Stack::start(options)).await??;
    let api = stack.api(&stack.person()?).await?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    walk(Walk::new(Dialect::Founding, api, admin)).await
}

/// The proposal's calls make the version that the guide's calls use.
async fn walk(mut walk: Walk) -> anyhow::Result<()> {
    let version = proposal::every_call(&mut walk).await?;
    guide::every_call(&mut walk, &version).await?;
    walk.check_that_all_were_made();
    Ok(())
}
