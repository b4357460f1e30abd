//! The rules of settings: when a group may be attached and a log switched, and what a guest's word
//! on them means.

use super::{Decision, action, fault};
use crate::aggregate::Context;
use crate::engine::UserLog;
use crate::guest::{Report, SettingsState};
use crate::ids::ConfigurationId;
use crate::instance::messages::{Event, Rejection};
use crate::instance::process::{Phase, Step};
use crate::instance::{Fault, Live};

pub(super) fn attach(live: &Live, configuration: ConfigurationId) -> Decision {
    if let Some(configuration) = live.configuration {
        return Err(Rejection::ConfigurationAttached { configuration });
    }
    check_rest(live)?;
    Ok(vec![Event::ConfigurationAttached { configuration }])
}

pub(super) fn detach(live: &Live) -> Decision {
    if live.configuration.is_none() {
        return Ok(Vec::new());
    }
    check_rest(live)?;
    Ok(vec![Event::ConfigurationDetached])
}

/// Settings that wait for a restart go on waiting: a log needs none.
pub(super) fn switch_log(live: &Live, log: UserLog, is_on: bool) -> Decision {
    if live.logs.get(&log) == Some(&is_on) {
        return Ok(Vec::new());
    }
    match live.phase {
        Phase::Active => Ok(vec![Event::LogSwitched { log, is_on }]),
        Phase::Provisioning(_)
        | Phase::Restarting
        | Phase::Resizing(_)
        | Phase::Undoing(_)
        | Phase::Failed
        | Phase::Deleting(_) => Err(Rejection::Busy),
    }
}

fn check_rest(live: &Live) -> Result<(), Rejection> {
    let at_rest = live.phase == Phase::Active && !live.is_restart_required();
    if at_rest { Ok(()) } else { Err(Rejection::NotAtRest) }
}

/// What a report says of settings, where that is news.
pub(super) fn settled(live: &Live, report: &Report, context: &Context<'_>) -> Option<Event> {
    // Before it serves, its settings are part of its creation.
    if matches!(live.phase, Phase::Provisioning(_)) {
        return None;
    }
    let (known, told) = (&live.settings.state, report.settings.as_ref()?);
    let is_older = told.sequence < known.sequence;
    let is_answer = known.sequence < live.settings.asked && told.sequence >= live.settings.asked;
    let same = SettingsState { sequence: told.sequence, ..known.clone() } == *told;
    if is_older || (same && !is_answer) {
        return None;
    }
    Some(Event::SettingsSettled { state: told.clone(), fault: shown(told, context) })
}

fn shown(state: &SettingsState, context: &Context<'_>) -> Option<Fault> {
    let refused = state.refused.as_ref()?;
    Some(fault(Step::Configure, action::cause(refused.cause), &refused.detail, context))
}
