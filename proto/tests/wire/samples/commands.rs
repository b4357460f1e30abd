//! Commands and what becomes of them.

use super::Sample;
use super::common::{LATER, bare_spec, id, overrides, spec, user};
use super::configurations::group;
use domain::catalogue::{self, Parameter, ParameterKind, Range};
use domain::command::{Accepted, Body, Envelope, Rejection, Reply};
use domain::commit::Actor;
use domain::configuration::{Change, NewValues};
use domain::engine::UserLog;
use domain::ids::{ActionId, CommandId, ConfigurationId, InstanceId, SecretId, VersionId};
use domain::instance::{ActionSpec, Resize};
use domain::quota::Resource;
use domain::secret::{Sealed, StoredSecret};

pub(super) const COMMAND: &str = "trove.command.v1.Command";
pub(super) const REPLY: &str = "trove.command.v1.Reply";

pub(super) fn all() -> Vec<Sample> {
    let mut samples: Vec<Sample> = bodies()
        .into_iter()
        .map(|body| {
            let name = format!("command.{}", body_word(&body));
            Sample::new(name, COMMAND, &envelope(user(), body))
        })
        .collect();
    samples.extend(bare_commands());
    samples.extend(replies().into_iter().map(|reply| {
        let name = match &reply {
            Ok(Accepted { .. }) => "reply.accepted".to_owned(),
            Err(Rejection::Parameter(cause)) => {
                format!("reply.rejected.parameter.{}", cause_word(*cause))
            }
            Err(rejection) => format!("reply.rejected.{}", rejection_word(rejection)),
        };
        Sample::new(name, REPLY, &reply)
    }));
    samples
}

pub(super) fn envelope(actor: Actor, body: Body) -> Envelope {
    Envelope {
        command_id: CommandId(id(21)),
        deadline: LATER,
        actor,
        request_id: "req-0197".into(),
        body,
    }
}

fn body_word(body: &Body) -> &'static str {
    match body {
        Body::CreateInstance { .. } => "create_instance",
        Body::RenameInstance { .. } => "rename_instance",
        Body::DeleteInstance { .. } => "delete_instance",
        Body::RunAction { .. } => "run_action",
        Body::ResizeInstance { .. } => "resize_instance",
        Body::AttachConfiguration { .. } => "attach_configuration",
        Body::DetachConfiguration { .. } => "detach_configuration",
        Body::SwitchLog { .. } => "switch_log",
        Body::StopInstance { .. } => "stop_instance",
        Body::CreateConfiguration { .. } => "create_configuration",
        Body::UpdateConfiguration { change, .. } => match change.values {
            None => "update_configuration",
            Some(NewValues::Replace(_)) => "update_configuration.values",
            Some(NewValues::Merge(_)) => "update_configuration.merge",
        },
        Body::DeleteConfiguration { .. } => "delete_configuration",
        Body::ResetStatus { .. } => "reset_status",
        Body::SetLimits { .. } => "set_limits",
        Body::AddParameter { .. } => "add_parameter",
        Body::ChangeParameter { .. } => "change_parameter",
        Body::RemoveParameter { .. } => "remove_parameter",
        Body::Offer(order) => super::offers::word(order),
        Body::RevokeToken { .. } => "revoke_token",
    }
}

fn bodies() -> [Body; 20] {
    let (instance, configuration) = (InstanceId(id(1)), ConfigurationId(id(12)));
    let update = |values| {
        let (name, description) = (Some("tuned".to_owned()), Some("for tests".to_owned()));
        let change = Change { name, description, values };
        Body::UpdateConfiguration { id: configuration, change }
    };
    [
        Body::CreateInstance { id: instance, spec: Box::new(spec()), secrets: vec![secret()] },
        Body::RenameInstance { id: instance, name: "orders-2".to_owned() },
        Body::DeleteInstance { id: instance },
        Body::RunAction {
            id: instance,
            action_id: ActionId(id(8)),
            action: Box::new(ActionSpec::CreateUsers { users: spec().users }),
            secrets: vec![secret()],
        },
        Body::ResizeInstance { id: instance, to: Box::new(Resize::Flavor(spec().flavor)) },
        Body::AttachConfiguration { id: instance, configuration },
        Body::DetachConfiguration { id: instance },
        Body::SwitchLog { id: instance, log: UserLog::General, is_on: true },
        Body::StopInstance { id: instance },
        Body::CreateConfiguration { id: configuration, spec: Box::new(group()) },
        update(None),
        update(Some(NewValues::Replace(group().values))),
        update(Some(NewValues::Merge(group().values))),
        Body::DeleteConfiguration { id: configuration },
        Body::ResetStatus { id: instance },
        Body::SetLimits { project: "a11ce".into(), overrides: overrides() },
        Body::AddParameter { version: VersionId(id(4)), parameter: parameter() },
        Body::ChangeParameter { version: VersionId(id(4)), parameter: parameter() },
        Body::RemoveParameter { version: VersionId(id(4)), name: "wait_timeout".to_owned() },
        Body::RevokeToken { audit_id: "3T2dc1CGQxyJsHdDu1xkcw".to_owned(), expires: LATER },
    ]
}

