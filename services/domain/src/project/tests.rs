//! What a project's quota allows, and that everything returns exactly once.

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

fn grow(number: u128, volumes_gib: i64) -> Command {
    let amount = Amount { instances: 1, ram_mb: 512, volumes_gib };
    Command::Grow { instance: id(number), amount, defaults: QUOTAS }
}

fn settle(number: u128, volumes_gib: i64) -> Command {
    let amount = Amount { instances: 1, ram_mb: 512, volumes_gib };
    Command::Settle { instance: id(number), amount }
}

#[test]
fn a_share_grows_within_the_quota_and_is_what_it_was_settled_to() {
    let mut project = Project::default();
    for number in [1, 2] {
        ask(&mut project, &reserve(number, 4)).unwrap();
        ask(&mut project, &Command::Commit { instance: id(number) }).unwrap();
    }
    assert_eq!(ask(&mut project, &grow(1, 6)), Ok(1));
    assert_eq!(ask(&mut project, &grow(1, 6)), Ok(0), "a repeat takes nothing");
    let (kept, waiting) = project.used();
    assert_eq!((kept.volumes_gib, waiting.volumes_gib), (8, 2));
    let refused = Err(Rejection::QuotaExceeded { resources: vec![Resource::Volumes] });
    assert_eq!(ask(&mut project, &grow(2, 5)), refused);
    assert_eq!(ask(&mut project, &grow(1, 7)), refused);
    assert_eq!(project.used().1.volumes_gib, 2, "a refusal changes nothing");
    assert_eq!(ask(&mut project, &settle(1, 6)), Ok(1));
    assert_eq!(ask(&mut project, &settle(1, 6)), Ok(0));
    let (kept, waiting) = project.used();
    assert_eq!((kept.volumes_gib, waiting), (10, Amount::default()));
}

#[test]
fn a_growth_that_came_to_nothing_leaves_the_share_as_it_was() {
    let mut project = Project::default();
    ask(&mut project, &reserve(1, 4)).unwrap();
    ask(&mut project, &grow(1, 10)).unwrap();
    assert_eq!(ask(&mut project, &settle(1, 4)), Ok(1));
    assert_eq!(ask(&mut project, &reserve(2, 6)), Ok(1));
}

#[test]
fn less_is_never_set_aside_and_a_stranger_has_no_share_to_grow() {
    let mut project = Project::default();
    ask(&mut project, &reserve(1, 4)).unwrap();
    assert_eq!(ask(&mut project, &grow(1, 2)), Ok(0));
    assert_eq!(ask(&mut project, &grow(9, 2)), Ok(0));
    assert_eq!(ask(&mut project, &settle(9, 2)), Ok(0));
    assert_eq!(ask(&mut project, &settle(1, 2)), Ok(1));
    assert_eq!(project.used().1.volumes_gib, 2);
}

#[test]
fn a_quota_that_was_lowered_since_keeps_nobody_from_taking_less() {
    let mut project = Project::default();
    ask(&mut project, &reserve(1, 8)).unwrap();
    let defaults = Quotas { volumes_gib: 2, ..QUOTAS };
    let amount = Amount { instances: 1, ram_mb: 1024, volumes_gib: 8 };
    let grow = Command::Grow { instance: id(1), amount, defaults };
    assert_eq!(ask(&mut project, &grow), Ok(1));
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
