//! Which kind of process is killed at which step, in which order: all of it from one seed.

use domain::instance::Step;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use std::fmt;
use std::time::Duration;

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

/// All kills, in their order.
pub(crate) fn schedule(seed: u64) -> Vec<Kill> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut kills = Vec::new();
    for kind in Kind::ALL {
        for &(step, times) in kind.plan() {
            for _ in 0..times {
                let longest = longest(step).as_micros();
                let after = u64::try_from(random.random_range(0..=longest)).expect("short");
                kills.push(Kill { kind, step, after: Duration::from_micros(after) });
            }
        }
    }
    kills.shuffle(&mut random);
    kills
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
