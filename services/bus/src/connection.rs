//! The one way to connect: settings that hold for every process of ours.

use crate::authority::Identity;
use crate::credentials::Credentials;
use crate::private_file::PrivateFileError;
use async_nats::{
    Auth, AuthError, ConnectErrorKind, ConnectOptions, Event, ServerAddr, ServerError,
};
use domain::ids::InstanceId;
use proto::subjects;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use async_nats::Client;

/// How long a request waits when its caller names no time of its own.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A server that does not answer two of these is taken for gone.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// Messages that wait in one subscription; later ones are dropped, and their senders repeat them.
const SUBSCRIPTION_CAPACITY: usize = 8192;

/// The pause before a new attempt, before jitter: from the floor, doubled each time, to the top.
const PAUSE_FLOOR: Duration = Duration::from_millis(200);
const PAUSE_TOP: Duration = Duration::from_secs(4);

/// To where and as whom.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Addresses of servers (`nats://host:port`); any one will do.
    pub urls: Vec<String>,
    /// As whom.
    pub credentials: CredentialsSource,
    /// The name in the server's list of connections.
    pub name: String,
    /// Where answers are received; the identity's rights name it.
    pub inbox_prefix: String,
}

impl Connection {
    /// The connection of one of our processes.
    pub fn of(identity: Identity, urls: Vec<String>, credentials: CredentialsSource) -> Self {
        let inbox_prefix = identity.inbox_prefix().to_owned();
        Self { urls, credentials, name: identity.as_str().to_owned(), inbox_prefix }
    }

    /// The connection of an instance's agent.
    pub fn of_guest(id: InstanceId, urls: Vec<String>, credentials: CredentialsSource) -> Self {
        let inbox_prefix = subjects::guest_inbox(id);
        Self { urls, credentials, name: format!("guest {id}"), inbox_prefix }
    }
}

/// Where a process has its credentials from.
#[derive(Debug, Clone)]
pub enum CredentialsSource {
    /// A file, read again at each attempt: a renewed one is used without a restart.
    File(PathBuf),
    /// Held in memory.
    Held(Credentials),
}

impl CredentialsSource {
    fn get(&self) -> Result<Credentials, PrivateFileError> {
        match self {
            Self::File(path) => Credentials::load(path),
            Self::Held(credentials) => Ok(credentials.clone()),
        }
    }
}

/// Why waiting longer for a connection is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Not the address of a server.
    #[error("{url} is not a server's address")]
    Address {
        /// The address.
        url: String,
    },
    /// The credentials can't be read.
    #[error("no usable credentials")]
    Credentials(#[source] PrivateFileError),
    /// The server does not accept the credentials.
    #[error("the server does not accept the credentials")]
    Refused(#[source] async_nats::ConnectError),
}

/// Connects, and waits for a server as long as the caller lets it: drop the future to give up.
///
/// Once made, the connection is kept up for ever: after a loss it is made anew, with growing
/// pauses, and subscriptions with it.
///
/// # Errors
/// Only what waiting can't heal; see [`ConnectError`].
pub async fn connect(connection: &Connection) -> Result<Client, ConnectError> {
    let servers = servers(&connection.urls)?;
    let mut attempt = 0;
    loop {
        connection.credentials.get().map_err(ConnectError::Credentials)?;
        let error = match options(connection).connect(servers.as_slice()).await {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        if error.kind() == ConnectErrorKind::AuthorizationViolation {
            return Err(ConnectError::Refused(error));
        }
        attempt += 1;
        tracing::info!(connection = connection.name, attempt, %error, "No NATS server yet.");
        tokio::time::sleep(pause(attempt)).await;
    }
}

fn servers(urls: &[String]) -> Result<Vec<ServerAddr>, ConnectError> {
    urls.iter()
        .map(|url| url.parse().map_err(|_| ConnectError::Address { url: url.clone() }))
        .collect()
}

fn options(connection: &Connection) -> ConnectOptions {
    let source = connection.credentials.clone();
    let name = connection.name.clone();
    let connected_before = AtomicBool::new(false);
    ConnectOptions::with_auth_callback(move |nonce| {
        let source = source.clone();
        async move { answer(&source, &nonce) }
    })
    .name(&connection.name)
    .custom_inbox_prefix(&connection.inbox_prefix)
    .request_timeout(Some(REQUEST_TIMEOUT))
    .connection_timeout(CONNECT_TIMEOUT)
    .ping_interval(PING_INTERVAL)
    .subscription_capacity(SUBSCRIPTION_CAPACITY)
    .reconnect_delay_callback(move |attempt| {
        // Also asked before the very first attempt, which has nothing to wait for.
        if connected_before.swap(true, Ordering::Relaxed) { pause(attempt) } else { Duration::ZERO }
    })
    .event_callback(move |event| {
        trace_event(&name, &event);
        std::future::ready(())
    })
}

fn answer(source: &CredentialsSource, nonce: &[u8]) -> Result<Auth, AuthError> {
    let credentials = source.get().map_err(AuthError::new)?;
    let mut auth = Auth::new();
    auth.signature = Some(credentials.key().sign(nonce).map_err(AuthError::new)?);
    auth.jwt = Some(credentials.token().to_owned());
    Ok(auth)
}

/// Never near zero, not even after a success: with an expired token each attempt succeeds for a
/// moment. Spread by half, so that ten thousand guests don't come back in one instant.
fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause = PAUSE_FLOOR.saturating_mul(1 << doublings).min(PAUSE_TOP);
    pause.mul_f64(rand::random_range(0.5..1.5))
}

fn trace_event(connection: &str, event: &Event) {
    match event {
        Event::Connected => tracing::info!(connection, "Connected to NATS."),
        Event::Disconnected => tracing::warn!(connection, "Lost the connection to NATS."),
        Event::SlowConsumer(_) => {
            tracing::warn!(connection, "Dropped messages that came faster than they are handled.");
        }
        // Never expected: somebody tries what they may not, or a right is missing.
        Event::ServerError(ServerError::Other(error)) if is_violation(error) => {
            tracing::error!(connection, error, "NATS refused a subject.");
        }
        Event::ServerError(error) => {
            tracing::warn!(connection, %error, "NATS reported an error.");
        }
        // One for each attempt of a loss that was reported already.
        Event::ClientError(error) => {
            tracing::debug!(connection, %error, "An attempt to connect ended.");
        }
        Event::LameDuckMode | Event::Draining | Event::Closed => {
            tracing::info!(connection, %event, "The connection to NATS is ending.");
        }
    }
}

fn is_violation(error: &str) -> bool {
    error.to_ascii_lowercase().contains("permissions violation")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_top_and_never_come_near_zero() {
        for attempt in 0..100 {
            let pause = pause(attempt);
            assert!(pause >= PAUSE_FLOOR / 2 && pause <= PAUSE_TOP * 3 / 2, "{attempt}: {pause:?}");
        }
        assert!(pause(10) >= PAUSE_TOP / 2);
    }

    #[test]
    fn a_wrong_address_is_named() {
        let refused = servers(&["nats://a:1".to_owned(), "nats://:x".to_owned()]).unwrap_err();
        assert_eq!(refused.to_string(), "nats://:x is not a server's address");
    }
}
