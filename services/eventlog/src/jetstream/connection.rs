//! Notices that the connection was lost, sooner than a timeout does.

use crate::log::BoxError;
use async_nats::Client;
use async_nats::connection::State;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often the connection is looked at: the client tells nobody but its maker of a loss.
const LOOK: Duration = Duration::from_millis(50);

/// The very connection that a piece of work began on.
pub(super) struct Connection {
    client: Client,
    connects: u64,
}

impl Connection {
    /// The present connection.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn of(client: &Client) -> Result<Self, BoxError> {
        let connection = Self { client: client.clone(), connects: connects(client) };
        if connection.stands() { Ok(connection) } else { Err("not connected to NATS".into()) }
    }

    /// Does `work` for as long as the connection stands: an answer from before a loss does not
    /// come any more.
    ///
    /// # Errors
    /// The connection was lost, even if there is a new one already.
    pub(super) async fn hold<T>(&self, work: impl Future<Output = T>) -> Result<T, BoxError> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.lost() => Err("the connection to NATS was lost".into()),
        }
    }

    async fn lost(&self) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.stands() {
            look.tick().await;
        }
    }

    fn stands(&self) -> bool {
        self.client.connection_state() == State::Connected
            && connects(&self.client) == self.connects
    }
}

fn connects(client: &Client) -> u64 {
    client.statistics().connects.load(Ordering::Relaxed)
}
