//! Makes a copy of the template an instance's own.
//!
//! All copies have the template's identifier, by which the server tells whose write-ahead log
//! is whose. Only a cluster that was never started may get another one: hence here.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::guest_spec::GuestSpec;
use rustix::process::Signal;

use crate::process::Process;

/// It writes one file of the write-ahead log.
const RESET_MAX: Duration = Duration::from_secs(60);

/// Gives the data an identifier that no other cluster has, and a write-ahead log of that.
pub(in crate::engine) fn make(spec: &GuestSpec, data: &Path, uid: Option<u32>) -> io::Result<()> {
    // It stands first in the file; what the file says of its own sum is wrong from here on, and
    // what begins the log anew takes that for no obstacle and puts it right.
    let control = fs::OpenOptions::new().write(true).open(data.join("global/pg_control"))?;
    // Shown as a number with sign, which is to be none.
    let identifier = (rand::random::<u64>() >> 1).max(1);
    control.write_all_at(&identifier.to_le_bytes(), 0)?;
    drop(control);
    let mut command = Command::new(spec.server.program.with_file_name("pg_resetwal"));
    command
        .arg("--force")
        .arg("-D")
        .arg(data)
        .current_dir("/")
        .env_clear()
        .envs(spec.server.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if let (Some(uid), Some(gid)) = (uid, spec.uid) {
        command.uid(uid).gid(gid);
    }
    let mut child = command.spawn()?;
    let process = Process::open(child.id().cast_signed())?;
    if !process.wait_end(RESET_MAX) {
        process.signal(Signal::KILL)?;
    }
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said)?;
    }
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    let is_full = said.contains("No space left on device");
    let kind = if is_full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
    Err(io::Error::new(kind, format!("pg_resetwal: {status}: {}", said.trim())))
}
