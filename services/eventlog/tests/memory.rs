//! The log in memory keeps the same promises as the one on a server.

use async_trait::async_trait;
use eventlog::{EventLog, MemoryLog};
use std::sync::Arc;
use testkit::contract::event_log::{Rig, event_log};

#[derive(Default)]
struct InMemory {
    log: MemoryLog,
}

#[async_trait]
impl Rig for InMemory {
    fn log(&self) -> Arc<dyn EventLog> {
        Arc::new(self.log.clone())
    }

    async fn crash(&mut self) -> anyhow::Result<()> {
        self.log.go_down();
        Ok(())
    }

    async fn come_back(&mut self) -> anyhow::Result<()> {
        self.log.come_up();
        Ok(())
    }

    async fn come_back_empty(&mut self) -> anyhow::Result<()> {
        self.log.replace();
        self.log.come_up();
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_in_memory_keeps_the_contract() -> anyhow::Result<()> {
    event_log(&mut InMemory::default()).await
}
