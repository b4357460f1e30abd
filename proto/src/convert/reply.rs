//! What became of a command.

use super::field::{uuid, uuid_bytes, variant, word};
use crate::error::DecodeError;
use crate::generated::trove::command::v1 as wire;
use domain::catalogue;
use domain::command::{Accepted, Rejection, Reply};
use domain::ids::ConfigurationId;
use domain::quota::Resource;
use wire::rejection::{self as reason, Reason};
use wire::reply::Outcome;

impl From<&Reply> for wire::Reply {
    fn from(reply: &Reply) -> Self {
        let outcome = match reply {
            Ok(accepted) => Outcome::Accepted(wire::Accepted { position: accepted.position }),
            Err(rejection) => Outcome::Rejected(wire::Rejection { reason: Some(rejection.into()) }),
        };
        Self { outcome: Some(outcome) }
    }
}

impl TryFrom<wire::Reply> for Reply {
    type Error = DecodeError;

    fn try_from(reply: wire::Reply) -> Result<Self, DecodeError> {
        Ok(match variant(reply.outcome, "reply")? {
            Outcome::Accepted(accepted) => Ok(Accepted { position: accepted.position }),
            Outcome::Rejected(rejected) => Err(variant(rejected.reason, "rejection")?.try_into()?),
        })
    }
}

impl From<&Rejection> for Reason {
    fn from(rejection: &Rejection) -> Self {
        match rejection {
            Rejection::InstanceNotFound => Self::InstanceNotFound(reason::InstanceNotFound {}),
            Rejection::InstanceExists => Self::InstanceExists(reason::InstanceExists {}),
            Rejection::CreationAbandoned => Self::CreationAbandoned(reason::CreationAbandoned {}),
            Rejection::QuotaExceeded { resources } => Self::QuotaExceeded(reason::QuotaExceeded {
                resources: resources.iter().map(|resource| resource_of(*resource).into()).collect(),
            }),
            Rejection::InstanceBusy => Self::InstanceBusy(reason::InstanceBusy {}),
            Rejection::DatabaseDown => Self::DatabaseDown(reason::DatabaseDown {}),
            Rejection::Parameter(rejection) => {
                Self::Parameter(reason::Parameter { cause: cause_of(*rejection).into() })
            }
            Rejection::SameFlavor => Self::SameFlavor(reason::SameFlavor {}),
            Rejection::VolumeNotLarger { current_gib } => {
                Self::VolumeNotLarger(reason::VolumeNotLarger { current_gib: *current_gib })
            }
            Rejection::ConfigurationAttached { configuration } => {
                let configuration_id = uuid_bytes(configuration.0);
                Self::ConfigurationAttached(reason::ConfigurationAttached { configuration_id })
            }
            Rejection::NotAtRest => Self::NotAtRest(reason::NotAtRest {}),
            Rejection::ConfigurationNotFound => {
                Self::ConfigurationNotFound(reason::ConfigurationNotFound {})
            }
            Rejection::ConfigurationExists => {
                Self::ConfigurationExists(reason::ConfigurationExists {})
            }
            Rejection::ConfigurationInUse => {
                Self::ConfigurationInUse(reason::ConfigurationInUse {})
            }
            Rejection::Offer(rejection) => (*rejection).into(),
            Rejection::DeadlinePassed => Self::DeadlinePassed(reason::DeadlinePassed {}),
            Rejection::Damaged => Self::Damaged(reason::Damaged {}),
            Rejection::LogUnavailable => Self::LogUnavailable(reason::LogUnavailable {}),
            Rejection::NotUnderstood => Self::NotUnderstood(reason::NotUnderstood {}),
        }
    }
}

impl TryFrom<Reason> for Rejection {
    type Error = DecodeError;

