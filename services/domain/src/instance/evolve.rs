//! How facts become an instance's state. It copies; rules stand in `decide`.

use super::action::{ActionSpec, Actions, Pending};
use super::messages::Event;
use super::process::{Claim, Fault, Phase, Running, Step};
use super::resize::{Figures, Resize, Resizing};
use super::root;
use super::{Instance, Live, Settings};
use crate::aggregate::Moment;
use crate::engine::UserLog;
use crate::guest::{ActionCause, ActionFailure, DatabaseHealth, SettingsState};
use crate::ids::{ActionId, ConfigurationId};
use crate::time::Timestamp;
use std::collections::BTreeMap;

pub(super) fn evolve(instance: &mut Instance, event: &Event, at: Moment) {
    match (event, &mut *instance) {
        (Event::CreationRequested { id, spec, deadline }, Instance::Absent) => {
            *instance = Instance::Live(Box::new(Live {
                id: *id,
                spec: (**spec).clone(),
                name: spec.name.clone(),
                created: at.time,
                updated: at.time,
                phase: Phase::Provisioning(begun(Step::Place, *deadline)),
                place: None,
                fault: None,
                actions: Actions::default(),
                root: None,
                configuration: spec.configuration,
                logs: BTreeMap::new(),
                is_stopped: false,
                settings: Settings::default(),
                health: DatabaseHealth::Unknown,
                health_since: at.time,
                agent_silent: false,
                revision: at.position,
                fence: 0,
            }));
        }
        (Event::CreationAbandoned { project }, Instance::Absent) => {
            *instance = Instance::Abandoned { project: project.clone() };
        }
        (Event::Deleted, Instance::Live(live)) => {
            let last = Box::new((**live).clone().remembered(at.time));
            *instance = Instance::Deleted { last, at: at.time };
        }
        (event, Instance::Live(live)) => evolve_live(live, event, at),
        (event, state) => {
            debug_assert!(false, "`decide` wrote {event:?} after {state:?}");
        }
    }
}

fn evolve_live(live: &mut Live, event: &Event, at: Moment) {
    match event {
        Event::EffectClaimed { worker, until } => {
            let claim = Claim { worker: *worker, until: *until, fence: at.position };
            return take_claim(live, claim);
        }
        Event::ClaimRenewed { until } => return renew_claim(live, *until),
        Event::Renamed { name } => live.name.clone_from(name),
        Event::Placed { place, deadline } => {
            live.place = Some(place.clone());
            step(live, Step::Volume, *deadline);
        }
        Event::VolumeMade { deadline } => step(live, Step::Guest, *deadline),
        Event::GuestStarted { deadline } => step(live, Step::AgentReport, *deadline),
        Event::AgentReported { deadline } => step(live, Step::Prepare, *deadline),
        Event::Prepared => {
            live.phase = Phase::Active;
            live.fault = None;
            live.revision = at.position;
        }
        Event::CreationFailed { fault, deadline } => fail_creation(live, fault, *deadline),
        Event::StepRestarted { attempt, deadline, fault } => {
            restart_step(live, *attempt, *deadline, fault.as_ref());
        }
        Event::DeletionRequested { deadline } => {
            live.phase = Phase::Deleting(begun(Step::NoGuest, *deadline));
            live.actions.pending.clear();
        }
        Event::GuestRemoved { deadline } => step(live, Step::NoVolume, *deadline),
        Event::VolumeRemoved { deadline } => step(live, Step::Release, *deadline),
        Event::Undone => settle_failed(live),
        Event::ActionRequested { id, spec, deadline } => {
            let (spec, deadline) = (spec.clone(), *deadline);
            begin_action(live, Pending { id: *id, spec, requested: at.time, deadline }, at);
        }
        Event::ActionCompleted { id } => {
            live.fault = None;
            end_action(live, *id, None, at);
        }
        Event::ActionFailed { id, failure, fault } => {
            if fault.is_some() {
                live.fault.clone_from(fault);
            }
            end_action(live, *id, Some(failure.clone()), at);
        }
        Event::ResizeRequested { to, deadline } => request_resize(live, to, *deadline, at),
        Event::RoomMade { deadline } => make_room(live, *deadline, at),
        Event::VolumeGrown { deadline } => grow(live, *deadline, at),
        Event::ResizeApplied { deadline } => apply(live, *deadline, at),
        Event::ResizeFailed { fault, must_revert, deadline } => {
            live.fault = Some(fault.clone());
            let next = if *must_revert { Step::Revert } else { Step::Settle };
            tell(live, next, *deadline, at);
        }
        Event::ResizeReverted { deadline } => tell(live, Step::Settle, *deadline, at),
        Event::ResizeSettled { volume_gib } => end_resize(live, *volume_gib),
        Event::StatusReset => reset(live, at),
        Event::ConfigurationAttached { configuration } => follow(live, Some(*configuration), at),
        Event::ConfigurationDetached => follow(live, None, at),
        Event::Stopped => stop(live, at),
        Event::LogSwitched { log, is_on } => switch_log(live, *log, *is_on, at),
        Event::SettingsSettled { state, fault } => settle_settings(live, state, fault.as_ref()),
        Event::HealthChanged { health } => change_health(live, health, at),
        Event::AgentFellSilent => live.agent_silent = true,
        Event::AgentReturned => live.agent_silent = false,
        Event::CreationRequested { .. } | Event::CreationAbandoned { .. } | Event::Deleted => {
            debug_assert!(false, "`decide` wrote {event:?} for a live instance");
        }
    }
    live.updated = at.time;
}

