//! Which facts follow from a command: the rules of an instance's life.

use super::messages::{Command, Event, Outcome, Rejection};
use super::process::{Effect, Fault, FaultCause, Phase, Running, Step};
use super::spec::Spec;
use super::{Instance, Live};
use crate::aggregate::Context;
use crate::guest::{ActionOutcome, Report};
use crate::ids::{ActionId, InstanceId, ProjectId, WorkerId, derived};
use crate::time::Timestamp;
use std::time::Duration;

mod action;
mod resize;
mod settings;

type Decision = Result<Vec<Event>, Rejection>;

/// How often a step is begun when the plane was down at its deadline.
const ATTEMPTS_MAX: u32 = 2;

/// A fault's text is cut here, in characters, as the REST interface shows it.
const DETAIL_CHARS_MAX: usize = 400;

pub(super) fn decide(instance: &Instance, command: &Command, context: &Context<'_>) -> Decision {
    match (instance, command) {
        (Instance::Absent, Command::Create { id, spec }) => Ok(vec![Event::CreationRequested {
            id: *id,
            spec: spec.clone(),
            deadline: deadline(Step::Place, context),
        }]),
        (Instance::Live(live), Command::Create { spec, .. }) => repeated(live, spec),
        (Instance::Abandoned { .. }, Command::Create { .. }) => Err(Rejection::Abandoned),
        (Instance::Deleted { .. }, Command::Create { .. }) => Err(Rejection::AlreadyExists),
        (Instance::Absent, Command::Abandon { project }) => abandon(project),
        (_, Command::Abandon { .. }) => Ok(Vec::new()),
        (Instance::Live(live), command) => decide_live(live, command, context),
        (Instance::Absent | Instance::Abandoned { .. } | Instance::Deleted { .. }, _) => {
            Err(Rejection::NotFound)
        }
    }
}

fn abandon(project: &ProjectId) -> Decision {
    Ok(vec![Event::CreationAbandoned { project: project.clone() }])
}

/// The same body under the same idempotency key is the same creation.
fn repeated(live: &Live, spec: &Spec) -> Decision {
    if live.spec.body_hash.is_some() && live.spec.body_hash == spec.body_hash {
        Ok(Vec::new())
    } else {
        Err(Rejection::AlreadyExists)
    }
}

fn decide_live(live: &Live, command: &Command, context: &Context<'_>) -> Decision {
    match command {
        Command::Rename { .. } if matches!(live.phase, Phase::Deleting(_)) => Err(Rejection::Busy),
        Command::Rename { name } if *name == live.name => Ok(Vec::new()),
        Command::Rename { name } => Ok(vec![Event::Renamed { name: name.clone() }]),
        Command::Delete => match live.phase {
            Phase::Deleting(_) => Ok(Vec::new()),
            Phase::Provisioning(_)
            | Phase::Active
            | Phase::Restarting
            | Phase::Resizing(_)
            | Phase::Undoing(_)
            | Phase::Failed => {
                Ok(vec![Event::DeletionRequested { deadline: deadline(Step::NoGuest, context) }])
            }
        },
        Command::Claim { worker, effect } => claim(live, *worker, *effect, context),
        Command::RenewClaim { fence } => {
            held(live, *fence)?;
            Ok(vec![Event::ClaimRenewed { until: claim_end(context) }])
        }
        Command::Complete { fence, outcome } => {
            let running = held(live, *fence)?;
            match live.resizing() {
                Some(resizing) => resize::complete(resizing, outcome, context)
                    .map(|event| vec![event])
                    .ok_or(Rejection::NotOwed),
                None => complete(live, running.step, outcome, context),
            }
        }
        Command::Refuse { fence, cause, detail } => {
            let running = held(live, *fence)?;
            give_up(live, running, fault(running.step, *cause, detail, context), context)
        }
        Command::DeadlinePassed { step, attempt, plane_was_down, obstacle } => {
            overdue(live, (*step, *attempt), *plane_was_down, obstacle, context)
        }
        Command::Request { id, action: spec } => action::request(live, *id, spec, context),
        Command::ActionDeadlinePassed { id } => Ok(action::overdue(live, *id, context)),
        Command::Resize { to } => resize::request(live, to, context),
        Command::AttachConfiguration { configuration } => settings::attach(live, *configuration),
        Command::DetachConfiguration => settings::detach(live),
        Command::SwitchLog { log, is_on } => settings::switch_log(live, *log, *is_on),
        Command::Stop => action::stop(live),
        Command::ResetStatus => Ok(reset(live, context)),
        Command::Observe(report) => Ok(observe(live, report, context)),
        Command::NoteSilence => {
            let serves =
                matches!(live.phase, Phase::Active | Phase::Restarting | Phase::Resizing(_));
            let news = !live.agent_silent && serves;
            Ok(news.then_some(Event::AgentFellSilent).into_iter().collect())
        }
        Command::NoteReturn => {
            Ok(live.agent_silent.then_some(Event::AgentReturned).into_iter().collect())
        }
        Command::Create { .. } | Command::Abandon { .. } => Err(Rejection::AlreadyExists),
    }
}

