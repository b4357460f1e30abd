//! Asks the shim.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::control::{Answer, RefusalCause, Request, Status};

/// How long an answer may take; copying a template onto a slow disk is the longest.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// The way to the instance's shim.
#[derive(Debug)]
pub(crate) struct ShimClient {
    socket: PathBuf,
}

/// Why the shim did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShimError {
    /// There is none just now: ask again.
    #[error("the shim does not answer")]
    Silent(#[source] io::Error),
    /// It can't.
    #[error("{detail}")]
    Refused { cause: RefusalCause, detail: String },
}

impl ShimClient {
    pub(crate) fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Asks for something; how the server is afterwards.
    pub(crate) async fn ask(&self, request: Request) -> Result<Status, ShimError> {
        let answer = tokio::time::timeout(ANSWER_MAX, self.exchange(request))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(ShimError::Silent)?;
        match answer {
            Answer::Status(status) => Ok(status),
            Answer::Refused { cause, detail } => Err(ShimError::Refused { cause, detail }),
        }
    }

    /// How the server is, with the end of its log.
    pub(crate) async fn status_and_log(&self, log_tail: u32) -> Result<Status, ShimError> {
        self.ask(Request::Status { usage: false, log_tail }).await
    }

    async fn exchange(&self, request: Request) -> io::Result<Answer> {
        let mut stream = UnixStream::connect(&self.socket).await?;
        let mut line = serde_json::to_vec(&request)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await?;
        Ok(serde_json::from_str(&answer)?)
    }
}
