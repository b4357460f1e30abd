//! What making a first data directory takes, whichever the engine.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::Duration;

use domain::catalogue::Parameter;
use rustix::process::Signal;

use super::EngineError;
use crate::process::Process;
use crate::template::{PARAMETERS_FILE, TemplateError};

/// For a server to run its bootstrap, and again to begin or to end; seconds are usual.
const STEP_MAX: Duration = Duration::from_secs(60);

/// Leaves the list of an engine's parameters where the template's maker looks for it.
pub(super) fn write_parameters(out: &Path, parameters: &[Parameter]) -> Result<(), TemplateError> {
    let path = out.join(PARAMETERS_FILE);
    let json = serde_json::to_vec(parameters).expect("rows have string keys and finite numbers");
    fs::write(&path, json).map_err(at(&path))
}

/// Has a server that says `ready` when it is list its parameters, and ends it by `signal`.
pub(super) fn ask_once_ready(
    child: Child,
    ready: &str,
    signal: Signal,
    ask: impl Fn() -> Result<Vec<Parameter>, EngineError>,
) -> Result<Vec<Parameter>, TemplateError> {
    let mut asked = None;
    let said = finish(child, "start", signal, |line| {
        let is_ready = line.contains(ready);
        if is_ready {
            asked = Some(ask());
        }
        is_ready
    })?;
    match asked {
        Some(Ok(parameters)) => Ok(parameters),
        Some(Err(error)) => Err(TemplateError::EngineFailed {
            step: "list the parameters",
            said: error.to_string(),
        }),
        None => Err(failed("start", &said)),
    }
}

/// Reads what a server says until it ends, telling it to by `signal` when a line `is_ready`; its last words.
pub(super) fn finish(
    mut child: Child,
    step: &'static str,
    signal: Signal,
    mut is_ready: impl FnMut(&str) -> bool,
) -> Result<Vec<String>, TemplateError> {
    let stderr = child.stderr.take().expect("standard error is a pipe");
    let process = Process::open(child.id().cast_signed()).map_err(at(Path::new("/proc")))?;
    let watchdog = Process::open(process.pid()).map_err(at(Path::new("/proc")))?;
    let watch = thread::spawn(move || {
        if !watchdog.wait_end(2 * STEP_MAX)
            && let Err(error) = watchdog.signal(Signal::KILL)
        {
            eprintln!("The server can't be killed: {error}.");
        }
    });
    let mut said = Vec::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if is_ready(&line) {
            process.signal(signal).map_err(at(Path::new("/proc")))?;
        }
        said.push(line);
    }
    let status = child.wait().map_err(at(Path::new("/proc")))?;
    drop(watch.join());
    if status.success() {
        Ok(said)
    } else {
        said.push(status.to_string());
        Err(failed(step, &said))
    }
}

pub(super) fn failed(step: &'static str, said: &[String]) -> TemplateError {
    let is_error = |line: &&str| ["ERROR", "FATAL", "PANIC"].iter().any(|word| line.contains(word));
    let errors: Vec<&str> = said.iter().map(String::as_str).filter(is_error).collect();
    let last = &said[said.len().saturating_sub(5)..];
    TemplateError::EngineFailed {
        step,
        said: if errors.is_empty() { last.join("; ") } else { errors.join("; ") },
    }
}

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> TemplateError {
    let path = path.to_owned();
    move |source| TemplateError::Io { path, source }
}
