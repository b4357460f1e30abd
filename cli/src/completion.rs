//! `trove completion`: what a shell needs to complete the command line.

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;

/// The shells that are looked after.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Completion {
    /// Which shell.
    shell: Name,
}

impl Completion {
    /// Writes the script for the command line `A` to standard output.
    pub(crate) fn write<A: CommandFactory>(self) {
        let shell = match self.shell {
            Name::Bash => Shell::Bash,
            Name::Zsh => Shell::Zsh,
            Name::Fish => Shell::Fish,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut A::command(), "trove", &mut script);
        crate::output::line(String::from_utf8_lossy(&script).trim_end());
    }
}
