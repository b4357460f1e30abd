//! The shim's socket and those connected to it.
//!
//! # Invariants
//! - Only root, the shim's own user and the agent's are heard.
//! - Nobody who is slow, silent or talkative delays the shim: what can't be read or written at
//!   once waits, and there are limits to lines and connections.

use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};

use domain::guest_spec::{GuestSpec, Layout};

use crate::control::{Answer, RefusalCause, Request};
use crate::files;

/// The most connections at a time; the oldest makes room.
const CLIENTS_MAX: usize = 16;
/// The longest request, in bytes.
const LINE_MAX: usize = 4096;

/// The socket, and who is connected.
#[derive(Debug)]
pub(crate) struct Clients {
    listener: UnixListener,
    uids: [Option<u32>; 3],
    connected: Vec<Client>,
}

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    line: Vec<u8>,
}

impl Clients {
    /// Listens; a socket that an earlier shim left is replaced.
    pub(crate) fn listen(spec: &GuestSpec) -> io::Result<Self> {
        let path = Layout(&spec.directory).shim_socket();
        files::remove(&path)?;
        let listener = UnixListener::bind(&path)?;
        listener.set_nonblocking(true)?;
        if spec.uid.is_some() {
            chown(&path, None, spec.uid)?;
        }
        fs::set_permissions(&path, Permissions::from_mode(0o660))?;
        Ok(Self {
            listener,
            uids: [Some(0), Some(rustix::process::geteuid().as_raw()), spec.uid],
            connected: Vec::new(),
        })
    }

    /// What has to be waited for.
    pub(crate) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let streams = self.connected.iter().map(|client| client.stream.as_fd());
        std::iter::once(self.listener.as_fd()).chain(streams)
    }

    /// Answers all that was asked so far.
    pub(crate) fn serve(&mut self, mut answer: impl FnMut(Request) -> Answer) {
        while let Ok((stream, _)) = self.listener.accept() {
            self.welcome(stream);
        }
        self.connected.retain_mut(|client| match client.read() {
            Ok(lines) => lines.iter().all(|line| {
                let answer = match serde_json::from_slice(line) {
                    Ok(request) => answer(request),
                    Err(error) => Answer::Refused {
                        cause: RefusalCause::NotUnderstood,
                        detail: error.to_string(),
                    },
                };
                client.write(&answer).is_ok()
            }),
            Err(_) => false,
        });
    }

    fn welcome(&mut self, stream: UnixStream) {
        let peer = rustix::net::sockopt::socket_peercred(&stream)
            .ok()
            .map(|credentials| credentials.uid.as_raw());
        if peer.is_none() || !self.uids.contains(&peer) {
            tracing::warn!(?peer, "A stranger knocked at the shim's socket.");
            return;
        }
        if stream.set_nonblocking(true).is_err() {
            return;
        }
        if self.connected.len() >= CLIENTS_MAX {
            self.connected.remove(0);
        }
        self.connected.push(Client { stream, line: Vec::new() });
    }
}

impl Client {
    /// The whole lines that have come; an error when there will be no more.
    fn read(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let mut buffer = [0; LINE_MAX];
        let mut lines = Vec::new();
        loop {
            let length = match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(lines),
                Err(error) => return Err(error),
            };
            for byte in &buffer[..length] {
                match byte {
                    b'\n' => lines.push(std::mem::take(&mut self.line)),
                    _ => self.line.push(*byte),
                }
            }
            if self.line.len() > LINE_MAX || lines.len() > CLIENTS_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// An answer fits the socket's buffer, unless the client leaves its answers lying there.
    fn write(&mut self, answer: &Answer) -> io::Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.stream.write_all(&line)
    }
}
