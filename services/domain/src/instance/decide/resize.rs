//! The rules of resizing: when one may be asked, and what ends its steps.

use super::{Decision, action, deadline, fault};
use crate::aggregate::Context;
use crate::guest::{ActionOutcome, Report};
use crate::instance::Live;
use crate::instance::messages::{Event, Outcome, Rejection};
use crate::instance::process::{Fault, FaultCause, Phase, Running, Step};
use crate::instance::resize::{Resize, Resizing};

pub(super) fn request(live: &Live, to: &Resize, context: &Context<'_>) -> Decision {
    if !matches!(live.phase, Phase::Active) {
        return Err(Rejection::Busy);
    }
    // A server that is down may need just this: a full volume, or too little memory.
    if live.agent_silent {
        return Err(Rejection::DatabaseDown);
    }
    match to {
        Resize::Flavor(flavor) if flavor.id == live.spec.flavor.id => {
            return Err(Rejection::SameFlavor);
        }
        Resize::Volume { gib } if *gib <= live.spec.volume_gib => {
            return Err(Rejection::VolumeNotLarger { current_gib: live.spec.volume_gib });
        }
        Resize::Flavor(_) | Resize::Volume { .. } => {}
    }
    Ok(vec![Event::ResizeRequested { to: to.clone(), deadline: deadline(Step::Room, context) }])
}

pub(super) fn complete(
    resizing: &Resizing,
    outcome: &Outcome,
    context: &Context<'_>,
) -> Option<Event> {
    match (resizing.running.step, outcome) {
        (Step::Room, Outcome::RoomMade) => {
            let next = match resizing.to {
                Resize::Flavor(_) => Step::Apply,
                Resize::Volume { .. } => Step::Grow,
            };
            Some(Event::RoomMade { deadline: deadline(next, context) })
        }
        (Step::Grow, Outcome::VolumeGrown) => {
            Some(Event::VolumeGrown { deadline: deadline(Step::Apply, context) })
        }
        (Step::Settle, Outcome::Settled { volume_gib }) => {
            Some(Event::ResizeSettled { volume_gib: *volume_gib })
        }
        (
            Step::Place
            | Step::Volume
            | Step::Guest
            | Step::AgentReport
            | Step::Prepare
            | Step::Action
            | Step::Restart
            | Step::Configure
            | Step::Room
            | Step::Grow
            | Step::Apply
            | Step::Revert
            | Step::Settle
            | Step::NoGuest
            | Step::NoVolume
            | Step::Release,
            _,
        ) => None,
    }
}

/// A step that can't end: what was in force stays so, and what was claimed is given back.
pub(super) fn give_up(
    resizing: &Resizing,
    running: &Running,
    fault: Fault,
    context: &Context<'_>,
) -> Vec<Event> {
    match (running.step, &resizing.to) {
        (Step::Settle, _) => vec![Event::StepRestarted {
            attempt: running.attempt + 1,
            deadline: deadline(running.step, context),
            fault: Some(fault),
        }],
        // What failed is known already.
        (Step::Revert, _) => {
            vec![Event::ResizeReverted { deadline: deadline(Step::Settle, context) }]
        }
        // Nobody knows which flavor the server runs with, so it is started once more.
        (Step::Apply, Resize::Flavor(_)) => vec![failed(fault, true, context)],
        (
            Step::Place
            | Step::Volume
            | Step::Guest
            | Step::AgentReport
            | Step::Prepare
            | Step::Action
            | Step::Restart
            | Step::Configure
            | Step::Room
            | Step::Grow
            | Step::Apply
            | Step::NoGuest
            | Step::NoVolume
            | Step::Release,
            Resize::Flavor(_) | Resize::Volume { .. },
        ) => vec![failed(fault, false, context)],
    }
}

fn failed(fault: Fault, must_revert: bool, context: &Context<'_>) -> Event {
    let next = if must_revert { Step::Revert } else { Step::Settle };
    Event::ResizeFailed { fault, must_revert, deadline: deadline(next, context) }
}

/// What a report says of a resize that waits for its guest.
pub(super) fn observed(live: &Live, report: &Report, context: &Context<'_>) -> Option<Event> {
    let resizing = live.resizing()?;
    let settle = deadline(Step::Settle, context);
    match (resizing.running.step, &resizing.to) {
        (Step::Apply, Resize::Volume { .. }) => {
            // The guest has seen what was said after the volume grew, so it speaks of later.
            let is_later = report.revision.sequence >= live.revision;
            (is_later && report.health.answers())
                .then_some(Event::ResizeApplied { deadline: settle })
        }
        (Step::Apply, Resize::Flavor(_)) => {
            Some(match result(live, report)? {
                ActionOutcome::Done => Event::ResizeApplied { deadline: settle },
                ActionOutcome::Failed(failure) => {
                    let cause = action::cause(failure.cause);
                    // The guest has put the former settings back in force.
                    failed(fault(Step::Apply, cause, &failure.detail, context), false, context)
                }
            })
        }
        (Step::Revert, _) => {
            result(live, report)?;
            Some(Event::ResizeReverted { deadline: settle })
        }
        (
            Step::Place
            | Step::Volume
            | Step::Guest
            | Step::AgentReport
            | Step::Prepare
            | Step::Action
            | Step::Restart
            | Step::Configure
            | Step::Room
            | Step::Grow
            | Step::Settle
            | Step::NoGuest
            | Step::NoVolume
            | Step::Release,
            Resize::Flavor(_) | Resize::Volume { .. },
        ) => None,
    }
}

fn result<'a>(live: &Live, report: &'a Report) -> Option<&'a ActionOutcome> {
    let restart = live.owed_restart()?;
    report.results.iter().find(|result| result.id == restart).map(|result| &result.outcome)
}

/// An administrator ends it. One whose end does not come is over: what it claimed beyond what is in
/// force is given back by whoever compares the two.
pub(super) fn reset(live: &Live, resizing: &Resizing, context: &Context<'_>) -> Vec<Event> {
    let running = &resizing.running;
    if matches!(running.step, Step::Settle) {
        return vec![Event::ResizeSettled { volume_gib: live.spec.volume_gib }];
    }
    let detail = "an administrator reset the status";
    give_up(resizing, running, fault(running.step, FaultCause::Refused, detail, context), context)
}
