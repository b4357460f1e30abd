//! Which kind of process is killed at which step, in which order: all of it from one seed.

use domain::instance::Step;
use rand::rngs::StdRng;
use rand::seq::{IteratorRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How often a step is struck once more for one that was missed.
const MORE_MAX: usize = 30;

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Gateway,
    Taskmanager,
    NatsServer,
    Agent,
    Shim,
    Server,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Gateway, Self::Taskmanager, Self::NatsServer, Self::Agent, Self::Shim, Self::Server];

    /// How often it is killed at which step; `None` is an instance at rest.
    fn plan(self) -> &'static [(Option<Step>, usize)] {
        match self {
            Self::Gateway | Self::Taskmanager | Self::NatsServer => &[
                (Some(Step::Place), 3),
                (Some(Step::Volume), 3),
                (Some(Step::Guest), 3),
                (Some(Step::AgentReport), 3),
                (Some(Step::Prepare), 3),
                (Some(Step::Action), 1),
                (Some(Step::Restart), 1),
                (Some(Step::NoGuest), 1),
                (Some(Step::NoVolume), 1),
                (Some(Step::Release), 1),
            ],
            // There is none before it is started.
            Self::Agent | Self::Shim => &[
                (Some(Step::Guest), 4),
                (Some(Step::AgentReport), 4),
                (Some(Step::Prepare), 4),
                (Some(Step::Action), 3),
                (Some(Step::Restart), 3),
                (None, 2),
            ],
            Self::Server => &[
                (Some(Step::Prepare), 8),
                (Some(Step::Action), 4),
                (Some(Step::Restart), 5),
                (None, 3),
            ],
        }
    }
}

/// One kill to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kill {
    pub(crate) kind: Kind,
    pub(crate) step: Option<Step>,
    /// How long after the step began.
    pub(crate) after: Duration,
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.step.map_or("rest".to_owned(), |step| format!("{step:?}"));
        write!(f, "{:?} {:?} into {step}", self.kind, self.after)
    }
}

/// All kills, in their order, and more for those that missed.
pub(crate) struct Schedule {
    random: StdRng,
    planned: Vec<Kill>,
    more: BTreeMap<Step, usize>,
}

impl Schedule {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut planned = Vec::new();
        for kind in Kind::ALL {
            for &(step, times) in kind.plan() {
                for _ in 0..times {
                    let longest = longest(step).as_micros();
                    let after = u64::try_from(random.random_range(0..=longest)).expect("short");
                    planned.push(Kill { kind, step, after: Duration::from_micros(after) });
                }
            }
        }
        planned.shuffle(&mut random);
        Self { random, planned, more: BTreeMap::new() }
    }

    /// The next kill. When all that were planned are over, the steps that were `missed` get more,
    /// as soon as they begin, but not without end.
    pub(crate) fn next(&mut self, missed: impl FnOnce() -> Vec<Step>) -> Option<Kill> {
        if let Some(kill) = self.planned.pop() {
            return Some(kill);
        }
        let more = &mut self.more;
        let step =
            missed().into_iter().find(|step| more.get(step).is_none_or(|n| *n < MORE_MAX))?;
        *more.entry(step).or_default() += 1;
        let strikes_there =
            |kind: &Kind| kind.plan().iter().any(|(planned, _)| *planned == Some(step));
        let kind = Kind::ALL.into_iter().filter(strikes_there).choose(&mut self.random)?;
        Some(Kill { kind, step: Some(step), after: Duration::ZERO })
    }
}

/// Rather less than the step takes, so that most kills hit it.
fn longest(step: Option<Step>) -> Duration {
    Duration::from_millis(match step {
        Some(Step::Place | Step::NoVolume | Step::Release | Step::Room | Step::Settle) => 2,
        Some(Step::Action | Step::Guest | Step::AgentReport) => 10,
        Some(Step::Volume | Step::NoGuest) => 20,
        Some(
            Step::Prepare
            | Step::Restart
            | Step::Configure
            | Step::Apply
            | Step::Revert
            | Step::Grow,
        ) => 200,
        None => 50,
    })
}
