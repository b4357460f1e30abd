//! Scenarios: what was, what is asked, what follows. And for each step: fail there, do it twice.

use super::messages::Outcome;
use super::*;
use crate::aggregate::Kind as AggregateKind;
use crate::engine::Manager;
use crate::flavor::Flavor;
use crate::guest::{ActionCause, ActionFailure, ActionOutcome, ActionResult, Report, Revision};
use crate::ids::{ActionId, DatastoreId, HostId, ImageId, UserId, VersionId, WorkerId, derived};
use crate::limits::Limits;
use spec::VersionRef;
use std::net::Ipv4Addr;

mod actions;
mod logs;
mod resizes;
mod settings;
mod stops;

const LIMITS: Limits = Limits::PRODUCTION;
const ALICE: WorkerId = WorkerId(uuid::Uuid::from_u128(1));
const BOB: WorkerId = WorkerId(uuid::Uuid::from_u128(2));

fn id() -> InstanceId {
    InstanceId(uuid::Uuid::from_u128(7))
}

fn spec(name: &str) -> Box<Spec> {
    Box::new(Spec {
        project: ProjectId::from("p1"),
        user: UserId::from("u1"),
        name: name.to_owned(),
        flavor: Flavor { id: "1".into(), name: "db.tiny".to_owned(), ram_mb: 256, vcpus: 1 },
        volume_gib: 1,
        volume_type: None,
        version: VersionRef {
            datastore: DatastoreId(derived(&["d"])),
            datastore_name: "mariadb".to_owned(),
            id: VersionId(derived(&["v"])),
            name: "10.11".to_owned(),
            number: "10.11.11".to_owned(),
            manager: Manager::Mariadb,
            image: ImageId(derived(&["i"])),
        },
        databases: Vec::new(),
        users: Vec::new(),
        nics: Vec::new(),
        availability_zone: None,
        region: "RegionOne".to_owned(),
        locality: None,
        is_public: None,
        body_hash: None,
        configuration: None,
    })
}

fn place() -> Place {
    Place {
        host: HostId(derived(&["host"])),
        address: Ipv4Addr::new(127, 1, 0, 2),
        port: 3306,
        uid: None,
        memory_mb: 256,
        disk_mb: 1024,
    }
}

/// An instance with its own clock and log position.
struct Life {
    instance: Instance,
    now: Timestamp,
    position: u64,
}

impl Life {
    fn new() -> Self {
        Self { instance: Instance::Absent, now: Timestamp(1_000_000), position: 0 }
    }

    fn requested() -> Self {
        let mut life = Self::new();
        life.ask(Command::Create { id: id(), spec: spec("one") }).unwrap();
        life
    }

    #[expect(clippy::needless_pass_by_value, reason = "scenarios read better without borrows")]
    fn ask(&mut self, command: Command) -> Result<Vec<Event>, Rejection> {
        let context = Context { now: self.now, limits: &LIMITS };
        let events = self.instance.decide(&command, &context)?;
        if !events.is_empty() {
            self.position += 1;
        }
        for event in &events {
            self.instance.evolve(event, Moment { time: self.now, position: self.position });
        }
        Ok(events)
    }

    fn live(&self) -> &Live {
        self.instance.live().expect("the scenario's instance lives")
    }

    fn claim(&mut self) -> (Effect, u64) {
        let effect = self.instance.next_effect().expect("an effect is owed");
        self.ask(Command::Claim { worker: ALICE, effect }).unwrap();
        (effect, self.live().fence)
    }

    fn outcome(&self, effect: Effect) -> Outcome {
        let volume_gib = self.live().spec.volume_gib;
        match effect {
            Effect::Place => Outcome::Placed(place()),
            Effect::Volume => Outcome::VolumeMade,
            Effect::Guest => Outcome::GuestStarted,
            Effect::Room => Outcome::RoomMade,
            Effect::Grow => Outcome::VolumeGrown,
            Effect::Settle => Outcome::Settled { volume_gib },
            Effect::NoGuest => Outcome::GuestRemoved,
            Effect::NoVolume => Outcome::VolumeRemoved,
            Effect::ReleasePlace | Effect::ReleaseAll => Outcome::Released,
        }
    }

    /// Does the effect that is owed, and checks that its repeat changes nothing.
    fn work(&mut self) -> Effect {
        let (effect, fence) = self.claim();
        let done = Command::Complete { fence, outcome: self.outcome(effect) };
        assert_eq!(self.ask(done.clone()).unwrap().len(), 1);
        assert!(self.ask(done).is_err(), "a second result of {effect:?} counted");
        effect
    }

