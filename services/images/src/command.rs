//! Runs the host's programs: with a clean environment, a time limit, and both outputs kept.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::lock::Lock;

/// For programs that compute.
pub(crate) const LOCAL_MAX: Duration = Duration::from_secs(5 * 60);
/// For programs that fetch; apt gives up on a silent server long before.
pub(crate) const NETWORK_MAX: Duration = Duration::from_secs(20 * 60);

const TICK: Duration = Duration::from_millis(200);
const POLL: Duration = Duration::from_millis(5);
/// How long a program that was just written may be held open by others.
const BUSY_MAX: Duration = Duration::from_secs(2);
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// More than any program here writes; a runaway is cut off.
const OUTPUT_MAX_BYTES: u64 = 16 << 20;

/// The caller's variables that a program may see: where the proxies are.
const PASSED_ON: [&str; 8] = [
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

/// What a program left.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command for `program` that runs under `lock`, speaks English and sees nothing of the
/// caller's environment but its proxies.
pub(crate) fn command(program: &str, lock: &Lock) -> Result<Command, Error> {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(PASSED_ON.iter().filter_map(|&name| Some((name, std::env::var_os(name)?))))
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .stdin(lock.stdin()?);
    Ok(command)
}

/// Runs `command` until its end, however it ends; `tick` is called a few times a second.
pub(crate) fn run(
    command: &mut Command,
    limit: Duration,
    tick: &mut dyn FnMut(),
) -> Result<Outcome, Error> {
    tracing::debug!(?command, "Running a program.");
    let started = Instant::now();
    let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let mut ticked = started;
    loop {
        if let Some(status) = child.try_wait().map_err(io_of(command))? {
            tick();
            return Ok(Outcome { status, stdout: received(&stdout), stderr: received(&stderr) });
        }
        if started.elapsed() > limit {
            child.kill().and_then(|()| child.wait()).map_err(io_of(command))?;
            let outcome = format!("no result after {} s", limit.as_secs());
            return Err(Error::ProgramFailed {
                program: name(command),
                outcome,
                output: received(&stderr),
            });
        }
        if ticked.elapsed() > TICK {
            ticked = Instant::now();
            tick();
        }
        std::thread::sleep(POLL);
    }
}

/// Runs `command`, which must succeed, and gives its standard output.
pub(crate) fn succeed(command: &mut Command, limit: Duration) -> Result<String, Error> {
    let outcome = run(command, limit, &mut || ())?;
    if outcome.status.success() {
        return Ok(outcome.stdout);
    }
    Err(failure(command, &outcome))
}

/// The general error of a program that ended badly; a full disk has its own.
pub(crate) fn failure(command: &Command, outcome: &Outcome) -> Error {
    let output = outcome.stderr.trim().to_owned();
    if output.contains("No space left on device") || output.contains("enough free space") {
        let path = command.get_current_dir().map_or_else(|| "/".into(), Into::into);
        return Error::DiskFull { path };
    }
    Error::ProgramFailed { program: name(command), outcome: outcome.status.to_string(), output }
}

/// Starts `command`; a missing program has its own error.
pub(crate) fn spawn(command: &mut Command) -> Result<Child, Error> {
    let until = Instant::now() + BUSY_MAX;
    loop {
        match command.spawn() {
            // One that was just written may still be open in what another thread is starting.
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy && Instant::now() < until =>
            {
                std::thread::sleep(POLL);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::ProgramMissing { program: name(command) });
            }
            spawned => return spawned.map_err(io_of(command)),
        }
    }
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn io_of(command: &Command) -> impl FnOnce(io::Error) -> Error {
    let path = PathBuf::from(command.get_program());
    move |source| Error::io(&path)(source)
}

/// Reads an output to its end in the background, so that the program never waits for a reader.
fn collect(output: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(output) = output {
            // Cut off or broken, what came before is still the best account of what happened.
            drop(output.take(OUTPUT_MAX_BYTES).read_to_end(&mut bytes));
        }
        // Nobody listens any more after a time limit.
        drop(sender.send(bytes));
    });
    receiver
}

/// The output of a program that has ended. A grandchild may keep the pipe open: not waited for.
fn received(output: &Receiver<Vec<u8>>) -> String {
    let bytes = output.recv_timeout(DRAIN_MAX).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::null());
        command
    }

    #[test]
    fn a_program_that_goes_over_its_limit_is_ended() {
        let error = succeed(&mut shell("exec sleep 600"), Duration::from_millis(100)).unwrap_err();
        assert!(matches!(error, Error::ProgramFailed { .. }), "{error}");
    }

    #[test]
    fn the_output_of_a_program_that_fails_is_kept() {
        let error = succeed(&mut shell("echo why >&2; exit 3"), LOCAL_MAX).unwrap_err();
        assert_eq!(error.to_string(), "`/bin/sh` ended with exit status: 3\nwhy");
    }

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let mut command = shell("echo 'x: No space left on device' >&2; exit 2");
        command.current_dir("/tmp");
        let error = succeed(&mut command, LOCAL_MAX).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no space is left on the disk of /tmp: free some and try again"
        );
    }

    #[test]
    fn a_program_that_is_still_held_open_is_started_once_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        let held = fs::File::create(&program).unwrap();
        (&held).write_all(b"#!/bin/sh\n").unwrap();
        held.set_permissions(fs::Permissions::from_mode(0o755)).unwrap();
        let letting_go = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            drop(held);
        });
        assert!(spawn(&mut Command::new(&program)).unwrap().wait().unwrap().success());
        letting_go.join().unwrap();
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = spawn(&mut Command::new("no-such-program")).unwrap_err();
        assert!(matches!(error, Error::ProgramMissing { program } if program == "no-such-program"));
    }
}
