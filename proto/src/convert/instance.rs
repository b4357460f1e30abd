//! Facts of an instance.

use super::engine::{log_of, user_log};
use super::field::{message, time, time_if, timestamp, uuid, uuid_bytes, variant};
use super::resize;
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::engine::Log;
use domain::guest::{ActionFailure, SettingsState};
use domain::ids::{ActionId, ConfigurationId, InstanceId, ProjectId, WorkerId};
use domain::instance::{ActionSpec, Event, Fault, Spec};
use domain::time::Timestamp;
use wire::instance_event::{self as body, Event as Body};

impl From<&Event> for wire::InstanceEvent {
    fn from(event: &Event) -> Self {
        Self { event: Some(body_of(event)) }
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one arm for each variant")]
fn body_of(event: &Event) -> Body {
    match event {
        Event::CreationRequested { id, spec, deadline } => creation_requested(*id, spec, *deadline),
        Event::CreationAbandoned { project } => {
            let project_id = project.0.clone();
            Body::CreationAbandoned(body::CreationAbandoned { project_id })
        }
        Event::Renamed { name } => Body::Renamed(body::Renamed { name: name.clone() }),
        Event::EffectClaimed { worker, until } => Body::EffectClaimed(body::EffectClaimed {
            worker_id: uuid_bytes(worker.0),
            until: Some(timestamp(*until)),
        }),
        Event::ClaimRenewed { until } => {
            let until = Some(timestamp(*until));
            Body::ClaimRenewed(body::ClaimRenewed { until })
        }
        Event::Placed { place, deadline } => Body::Placed(body::Placed {
            place: Some(place.into()),
            deadline: Some(timestamp(*deadline)),
        }),
        Event::VolumeMade { deadline } => {
            Body::VolumeMade(body::VolumeMade { deadline: due(*deadline) })
        }
        Event::GuestStarted { deadline } => {
            Body::GuestStarted(body::GuestStarted { deadline: due(*deadline) })
        }
        Event::AgentReported { deadline } => {
            Body::AgentReported(body::AgentReported { deadline: due(*deadline) })
        }
        Event::Prepared => Body::Prepared(body::Prepared {}),
        Event::CreationFailed { fault, deadline } => creation_failed(fault, *deadline),
        Event::StepRestarted { attempt, deadline, fault } => {
            step_restarted(*attempt, *deadline, fault.as_ref())
        }
        Event::DeletionRequested { deadline } => {
            Body::DeletionRequested(body::DeletionRequested { deadline: due(*deadline) })
        }
        Event::GuestRemoved { deadline } => {
            Body::GuestRemoved(body::GuestRemoved { deadline: due(*deadline) })
        }
        Event::VolumeRemoved { deadline } => {
            Body::VolumeRemoved(body::VolumeRemoved { deadline: due(*deadline) })
        }
        Event::Undone => Body::Undone(body::Undone {}),
        Event::Deleted => Body::Deleted(body::Deleted {}),
        Event::HealthChanged { health } => {
            let health = Some(health.into());
            Body::HealthChanged(body::HealthChanged { health })
        }
        Event::AgentFellSilent => Body::AgentFellSilent(body::AgentFellSilent {}),
        Event::AgentReturned => Body::AgentReturned(body::AgentReturned {}),
        Event::ActionRequested { id, spec, deadline } => action_requested(*id, spec, *deadline),
        Event::ActionCompleted { id } => {
            Body::ActionCompleted(body::ActionCompleted { action_id: uuid_bytes(id.0) })
        }
        Event::ActionFailed { id, failure, fault } => action_failed(*id, failure, fault.as_ref()),
        Event::ResizeRequested { to, deadline } => resize::requested(to, *deadline),
        Event::RoomMade { deadline } => Body::RoomMade(body::RoomMade { deadline: due(*deadline) }),
        Event::VolumeGrown { deadline } => resize::volume_grown(*deadline),
        Event::ResizeApplied { deadline } => resize::applied(*deadline),
        Event::ResizeFailed { fault, must_revert, deadline } => {
            resize::failed(fault, *must_revert, *deadline)
        }
        Event::ResizeReverted { deadline } => resize::reverted(*deadline),
        Event::ResizeSettled { volume_gib } => resize::settled(*volume_gib),
        Event::StatusReset => Body::StatusReset(body::StatusReset {}),
        Event::ConfigurationAttached { configuration } => {
            let configuration_id = uuid_bytes(configuration.0);
            Body::ConfigurationAttached(body::ConfigurationAttached { configuration_id })
        }
        Event::ConfigurationDetached => Body::ConfigurationDetached(body::ConfigurationDetached {}),
        Event::SettingsSettled { state, fault } => settings_settled(state, fault.as_ref()),
        Event::Stopped => Body::Stopped(body::Stopped {}),
        Event::LogSwitched { log, is_on } => {
            let log = log_of(Log::User(*log)).into();
            Body::LogSwitched(body::LogSwitched { log, is_on: *is_on })
        }
    }
}

/// A step's deadline.
pub(super) fn due(deadline: Timestamp) -> Option<prost_types::Timestamp> {
    Some(timestamp(deadline))
}

fn settings_settled(state: &SettingsState, fault: Option<&Fault>) -> Body {
    Body::SettingsSettled(body::SettingsSettled {
        sequence: state.sequence,
        restart_required: state.restart_required.clone(),
        refused: state.refused.as_ref().map(Into::into),
        fault: fault.map(Into::into),
    })
}

fn creation_requested(id: InstanceId, spec: &Spec, deadline: Timestamp) -> Body {
    Body::CreationRequested(body::CreationRequested {
        instance_id: uuid_bytes(id.0),
        spec: Some(spec.into()),
        deadline: Some(timestamp(deadline)),
    })
}

fn creation_failed(fault: &Fault, deadline: Option<Timestamp>) -> Body {
    Body::CreationFailed(body::CreationFailed {
        fault: Some(fault.into()),
        deadline: deadline.map(timestamp),
    })
}

fn step_restarted(attempt: u32, deadline: Timestamp, fault: Option<&Fault>) -> Body {
    Body::StepRestarted(body::StepRestarted {
        attempt,
        deadline: Some(timestamp(deadline)),
        fault: fault.map(Into::into),
    })
}

fn action_requested(id: ActionId, spec: &ActionSpec, deadline: Timestamp) -> Body {
    Body::ActionRequested(body::ActionRequested {
        action_id: uuid_bytes(id.0),
        spec: Some(spec.into()),
        deadline: Some(timestamp(deadline)),
    })
}

fn action_failed(id: ActionId, failure: &ActionFailure, fault: Option<&Fault>) -> Body {
    Body::ActionFailed(body::ActionFailed {
        action_id: uuid_bytes(id.0),
        failure: Some(failure.into()),
        fault: fault.map(Into::into),
    })
}

impl TryFrom<wire::InstanceEvent> for Event {
    type Error = DecodeError;

    #[expect(clippy::too_many_lines, reason = "a table: one arm for each variant")]
    fn try_from(event: wire::InstanceEvent) -> Result<Self, DecodeError> {
        Ok(match variant(event.event, "instance_event")? {
            Body::CreationRequested(body) => body.try_into()?,
            Body::CreationAbandoned(body) => {
                Self::CreationAbandoned { project: ProjectId(body.project_id) }
            }
            Body::Renamed(body) => Self::Renamed { name: body.name },
            Body::EffectClaimed(body) => Self::EffectClaimed {
                worker: WorkerId(uuid(&body.worker_id, "effect_claimed.worker_id")?),
                until: time(body.until, "effect_claimed.until")?,
            },
            Body::ClaimRenewed(body) => {
                Self::ClaimRenewed { until: time(body.until, "claim_renewed.until")? }
            }
            Body::Placed(body) => Self::Placed {
                place: message(body.place, "placed.place")?,
                deadline: time(body.deadline, "placed.deadline")?,
            },
            Body::VolumeMade(body) => {
                Self::VolumeMade { deadline: time(body.deadline, "volume_made.deadline")? }
            }
            Body::GuestStarted(body) => {
                Self::GuestStarted { deadline: time(body.deadline, "guest_started.deadline")? }
            }
            Body::AgentReported(body) => {
                Self::AgentReported { deadline: time(body.deadline, "agent_reported.deadline")? }
            }
            Body::Prepared(body::Prepared {}) => Self::Prepared,
            Body::CreationFailed(body) => body.try_into()?,
            Body::StepRestarted(body) => body.try_into()?,
            Body::DeletionRequested(body) => Self::DeletionRequested {
                deadline: time(body.deadline, "deletion_requested.deadline")?,
            },
            Body::GuestRemoved(body) => {
                Self::GuestRemoved { deadline: time(body.deadline, "guest_removed.deadline")? }
            }
            Body::VolumeRemoved(body) => {
                Self::VolumeRemoved { deadline: time(body.deadline, "volume_removed.deadline")? }
            }
            Body::Undone(body::Undone {}) => Self::Undone,
            Body::Deleted(body::Deleted {}) => Self::Deleted,
            Body::HealthChanged(body) => {
                Self::HealthChanged { health: message(body.health, "health_changed.health")? }
            }
            Body::AgentFellSilent(body::AgentFellSilent {}) => Self::AgentFellSilent,
            Body::AgentReturned(body::AgentReturned {}) => Self::AgentReturned,
            Body::ActionRequested(body) => body.try_into()?,
            Body::ActionCompleted(body) => Self::ActionCompleted {
                id: ActionId(uuid(&body.action_id, "action_completed.action_id")?),
            },
            Body::ActionFailed(body) => body.try_into()?,
            Body::ResizeRequested(body) => body.try_into()?,
            Body::RoomMade(body) => {
                Self::RoomMade { deadline: time(body.deadline, "room_made.deadline")? }
            }
            Body::VolumeGrown(body) => {
                Self::VolumeGrown { deadline: time(body.deadline, "volume_grown.deadline")? }
            }
            Body::ResizeApplied(body) => {
                Self::ResizeApplied { deadline: time(body.deadline, "resize_applied.deadline")? }
            }
            Body::ResizeReverted(body) => {
                Self::ResizeReverted { deadline: time(body.deadline, "resize_reverted.deadline")? }
            }
            Body::ResizeFailed(body) => body.try_into()?,
            Body::ResizeSettled(body) => Self::ResizeSettled { volume_gib: body.volume_gib },
            Body::StatusReset(body::StatusReset {}) => Self::StatusReset,
            Body::ConfigurationAttached(attached) => Self::ConfigurationAttached {
                configuration: ConfigurationId(uuid(
                    &attached.configuration_id,
                    "configuration_attached.configuration_id",
                )?),
            },
            Body::ConfigurationDetached(body::ConfigurationDetached {}) => {
                Self::ConfigurationDetached
            }
            Body::Stopped(body::Stopped {}) => Self::Stopped,
            Body::LogSwitched(switched) => Self::LogSwitched {
                log: user_log(switched.log, "log_switched.log")?,
                is_on: switched.is_on,
            },
            Body::SettingsSettled(settled) => Self::SettingsSettled {
                state: SettingsState {
                    sequence: settled.sequence,
                    restart_required: settled.restart_required,
                    refused: settled.refused.map(TryInto::try_into).transpose()?,
                },
                fault: settled.fault.map(TryInto::try_into).transpose()?,
            },
        })
    }
}

impl TryFrom<body::CreationRequested> for Event {
    type Error = DecodeError;

    fn try_from(body: body::CreationRequested) -> Result<Self, DecodeError> {
        Ok(Self::CreationRequested {
            id: InstanceId(uuid(&body.instance_id, "creation_requested.instance_id")?),
            spec: Box::new(message(body.spec, "creation_requested.spec")?),
            deadline: time(body.deadline, "creation_requested.deadline")?,
        })
    }
}

impl TryFrom<body::CreationFailed> for Event {
    type Error = DecodeError;

    fn try_from(body: body::CreationFailed) -> Result<Self, DecodeError> {
        Ok(Self::CreationFailed {
            fault: message(body.fault, "creation_failed.fault")?,
            deadline: time_if(body.deadline, "creation_failed.deadline")?,
        })
    }
}

impl TryFrom<body::StepRestarted> for Event {
    type Error = DecodeError;

    fn try_from(body: body::StepRestarted) -> Result<Self, DecodeError> {
        Ok(Self::StepRestarted {
            attempt: body.attempt,
            deadline: time(body.deadline, "step_restarted.deadline")?,
            fault: body.fault.map(Fault::try_from).transpose()?,
        })
    }
}

impl TryFrom<body::ActionRequested> for Event {
    type Error = DecodeError;

    fn try_from(body: body::ActionRequested) -> Result<Self, DecodeError> {
        Ok(Self::ActionRequested {
            id: ActionId(uuid(&body.action_id, "action_requested.action_id")?),
            spec: message(body.spec, "action_requested.spec")?,
            deadline: time(body.deadline, "action_requested.deadline")?,
        })
    }
}

impl TryFrom<body::ActionFailed> for Event {
    type Error = DecodeError;

    fn try_from(body: body::ActionFailed) -> Result<Self, DecodeError> {
        Ok(Self::ActionFailed {
            id: ActionId(uuid(&body.action_id, "action_failed.action_id")?),
            failure: message(body.failure, "action_failed.failure")?,
            fault: body.fault.map(Fault::try_from).transpose()?,
        })
    }
}
