//! One aggregate, folded from its commits: the same struct in the handler and in read models.

use crate::chain::{ChainBroken, Hash, check_link};
use crate::recorded::Recorded;
use domain::aggregate::{Aggregate, Moment};
use domain::ids::CommandId;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many commands of an aggregate are remembered. A gateway repeats a command for some
/// seconds only, far less than it takes one aggregate to make so many commits.
pub const COMMANDS_MAX: usize = 128;

/// An aggregate's state and what it takes to continue its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded<A> {
    /// The state.
    pub state: A,
    /// The sequence of the last commit folded, 0 before the first.
    pub version: u64,
    /// That commit's hash.
    pub hash: Option<Hash>,
    /// The latest commands with the sequences of their commits, oldest first, at most
    /// [`COMMANDS_MAX`].
    pub commands: VecDeque<(CommandId, u64)>,
}

impl<A: Default> Default for Folded<A> {
    fn default() -> Self {
        Self { state: A::default(), version: 0, hash: None, commands: VecDeque::new() }
    }
}

impl<A: Aggregate> Folded<A> {
    /// Folds the aggregate's next commit.
    ///
    /// # Errors
    /// The commit does not continue this history; nothing is folded then.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), ChainBroken> {
        let sequence = recorded.sequence;
        if sequence <= self.version {
            return Err(ChainBroken::OutOfOrder { sequence, expected: self.version + 1 });
        }
        check_link(self.hash, recorded)?;
        let commit = &recorded.commit;
        let events = A::unwrap(&commit.events).ok_or(ChainBroken::OtherKind { sequence })?;
        let at = Moment { time: commit.time, position: sequence };
        for event in events {
            self.state.evolve(event, at);
        }
        self.version = sequence;
        self.hash = Some(recorded.hash);
        if self.commands.len() >= COMMANDS_MAX {
            self.commands.pop_front();
        }
        self.commands.push_back((commit.command_id, sequence));
        Ok(())
    }

    /// The sequence of the commit that answered `command`, if it is a recent one.
    pub fn answer_to(&self, command: CommandId) -> Option<u64> {
        self.commands
            .iter()
            .rev()
            .find(|(known, _)| *known == command)
            .map(|(_, sequence)| *sequence)
    }
}
