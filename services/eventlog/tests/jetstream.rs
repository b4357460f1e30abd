//! The log on real nats-servers, of the newest and the oldest release, killed in mid-work.

use async_nats::Client;
use async_trait::async_trait;
use eventlog::{EventLog, JetStreamLog, ensure_stream};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use testkit::contract::event_log::{Rig, event_log};
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
