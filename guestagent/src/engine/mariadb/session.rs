//! A connection of the agent's own, on which quoting can be relied on.

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Opts, ServerError};

use crate::engine::{EngineError, ServerCode};

/// What quoting relies on, whatever the server's settings are: backslashes escape, double quotes
/// are none of identifiers, and each character is one sequence of bytes. A grant to a user that
/// is not there makes none, which would have no password.
pub(super) const SET_UP: &str =
    "SET NAMES utf8mb4, SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER'";

/// The server's numbers of errors that tell of a full disk.
const DISK_FULL: [u16; 2] = [1021, 1114];
/// The server's numbers of errors that keep a client out.
const NO_ENTRY: [u16; 4] = [1040, 1045, 1129, 1698];

/// A connection for one piece of work.
pub(super) struct Session(Conn);

impl Session {
    pub(super) async fn open(options: &Opts) -> Result<Self, EngineError> {
        Conn::new(options.clone()).await.map(Self).map_err(error)
    }

    pub(super) async fn run(&mut self, statement: &str) -> Result<(), EngineError> {
        self.0.query_drop(statement).await.map_err(error)
    }

    /// The rows that a query yields; its columns must be what `T` is made of.
    pub(super) async fn rows<T>(&mut self, query: &str) -> Result<Vec<T>, EngineError>
    where
        T: FromRow + Send + 'static,
    {
        self.0.query(query).await.map_err(error)
    }

    /// Whether a query yields any row.
    pub(super) async fn finds(&mut self, query: &str) -> Result<bool, EngineError> {
        let rows: Vec<u8> = self.rows(&format!("SELECT 1 FROM {query} LIMIT 1")).await?;
        Ok(!rows.is_empty())
    }

    pub(super) async fn close(self) {
        // The work is done; a connection that does not end well changes nothing of it.
        drop(self.0.disconnect().await);
    }
}

pub(super) fn error(error: mysql_async::Error) -> EngineError {
    let mysql_async::Error::Server(ServerError { code, message, .. }) = error else {
        return EngineError::Silent(error.into());
    };
    if DISK_FULL.contains(&code) || message.contains("No space left on device") {
        EngineError::DiskFull { message }
    } else if NO_ENTRY.contains(&code) {
        EngineError::NoEntry { message }
    } else {
        EngineError::Refused { code: ServerCode::Number(code), message }
    }
}
