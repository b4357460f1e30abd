//! A guest's reports and heartbeats.

use super::field::{
    all, each, message, required, time, timestamp, uuid, uuid_bytes, variant, word,
};
use crate::error::DecodeError;
use crate::generated::trove::guest::v1 as wire;
use domain::guest::{ActionOutcome, ActionResult, Heartbeat, Report, ReportAnswer, SettingsState};
use domain::ids::ActionId;
use wire::action_result::Outcome;

impl From<&Report> for wire::Report {
    fn from(report: &Report) -> Self {
        Self {
            revision: Some((&report.revision).into()),
            health: Some((&report.health).into()),
            results: all(&report.results),
            settings: report.settings.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<wire::Report> for Report {
    type Error = DecodeError;

    fn try_from(report: wire::Report) -> Result<Self, DecodeError> {
        Ok(Self {
            revision: required(report.revision, "report.revision")?.into(),
            health: message(report.health, "report.health")?,
            results: each(report.results)?,
            settings: report.settings.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<&SettingsState> for wire::SettingsState {
    fn from(state: &SettingsState) -> Self {
        Self {
            sequence: state.sequence,
            restart_required: state.restart_required.clone(),
            refused: state.refused.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<wire::SettingsState> for SettingsState {
    type Error = DecodeError;

    fn try_from(state: wire::SettingsState) -> Result<Self, DecodeError> {
        Ok(Self {
            sequence: state.sequence,
            restart_required: state.restart_required,
            refused: state.refused.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<&ActionResult> for wire::ActionResult {
    fn from(result: &ActionResult) -> Self {
        let outcome = match &result.outcome {
            ActionOutcome::Done => Outcome::Done(()),
            ActionOutcome::Failed(failure) => Outcome::Failed(failure.into()),
        };
        Self { action_id: uuid_bytes(result.id.0), outcome: Some(outcome) }
    }
}

impl TryFrom<wire::ActionResult> for ActionResult {
    type Error = DecodeError;

    fn try_from(result: wire::ActionResult) -> Result<Self, DecodeError> {
        let outcome = match variant(result.outcome, "action_result")? {
            Outcome::Done(()) => ActionOutcome::Done,
            Outcome::Failed(failure) => ActionOutcome::Failed(failure.try_into()?),
        };
        Ok(Self { id: ActionId(uuid(&result.action_id, "action_result.action_id")?), outcome })
    }
}

impl From<&ReportAnswer> for wire::ReportAnswer {
    fn from(answer: &ReportAnswer) -> Self {
        let outcome = match answer {
            ReportAnswer::Recorded => wire::ReportOutcome::Recorded,
            ReportAnswer::Unknown => wire::ReportOutcome::Unknown,
            ReportAnswer::TryAgain => wire::ReportOutcome::TryAgain,
        };
        Self { outcome: outcome.into() }
    }
}

impl TryFrom<wire::ReportAnswer> for ReportAnswer {
    type Error = DecodeError;

    fn try_from(answer: wire::ReportAnswer) -> Result<Self, DecodeError> {
        word(answer.outcome, "report_answer.outcome", |outcome| match outcome {
            wire::ReportOutcome::Unspecified => None,
            wire::ReportOutcome::Recorded => Some(Self::Recorded),
            wire::ReportOutcome::Unknown => Some(Self::Unknown),
            wire::ReportOutcome::TryAgain => Some(Self::TryAgain),
        })
    }
}

impl From<&Heartbeat> for wire::Heartbeat {
    fn from(heartbeat: &Heartbeat) -> Self {
        Self {
            sent: Some(timestamp(heartbeat.sent)),
            health: Some((&heartbeat.health).into()),
            volume_used_bytes: heartbeat.volume_used_bytes,
            volume_size_bytes: heartbeat.volume_size_bytes,
        }
    }
}

impl TryFrom<wire::Heartbeat> for Heartbeat {
    type Error = DecodeError;

    fn try_from(heartbeat: wire::Heartbeat) -> Result<Self, DecodeError> {
        Ok(Self {
            sent: time(heartbeat.sent, "heartbeat.sent")?,
            health: message(heartbeat.health, "heartbeat.health")?,
            volume_used_bytes: heartbeat.volume_used_bytes,
            volume_size_bytes: heartbeat.volume_size_bytes,
        })
    }
}
