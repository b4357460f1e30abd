//! What real nats-servers say about their writing to the disk.

use eventlog::durability::Weakness;
use eventlog::{Durability, DurabilityError, Verdict, prove_durability};
use std::path::Path;
use std::time::Duration;
use testkit::nats::{Release, Server, Sync, program};

async fn server(release: Release, sync: Sync, directory: &Path) -> anyhow::Result<Server> {
    let program = program(release, Path::new(env!("CARGO_TARGET_TMPDIR"))).await?;
    Server::start_with(&program, directory, sync).await
}

#[tokio::test]
async fn a_server_that_syncs_always_is_durable() -> anyhow::Result<()> {
    for release in [Release::Newest, Release::Oldest] {
        let directory = tempfile::tempdir()?;
        let server = server(release, Sync::Always, directory.path()).await?;
        let system = server.connect_system().await?;
        let version = system.server_info().version;
        let verdict = prove_durability(&system, Durability::Required).await?;
        assert_eq!(verdict, Verdict::Durable { versions: vec![version] });
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_syncs_seldom_is_refused_unless_that_is_allowed() -> anyhow::Result<()> {
    for release in [Release::Newest, Release::Oldest] {
        let directory = tempfile::tempdir()?;
        let server = server(release, Sync::Seldom, directory.path()).await?;
        let system = server.connect_system().await?;
        let refused = prove_durability(&system, Durability::Required).await;
        let Err(error @ DurabilityError::Volatile { .. }) = refused else {
            panic!("{refused:?}");
        };
        assert!(error.to_string().contains("set `sync_interval: always`"), "{error}");
        let Verdict::Volatile { weaknesses } =
            prove_durability(&system, Durability::BestEffort).await?
        else {
            panic!("the server does not sync always");
        };
        let two_minutes = Duration::from_secs(120);
        assert!(
            matches!(&weaknesses[..], [Weakness::SyncsSeldom { every, .. }] if *every == two_minutes),
            "{weaknesses:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_user_outside_the_system_account_learns_nothing() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let server = server(Release::Newest, Sync::Always, directory.path()).await?;
    let answer = prove_durability(&server.connect().await?, Durability::BestEffort).await;
    assert!(matches!(answer, Err(DurabilityError::NoAnswer)), "{answer:?}");
    Ok(())
}