fn renew_claim(live: &mut Live, until: Timestamp) {
    if let Some(claim) = live.phase.running_mut().and_then(|running| running.claim.as_mut()) {
        claim.until = until;
    }
}

fn take_claim(live: &mut Live, claim: Claim) {
    live.fence = claim.fence;
    if let Some(running) = live.phase.running_mut() {
        running.claim = Some(claim);
    }
}

fn restart_step(live: &mut Live, attempt: u32, deadline: Timestamp, fault: Option<&Fault>) {
    if let Some(running) = live.phase.running_mut() {
        running.attempt = attempt;
        running.deadline = deadline;
    }
    if let Some(fault) = fault {
        live.fault = Some(fault.clone());
    }
}

fn request_resize(live: &mut Live, to: &Resize, deadline: Timestamp, at: Moment) {
    let running = begun(Step::Room, deadline);
    live.phase = Phase::Resizing(Resizing { to: to.clone(), since: at.position, running });
    start(live, at);
}

fn make_room(live: &mut Live, deadline: Timestamp, at: Moment) {
    let next = match live.resizing().map(|resizing| &resizing.to) {
        Some(Resize::Volume { .. }) => Step::Grow,
        Some(Resize::Flavor(_)) | None => Step::Apply,
    };
    take_place(live, live.claimed());
    tell(live, next, deadline, at);
}

fn grow(live: &mut Live, deadline: Timestamp, at: Moment) {
    if let Some(Resize::Volume { gib }) = live.resizing().map(|resizing| &resizing.to) {
        live.spec.volume_gib = *gib;
    }
    tell(live, Step::Apply, deadline, at);
}

fn apply(live: &mut Live, deadline: Timestamp, at: Moment) {
    live.spec.flavor = live.wanted_flavor().clone();
    live.fault = None;
    tell(live, Step::Settle, deadline, at);
}

fn end_resize(live: &mut Live, volume_gib: u32) {
    live.spec.volume_gib = volume_gib;
    live.phase = Phase::Active;
    take_place(live, live.spec.figures());
}

/// A step before which the guest's document has changed.
fn tell(live: &mut Live, next: Step, deadline: Timestamp, at: Moment) {
    step(live, next, deadline);
    live.revision = at.position;
}

/// Its place as its host has it.
fn take_place(live: &mut Live, figures: Figures) {
    if let Some(place) = &mut live.place {
        place.memory_mb = figures.memory_mb();
        place.disk_mb = figures.disk_mb();
    }
}

fn fail_creation(live: &mut Live, fault: &Fault, deadline: Option<Timestamp>) {
    live.fault = Some(fault.clone());
    live.phase = match deadline {
        Some(deadline) => Phase::Undoing(begun(Step::NoGuest, deadline)),
        None => Phase::Failed,
    };
}

fn settle_failed(live: &mut Live) {
    live.phase = Phase::Failed;
    live.place = None;
    live.health = DatabaseHealth::Unknown;
}

fn begin_action(live: &mut Live, action: Pending, at: Moment) {
    if action.spec == ActionSpec::Restart {
        live.phase = Phase::Restarting;
        start(live, at);
    }
    live.actions.pending.push(action);
    live.revision = at.position;
}

fn reset(live: &mut Live, at: Moment) {
    live.phase = Phase::Active;
    for action in live.actions.pending.drain(..) {
        root::note(&mut live.root, &action.spec, false, at.time);
    }
    live.health = DatabaseHealth::Unknown;
    live.revision = at.position;
}

fn follow(live: &mut Live, configuration: Option<ConfigurationId>, at: Moment) {
    live.configuration = configuration;
    ask_settings(live, at);
}

fn stop(live: &mut Live, at: Moment) {
    live.is_stopped = true;
    live.revision = at.position;
}

fn start(live: &mut Live, at: Moment) {
    live.is_stopped = false;
    live.revision = at.position;
}

fn change_health(live: &mut Live, health: &DatabaseHealth, at: Moment) {
    live.health = health.clone();
    live.health_since = at.time;
}

fn switch_log(live: &mut Live, log: UserLog, is_on: bool, at: Moment) {
    live.logs.insert(log, is_on);
    ask_settings(live, at);
}

/// Its guest is to say what becomes of other settings.
fn ask_settings(live: &mut Live, at: Moment) {
    live.settings.asked = at.position;
    live.revision = at.position;
}

/// A fault of settings goes when they are well; any other is another operation's.
fn settle_settings(live: &mut Live, state: &SettingsState, fault: Option<&Fault>) {
    live.settings.state = state.clone();
    let is_of_settings = live.fault.as_ref().is_none_or(|fault| fault.step == Step::Configure);
    if fault.is_some() || is_of_settings {
        live.fault = fault.cloned();
    }
}

fn end_action(live: &mut Live, id: ActionId, failure: Option<ActionFailure>, at: Moment) {
    let is_restart = live.actions.find(id).is_some_and(|action| action.spec == ActionSpec::Restart);
    if is_restart && live.phase == Phase::Restarting {
        live.phase = Phase::Active;
    }
    let is_sure = failure.is_none();
    let may_be_done = failure.as_ref().is_none_or(|failure| failure.cause == ActionCause::Overdue);
    if let Some(action) = live.actions.find(id).filter(|_| may_be_done) {
        root::note(&mut live.root, &action.spec, is_sure, at.time);
    }
    live.actions.end(id, failure);
    live.revision = at.position;
}

fn begun(step: Step, deadline: Timestamp) -> Running {
    Running { step, attempt: 1, deadline, claim: None }
}

fn step(live: &mut Live, next: Step, deadline: Timestamp) {
    if let Some(running) = live.phase.running_mut() {
        *running = begun(next, deadline);
    }
}