    fn try_from(reason: Reason) -> Result<Self, DecodeError> {
        Ok(match reason {
            Reason::InstanceNotFound(reason::InstanceNotFound {}) => Self::InstanceNotFound,
            Reason::InstanceExists(reason::InstanceExists {}) => Self::InstanceExists,
            Reason::CreationAbandoned(reason::CreationAbandoned {}) => Self::CreationAbandoned,
            Reason::QuotaExceeded(exceeded) => Self::QuotaExceeded {
                resources: exceeded
                    .resources
                    .into_iter()
                    .map(|value| word(value, "quota_exceeded.resources", resource))
                    .collect::<Result<_, _>>()?,
            },
            Reason::InstanceBusy(reason::InstanceBusy {}) => Self::InstanceBusy,
            Reason::DatabaseDown(reason::DatabaseDown {}) => Self::DatabaseDown,
            Reason::Parameter(refused) => {
                Self::Parameter(word(refused.cause, "parameter.cause", cause)?)
            }
            Reason::SameFlavor(reason::SameFlavor {}) => Self::SameFlavor,
            Reason::VolumeNotLarger(reason::VolumeNotLarger { current_gib }) => {
                Self::VolumeNotLarger { current_gib }
            }
            Reason::ConfigurationAttached(attached) => Self::ConfigurationAttached {
                configuration: ConfigurationId(uuid(
                    &attached.configuration_id,
                    "configuration_attached.configuration_id",
                )?),
            },
            Reason::NotAtRest(reason::NotAtRest {}) => Self::NotAtRest,
            Reason::ConfigurationNotFound(reason::ConfigurationNotFound {}) => {
                Self::ConfigurationNotFound
            }
            Reason::ConfigurationExists(reason::ConfigurationExists {}) => {
                Self::ConfigurationExists
            }
            Reason::ConfigurationInUse(reason::ConfigurationInUse {}) => Self::ConfigurationInUse,
            Reason::Offer(refused) => Self::Offer(refused.try_into()?),
            Reason::NameTaken(taken) => Self::Offer(taken.try_into()?),
            Reason::DeadlinePassed(reason::DeadlinePassed {}) => Self::DeadlinePassed,
            Reason::Damaged(reason::Damaged {}) => Self::Damaged,
            Reason::LogUnavailable(reason::LogUnavailable {}) => Self::LogUnavailable,
            Reason::NotUnderstood(reason::NotUnderstood {}) => Self::NotUnderstood,
        })
    }
}

fn resource_of(resource: Resource) -> wire::Resource {
    match resource {
        Resource::Instances => wire::Resource::Instances,
        Resource::Ram => wire::Resource::Ram,
        Resource::Volumes => wire::Resource::Volumes,
    }
}

fn resource(resource: wire::Resource) -> Option<Resource> {
    match resource {
        wire::Resource::Unspecified => None,
        wire::Resource::Instances => Some(Resource::Instances),
        wire::Resource::Ram => Some(Resource::Ram),
        wire::Resource::Volumes => Some(Resource::Volumes),
    }
}

fn cause_of(rejection: catalogue::Rejection) -> wire::ParameterCause {
    match rejection {
        catalogue::Rejection::UnknownParameter => wire::ParameterCause::UnknownParameter,
        catalogue::Rejection::Exists => wire::ParameterCause::Exists,
        catalogue::Rejection::Forbidden => wire::ParameterCause::Forbidden,
        catalogue::Rejection::Wider => wire::ParameterCause::Wider,
        catalogue::Rejection::RestartNeeded => wire::ParameterCause::RestartNeeded,
        catalogue::Rejection::TooLarge => wire::ParameterCause::TooLarge,
    }
}

fn cause(cause: wire::ParameterCause) -> Option<catalogue::Rejection> {
    match cause {
        wire::ParameterCause::Unspecified => None,
        wire::ParameterCause::UnknownParameter => Some(catalogue::Rejection::UnknownParameter),
        wire::ParameterCause::Exists => Some(catalogue::Rejection::Exists),
        wire::ParameterCause::Forbidden => Some(catalogue::Rejection::Forbidden),
        wire::ParameterCause::Wider => Some(catalogue::Rejection::Wider),
        wire::ParameterCause::RestartNeeded => Some(catalogue::Rejection::RestartNeeded),
        wire::ParameterCause::TooLarge => Some(catalogue::Rejection::TooLarge),
    }
}
