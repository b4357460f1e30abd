//! A project's quota: what its instances have reserved.
//!
//! # Invariants
//! - What is in use is the sum of the reservations, never a counter of its own.
//! - A reservation names its instance; it is made before the instance and returned after it.
//! - A reservation grows before its instance does, and shrinks after it.
//! - The project's own figures count from the next reservation on, since both are decided here,
//!   one after the other.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::ids::{InstanceId, ProjectId};
use crate::quota::{Amount, Overrides, Quotas, Resource};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A project, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id; absent before its first event.
    pub id: Option<ProjectId>,
    /// Each instance's share.
    pub reservations: BTreeMap<InstanceId, Reservation>,
    /// Its own figures.
    pub overrides: Overrides,
}

/// One instance's share of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// How much.
    pub amount: Amount,
    /// Until when the instance must exist; absent once it does.
    pub until: Option<Timestamp>,
    /// What it is about to become, while its instance is being resized.
    pub growth: Option<Growth>,
}

/// A larger share, set aside before the instance takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Growth {
    /// The whole share, never less than what is kept.
    pub amount: Amount,
    /// Until when the instance must have begun to take it.
    pub until: Timestamp,
}

impl Reservation {
    /// What is set aside beyond what is kept.
    fn growing(&self) -> Amount {
        self.growth.map_or_else(Amount::default, |growth| growth.amount.minus(self.amount))
    }
}

impl Project {
    /// The sum over reservations whose instances exist; and that over those still waiting for
    /// theirs, with all growths.
    pub fn used(&self) -> (Amount, Amount) {
        let sum = |waiting: bool| {
            self.reservations
                .values()
                .filter(|reservation| reservation.until.is_some() == waiting)
                .fold(Amount::default(), |sum, reservation| sum.plus(reservation.amount))
        };
        let growing = self.reservations.values().map(Reservation::growing);
        (sum(false), growing.fold(sum(true), Amount::plus))
    }

    /// What follows from an instance's wish to take `asked` in all.
    fn grow(
        &self,
        instance: InstanceId,
        asked: Amount,
        defaults: Quotas,
        until: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        // An instance without a share is gone.
        let Some(reservation) = self.reservations.get(&instance) else { return Ok(Vec::new()) };
        let amount = reservation.amount.max(asked);
        if amount == reservation.growth.map_or(reservation.amount, |growth| growth.amount) {
            return Ok(Vec::new());
        }
        let (kept, waiting) = self.used();
        let others = kept.plus(waiting).minus(reservation.growing());
        let quotas = self.overrides.over(defaults);
        let resources = quotas.exceeded(others, amount.minus(reservation.amount));
        if !resources.is_empty() {
            return Err(Rejection::QuotaExceeded { resources });
        }
        Ok(vec![Event::Grew { instance, amount, until }])
    }
}

/// What a project may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Set a share aside for an instance about to be created.
    Reserve {
        /// Whose quota.
        project_id: ProjectId,
        /// For which instance.
        instance: InstanceId,
        /// How much.
        amount: Amount,
        /// The most that a project without figures of its own may use.
        defaults: Quotas,
    },
    /// Give the project figures of its own.
    SetLimits {
        /// Whose quota.
        project_id: ProjectId,
        /// The figures; what is absent stays as it is.
        overrides: Overrides,
    },
    /// Set a larger share aside for an instance about to be resized.
    Grow {
        /// Which.
        instance: InstanceId,
        /// How much in all; what is less than it has counts as what it has.
        amount: Amount,
        /// The most that a project without figures of its own may use.
        defaults: Quotas,
    },
    /// A resize has ended, or never began: the share is this.
    Settle {
        /// Whose.
        instance: InstanceId,
        /// How much in all.
        amount: Amount,
    },
    /// The instance exists: keep its share.
    Commit {
        /// Which.
        instance: InstanceId,
    },
    /// The instance is gone, or never came: return its share.
    Release {
        /// Which.
        instance: InstanceId,
    },
}

