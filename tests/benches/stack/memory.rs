//! The memory of each kind of process.

use anyhow::Context as _;
use std::fs;
use testkit::stack::{Part, Stack};

/// Prints them; for the processes of instances, of one of them.
pub(crate) fn show(stack: &Stack, ids: &[String]) -> anyhow::Result<()> {
    let id = ids.first().context("there is no instance")?;
    let parts = [
        ("nats-server", Part::NatsServer),
        ("gateway", Part::Gateway(0)),
        ("taskmanager", Part::Taskmanager(0)),
        ("agent, each", Part::Agent(id)),
        ("shim, each", Part::Shim(id)),
        ("mariadbd, each", Part::Server(id)),
    ];
    println!("\nMemory with {} instances, shared pages shared out:", ids.len());
    let launcher = parent(stack.identity(Part::Gateway(0))?.pid)?;
    println!("  launcher                       {:>6.1} MB", megabytes(launcher)?);
    for (name, part) in parts {
        println!("  {name:<31}{:>6.1} MB", megabytes(stack.identity(part)?.pid)?);
    }
    Ok(())
}

/// The proportional set size.
fn megabytes(pid: i32) -> anyhow::Result<f64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
    let kilobytes: u32 = line.split_whitespace().next().context("no figure")?.parse()?;
    Ok(f64::from(kilobytes) / 1024.0)
}

fn parent(pid: i32) -> anyhow::Result<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:")).context("no PPid")?;
    Ok(line.trim().parse()?)
}
