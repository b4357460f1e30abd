//! A project's quota: what its instances have reserved.
//!
//! # Invariants
//! - What is in use is the sum of the reservations, never a counter of its own.
//! - A reservation names its instance; it is made before the instance and returned after it.
//! - The project's own figures count from the next reservation on, since both are decided here,
//!   one after the other.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::ids::{InstanceId, ProjectId};
use crate::quota::{Amount, Overrides, Quotas, Resource};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
}

impl Project {
    /// The sum over reservations whose instances exist, and over those still waiting for theirs.
    pub fn used(&self) -> (Amount, Amount) {
        let sum = |waiting: bool| {
            self.reservations
                .values()
                .filter(|reservation| reservation.until.is_some() == waiting)
                .fold(Amount::default(), |sum, reservation| sum.plus(reservation.amount))
        };
        (sum(false), sum(true))
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
                let lifetime = std::time::Duration::from_millis(context.limits.reservation_ms);
                Ok(vec![Event::Reserved {
                    project_id: project_id.clone(),
                    instance: *instance,
                    amount: *amount,
                    until: context.now.after(lifetime),
                }])
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
                let reservation = Reservation { amount: *amount, until: Some(*until) };
                self.reservations.insert(*instance, reservation);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use uuid::Uuid;

    const QUOTAS: Quotas = Quotas { instances: 2, ram_mb: -1, volumes_gib: 10, backups: 50 };

    fn ask(project: &mut Project, command: &Command) -> Result<usize, Rejection> {
        let context = Context { now: Timestamp(0), limits: &Limits::PRODUCTION };
        let events = project.decide(command, &context)?;
        for event in &events {
            project.evolve(event, Moment { time: Timestamp(0), position: 1 });
        }
        Ok(events.len())
    }

    fn id(number: u128) -> InstanceId {
        InstanceId(Uuid::from_u128(number))
    }

    fn reserve(number: u128, volumes_gib: i64) -> Command {
        Command::Reserve {
            project_id: ProjectId::from("p1"),
            instance: id(number),
            amount: Amount { instances: 1, ram_mb: 512, volumes_gib },
            defaults: QUOTAS,
        }
    }

    #[test]
    fn a_quota_is_never_exceeded_and_everything_returns_exactly_once() {
        let mut project = Project::default();
        assert_eq!(ask(&mut project, &reserve(1, 4)), Ok(1));
        assert_eq!(ask(&mut project, &reserve(1, 4)), Ok(0), "a repeat takes nothing");
        assert_eq!(ask(&mut project, &reserve(2, 4)), Ok(1));
        let resources = vec![Resource::Instances, Resource::Volumes];
        let refused = Err(Rejection::QuotaExceeded { resources });
        assert_eq!(ask(&mut project, &reserve(3, 4)), refused);
        assert_eq!(ask(&mut project, &Command::Release { instance: id(1) }), Ok(1));
        assert_eq!(ask(&mut project, &Command::Release { instance: id(1) }), Ok(0));
        assert_eq!(ask(&mut project, &reserve(3, 4)), Ok(1));
        let (kept, waiting) = project.used();
        assert_eq!((kept.instances, waiting.instances, waiting.volumes_gib), (0, 2, 8));
    }

    #[test]
    fn a_kept_reservation_waits_no_longer() {
        let mut project = Project::default();
        ask(&mut project, &reserve(1, 4)).unwrap();
        assert_eq!(ask(&mut project, &Command::Commit { instance: id(1) }), Ok(1));
        assert_eq!(ask(&mut project, &Command::Commit { instance: id(1) }), Ok(0));
        assert_eq!(ask(&mut project, &Command::Commit { instance: id(9) }), Ok(0));
        assert_eq!(project.used().0.instances, 1);
        assert_eq!(project.reservations[&id(1)].until, None);
    }

    #[test]
    fn own_figures_count_from_the_next_reservation_on() {
        let mut project = Project::default();
        let set = |instances, volumes_gib| Command::SetLimits {
            project_id: ProjectId::from("p1"),
            overrides: Overrides { instances, volumes_gib, ..Overrides::default() },
        };
        assert_eq!(ask(&mut project, &reserve(1, 4)), Ok(1));
        assert_eq!(ask(&mut project, &set(Some(1), None)), Ok(1));
        assert_eq!(ask(&mut project, &set(Some(1), None)), Ok(0), "it is so already");
        let refused = |resource| Err(Rejection::QuotaExceeded { resources: vec![resource] });
        assert_eq!(ask(&mut project, &reserve(2, 4)), refused(Resource::Instances));
        assert_eq!(ask(&mut project, &set(Some(-1), Some(5))), Ok(1));
        assert_eq!(ask(&mut project, &reserve(2, 4)), refused(Resource::Volumes));
        assert_eq!(ask(&mut project, &set(None, Some(8))), Ok(1));
        assert_eq!(ask(&mut project, &reserve(2, 4)), Ok(1));
        let own = Overrides { instances: Some(-1), volumes_gib: Some(8), ..Overrides::default() };
        assert_eq!(project.overrides, own);
        assert_eq!(own.over(QUOTAS), Quotas { instances: -1, volumes_gib: 8, ..QUOTAS });
    }

    #[test]
    fn less_than_is_in_use_takes_nothing_away_and_gives_nothing_more() {
        let mut project = Project::default();
        ask(&mut project, &reserve(1, 4)).unwrap();
        let overrides = Overrides { instances: Some(0), ..Overrides::default() };
        let set = Command::SetLimits { project_id: ProjectId::from("p1"), overrides };
        ask(&mut project, &set).unwrap();
        assert_eq!(project.used().1.instances, 1);
        assert!(ask(&mut project, &reserve(2, 1)).is_err());
        assert_eq!(ask(&mut project, &reserve(1, 4)), Ok(0), "a repeat is still the same");
    }
}
