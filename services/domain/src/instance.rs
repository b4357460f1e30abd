//! A database instance: what was asked for, where it is, and the process under way.
//!
//! # Invariants
//! - At most one process is under way; a deletion replaces any other.
//! - A live instance is at rest or has a deadline: nothing is ever stuck.
//! - A result counts only under the fence of the latest claim.
//! - A failed creation ends with nothing left but the record and its fault.
//!
//! ```text
//! Absent ──create──▶ Provisioning: Place ▶ Volume ▶ Guest ▶ AgentReport ▶ Prepare ──▶ Active
//!    │                    │ refused, or overdue                                         │
//!    │ abandon            ▼                                                             │
//!    ▼                Undoing: Guest ▶ Volume ▶ Release ──▶ Failed    Restarting ◀──restart──┤
//! Abandoned               │                                   │      Resizing ◀──resize───┤
//!                         └──────────── delete ───────────────┴─────────────────────────┘
//!                                          ▼
//!                         Deleting: Guest ▶ Volume ▶ Release ──▶ Deleted
//! ```
//! The steps of a resize are drawn in [`resize`]; whichever way it ends, it ends in Active.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::configuration::Values;
use crate::engine::UserLog;
use crate::guest::{DatabaseHealth, SettingsState};
use crate::host::Place;
use crate::ids::{ConfigurationId, InstanceId, ProjectId, SecretId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub mod action;
mod decide;
mod evolve;
pub mod messages;
pub mod process;
pub mod resize;
pub mod root;
pub mod spec;

pub use action::{ActionSpec, Actions};
pub use decide::prepare_action;
pub use messages::{Command, Event, Rejection};
pub use process::{Claim, Effect, Fault, FaultCause, Phase, Step, Timer};
pub use resize::{Figures, Resize, Resizing};
pub use root::Root;
pub use spec::Spec;

/// An instance, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instance {
    /// Never asked for.
    #[default]
    Absent,
    /// Its creation was given up before it was recorded; it can't be created any more.
    Abandoned {
        /// Whose it would have been.
        project: ProjectId,
    },
    /// Known to its owner.
    Live(Box<Live>),
    /// Gone.
    Deleted {
        /// What it was like at the end, without what only its guest needed.
        last: Box<Live>,
        /// When it went.
        at: Timestamp,
    },
}

/// An instance that its owner can see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Its id.
    pub id: InstanceId,
    /// What was asked for; flavor and volume are those in force.
    pub spec: Spec,
    /// Its present name.
    pub name: String,
    /// When it was asked for.
    pub created: Timestamp,
    /// When something about it changed that its owner can see.
    pub updated: Timestamp,
    /// What is going on.
    pub phase: Phase,
    /// Its place on a host, once it has one.
    pub place: Option<Place>,
    /// The last failed operation.
    pub fault: Option<Fault>,
    /// What its guest was asked to run, and what became of it.
    pub actions: Actions,
    /// What became of its root; none while it was never enabled.
    pub root: Option<Root>,
    /// The configuration group that it follows.
    pub configuration: Option<ConfigurationId>,
    /// The logs that its owner has switched, and whether on; others are as the settings have them.
    pub logs: BTreeMap<UserLog, bool>,
    /// Whether an administrator has its server stopped.
    pub is_stopped: bool,
    /// Its server's settings, as far as the log knows.
    pub settings: Settings,
    /// The last logged health of its server.
    pub health: DatabaseHealth,
    /// When that was logged.
    pub health_since: Timestamp,
    /// Whether its agent has fallen silent.
    pub agent_silent: bool,
    /// The position of the last commit that its desired document derives from.
    pub revision: u64,
    /// The fence of the latest claim; zero before the first.
    pub fence: u64,
}

/// How an instance's settings are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The position of the commit that last changed which group is followed, or which logs are
    /// written.
    pub asked: u64,
    /// What its guest said last.
    pub state: SettingsState,
}

impl Live {
    /// Whether settings wait for a restart of the server.
    pub fn is_restart_required(&self) -> bool {
        !self.settings.state.restart_required.is_empty()
    }

    /// What its server is to run with: the settings of its flavor, under the values of the group
    /// that it follows, under the logs that its owner has switched.
    pub fn wanted_settings(&self, group: Option<&Values>) -> BTreeMap<String, String> {
        let manager = self.spec.version.manager;
        let mut settings = manager.settings(self.wanted_flavor().ram_mb);
        let own = group.into_iter().flatten();
        settings.extend(own.map(|(name, value)| (name.clone(), value.to_string())));
        for (log, is_on) in &self.logs {
            manager.switch_log(&mut settings, *log, *is_on);
        }
        settings
    }

    /// The passwords that its guest may still ask for.
    pub fn secrets_needed(&self) -> impl Iterator<Item = SecretId> + '_ {
        let is_made = !matches!(self.phase, Phase::Provisioning(_));
        let created = self.spec.users.iter().filter(move |_| !is_made).map(|user| user.password);
        created.chain(self.actions.pending.iter().flat_map(|action| action.spec.secrets()))
    }

    /// What is remembered of it once it is gone.
    fn remembered(mut self, at: Timestamp) -> Self {
        self.spec.databases.clear();
        self.spec.users.clear();
        self.actions = Actions::default();
        self.place = None;
        self.health = DatabaseHealth::Unknown;
        self.agent_silent = false;
        self.updated = at;
        self
    }
}

impl Instance {
    /// The instance, if its owner can see it.
    pub fn live(&self) -> Option<&Live> {
        match self {
            Self::Live(live) => Some(live),
            Self::Absent | Self::Abandoned { .. } | Self::Deleted { .. } => None,
        }
    }

    /// Whose it is or was.
    pub fn project(&self) -> Option<&ProjectId> {
        match self {
            Self::Absent => None,
            Self::Abandoned { project } => Some(project),
            Self::Live(live) | Self::Deleted { last: live, .. } => Some(&live.spec.project),
        }
    }

    /// The configuration group that it follows, if it does. What is going away follows none.
    pub fn configuration(&self) -> Option<ConfigurationId> {
        let live = self.live().filter(|live| !matches!(live.phase, Phase::Deleting(_)))?;
        live.configuration
    }

    /// The one thing to do next; a restarted worker simply asks again.
    pub fn next_effect(&self) -> Option<Effect> {
        self.live().and_then(|live| live.phase.next_effect())
    }

    /// When to look again if nothing happens until then.
    pub fn timers(&self) -> Vec<Timer> {
        self.live().map_or_else(Vec::new, |live| {
            let of_action =
                |action: &action::Pending| Timer::Action { id: action.id, at: action.deadline };
            let actions = live.actions.pending.iter().map(of_action);
            live.phase.timer().into_iter().chain(actions).collect()
        })
    }

    /// Who holds the effect under way.
    pub fn claim(&self) -> Option<&Claim> {
        self.live().and_then(|live| live.phase.claim())
    }
}

impl Aggregate for Instance {
    const KIND: Kind = Kind::Instance;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        decide::decide(self, command, context)
    }

    fn evolve(&mut self, event: &Event, at: Moment) {
        evolve::evolve(self, event, at);
    }

    events_of!(Instance);
}

#[cfg(test)]
mod tests;
