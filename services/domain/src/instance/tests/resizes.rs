//! Scenarios of resizes: each step fails, is repeated, is overdue, and is replaced by a deletion.

use super::actions::serving;
use super::*;

const GROWN: Resize = Resize::Volume { gib: 3 };

fn larger() -> Resize {
    Resize::Flavor(Flavor { id: "2".into(), name: "db.small".to_owned(), ram_mb: 512, vcpus: 2 })
}

fn resize(to: &Resize) -> Command {
    Command::Resize { to: Box::new(to.clone()) }
}

/// The step that a resize is at.
fn step(life: &Life) -> Step {
    life.live().resizing().expect("it is being resized").running.step
}

/// What the guest reports when it has followed the newest document.
fn followed(life: &Life, outcome: ActionOutcome) -> Command {
    let restart = life.live().owed_restart();
    Command::Observe(Report {
        revision: Revision { epoch: 1, sequence: life.live().revision },
        health: DatabaseHealth::Up,
        results: restart.map(|id| ActionResult { id, outcome }).into_iter().collect(),
        settings: None,
    })
}

fn resizing_until(to: &Resize, wanted: Step) -> Life {
    let mut life = serving();
    life.ask(resize(to)).unwrap();
    while step(&life) != wanted {
        go_on(&mut life);
    }
    life
}

fn go_on(life: &mut Life) {
    if life.instance.next_effect().is_some() {
        life.work();
    } else {
        life.ask(followed(life, ActionOutcome::Done)).unwrap();
    }
}

fn rest(life: &mut Life) {
    while life.live().resizing().is_some() {
        go_on(life);
    }
    assert_eq!(life.live().phase, Phase::Active);
    let (live, figures) = (life.live(), life.live().spec.figures());
    assert_eq!(live.claimed(), figures, "nothing is claimed beyond what is in force");
    let place = live.place.as_ref().unwrap();
    assert_eq!((place.memory_mb, place.disk_mb), (figures.memory_mb(), figures.disk_mb()));
}

fn steps_of(to: &Resize) -> &'static [Step] {
    match to {
        Resize::Flavor(_) => &[Step::Room, Step::Apply, Step::Settle],
        Resize::Volume { .. } => &[Step::Room, Step::Grow, Step::Apply, Step::Settle],
    }
}

#[test]
fn another_flavor_is_in_force_once_the_server_runs_with_it() {
    let mut life = serving();
    life.ask(resize(&larger())).unwrap();
    assert_eq!(life.live().spec.figures().ram_mb, 256);
    assert_eq!(life.live().claimed().ram_mb, 512);
    assert_eq!(life.live().wanted_flavor().ram_mb, 256, "no document says so before there is room");
    assert_eq!(life.work(), Effect::Room);
    assert_eq!((life.live().wanted_flavor().ram_mb, life.live().spec.flavor.ram_mb), (512, 256));
    assert!(life.live().owed_restart().is_some());
    go_on(&mut life);
    assert_eq!((step(&life), life.live().spec.flavor.ram_mb), (Step::Settle, 512));
    assert_eq!(life.live().owed_restart(), None);
    rest(&mut life);
    assert_eq!(life.live().spec.flavor.name, "db.small");
    assert_eq!(life.live().fault, None);
}

#[test]
fn a_smaller_flavor_gives_back_only_at_the_end() {
    let mut life = serving();
    life.ask(resize(&larger())).unwrap();
    rest(&mut life);
    let tiny = Resize::Flavor(spec("one").flavor);
    life.ask(resize(&tiny)).unwrap();
    for step in steps_of(&tiny) {
        assert_eq!(life.live().place.as_ref().unwrap().memory_mb, 512, "{step:?}");
        go_on(&mut life);
    }
    rest(&mut life);
    assert_eq!(life.live().claimed().ram_mb, 256);
}