    /// Goes on until nothing is owed to a worker; the guest answers where it is waited for.
    fn settle(&mut self) {
        for _ in 0..20 {
            if self.instance.next_effect().is_some() {
                self.work();
            } else if self.live_phase_runs() {
                self.ask(Command::Observe(report(Some(ActionOutcome::Done)))).unwrap();
            } else {
                return;
            }
        }
        panic!("it never came to rest: {:?}", self.instance);
    }

    fn until(step: Step) -> Self {
        let mut life = Self::requested();
        while life.live().phase.running().expect("it is under way").step != step {
            if life.instance.next_effect().is_some() {
                life.work();
            } else {
                life.ask(Command::Observe(report(None))).unwrap();
            }
        }
        life
    }

    fn live_phase_runs(&self) -> bool {
        self.instance.live().is_some_and(|live| live.phase.running().is_some())
    }

    fn step_timer(&self) -> (Step, u32, Timestamp) {
        match self.instance.timers()[..] {
            [Timer::Step { step, attempt, at }] => (step, attempt, at),
            ref timers => panic!("one step is under way, not {timers:?}"),
        }
    }

    fn pass_deadline(&mut self, plane_was_down: bool) -> Vec<Event> {
        let (step, attempt, at) = self.step_timer();
        self.now = at;
        self.ask(Command::DeadlinePassed { step, attempt, plane_was_down, obstacle: String::new() })
            .unwrap()
    }
}

fn report(prepared: Option<ActionOutcome>) -> Report {
    let id = prepare_action(id());
    Report {
        revision: Revision { epoch: 1, sequence: 1 },
        health: DatabaseHealth::Starting,
        results: prepared.map(|outcome| ActionResult { id, outcome }).into_iter().collect(),
        settings: None,
    }
}

const PROVISIONING: [Step; 5] =
    [Step::Place, Step::Volume, Step::Guest, Step::AgentReport, Step::Prepare];

#[test]
fn a_creation_walks_through_its_steps_and_comes_to_rest() {
    let mut life = Life::requested();
    life.settle();
    assert_eq!(life.live().phase, Phase::Active);
    assert_eq!(life.live().place, Some(place()));
    assert_eq!(life.live().fault, None);
    assert_eq!(Instance::KIND, AggregateKind::Instance);
}

#[test]
fn a_step_that_is_refused_or_overdue_ends_in_a_fault_and_leaves_nothing() {
    for step in PROVISIONING {
        let mut life = Life::until(step);
        life.pass_deadline(false);
        life.settle();
        assert_eq!(life.live().phase, Phase::Failed, "{step:?}");
        assert_eq!(life.live().place, None, "{step:?}");
        assert_eq!(life.live().fault.as_ref().unwrap().step, step);

        let mut life = Life::until(step);
        if life.instance.next_effect().is_some() {
            let (_, fence) = life.claim();
            let refusal = Command::Refuse {
                fence,
                cause: FaultCause::NoDisk,
                detail: "1 MiB left".to_owned(),
            };
            life.ask(refusal).unwrap();
            life.settle();
            assert_eq!(life.live().phase, Phase::Failed, "{step:?}");
            assert_eq!(life.live().fault.as_ref().unwrap().cause, FaultCause::NoDisk);
        }
    }
}

#[test]
fn a_failed_preparation_names_the_servers_own_words() {
    let mut life = Life::until(Step::Prepare);
    let failure =
        ActionFailure { cause: ActionCause::ServerWontStart, detail: "no such option".to_owned() };
    life.ask(Command::Observe(report(Some(ActionOutcome::Failed(failure))))).unwrap();
    life.settle();
    let fault = life.live().fault.clone().unwrap();
    assert_eq!(
        (fault.cause, fault.detail.as_str()),
        (FaultCause::ServerWontStart, "no such option")
    );
    assert_eq!(life.live().phase, Phase::Failed);
}

#[test]
fn a_deletion_works_from_every_step_and_replaces_what_was_under_way() {
    for step in PROVISIONING {
        let mut life = Life::until(step);
        let stale = life.instance.next_effect().map(|_| life.claim());
        life.ask(Command::Delete).unwrap();
        if let Some((effect, fence)) = stale {
            let late = Command::Complete { fence, outcome: life.outcome(effect) };
            assert_eq!(life.ask(late), Err(Rejection::StaleFence), "{step:?}");
        }
        assert_eq!(life.ask(Command::Delete).unwrap(), [], "a repeat is no news");
        life.settle();
        assert!(matches!(life.instance, Instance::Deleted { .. }), "{step:?}");
        assert_eq!(life.ask(Command::Delete), Err(Rejection::NotFound));
    }
}

