//! `trove-guestagent`: shim, agent, and template of a database server.

use std::path::Path;
use std::process::ExitCode;

use guestagent::part::Part;
use guestagent::{agent, canary, shim, spec, step, template};

const USAGE: &str = "usage: trove-guestagent shim <spec.json>
       trove-guestagent agent <spec.json>
       trove-guestagent template <manager> <root> <out>";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["shim", spec] => shim::run(Path::new(spec), telemetry::start).map_err(anyhow::Error::from),
        ["agent", spec] => {
            telemetry::start();
            agent::run(Path::new(spec)).map_err(anyhow::Error::from)
        }
        ["canary", parent, _, ..] => return canary(parent, &args[2..]),
        ["step", part, spec] => return step(part, Path::new(spec)),
        ["template", manager, root, out] => template(manager, Path::new(root), Path::new(out)),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trove-guestagent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn template(manager: &str, root: &Path, out: &Path) -> anyhow::Result<()> {
    let manager = manager.parse().map_err(|()| anyhow::anyhow!("no such manager: {manager}"))?;
    Ok(template::make(manager, root, out)?)
}

/// Only the agent asks for this.
fn canary(parent: &str, command: &[String]) -> ExitCode {
    let error = match (parent.parse(), command) {
        (Ok(parent), [program, args @ ..]) => canary::turn_into(parent, program, args).into(),
        (Ok(_), []) | (Err(_), _) => anyhow::anyhow!("{USAGE}"),
    };
    // Not as the starter of a server says it: this says nothing of the settings.
    eprintln!("canary: {error:#}");
    ExitCode::FAILURE
}

/// Only the shim asks for this.
fn step(part: &str, spec_path: &Path) -> ExitCode {
    let error = match (part.parse::<Part>(), spec::read(spec_path)) {
        (Ok(part), Ok(spec)) => match step::run(part, &spec, spec_path) {
            step::StepError::Busy => return ExitCode::from(step::BUSY),
            error @ (step::StepError::VolumeMissing | step::StepError::Io(..)) => {
                anyhow::Error::from(error)
            }
        },
        (Err(()), _) => anyhow::anyhow!("{USAGE}"),
        (Ok(_), Err(error)) => error.into(),
    };
    eprintln!("trove-guestagent: {part} was not started: {error:#}");
    ExitCode::FAILURE
}
