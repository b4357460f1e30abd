//! Faults of an instance's processes, with their steps and causes.

use super::field::{time, timestamp, word};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::instance::{Fault, FaultCause, Step};

impl From<&Fault> for wire::Fault {
    fn from(fault: &Fault) -> Self {
        Self {
            step: step_of(fault.step).into(),
            cause: cause_of(fault.cause).into(),
            detail: fault.detail.clone(),
            created: Some(timestamp(fault.created)),
        }
    }
}

impl TryFrom<wire::Fault> for Fault {
    type Error = DecodeError;

    fn try_from(fault: wire::Fault) -> Result<Self, DecodeError> {
        Ok(Self {
            step: word(fault.step, "fault.step", step)?,
            cause: word(fault.cause, "fault.cause", cause)?,
            detail: fault.detail,
            created: time(fault.created, "fault.created")?,
        })
    }
}

fn step_of(step: Step) -> wire::Step {
    match step {
        Step::Place => wire::Step::Place,
        Step::Volume => wire::Step::Volume,
        Step::Guest => wire::Step::Guest,
        Step::AgentReport => wire::Step::AgentReport,
        Step::Prepare => wire::Step::Prepare,
        Step::Action => wire::Step::Action,
        Step::Restart => wire::Step::Restart,
        Step::Room => wire::Step::Room,
        Step::Grow => wire::Step::Grow,
        Step::Apply => wire::Step::Apply,
        Step::Revert => wire::Step::Revert,
        Step::Settle => wire::Step::Settle,
        Step::Configure => wire::Step::Configure,
        Step::NoGuest => wire::Step::NoGuest,
        Step::NoVolume => wire::Step::NoVolume,
        Step::Release => wire::Step::Release,
    }
}

fn step(step: wire::Step) -> Option<Step> {
    match step {
        wire::Step::Unspecified => None,
        wire::Step::Place => Some(Step::Place),
        wire::Step::Volume => Some(Step::Volume),
        wire::Step::Guest => Some(Step::Guest),
        wire::Step::AgentReport => Some(Step::AgentReport),
        wire::Step::Prepare => Some(Step::Prepare),
        wire::Step::Action => Some(Step::Action),
        wire::Step::Restart => Some(Step::Restart),
        wire::Step::Room => Some(Step::Room),
        wire::Step::Grow => Some(Step::Grow),
        wire::Step::Apply => Some(Step::Apply),
        wire::Step::Revert => Some(Step::Revert),
        wire::Step::Settle => Some(Step::Settle),
        wire::Step::Configure => Some(Step::Configure),
        wire::Step::NoGuest => Some(Step::NoGuest),
        wire::Step::NoVolume => Some(Step::NoVolume),
        wire::Step::Release => Some(Step::Release),
    }
}

fn cause_of(cause: FaultCause) -> wire::FaultCause {
    match cause {
        FaultCause::EngineMissing => wire::FaultCause::EngineMissing,
        FaultCause::NoAddress => wire::FaultCause::NoAddress,
        FaultCause::NoMemory => wire::FaultCause::NoMemory,
        FaultCause::NoDisk => wire::FaultCause::NoDisk,
        FaultCause::DiskFull => wire::FaultCause::DiskFull,
        FaultCause::AgentSilent => wire::FaultCause::AgentSilent,
        FaultCause::ServerWontStart => wire::FaultCause::ServerWontStart,
        FaultCause::Statement => wire::FaultCause::Statement,
        FaultCause::Overdue => wire::FaultCause::Overdue,
        FaultCause::Refused => wire::FaultCause::Refused,
    }
}

fn cause(cause: wire::FaultCause) -> Option<FaultCause> {
    match cause {
        wire::FaultCause::Unspecified => None,
        wire::FaultCause::EngineMissing => Some(FaultCause::EngineMissing),
        wire::FaultCause::NoAddress => Some(FaultCause::NoAddress),
        wire::FaultCause::NoMemory => Some(FaultCause::NoMemory),
        wire::FaultCause::NoDisk => Some(FaultCause::NoDisk),
        wire::FaultCause::DiskFull => Some(FaultCause::DiskFull),
        wire::FaultCause::AgentSilent => Some(FaultCause::AgentSilent),
        wire::FaultCause::ServerWontStart => Some(FaultCause::ServerWontStart),
        wire::FaultCause::Statement => Some(FaultCause::Statement),
        wire::FaultCause::Overdue => Some(FaultCause::Overdue),
        wire::FaultCause::Refused => Some(FaultCause::Refused),
    }
}