fn claim(live: &Live, worker: WorkerId, effect: Effect, context: &Context<'_>) -> Decision {
    if live.phase.next_effect() != Some(effect) {
        return Err(Rejection::NotOwed);
    }
    match live.phase.claim() {
        // A worker's id outlives its process, so its own claim is of a process that is gone.
        Some(claim) if claim.worker != worker && claim.until > context.now => {
            Err(Rejection::ClaimedByAnother { until: claim.until })
        }
        Some(_) | None => Ok(vec![Event::EffectClaimed { worker, until: claim_end(context) }]),
    }
}

/// The process under way, if `fence` is of its latest claim.
fn held(live: &Live, fence: u64) -> Result<&Running, Rejection> {
    live.phase
        .running()
        .filter(|running| running.claim.is_some_and(|claim| claim.fence == fence))
        .ok_or(Rejection::StaleFence)
}

fn complete(live: &Live, step: Step, outcome: &Outcome, context: &Context<'_>) -> Decision {
    let event = match (step, outcome) {
        (Step::Place, Outcome::Placed(place)) => {
            Event::Placed { place: place.clone(), deadline: deadline(Step::Volume, context) }
        }
        (Step::Volume, Outcome::VolumeMade) => {
            Event::VolumeMade { deadline: deadline(Step::Guest, context) }
        }
        (Step::Guest, Outcome::GuestStarted) => {
            Event::GuestStarted { deadline: deadline(Step::AgentReport, context) }
        }
        (Step::NoGuest, Outcome::GuestRemoved) => {
            Event::GuestRemoved { deadline: deadline(Step::NoVolume, context) }
        }
        (Step::NoVolume, Outcome::VolumeRemoved) => {
            Event::VolumeRemoved { deadline: deadline(Step::Release, context) }
        }
        (Step::Release, Outcome::Released) => match live.phase {
            Phase::Deleting(_) => Event::Deleted,
            Phase::Undoing(_)
            | Phase::Provisioning(_)
            | Phase::Active
            | Phase::Restarting
            | Phase::Resizing(_)
            | Phase::Failed => Event::Undone,
        },
        (
            Step::Place
            | Step::Volume
            | Step::Guest
            | Step::AgentReport
            | Step::Prepare
            | Step::Action
            | Step::Restart
            | Step::Room
            | Step::Grow
            | Step::Apply
            | Step::Revert
            | Step::Settle
            | Step::Configure
            | Step::NoGuest
            | Step::NoVolume
            | Step::Release,
            _,
        ) => return Err(Rejection::NotOwed),
    };
    Ok(vec![event])
}

/// A step that can't end: a creation or a resize is taken back, a removal is tried again and says
/// why.
fn give_up(live: &Live, running: &Running, fault: Fault, context: &Context<'_>) -> Decision {
    match &live.phase {
        Phase::Provisioning(_) => {
            let begun = live.place.is_some().then(|| deadline(Step::NoGuest, context));
            Ok(vec![Event::CreationFailed { fault, deadline: begun }])
        }
        Phase::Undoing(_) | Phase::Deleting(_) => Ok(vec![Event::StepRestarted {
            attempt: running.attempt + 1,
            deadline: deadline(running.step, context),
            fault: Some(fault),
        }]),
        Phase::Resizing(resizing) => Ok(resize::give_up(resizing, running, fault, context)),
        Phase::Active | Phase::Restarting | Phase::Failed => Err(Rejection::NotOwed),
    }
}