#[test]
fn each_resize_asks_for_a_restart_of_its_own() {
    let mut life = resizing_until(&larger(), Step::Apply);
    let first = life.live().owed_restart();
    rest(&mut life);
    life.ask(resize(&Resize::Flavor(spec("one").flavor))).unwrap();
    go_on(&mut life);
    assert_ne!(life.live().owed_restart(), first);
}

#[test]
fn a_larger_volume_counts_when_it_has_grown_and_waits_for_the_server() {
    let mut life = resizing_until(&GROWN, Step::Grow);
    assert_eq!((life.live().spec.volume_gib, life.live().claimed().volume_gib), (1, 3));
    assert_eq!(life.work(), Effect::Grow);
    assert_eq!((step(&life), life.live().spec.volume_gib), (Step::Apply, 3));
    let earlier = Command::Observe(Report {
        revision: Revision { epoch: 1, sequence: life.live().revision - 1 },
        health: DatabaseHealth::Up,
        results: Vec::new(),
        settings: None,
    });
    life.ask(earlier).unwrap();
    assert_eq!(step(&life), Step::Apply, "a report from before says nothing");
    rest(&mut life);
}

#[test]
fn a_step_that_is_refused_leaves_what_was_in_force_and_says_why() {
    for (to, at) in [(larger(), Step::Room), (GROWN, Step::Room), (GROWN, Step::Grow)] {
        let mut life = resizing_until(&to, at);
        let (_, fence) = life.claim();
        let (cause, detail) = (FaultCause::NoDisk, "1 MiB left".to_owned());
        life.ask(Command::Refuse { fence, cause, detail }).unwrap();
        assert_eq!(step(&life), Step::Settle);
        rest(&mut life);
        assert_eq!(life.live().spec.figures(), spec("one").figures());
        let fault = life.live().fault.clone().unwrap();
        assert_eq!((fault.step, fault.cause), (at, FaultCause::NoDisk));
    }
}

#[test]
fn a_flavor_that_the_server_won_t_start_with_is_not_taken() {
    let mut life = resizing_until(&larger(), Step::Apply);
    let failure =
        ActionFailure { cause: ActionCause::ServerWontStart, detail: "no memory".to_owned() };
    let failed = followed(&life, ActionOutcome::Failed(failure));
    life.ask(failed.clone()).unwrap();
    assert_eq!(step(&life), Step::Settle);
    assert_eq!(life.live().wanted_flavor().ram_mb, 256);
    assert_eq!(life.ask(failed).unwrap(), [], "a repeat is no news");
    rest(&mut life);
    assert_eq!(life.live().fault.as_ref().unwrap().cause, FaultCause::ServerWontStart);
    assert_eq!(life.live().spec.flavor.ram_mb, 256);
}

#[test]
fn a_resize_that_is_overdue_comes_to_rest_whatever_the_guest_says() {
    for to in [larger(), GROWN] {
        for at in steps_of(&to) {
            let mut life = resizing_until(&to, *at);
            life.pass_deadline(false);
            assert_eq!(life.live().fault.as_ref().unwrap().step, *at);
            if life.instance.next_effect().is_none() {
                assert_eq!(step(&life), Step::Revert, "the server may run with the new flavor");
                assert_eq!(life.live().wanted_flavor().ram_mb, 256);
                assert!(life.live().owed_restart().is_some());
                life.pass_deadline(false);
            }
            assert_eq!(step(&life), Step::Settle, "{to:?} {at:?}");
            rest(&mut life);
            assert_eq!(life.live().fault.as_ref().unwrap().step, *at, "the first cause stands");
        }
    }
}

#[test]
fn a_settlement_that_takes_long_goes_on_and_says_so() {
    let mut life = resizing_until(&larger(), Step::Settle);
    for attempt in 1..4 {
        assert_eq!(life.live().phase.running().unwrap().attempt, attempt);
        life.pass_deadline(false);
    }
    rest(&mut life);
    assert_eq!(life.live().spec.flavor.ram_mb, 512);
}

