//! What the launcher is told: by arguments, or by the environment that `make run` passes on.

use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;

/// The API's port unless another one is asked for; the one that Trove uses.
const API_PORT: u16 = 8779;

/// How to run the local stack.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Where everything of this stack is kept
    #[arg(long, env = "TROVE_STATE_DIR", default_value = ".trove")]
    pub(crate) state_dir: PathBuf,
    /// Unpacked programs, to be shared between stacks [default: in the state directory]
    #[arg(long, env = "TROVE_IMAGES_DIR")]
    pub(crate) images_dir: Option<PathBuf>,
    /// The API's port on 127.0.0.1; 0 lets the system choose one, which is kept
    #[arg(long, env = "TROVE_API_PORT", default_value_t = API_PORT)]
    pub(crate) api_port: u16,
    /// How many gateways
    #[arg(long, env = "GATEWAYS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) gateways: u16,
    /// How many taskmanagers
    #[arg(long, env = "TASKMANAGERS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) taskmanagers: u16,
    /// Whether a first instance is made: 1 or 0
    #[arg(long, env = "DEMO", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub(crate) demo: u8,
    /// How the API's answers are written
    #[arg(long, env = "TROVE_DIALECT", value_enum, default_value_t = Dialect::Trove)]
    pub(crate) dialect: Dialect,
    /// Makes every limit of the taskmanager so many times shorter, for tests
    #[arg(long, hide = true, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) limits_divisor: u64,
}

/// How the API's answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dialect {
    /// As Trove's clients need them
    Trove,
    /// As the API guide of 2015 has them
    Founding,
}
