//! A session of the agent's own, which nothing in the database that it is in has a say in.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use domain::engine::postgresql::ADMIN;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Config, NoTls, Row};

use crate::engine::{EngineError, ServerCode};

/// The server's own database, which is no tenant's.
const OWN_DATABASE: &str = "postgres";

/// What a session starts with. A database's owner may give its sessions settings; what a client
/// asks for at its start wins over them. The first ones are what quoting and names rely on, the
/// middle ones would keep the agent out or from its work, and the last ones keep the passwords in
/// its statements out of the log.
const OPTIONS: [(&str, &str); 21] = [
    ("search_path", "pg_catalog"),
    ("standard_conforming_strings", "on"),
    ("role", "none"),
    ("local_preload_libraries", ""),
    ("session_preload_libraries", ""),
    ("default_transaction_read_only", "off"),
    ("default_transaction_deferrable", "off"),
    ("default_tablespace", ""),
    ("row_security", "off"),
    ("synchronous_commit", "on"),
    ("lock_timeout", "0"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("client_min_messages", "error"),
    ("log_connections", "off"),
    ("log_disconnections", "off"),
    ("log_statement", "none"),
    ("log_duration", "off"),
    ("log_min_duration_statement", "-1"),
    ("log_min_error_statement", "panic"),
];

/// So too what only later releases know, each with the first that does.
const LATER_OPTIONS: [(u32, &str, &str); 1] = [(17, "transaction_timeout", "0")];

/// Where a server is and how its agent logs in there.
#[derive(Clone)]
pub(super) struct Place {
    /// The directory that its socket is in.
    pub(super) directory: PathBuf,
    /// The port that it listens on, which is in the socket's name.
    pub(super) port: u16,
    /// The agent's password.
    pub(super) password: String,
    /// Which release it is of, once it has said so.
    pub(super) release: Arc<OnceLock<u32>>,
}

/// The question whether a connection can be encrypted, which is answered before anybody logs in.
const CAN_ENCRYPT: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

impl Place {
    /// What a session starts with.
    fn options(&self) -> String {
        let release = self.release.get().copied().unwrap_or_default();
        let later = later_options(release).map(|(_, name, value)| (name, value));
        let options = OPTIONS.into_iter().chain(later);
        options.map(|(name, value)| format!("-c {name}={value}")).collect::<Vec<_>>().join(" ")
    }

    /// Whether the server answers somebody new, by the cheapest question there is.
    pub(super) async fn is_answered(&self) -> Result<(), EngineError> {
        let asked = async {
            let path = self.directory.join(format!(".s.PGSQL.{}", self.port));
            let mut stream = UnixStream::connect(path).await?;
            stream.write_all(&CAN_ENCRYPT).await?;
            stream.read_u8().await
        };
        asked.await.map(drop).map_err(|error| EngineError::Silent(error.into()))
    }
}

fn later_options(release: u32) -> impl Iterator<Item = (u32, &'static str, &'static str)> {
    LATER_OPTIONS.into_iter().filter(move |(since, ..)| *since <= release)
}

/// The release that a version is of, such as 15 for `15.20 (Debian)`; 0 for what is no version.
fn release_of(version: &str) -> u32 {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// A connection for one piece of work.
pub(super) struct Session {
    client: Client,
    place: Place,
}

impl Session {
    /// In the server's own database.
    pub(super) async fn open(place: &Place) -> Result<Self, EngineError> {
        Self::open_in(place, OWN_DATABASE).await
    }

    /// Another session, in a tenant's database.
    pub(super) async fn beside(&self, database: &str) -> Result<Self, EngineError> {
        Self::open_in(&self.place, database).await
    }

    async fn open_in(place: &Place, database: &str) -> Result<Self, EngineError> {
        let is_known = place.release.get().is_some();
        let session = Self::connect(place, database).await?;
        // A server says which release it is of to those only whom it has let in.
        let release = place.release.get().copied().unwrap_or_default();
        if is_known || later_options(release).next().is_none() {
            return Ok(session);
        }
        Self::connect(place, database).await
    }

    async fn connect(place: &Place, database: &str) -> Result<Self, EngineError> {
        let connecting = Config::new()
            .host_path(&place.directory)
            .port(place.port)
            .user(ADMIN)
            .password(&place.password)
            .dbname(database)
            .application_name("agent")
            .options(place.options())
            .connect(NoTls)
            .await;
        let (client, connection) = connecting.map_err(error)?;
        if let Some(version) = connection.parameter("server_version") {
            place.release.get_or_init(|| release_of(version));
        }
        // Ends with the client, which is told of what goes wrong by each call.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { client, place: place.clone() })
    }

    /// Runs one statement, or several as one transaction.
    pub(super) async fn run(&self, statements: &str) -> Result<(), EngineError> {
        self.client.batch_execute(statements).await.map_err(error)
    }

    /// The rows that a query yields.
    pub(super) async fn rows(
        &self,
        query: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EngineError> {
        self.client.query(query, parameters).await.map_err(error)
    }

    /// The first column of the rows that a query yields.
    pub(super) async fn column<T>(
        &self,
        query: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<T>, EngineError>
    where
        T: for<'a> FromSql<'a>,
    {
        let rows = self.rows(query, parameters).await?;
        rows.iter().map(|row| row.try_get(0).map_err(error)).collect()
    }

    /// Whether a query yields any row.
    pub(super) async fn finds(
        &self,
        query: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<bool, EngineError> {
        Ok(!self.rows(query, parameters).await?.is_empty())
    }
}

pub(super) fn error(error: tokio_postgres::Error) -> EngineError {
    let Some(said) = error.as_db_error() else {
        return EngineError::Silent(error.into());
    };
    let mut message = said.message().to_owned();
    if let Some(detail) = said.detail() {
        message = format!("{message}: {detail}");
    }
    let code = said.code();
    let is_of = |class: &str| code.code().starts_with(class);
    if *code == SqlState::DISK_FULL || message.contains("No space left on device") {
        EngineError::DiskFull { message }
    } else if is_of("28") || *code == SqlState::TOO_MANY_CONNECTIONS {
        EngineError::NoEntry { message }
    } else if is_of("57P") || is_of("08") {
        // It begins or ends, or has ended this session only.
        EngineError::Silent(error.into())
    } else {
        EngineError::Refused { code: state(code), message }
    }
}

fn state(code: &SqlState) -> ServerCode {
    let bytes = code.code().as_bytes();
    ServerCode::State(std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(b'?')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_starts_with_what_its_server_knows() {
        for (version, knows) in [
            ("15.20 (Debian 15.20-0+deb12u1)", false),
            ("17.12", true),
            ("18beta1", true),
            ("none", false),
        ] {
            let release = Arc::new(OnceLock::from(release_of(version)));
            let place =
                Place { directory: PathBuf::new(), port: 0, password: String::new(), release };
            assert_eq!(place.options().contains("-c transaction_timeout=0"), knows, "{version}");
        }
    }
}
