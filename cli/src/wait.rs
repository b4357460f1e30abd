//! `--wait`: looks at an instance until a change has come about, has failed, or time is up.

use crate::client::{Client, path};
use crate::failure::{Failure, Kind, Outcome};
use clap::Args;
use serde_json::Value;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// From then on it is looked at less often.
const SOON: Duration = Duration::from_secs(10);
const LOOK_LATER_EVERY: Duration = Duration::from_secs(2);

/// Whether a command waits for what it asked for.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Wait {
    /// Wait until it has come about.
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait, in seconds.
    #[arg(long, requires = "wait", value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// It is active, with everything in force.
    Active,
    /// It is active, or only needs a restart to be.
    Settled,
    /// It is no more.
    Gone,
}

/// What one look at an instance says.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Done,
    Failed(String),
    NotYet,
}

/// Waits for the instance `id`, whose `fault` was `fault_before` before the change. Gives the
/// instance as it is at the end, null if it is gone.
pub(crate) async fn instance(
    client: &mut Client,
    id: &str,
    fault_before: &Value,
    (until, wait): (Until, Wait),
) -> Outcome<Value> {
    let what = match until {
        Until::Active | Until::Settled => format!("wait until instance {id} is active"),
        Until::Gone => format!("wait until instance {id} is gone"),
    };
    let begun = Instant::now();
    let limit = Duration::from_secs(wait.timeout);
    let mut progress = Progress::new();
    loop {
        let status = match client.get(&what, &path::of(&["instances", id])).await {
            Ok(mut body) => {
                let instance = body["instance"].take();
                match seen(&instance, fault_before, until) {
                    Seen::Done => return Ok(instance),
                    Seen::Failed(why) => return Err(Failure::new(Kind::Refused, what, why)),
                    Seen::NotYet => word(&instance, "status"),
                }
            }
            Err(failure) if failure.kind == Kind::NotFound && until == Until::Gone => {
                return Ok(Value::Null);
            }
            // The service may come back before the time is up.
            Err(failure) if failure.kind == Kind::NoAnswer && begun.elapsed() < limit => {
                "no answer".to_owned()
            }
            Err(failure) => return Err(failure),
        };
        if begun.elapsed() >= limit {
            let why = format!("after {} s its status is {status}", wait.timeout);
            return Err(Failure::new(Kind::WaitedInVain, what, why)
                .advise("look again later with `trove show`, or wait longer with --timeout"));
        }
        progress.show(&status, begun.elapsed());
        let pause = if begun.elapsed() < SOON { LOOK_EVERY } else { LOOK_LATER_EVERY };
        tokio::time::sleep(pause.min(limit.saturating_sub(begun.elapsed()))).await;
    }
}

fn seen(instance: &Value, fault_before: &Value, until: Until) -> Seen {
    let fault = &instance["fault"];
    let message = fault["message"].as_str().unwrap_or("the service does not say why");
    match (word(instance, "status").as_str(), until) {
        // What is being deleted may be in any state until it is gone.
        (_, Until::Gone) => Seen::NotYet,
        ("ERROR" | "FAILED", Until::Active | Until::Settled) => Seen::Failed(message.to_owned()),
        ("ACTIVE", Until::Active | Until::Settled) | ("RESTART_REQUIRED", Until::Settled) => {
            if fault.is_null() || fault == fault_before {
                Seen::Done
            } else {
                Seen::Failed(message.to_owned())
            }
        }
        (_, Until::Active | Until::Settled) => Seen::NotYet,
    }
}

fn word(instance: &Value, key: &str) -> String {
    crate::table::printable(instance[key].as_str().unwrap_or("unknown"))
}

/// Shows how it goes: one moving line on a terminal, else a line for each change.
struct Progress {
    is_terminal: bool,
    shown: Option<String>,
}

impl Progress {
    fn new() -> Self {
        Self { is_terminal: std::io::stderr().is_terminal(), shown: None }
    }

    fn show(&mut self, status: &str, elapsed: Duration) {
        let seconds = elapsed.as_secs();
        let mut out = std::io::stderr().lock();
        // Nobody can be told that nobody can be told.
        if self.is_terminal {
            drop(write!(out, "\r\u{1b}[K{status} ({seconds} s)").and_then(|()| out.flush()));
        } else if self.shown.as_deref() != Some(status) {
            drop(writeln!(out, "{status} after {seconds} s"));
        }
        self.shown = Some(status.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_terminal && self.shown.is_some() {
            let mut out = std::io::stderr().lock();
            drop(write!(out, "\r\u{1b}[K").and_then(|()| out.flush()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_instance_is_waited_for_until_its_change_has_come_about_or_failed() {
        let none = Value::Null;
        let of = |status: &str| json!({"status": status});
        assert_eq!(seen(&of("BUILD"), &none, Until::Active), Seen::NotYet);
        assert_eq!(seen(&of("ACTIVE"), &none, Until::Active), Seen::Done);
        assert_eq!(seen(&of("RESTART_REQUIRED"), &none, Until::Active), Seen::NotYet);
        assert_eq!(seen(&of("RESTART_REQUIRED"), &none, Until::Settled), Seen::Done);
        assert_eq!(seen(&of("SHUTDOWN"), &none, Until::Gone), Seen::NotYet);
        let broken = json!({"status": "ERROR", "fault": {"message": "no memory"}});
        assert_eq!(seen(&broken, &none, Until::Settled), Seen::Failed("no memory".to_owned()));
    }

    #[test]
    fn only_a_new_fault_is_a_failure() {
        let fault = json!({"message": "m", "created": "1"});
        let instance = json!({"status": "ACTIVE", "fault": fault});
        assert_eq!(seen(&instance, &fault, Until::Active), Seen::Done);
        let failed = Seen::Failed("m".to_owned());
        assert_eq!(
            seen(&instance, &json!({"message": "m", "created": "0"}), Until::Active),
            failed
        );
    }
}
