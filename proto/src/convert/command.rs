//! Commands on their way to a taskmanager.

use super::configuration;
use super::engine::{log_of, user_log};
use super::field::{all, each, message, required, time, timestamp, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::command::v1 as wire;
use domain::command::{Body, Envelope};
use domain::engine::Log;
use domain::ids::{
    ActionId, CommandId, ConfigurationId, InstanceId, ProjectId, RequestId, SecretId, VersionId,
};
use domain::secret::{Sealed, StoredSecret};
use wire::command;

impl From<&Envelope> for wire::Command {
    fn from(envelope: &Envelope) -> Self {
        Self {
            command_id: uuid_bytes(envelope.command_id.0),
            deadline: Some(timestamp(envelope.deadline)),
            actor: Some((&envelope.actor).into()),
            request_id: envelope.request_id.0.clone(),
            body: Some((&envelope.body).into()),
        }
    }
}

impl TryFrom<wire::Command> for Envelope {
    type Error = DecodeError;

    fn try_from(command: wire::Command) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: CommandId(uuid(&command.command_id, "command_id")?),
            deadline: time(command.deadline, "deadline")?,
            actor: message(command.actor, "actor")?,
            request_id: RequestId(command.request_id),
            body: variant(command.body, "body")?.try_into()?,
        })
    }
}

impl From<&Body> for command::Body {
    #[expect(clippy::too_many_lines, reason = "a table: one arm for each variant")]
    fn from(body: &Body) -> Self {
        match body {
            Body::CreateInstance { id, spec, secrets } => {
                Self::CreateInstance(wire::CreateInstance {
                    instance_id: uuid_bytes(id.0),
                    spec: Some(spec.as_ref().into()),
                    secrets: all(secrets),
                })
            }
            Body::RenameInstance { id, name } => Self::RenameInstance(wire::RenameInstance {
                instance_id: uuid_bytes(id.0),
                name: name.clone(),
            }),
            Body::DeleteInstance { id } => {
                Self::DeleteInstance(wire::DeleteInstance { instance_id: uuid_bytes(id.0) })
            }
            Body::RunAction { id, action_id, action, secrets } => {
                Self::RunAction(wire::RunAction {
                    instance_id: uuid_bytes(id.0),
                    action_id: uuid_bytes(action_id.0),
                    action: Some(action.as_ref().into()),
                    secrets: all(secrets),
                })
            }
            Body::ResizeInstance { id, to } => Self::ResizeInstance(wire::ResizeInstance {
                instance_id: uuid_bytes(id.0),
                to: Some(to.as_ref().into()),
            }),
            Body::AttachConfiguration { id, configuration } => {
                Self::AttachConfiguration(wire::AttachConfiguration {
                    instance_id: uuid_bytes(id.0),
                    configuration_id: uuid_bytes(configuration.0),
                })
            }
            Body::DetachConfiguration { id } => {
                Self::DetachConfiguration(wire::DetachConfiguration {
                    instance_id: uuid_bytes(id.0),
                })
            }
            Body::SwitchLog { id, log, is_on } => Self::SwitchLog(wire::SwitchLog {
                instance_id: uuid_bytes(id.0),
                log: log_of(Log::User(*log)).into(),
                is_on: *is_on,
            }),
            Body::StopInstance { id } => {
                Self::StopInstance(wire::StopInstance { instance_id: uuid_bytes(id.0) })
            }
            Body::CreateConfiguration { id, spec } => {
                Self::CreateConfiguration(wire::CreateConfiguration {
                    configuration_id: uuid_bytes(id.0),
                    spec: Some(spec.as_ref().into()),
                })
            }
            Body::UpdateConfiguration { id, change } => {
                Self::UpdateConfiguration(configuration::update(*id, change))
            }
            Body::DeleteConfiguration { id } => {
                Self::DeleteConfiguration(wire::DeleteConfiguration {
                    configuration_id: uuid_bytes(id.0),
                })
            }
            Body::ResetStatus { id } => {
                Self::ResetStatus(wire::ResetStatus { instance_id: uuid_bytes(id.0) })
            }
            Body::SetLimits { project, overrides } => Self::SetLimits(wire::SetLimits {
                project_id: project.0.clone(),
                overrides: Some(overrides.into()),
            }),
            Body::AddParameter { version, parameter } => Self::AddParameter(wire::AddParameter {
                version_id: uuid_bytes(version.0),
                parameter: Some(parameter.into()),
            }),
            Body::ChangeParameter { version, parameter } => {
                Self::ChangeParameter(wire::ChangeParameter {
                    version_id: uuid_bytes(version.0),
                    parameter: Some(parameter.into()),
                })
            }
            Body::RemoveParameter { version, name } => {
                Self::RemoveParameter(wire::RemoveParameter {
                    version_id: uuid_bytes(version.0),
                    name: name.clone(),
                })
            }
            Body::Offer(order) => order.into(),
            Body::RevokeToken { audit_id, expires } => Self::RevokeToken(wire::RevokeToken {
                audit_id: audit_id.clone(),
                expires: Some(timestamp(*expires)),
            }),
        }
    }
}

impl TryFrom<command::Body> for Body {
    type Error = DecodeError;