/// What may have happened to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A share was set aside.
    Reserved {
        /// Whose quota.
        project_id: ProjectId,
        /// For which instance.
        instance: InstanceId,
        /// How much.
        amount: Amount,
        /// Until when the instance must exist.
        until: Timestamp,
    },
    /// A larger share was set aside.
    Grew {
        /// For which instance.
        instance: InstanceId,
        /// How much in all.
        amount: Amount,
        /// Until when the instance must have begun to take it.
        until: Timestamp,
    },
    /// A share is this, and nothing is set aside beyond it.
    Settled {
        /// Whose.
        instance: InstanceId,
        /// How much in all.
        amount: Amount,
    },
    /// A share is kept, since its instance exists.
    Committed {
        /// Which.
        instance: InstanceId,
    },
    /// A share was returned.
    Released {
        /// Which.
        instance: InstanceId,
    },
    /// The project was given figures of its own.
    LimitsSet {
        /// Whose quota.
        project_id: ProjectId,
        /// The figures that changed.
        overrides: Overrides,
    },
}

/// Why a project refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Not that much is left.
    QuotaExceeded {
        /// Of these, in order.
        resources: Vec<Resource>,
    },
}

impl Aggregate for Project {
    const KIND: Kind = Kind::Project;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Reserve { project_id, instance, amount, defaults } => {
                if self.reservations.contains_key(instance) {
                    return Ok(Vec::new());
                }
                let (kept, waiting) = self.used();
                let quotas = self.overrides.over(*defaults);
                let resources = quotas.exceeded(kept.plus(waiting), *amount);
                if !resources.is_empty() {
                    return Err(Rejection::QuotaExceeded { resources });
                }
                Ok(vec![Event::Reserved {
                    project_id: project_id.clone(),
                    instance: *instance,
                    amount: *amount,
                    until: waits_until(context),
                }])
            }
            Command::Grow { instance, amount, defaults } => {
                self.grow(*instance, *amount, *defaults, waits_until(context))
            }
            Command::Settle { instance, amount } => {
                let news = self.reservations.get(instance).is_some_and(|reservation| {
                    reservation.growth.is_some() || reservation.amount != *amount
                });
                let settled = Event::Settled { instance: *instance, amount: *amount };
                Ok(news.then_some(settled).into_iter().collect())
            }
            Command::Commit { instance } => match self.reservations.get(instance) {
                Some(Reservation { until: Some(_), .. }) => {
                    Ok(vec![Event::Committed { instance: *instance }])
                }
                Some(Reservation { until: None, .. }) | None => Ok(Vec::new()),
            },
            Command::Release { instance } => {
                let known = self.reservations.contains_key(instance);
                Ok(known.then_some(Event::Released { instance: *instance }).into_iter().collect())
            }
            Command::SetLimits { overrides, .. }
                if self.overrides.then(*overrides) == self.overrides =>
            {
                Ok(Vec::new())
            }
            Command::SetLimits { project_id, overrides } => {
                let (project_id, overrides) = (project_id.clone(), *overrides);
                Ok(vec![Event::LimitsSet { project_id, overrides }])
            }
        }
    }

    fn evolve(&mut self, event: &Event, _: Moment) {
        match event {
            Event::Reserved { project_id, instance, amount, until } => {
                self.id = Some(project_id.clone());
                let (amount, until) = (*amount, Some(*until));
                let reservation = Reservation { amount, until, growth: None };
                self.reservations.insert(*instance, reservation);
            }
            Event::Grew { instance, amount, until } => {
                if let Some(reservation) = self.reservations.get_mut(instance) {
                    reservation.growth = Some(Growth { amount: *amount, until: *until });
                }
            }
            Event::Settled { instance, amount } => {
                if let Some(reservation) = self.reservations.get_mut(instance) {
                    reservation.amount = *amount;
                    reservation.growth = None;
                }
            }
            Event::Committed { instance } => {
                if let Some(reservation) = self.reservations.get_mut(instance) {
                    reservation.until = None;
                }
            }
            Event::Released { instance } => {
                self.reservations.remove(instance);
            }
            Event::LimitsSet { project_id, overrides } => {
                self.id = Some(project_id.clone());
                self.overrides = self.overrides.then(*overrides);
            }
        }
    }

    events_of!(Project);
}

/// Until when an instance may come for what was set aside.
fn waits_until(context: &Context<'_>) -> Timestamp {
    context.now.after(Duration::from_millis(context.limits.reservation_ms))
}

#[cfg(test)]
mod tests;
