//! The log on real nats-servers, of the newest and the oldest release, killed in mid-work.

use async_nats::Client;
use async_nats::jetstream::stream::{Config, DiscardPolicy};
use async_trait::async_trait;
use eventlog::{AppendError, EventLog, JetStreamLog, StreamError, ensure_stream};
use proto::subjects::{EVENTS_ALL, STREAM_EVENTS};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use testkit::contract::event_log::{Rig, commit, event_log, fresh_key};
use testkit::nats::{Release, Server, program};

struct OnServer {
    server: Server,
    client: Client,
    log: JetStreamLog,
    _directory: TempDir,
}

impl OnServer {
    async fn new(release: Release) -> anyhow::Result<Self> {
        let program = program(release, Path::new(env!("CARGO_TARGET_TMPDIR"))).await?;
        let directory = tempfile::tempdir()?;
        let server = Server::start(&program, directory.path()).await?;
        let client = server.connect().await?;
        ensure_stream(&client, 1).await?;
        let log = JetStreamLog::new(client.clone());
        Ok(Self { server, client, log, _directory: directory })
    }
}

#[async_trait]
impl Rig for OnServer {
    fn log(&self) -> Arc<dyn EventLog> {
        Arc::new(self.log.clone())
    }

    async fn crash(&mut self) -> anyhow::Result<()> {
        self.server.kill9().await
    }

    async fn come_back(&mut self) -> anyhow::Result<()> {
        self.server.restart().await
    }

    async fn come_back_empty(&mut self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(self.server.store())?;
        self.server.restart().await?;
        Ok(ensure_stream(&self.client, 1).await?)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_nats_server_keeps_the_contract() -> anyhow::Result<()> {
    event_log(&mut OnServer::new(Release::Newest).await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_2_10_keeps_the_contract() -> anyhow::Result<()> {
    event_log(&mut OnServer::new(Release::Oldest).await?).await
}

/// A server on which an operator made the stream, otherwise than we do.
async fn with_a_strange_stream(release: Release) -> anyhow::Result<(Server, Client, TempDir)> {
    let program = program(release, Path::new(env!("CARGO_TARGET_TMPDIR"))).await?;
    let directory = tempfile::tempdir()?;
    let server = Server::start(&program, directory.path()).await?;
    let client = server.connect().await?;
    let strange = Config {
        name: STREAM_EVENTS.to_owned(),
        subjects: vec![EVENTS_ALL.to_owned()],
        discard: DiscardPolicy::New,
        max_messages: 3,
        ..Default::default()
    };
    async_nats::jetstream::new(client.clone()).create_stream(strange).await?;
    Ok((server, client, directory))
}

#[tokio::test]
async fn a_stream_that_is_otherwise_than_it_must_be_is_named_and_left_alone() -> anyhow::Result<()>
{
    for release in [Release::Newest, Release::Oldest] {
        let (_server, client, _directory) = with_a_strange_stream(release).await?;
        for _ in 0..2 {
            let Err(StreamError::Differs { difference }) = ensure_stream(&client, 1).await else {
                panic!("the stream is not as it must be");
            };
            for part in ["deny_delete is false but must be true", "max_msgs is 3 but must be -1"] {
                assert!(difference.contains(part), "{difference}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_full_log_refuses_and_forgets_nothing() -> anyhow::Result<()> {
    for release in [Release::Newest, Release::Oldest] {
        let (_server, client, _directory) = with_a_strange_stream(release).await?;
        let log = JetStreamLog::new(client);
        for _ in 0..3 {
            log.append(0, &commit(fresh_key(), None)).await?;
        }
        let refused = log.append(0, &commit(fresh_key(), None)).await;
        assert!(matches!(refused, Err(AppendError::Refused(_))), "{refused:?}");
        assert_eq!(log.info().await?.last_sequence, 3);
    }
    Ok(())
}

#[tokio::test]
async fn without_a_stream_nothing_is_stored_and_nothing_claimed() -> anyhow::Result<()> {
    let program = program(Release::Newest, Path::new(env!("CARGO_TARGET_TMPDIR"))).await?;
    let directory = tempfile::tempdir()?;
    let server = Server::start(&program, directory.path()).await?;
    let log = JetStreamLog::new(server.connect().await?);
    assert!(log.info().await.is_err());
    let unknown = log.append(0, &commit(fresh_key(), None)).await;
    assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    Ok(())
}