#[test]
fn a_deletion_that_is_overdue_says_so_and_goes_on() {
    let mut life = Life::requested();
    life.settle();
    life.ask(Command::Delete).unwrap();
    for attempt in 1..4 {
        assert_eq!(life.live().phase.running().unwrap().attempt, attempt);
        life.pass_deadline(false);
        assert_eq!(life.live().fault.as_ref().unwrap().cause, FaultCause::Overdue);
    }
    life.settle();
    assert!(matches!(life.instance, Instance::Deleted { .. }));
}

#[test]
fn a_step_overdue_while_the_plane_was_down_gets_one_fresh_attempt() {
    let mut life = Life::until(Step::Volume);
    let events = life.pass_deadline(true);
    assert!(matches!(events[..], [Event::StepRestarted { attempt: 2, fault: None, .. }]));
    let events = life.pass_deadline(true);
    assert!(matches!(events[..], [Event::CreationFailed { .. }]));
}

#[test]
fn a_deadline_counts_once_and_only_for_its_own_step() {
    let mut life = Life::until(Step::Volume);
    let (step, attempt, at) = life.step_timer();
    life.work();
    life.now = at;
    let late =
        Command::DeadlinePassed { step, attempt, plane_was_down: false, obstacle: String::new() };
    assert_eq!(life.ask(late).unwrap(), []);
}

#[test]
fn a_claim_excludes_others_until_it_ends_and_its_own_worker_may_take_it_anew() {
    let mut life = Life::requested();
    let (effect, first) = life.claim();
    let bobs = Command::Claim { worker: BOB, effect };
    assert!(matches!(life.ask(bobs.clone()), Err(Rejection::ClaimedByAnother { .. })));
    life.ask(Command::Claim { worker: ALICE, effect }).unwrap();
    let second = life.live().fence;
    assert!(second > first);
    assert_eq!(life.ask(Command::RenewClaim { fence: first }), Err(Rejection::StaleFence));
    life.ask(Command::RenewClaim { fence: second }).unwrap();
    life.now = life.instance.claim().unwrap().until;
    life.ask(bobs).unwrap();
    let late = Command::Complete { fence: second, outcome: life.outcome(effect) };
    assert_eq!(life.ask(late), Err(Rejection::StaleFence));
}

#[test]
fn a_creation_repeated_with_the_same_body_is_the_same_and_with_another_is_refused() {
    let keyed = |name: &str, hash: u8| {
        let mut spec = spec(name);
        spec.body_hash = Some(vec![hash]);
        Command::Create { id: id(), spec }
    };
    let mut life = Life::new();
    life.ask(keyed("one", 1)).unwrap();
    assert_eq!(life.ask(keyed("one", 1)).unwrap(), []);
    assert_eq!(life.ask(keyed("two", 2)), Err(Rejection::AlreadyExists));
}

#[test]
fn an_abandoned_creation_loses_when_it_comes_late() {
    let mut life = Life::new();
    life.ask(Command::Abandon { project: ProjectId::from("p1") }).unwrap();
    let late = Command::Create { id: id(), spec: spec("one") };
    assert_eq!(life.ask(late), Err(Rejection::Abandoned));

    let mut life = Life::requested();
    let late = Command::Abandon { project: ProjectId::from("p1") };
    assert_eq!(life.ask(late).unwrap(), [], "an instance that exists is not abandoned");
}

#[test]
fn a_report_that_overtakes_the_workers_result_is_not_lost() {
    let mut life = Life::until(Step::Guest);
    let (effect, fence) = life.claim();
    life.ask(Command::Observe(report(Some(ActionOutcome::Done)))).unwrap();
    assert_eq!(life.live().phase, Phase::Active);
    let late = Command::Complete { fence, outcome: life.outcome(effect) };
    assert_eq!(life.ask(late), Err(Rejection::StaleFence));
}

#[test]
fn health_becomes_a_fact_only_when_it_changes() {
    let mut life = Life::requested();
    life.settle();
    let down = |cause: &str| {
        let mut report = report(None);
        report.health = DatabaseHealth::Down { cause: cause.to_owned() };
        Command::Observe(report)
    };
    assert_eq!(life.ask(down("signal 9")).unwrap().len(), 1);
    assert_eq!(life.ask(down("signal 9")).unwrap(), []);
    assert_eq!(life.ask(Command::NoteSilence).unwrap(), [Event::AgentFellSilent]);
    assert_eq!(life.ask(Command::NoteSilence).unwrap(), []);
    assert_eq!(life.ask(Command::NoteReturn).unwrap(), [Event::AgentReturned]);
}