    #[expect(clippy::too_many_lines, reason = "a table: one arm for each variant")]
    fn try_from(body: command::Body) -> Result<Self, DecodeError> {
        Ok(match body {
            command::Body::CreateInstance(create) => Self::CreateInstance {
                id: InstanceId(uuid(&create.instance_id, "create_instance.instance_id")?),
                spec: Box::new(message(create.spec, "create_instance.spec")?),
                secrets: each(create.secrets)?,
            },
            command::Body::RenameInstance(rename) => Self::RenameInstance {
                id: InstanceId(uuid(&rename.instance_id, "rename_instance.instance_id")?),
                name: rename.name,
            },
            command::Body::DeleteInstance(delete) => Self::DeleteInstance {
                id: InstanceId(uuid(&delete.instance_id, "delete_instance.instance_id")?),
            },
            command::Body::RunAction(run) => Self::RunAction {
                id: InstanceId(uuid(&run.instance_id, "run_action.instance_id")?),
                action_id: ActionId(uuid(&run.action_id, "run_action.action_id")?),
                action: Box::new(message(run.action, "run_action.action")?),
                secrets: each(run.secrets)?,
            },
            command::Body::ResizeInstance(resize) => Self::ResizeInstance {
                id: InstanceId(uuid(&resize.instance_id, "resize_instance.instance_id")?),
                to: Box::new(message(resize.to, "resize_instance.to")?),
            },
            command::Body::AttachConfiguration(attach) => Self::AttachConfiguration {
                id: InstanceId(uuid(&attach.instance_id, "attach_configuration.instance_id")?),
                configuration: ConfigurationId(uuid(
                    &attach.configuration_id,
                    "attach_configuration.configuration_id",
                )?),
            },
            command::Body::DetachConfiguration(detach) => Self::DetachConfiguration {
                id: InstanceId(uuid(&detach.instance_id, "detach_configuration.instance_id")?),
            },
            command::Body::SwitchLog(switch) => Self::SwitchLog {
                id: InstanceId(uuid(&switch.instance_id, "switch_log.instance_id")?),
                log: user_log(switch.log, "switch_log.log")?,
                is_on: switch.is_on,
            },
            command::Body::StopInstance(stop) => Self::StopInstance {
                id: InstanceId(uuid(&stop.instance_id, "stop_instance.instance_id")?),
            },
            command::Body::CreateConfiguration(create) => Self::CreateConfiguration {
                id: ConfigurationId(uuid(
                    &create.configuration_id,
                    "create_configuration.configuration_id",
                )?),
                spec: Box::new(message(create.spec, "create_configuration.spec")?),
            },
            command::Body::UpdateConfiguration(update) => configuration::updated(update)?,
            command::Body::DeleteConfiguration(delete) => Self::DeleteConfiguration {
                id: ConfigurationId(uuid(
                    &delete.configuration_id,
                    "delete_configuration.configuration_id",
                )?),
            },
            command::Body::ResetStatus(reset) => Self::ResetStatus {
                id: InstanceId(uuid(&reset.instance_id, "reset_status.instance_id")?),
            },
            command::Body::SetLimits(set) => Self::SetLimits {
                project: ProjectId(set.project_id),
                overrides: required(set.overrides, "set_limits.overrides")?.into(),
            },
            command::Body::AddParameter(add) => Self::AddParameter {
                version: VersionId(uuid(&add.version_id, "add_parameter.version_id")?),
                parameter: message(add.parameter, "add_parameter.parameter")?,
            },
            command::Body::ChangeParameter(change) => Self::ChangeParameter {
                version: VersionId(uuid(&change.version_id, "change_parameter.version_id")?),
                parameter: message(change.parameter, "change_parameter.parameter")?,
            },
            command::Body::RemoveParameter(remove) => Self::RemoveParameter {
                version: VersionId(uuid(&remove.version_id, "remove_parameter.version_id")?),
                name: remove.name,
            },
            command::Body::CreateDatastore(create) => Self::Offer(create.try_into()?),
            command::Body::ChangeDatastore(change) => Self::Offer(change.try_into()?),
            command::Body::DeleteDatastore(delete) => Self::Offer(delete.try_into()?),
            command::Body::CreateVersion(create) => Self::Offer(create.try_into()?),
            command::Body::ChangeVersion(change) => Self::Offer(change.try_into()?),
            command::Body::DeleteVersion(delete) => Self::Offer(delete.try_into()?),
            command::Body::RevokeToken(revoke) => Self::RevokeToken {
                audit_id: revoke.audit_id,
                expires: time(revoke.expires, "revoke_token.expires")?,
            },
        })
    }
}

impl From<&StoredSecret> for wire::StoredSecret {
    fn from(secret: &StoredSecret) -> Self {
        Self { secret_id: uuid_bytes(secret.id.0), sealed: secret.sealed.0.clone() }
    }
}

impl TryFrom<wire::StoredSecret> for StoredSecret {
    type Error = DecodeError;

    fn try_from(secret: wire::StoredSecret) -> Result<Self, DecodeError> {
        Ok(Self {
            id: SecretId(uuid(&secret.secret_id, "stored_secret.secret_id")?),
            sealed: Sealed(secret.sealed),
        })
    }
}
