//! The file by which a provisioner tells shim and agent what they are: `spec.json`.
//!
//! # Invariants
//! - Only the provisioner writes it; the shim takes the server's command line from it and from
//!   nobody else.
//!
//! # The instance's directory
//! ```text
//! <state>/i/<uuid>/   root:<gid> 1770 with a uid per instance, else 0700
//!   spec.json         this file; 0640
//!   shim.{id,lock,log,sock}  agent.{id,log}  server.{id,log}    the shim's own; 0640
//!   s                 the server's unix socket, where the engine lets its name be chosen
//!   a/                the agent's own, 0750: credentials and passwords (0600), journal,
//!                     server.cnf and what else the server reads (0640)
//!   a/c/              a canary: such a directory once more, for the moment in which it is needed
//!   v/                the volume: a mounted image or a directory; v/data and v/tmp are the server's;
//!                     v/log too, and the agent may read it
//! ```

use crate::engine::{Log, Manager, UserLog};
use crate::ids::InstanceId;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

/// The longest name of a unix socket below an instance's directory: a canary's server's.
pub const LONGEST_SOCKET: &str = "a/c/.s.PGSQL.65535";

/// What shim and agent of one instance are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestSpec {
    /// The instance.
    pub instance: InstanceId,
    /// The engine's manager.
    pub manager: Manager,
    /// The engine's version number.
    pub version: String,
    /// The unpacked engine.
    pub image_root: PathBuf,
    /// The data directory to copy for a new instance.
    pub template: PathBuf,
    /// The instance's directory, as the module's documentation draws it.
    pub directory: PathBuf,
    /// Where the server listens.
    pub address: Ipv4Addr,
    /// On which port.
    pub port: u16,
    /// The agent's uid and the instance's gid; the server's uid is the next. Absent where all
    /// run as the shim's own user.
    pub uid: Option<u32>,
    /// The volume.
    pub volume: Volume,
    /// Memory of the flavor, in MiB.
    pub memory_mb: u32,
    /// Directories of control groups that the server is put into before it starts.
    pub cgroups: Vec<PathBuf>,
    /// How the server is kept apart.
    pub isolation: Isolation,
    /// The server's command line, without the isolation's.
    pub server: CommandLine,
    /// Where the bus is.
    pub nats_urls: Vec<String>,
    /// Between two heartbeats, in milliseconds.
    pub heartbeat_ms: u64,
    /// Between two unprompted looks at the desired document, in milliseconds.
    pub desired_poll_ms: u64,
}

/// A volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Whether it is a file system of its own; otherwise its use is the sum of its files.
    pub mounted: bool,
}

/// How a server is kept apart from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Isolation {
    /// By a uid of its own.
    Uid,
    /// By a mount and pid namespace of its own.
    Bubblewrap {
        /// The program.
        program: PathBuf,
    },
    /// By nothing but its directory.
    Plain,
}

/// A program with its arguments and its whole environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Where it starts; in the instance's directory when absent.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// Links that it finds when it starts, outside of what it may write to.
    #[serde(default)]
    pub links: Vec<Link>,
    /// What tells it to end well.
    #[serde(default)]
    pub stop_signal: StopSignal,
}

/// A symbolic link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where it stands.
    pub path: PathBuf,
    /// Where it leads.
    pub target: PathBuf,
}

/// The signal that tells a server to end well: soon, and leaving nothing to be recovered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopSignal {
    /// SIGTERM.
    #[default]
    Terminate,
    /// SIGINT.
    Interrupt,
}

/// The names inside an instance's directory.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a>(pub &'a Path);

impl Layout<'_> {
    /// The provisioner's word to shim and agent.
    pub fn spec(&self) -> PathBuf {
        self.0.join("spec.json")
    }

    /// The server's unix socket.
    pub fn server_socket(&self) -> PathBuf {
        self.0.join("s")
    }

    /// The shim's unix socket.
    pub fn shim_socket(&self) -> PathBuf {
        self.0.join("shim.sock")
    }

    /// The agent's own directory.
    pub fn agent(&self) -> PathBuf {
        self.0.join("a")
    }

    /// Where a server tries settings on data of its own.
    pub fn canary(&self) -> PathBuf {
        self.agent().join("c")
    }

    /// The agent's credentials for the bus.
    pub fn credentials(&self) -> PathBuf {
        self.agent().join("nats.creds")
    }

    /// The server's settings, written by the agent.
    pub fn server_settings(&self) -> PathBuf {
        self.agent().join("server.cnf")
    }

    /// What the agent writes for a server that reads it again while it runs.
    pub fn server_files(&self) -> PathBuf {
        self.agent().join("server")
    }

    /// What the server runs before it lets anybody in, written by the agent; may be empty.
    pub fn server_init(&self) -> PathBuf {
        self.agent().join("init.sql")
    }

    /// The volume.
    pub fn volume(&self) -> PathBuf {
        self.0.join("v")
    }

    /// The server's data.
    pub fn data(&self) -> PathBuf {
        self.volume().join("data")
    }

    /// The logs that the server writes when its owner wants them.
    pub fn logs(&self) -> PathBuf {
        self.volume().join("log")
    }

    /// One of these logs.
    pub fn log(&self, log: UserLog) -> PathBuf {
        self.logs().join(format!("{}.log", Log::User(log).as_str()))
    }

    /// The server's temporary files.
    pub fn temporary(&self) -> PathBuf {
        self.volume().join("tmp")
    }

    /// The process identity file of `name`: `shim`, `agent` or `server`.
    pub fn identity(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.id"))
    }
}