fn secret() -> StoredSecret {
    StoredSecret { id: SecretId(id(9)), sealed: Sealed(vec![0x5E; 56]) }
}

fn bare_commands() -> [Sample; 4] {
    let create = Body::CreateInstance {
        id: InstanceId(id(1)),
        spec: Box::new(bare_spec()),
        secrets: Vec::new(),
    };
    let restart = Body::RunAction {
        id: InstanceId(id(1)),
        action_id: ActionId(id(8)),
        action: Box::new(ActionSpec::Restart),
        secrets: Vec::new(),
    };
    let delete = Body::DeleteInstance { id: InstanceId(id(1)) };
    let grow =
        Body::ResizeInstance { id: InstanceId(id(1)), to: Box::new(Resize::Volume { gib: 8 }) };
    [
        Sample::new("command.resize_instance.volume_gib", COMMAND, &envelope(user(), grow)),
        Sample::new("command.create_instance.bare", COMMAND, &envelope(user(), create)),
        Sample::new("command.run_action.bare", COMMAND, &envelope(user(), restart)),
        Sample::new("command.by_plane", COMMAND, &envelope(Actor::Plane, delete)),
    ]
}

fn rejection_word(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::InstanceNotFound => "instance_not_found",
        Rejection::InstanceExists => "instance_exists",
        Rejection::CreationAbandoned => "creation_abandoned",
        Rejection::QuotaExceeded { .. } => "quota_exceeded",
        Rejection::InstanceBusy => "instance_busy",
        Rejection::DatabaseDown => "database_down",
        Rejection::Parameter(_) => "parameter",
        Rejection::SameFlavor => "same_flavor",
        Rejection::VolumeNotLarger { .. } => "volume_not_larger",
        Rejection::ConfigurationAttached { .. } => "configuration_attached",
        Rejection::NotAtRest => "not_at_rest",
        Rejection::ConfigurationNotFound => "configuration_not_found",
        Rejection::ConfigurationExists => "configuration_exists",
        Rejection::ConfigurationInUse => "configuration_in_use",
        Rejection::Offer(rejection) => super::offers::cause_word(*rejection),
        Rejection::DeadlinePassed => "deadline_passed",
        Rejection::Damaged => "damaged",
        Rejection::LogUnavailable => "log_unavailable",
        Rejection::NotUnderstood => "not_understood",
    }
}

fn replies() -> [Reply; 24] {
    let resources = vec![Resource::Instances, Resource::Ram, Resource::Volumes];
    [
        Ok(Accepted { position: 12_345 }),
        Err(Rejection::InstanceNotFound),
        Err(Rejection::InstanceExists),
        Err(Rejection::CreationAbandoned),
        Err(Rejection::QuotaExceeded { resources }),
        Err(Rejection::InstanceBusy),
        Err(Rejection::DatabaseDown),
        Err(Rejection::Parameter(catalogue::Rejection::UnknownParameter)),
        Err(Rejection::Parameter(catalogue::Rejection::Exists)),
        Err(Rejection::Parameter(catalogue::Rejection::Forbidden)),
        Err(Rejection::Parameter(catalogue::Rejection::Wider)),
        Err(Rejection::Parameter(catalogue::Rejection::RestartNeeded)),
        Err(Rejection::Parameter(catalogue::Rejection::TooLarge)),
        Err(Rejection::SameFlavor),
        Err(Rejection::VolumeNotLarger { current_gib: 5 }),
        Err(Rejection::ConfigurationAttached { configuration: ConfigurationId(id(12)) }),
        Err(Rejection::NotAtRest),
        Err(Rejection::ConfigurationNotFound),
        Err(Rejection::ConfigurationExists),
        Err(Rejection::ConfigurationInUse),
        Err(Rejection::DeadlinePassed),
        Err(Rejection::Damaged),
        Err(Rejection::LogUnavailable),
        Err(Rejection::NotUnderstood),
    ]
}

fn cause_word(cause: catalogue::Rejection) -> &'static str {
    match cause {
        catalogue::Rejection::UnknownParameter => "unknown_parameter",
        catalogue::Rejection::Exists => "exists",
        catalogue::Rejection::Forbidden => "forbidden",
        catalogue::Rejection::Wider => "wider",
        catalogue::Rejection::RestartNeeded => "restart_needed",
        catalogue::Rejection::TooLarge => "too_large",
    }
}

fn parameter() -> Parameter {
    Parameter {
        name: "wait_timeout".to_owned(),
        kind: ParameterKind::Integer(Range { min: Some(10), max: Some(100) }),
        default: None,
        unit: None,
        restart_required: false,
        forbidden: None,
    }
}