fn overdue(
    live: &Live,
    (step, attempt): (Step, u32),
    plane_was_down: bool,
    obstacle: &str,
    context: &Context<'_>,
) -> Decision {
    let Some(running) = live.phase.running() else {
        return Ok(Vec::new());
    };
    let same = running.step == step && running.attempt == attempt;
    if !same || running.deadline > context.now {
        return Ok(Vec::new());
    }
    if plane_was_down && attempt < ATTEMPTS_MAX {
        return Ok(vec![Event::StepRestarted {
            attempt: attempt + 1,
            deadline: deadline(step, context),
            fault: None,
        }]);
    }
    let cause = match step {
        Step::AgentReport => FaultCause::AgentSilent,
        Step::Place
        | Step::Volume
        | Step::Guest
        | Step::Prepare
        | Step::Action
        | Step::Restart
        | Step::Room
        | Step::Grow
        | Step::Apply
        | Step::Revert
        | Step::Settle
        | Step::Configure
        | Step::NoGuest
        | Step::NoVolume
        | Step::Release => FaultCause::Overdue,
    };
    let allowed = span(step, context).as_secs_f32();
    let mut detail = format!("it did not end within {allowed} s");
    if !obstacle.is_empty() {
        detail = format!("{detail}: {obstacle}");
    }
    give_up(live, running, fault(step, cause, &detail, context), context)
}

fn observe(live: &Live, report: &Report, context: &Context<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    if live.agent_silent {
        events.push(Event::AgentReturned);
    }
    if matches!(live.phase, Phase::Undoing(_) | Phase::Failed | Phase::Deleting(_)) {
        return events;
    }
    if live.health != report.health {
        events.push(Event::HealthChanged { health: report.health.clone() });
    }
    events.extend(settings::settled(live, report, context));
    events.extend(action::results(live, report, context));
    events.extend(resize::observed(live, report, context));
    let Phase::Provisioning(running) = &live.phase else { return events };
    // An agent may report before its start was recorded: the worker died in between.
    if matches!(running.step, Step::Guest | Step::AgentReport) {
        events.push(Event::AgentReported { deadline: deadline(Step::Prepare, context) });
    }
    let prepare = prepare_action(live.id);
    let result = report.results.iter().find(|result| result.id == prepare);
    match result.map(|result| &result.outcome) {
        None => {}
        Some(ActionOutcome::Done) => events.push(Event::Prepared),
        Some(ActionOutcome::Failed(failure)) => {
            let cause = action::cause(failure.cause);
            events.push(Event::CreationFailed {
                fault: fault(Step::Prepare, cause, &failure.detail, context),
                deadline: Some(deadline(Step::NoGuest, context)),
            });
        }
    }
    events
}

/// Ends what is going on; what is being taken back or removed is not stopped half way.
fn reset(live: &Live, context: &Context<'_>) -> Vec<Event> {
    match &live.phase {
        Phase::Active | Phase::Restarting => vec![Event::StatusReset],
        Phase::Provisioning(running) => {
            let detail = "an administrator reset the status";
            let fault = fault(running.step, FaultCause::Refused, detail, context);
            let begun = live.place.is_some().then(|| deadline(Step::NoGuest, context));
            vec![Event::CreationFailed { fault, deadline: begun }]
        }
        Phase::Resizing(resizing) => resize::reset(live, resizing, context),
        Phase::Undoing(_) | Phase::Failed | Phase::Deleting(_) => Vec::new(),
    }
}

/// The id of the one action that prepares an instance.
pub fn prepare_action(id: InstanceId) -> ActionId {
    ActionId(derived(&["action", "prepare", &id.to_string()]))
}

fn fault(step: Step, cause: FaultCause, detail: &str, context: &Context<'_>) -> Fault {
    let detail = detail.chars().take(DETAIL_CHARS_MAX).collect();
    Fault { step, cause, detail, created: context.now }
}

fn claim_end(context: &Context<'_>) -> Timestamp {
    context.now.after(Duration::from_millis(context.limits.claim_ms))
}

fn deadline(step: Step, context: &Context<'_>) -> Timestamp {
    context.now.after(span(step, context))
}

fn span(step: Step, context: &Context<'_>) -> Duration {
    let limits = context.limits;
    Duration::from_millis(match step {
        Step::Place => limits.place_ms,
        Step::Volume => limits.volume_ms,
        Step::Guest => limits.guest_ms,
        Step::AgentReport => limits.agent_report_ms,
        Step::Prepare => limits.prepare_ms,
        Step::Action => limits.action_ms,
        Step::Restart | Step::Configure | Step::Revert => limits.restart_ms,
        Step::Room => limits.resize_room_ms,
        Step::Grow => limits.resize_grow_ms,
        Step::Apply => limits.resize_apply_ms,
        Step::Settle => limits.resize_settle_ms,
        Step::NoGuest | Step::NoVolume | Step::Release => limits.delete_step_ms,
    })
}