#[test]
fn what_the_volume_turns_out_to_be_counts() {
    let mut life = resizing_until(&GROWN, Step::Grow);
    life.pass_deadline(false);
    let (effect, fence) = life.claim();
    assert_eq!(effect, Effect::Settle);
    // The host had made it larger after all.
    let outcome = Outcome::Settled { volume_gib: 3 };
    life.ask(Command::Complete { fence, outcome }).unwrap();
    assert_eq!(life.live().spec.volume_gib, 3);
    rest(&mut life);
}

#[test]
fn a_deletion_replaces_a_resize_at_every_step() {
    for to in [larger(), GROWN] {
        for at in steps_of(&to) {
            let mut life = resizing_until(&to, *at);
            let stale = life.instance.next_effect().map(|_| life.claim());
            life.ask(Command::Delete).unwrap();
            if let Some((effect, fence)) = stale {
                let late = Command::Complete { fence, outcome: life.outcome(effect) };
                assert_eq!(life.ask(late), Err(Rejection::StaleFence), "{at:?}");
            }
            life.settle();
            assert!(matches!(life.instance, Instance::Deleted { .. }), "{at:?}");
        }
    }
}

#[test]
fn a_reset_ends_a_resize_and_what_was_claimed_is_given_back() {
    for to in [larger(), GROWN] {
        for at in steps_of(&to) {
            let mut life = resizing_until(&to, *at);
            life.ask(Command::ResetStatus).unwrap();
            if *at == Step::Settle {
                assert_eq!(life.live().phase, Phase::Active, "an end that does not come is over");
                assert_eq!(life.live().fault, None);
            } else {
                assert_eq!(life.live().fault.as_ref().unwrap().step, *at);
            }
            rest(&mut life);
        }
    }
}

#[test]
fn only_an_instance_at_rest_that_is_heard_is_resized_to_something_else() {
    let mut life = Life::requested();
    assert_eq!(life.ask(resize(&GROWN)), Err(Rejection::Busy));
    let mut life = serving();
    let same = Resize::Flavor(spec("one").flavor);
    assert_eq!(life.ask(resize(&same)), Err(Rejection::SameFlavor));
    let as_large = Resize::Volume { gib: 1 };
    let refused = Err(Rejection::VolumeNotLarger { current_gib: 1 });
    assert_eq!(life.ask(resize(&as_large)), refused);
    life.ask(Command::NoteSilence).unwrap();
    assert_eq!(life.ask(resize(&GROWN)), Err(Rejection::DatabaseDown));
    life.ask(Command::NoteReturn).unwrap();
    life.ask(resize(&GROWN)).unwrap();
    assert_eq!(life.ask(resize(&larger())), Err(Rejection::Busy));
    let restart = Command::Request {
        id: ActionId(uuid::Uuid::from_u128(1)),
        action: Box::new(ActionSpec::Restart),
    };
    assert_eq!(life.ask(restart), Err(Rejection::Busy));
}

#[test]
fn a_server_that_is_down_may_be_what_a_resize_is_for() {
    let mut life = serving();
    let mut down = report(None);
    down.health = DatabaseHealth::Down { cause: "the volume is full".to_owned() };
    life.ask(Command::Observe(down)).unwrap();
    life.ask(resize(&GROWN)).unwrap();
    rest(&mut life);
    assert_eq!(life.live().health, DatabaseHealth::Up);
}

#[test]
fn a_volume_grows_though_its_server_is_still_full() {
    let mut life = resizing_until(&GROWN, Step::Apply);
    let Command::Observe(mut report) = followed(&life, ActionOutcome::Done) else { panic!() };
    report.health = DatabaseHealth::Full;
    life.ask(Command::Observe(report)).unwrap();
    assert_eq!(step(&life), Step::Settle);
    rest(&mut life);
}
