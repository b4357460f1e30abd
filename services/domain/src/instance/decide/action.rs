//! The rules of actions: when one may be asked, and what a result means.

use super::{Decision, fault, span};
use crate::aggregate::Context;
use crate::guest::{ActionCause, ActionFailure, ActionOutcome, Report};
use crate::ids::ActionId;
use crate::instance::action::{ActionSpec, PENDING_MAX, Pending, Progress};
use crate::instance::messages::{Event, Rejection};
use crate::instance::process::{FaultCause, Phase, Step};
use crate::instance::{Fault, Live};
use std::time::Duration;

pub(super) fn request(
    live: &Live,
    id: ActionId,
    spec: &ActionSpec,
    context: &Context<'_>,
) -> Decision {
    if live.actions.progress(id) != Progress::Unknown {
        return Ok(Vec::new());
    }
    if !matches!(live.phase, Phase::Active) {
        return Err(Rejection::Busy);
    }
    let is_restart = matches!(spec, ActionSpec::Restart);
    // A restart is the way out for a server that does not answer; everything else needs it.
    if !is_restart && (live.agent_silent || !live.health.answers()) {
        return Err(Rejection::DatabaseDown);
    }
    if live.actions.pending.len() >= PENDING_MAX {
        return Err(Rejection::Busy);
    }
    let step = if is_restart { Step::Restart } else { Step::Action };
    Ok(vec![Event::ActionRequested {
        id,
        spec: spec.clone(),
        deadline: context.now.after(span(step, context)),
    }])
}

/// A server stands still until it is restarted, or started by a resize.
pub(super) fn stop(live: &Live) -> Decision {
    match live.phase {
        Phase::Active if live.is_stopped => Ok(Vec::new()),
        Phase::Active => Ok(vec![Event::Stopped]),
        Phase::Provisioning(_)
        | Phase::Restarting
        | Phase::Resizing(_)
        | Phase::Undoing(_)
        | Phase::Failed
        | Phase::Deleting(_) => Err(Rejection::Busy),
    }
}

/// What a report says of actions that still wait.
pub(super) fn results(live: &Live, report: &Report, context: &Context<'_>) -> Vec<Event> {
    let ended = report.results.iter().filter_map(|result| {
        let pending = live.actions.find(result.id)?;
        Some(match &result.outcome {
            ActionOutcome::Done => Event::ActionCompleted { id: result.id },
            ActionOutcome::Failed(failure) => failed(pending, failure.clone(), context),
        })
    });
    ended.collect()
}

pub(super) fn overdue(live: &Live, id: ActionId, context: &Context<'_>) -> Vec<Event> {
    let due = live.actions.find(id).filter(|pending| pending.deadline <= context.now);
    let failure = |pending: &Pending| ActionFailure {
        cause: ActionCause::Overdue,
        detail: format!(
            "the guest did not report within {} s; it may have been done",
            context.now.since(pending.requested).as_secs()
        ),
    };
    due.map(|pending| failed(pending, failure(pending), context)).into_iter().collect()
}

/// A failure that its caller was told is no fault of the instance; one that came later is.
fn failed(pending: &Pending, failure: ActionFailure, context: &Context<'_>) -> Event {
    let waited = context.now.since(pending.requested);
    let is_told = waited < Duration::from_millis(context.limits.action_answer_ms);
    let is_restart = matches!(pending.spec, ActionSpec::Restart);
    let shown = (is_restart || !is_told).then(|| shown(pending, &failure, context));
    Event::ActionFailed { id: pending.id, failure, fault: shown }
}

fn shown(pending: &Pending, failure: &ActionFailure, context: &Context<'_>) -> Fault {
    let step = match pending.spec {
        ActionSpec::Restart => Step::Restart,
        ActionSpec::CreateDatabases { .. }
        | ActionSpec::DeleteDatabase { .. }
        | ActionSpec::CreateUsers { .. }
        | ActionSpec::ChangePasswords { .. }
        | ActionSpec::UpdateUser { .. }
        | ActionSpec::DeleteUser { .. }
        | ActionSpec::Grant { .. }
        | ActionSpec::Revoke { .. }
        | ActionSpec::EnableRoot { .. }
        | ActionSpec::DisableRoot => Step::Action,
    };
    fault(step, cause(failure.cause), &failure.detail, context)
}

pub(super) fn cause(cause: ActionCause) -> FaultCause {
    match cause {
        ActionCause::EngineMissing => FaultCause::EngineMissing,
        ActionCause::DiskFull => FaultCause::DiskFull,
        ActionCause::ServerWontStart => FaultCause::ServerWontStart,
        ActionCause::Statement | ActionCause::Exists | ActionCause::NotFound => {
            FaultCause::Statement
        }
        ActionCause::Overdue => FaultCause::Overdue,
    }
}
