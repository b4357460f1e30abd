//! Commands of the gateways: each becomes a decision of one aggregate.

mod offer;

pub(crate) use offer::{aside, is_offered};

use crate::clock::{fresh_command, now};
use crate::core::{Core, external, internal, refusal};
use crate::followers;
use crate::resizing::{NoShare, grow_share};
use bus::secrets::SecretStore;
use domain::aggregate::{Aggregate, Context};
use domain::catalogue;
use domain::command::{Accepted, Body, Envelope, Rejection, Reply};
use domain::configuration;
use domain::ids::{CommandId, ConfigurationId, InstanceId, derived};
use domain::instance::{self, Resize, Spec};
use domain::plane;
use domain::project;
use domain::secret::StoredSecret;
use eventlog::Handler;

/// Decides a command; nothing when the outcome is unknown, so that the gateway asks again.
#[tracing::instrument(skip_all, fields(request_id = %envelope.request_id, key = %envelope.body.key()))]
pub(crate) async fn decide(
    core: &Core,
    secrets: &SecretStore,
    envelope: &Envelope,
) -> Option<Reply> {
    if envelope.deadline <= now() {
        return Some(Err(Rejection::DeadlinePassed));
    }
    match &envelope.body {
        Body::CreateInstance { id, spec, secrets: sealed } => {
            create(core, secrets, envelope, (*id, spec, sealed)).await
        }
        Body::RenameInstance { name, .. } => {
            on_instance(core, envelope, instance::Command::Rename { name: name.clone() }).await
        }
        Body::DeleteInstance { .. } => on_instance(core, envelope, instance::Command::Delete).await,
        Body::RunAction { action_id, action, secrets: sealed, .. } => {
            store(secrets, sealed).await?;
            let command = instance::Command::Request { id: *action_id, action: action.clone() };
            on_instance(core, envelope, command).await
        }
        Body::ResizeInstance { id, to } => resize(core, envelope, *id, to).await,
        Body::AttachConfiguration { id, configuration } => {
            attach(core, envelope, *id, *configuration).await
        }
        Body::DetachConfiguration { id } => detach(core, envelope, *id).await,
        Body::SwitchLog { log, is_on, .. } => {
            let command = instance::Command::SwitchLog { log: *log, is_on: *is_on };
            on_instance(core, envelope, command).await
        }
        Body::StopInstance { .. } => on_instance(core, envelope, instance::Command::Stop).await,
        Body::CreateConfiguration { id, spec } => {
            let command = configuration::Command::Create { id: *id, spec: spec.clone() };
            put(&core.configuration, envelope, command, configuration_refusal).await
        }
        Body::UpdateConfiguration { change, .. } => {
            let command = configuration::Command::Update(change.clone());
            put(&core.configuration, envelope, command, configuration_refusal).await
        }
        Body::DeleteConfiguration { .. } => {
            let command = configuration::Command::Delete;
            put(&core.configuration, envelope, command, configuration_refusal).await
        }
        Body::ResetStatus { .. } => {
            on_instance(core, envelope, instance::Command::ResetStatus).await
        }
        Body::SetLimits { project, overrides } => {
            let (project_id, overrides) = (project.clone(), *overrides);
            let command = project::Command::SetLimits { project_id, overrides };
            put(&core.project, envelope, command, quota_refusal).await
        }
        Body::AddParameter { parameter, .. } => {
            let command = catalogue::Command::Add(parameter.clone());
            put(&core.catalogue, envelope, command, Rejection::Parameter).await
        }
        Body::ChangeParameter { parameter, .. } => {
            let command = catalogue::Command::Change(parameter.clone());
            put(&core.catalogue, envelope, command, Rejection::Parameter).await
        }
        Body::RemoveParameter { name, .. } => {
            let command = catalogue::Command::Remove { name: name.clone() };
            put(&core.catalogue, envelope, command, Rejection::Parameter).await
        }
        Body::Offer(order) => offer::decide(core, envelope, order).await,
        Body::RevokeToken { audit_id, expires } => {
            let (audit_id, expires) = (audit_id.clone(), *expires);
            let command = plane::Command::RevokeToken { audit_id, expires };
            put(&core.plane, envelope, command, |_| Rejection::Damaged).await
        }
    }
}

/// Passwords are stored and the quota is reserved before the instance exists; both are taken
/// back by themselves when it never does.
async fn create(
    core: &Core,
    secrets: &SecretStore,
    envelope: &Envelope,
    (id, spec, sealed): (InstanceId, &Spec, &[StoredSecret]),
) -> Option<Reply> {
    store(secrets, sealed).await?;
    if let Err(refused) = reserve(core, id, spec).await {
        return refused.map(Err);
    }
    if let Some(configuration) = spec.configuration
        && let Err(refused) = expect(core, id, configuration).await
    {
        return refused.map(Err);
    }
    let command = instance::Command::Create { id, spec: Box::new(spec.clone()) };
    on_instance(core, envelope, command).await
}

/// The group expects the instance before the instance follows it. One that refuses is expected no
/// longer; when nobody knows, the group finds out by itself.
async fn attach(
    core: &Core,
    envelope: &Envelope,
    id: InstanceId,
    configuration: ConfigurationId,
) -> Option<Reply> {
    let since = match expect(core, id, configuration).await {
        Ok(since) => since,
        Err(refused) => return refused.map(Err),
    };
    let command = instance::Command::AttachConfiguration { configuration };
    let reply = on_instance(core, envelope, command).await?;
    if let Err(rejection) = &reply {
        // It may be refused because it follows this very group.
        let follows = Rejection::ConfigurationAttached { configuration };
        let correction = if *rejection == follows {
            configuration::Command::Keep { instance: id }
        } else {
            configuration::Command::Release { instance: id, since }
        };
        followers::correct(core, configuration, vec![correction]).await;
    }
    Some(reply)
}

async fn detach(core: &Core, envelope: &Envelope, id: InstanceId) -> Option<Reply> {
    let followed = core.rows.instance(id).ok().and_then(|instance| instance.configuration());
    let reply = on_instance(core, envelope, instance::Command::DetachConfiguration).await?;
    if let (Ok(_), Some(group)) = (&reply, followed) {
        followers::leave(core, id, group).await;
    }
    Some(reply)
}

/// Since which position the group expects the instance.
async fn expect(
    core: &Core,
    id: InstanceId,
    configuration: ConfigurationId,
) -> Result<u64, Option<Rejection>> {
    let request = internal(fresh_command(), configuration::Command::Expect { instance: id });
    let handled = core.configuration.handle(configuration.into(), &request, now).await;
    let since = handled.map(|handled| handled.position);
    since.map_err(|error| refusal(error, configuration_refusal))
}

fn configuration_refusal(rejection: configuration::Rejection) -> Rejection {
    match rejection {
        configuration::Rejection::NotFound => Rejection::ConfigurationNotFound,
        configuration::Rejection::AlreadyExists => Rejection::ConfigurationExists,
        configuration::Rejection::InUse => Rejection::ConfigurationInUse,
    }
}

/// Nothing when a password could not be stored.
async fn store(secrets: &SecretStore, sealed: &[StoredSecret]) -> Option<()> {
    for secret in sealed {
        if let Err(error) = secrets.put(secret).await {
            tracing::warn!(error = %telemetry::Chain(&error), "Password not stored.");
            return None;
        }
    }
    Some(())
}

async fn reserve(core: &Core, id: InstanceId, spec: &Spec) -> Result<(), Option<Rejection>> {
    let plane = core.rows.plane().map_err(|_| None)?;
    let defaults = plane.quota_defaults.ok_or(None)?;
    let command = project::Command::Reserve {
        project_id: spec.project.clone(),
        instance: id,
        amount: spec.figures().amount(),
        defaults,
    };
    let command_id = CommandId(derived(&["reserve", &id.to_string()]));
    core.project
        .handle((&spec.project).into(), &internal(command_id, command), now)
        .await
        .map(|_| ())
        .map_err(|error| refusal(error, quota_refusal))
}

/// The quota grows before the instance is asked, so that who asked is told at once when there is
/// too little. When nothing comes of it, the growth ends by itself; and a resize claims it once
/// more when it begins.
async fn resize(core: &Core, envelope: &Envelope, id: InstanceId, to: &Resize) -> Option<Reply> {
    if !core.freshen(id.into()).await {
        return None;
    }
    let command = instance::Command::Resize { to: Box::new(to.clone()) };
    let known = core.rows.instance(id).ok()?;
    let context = Context { now: now(), limits: &core.limits };
    // What the instance would refuse, it is to refuse itself.
    if let Some(live) = known.live().filter(|_| known.decide(&command, &context).is_ok()) {
        let figures = live.spec.figures().while_resized(to);
        let grow = CommandId(derived(&["grow", &envelope.command_id.to_string()]));
        match grow_share(core, grow, live, figures).await {
            Ok(()) => {}
            Err(NoShare::Unread) => return None,
            Err(NoShare::Project(error)) => return refusal(error, quota_refusal).map(Err),
        }
    }
    on_instance(core, envelope, command).await
}

fn quota_refusal(project::Rejection::QuotaExceeded { resources }: project::Rejection) -> Rejection {
    Rejection::QuotaExceeded { resources }
}

async fn on_instance(
    core: &Core,
    envelope: &Envelope,
    command: instance::Command,
) -> Option<Reply> {
    put(&core.instance, envelope, command, instance_refusal).await
}

/// Puts a command to the aggregate that the envelope names; nothing when its outcome is unknown.
async fn put<A: Aggregate>(
    handler: &Handler<A>,
    envelope: &Envelope,
    command: A::Command,
    refused: impl FnOnce(A::Rejection) -> Rejection,
) -> Option<Reply> {
    match handler.handle(envelope.body.key(), &external(envelope, command), now).await {
        Ok(handled) => Some(Ok(Accepted { position: handled.position })),
        Err(error) => refusal(error, refused).map(Err),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "named where a function of the value is wanted")]
fn instance_refusal(rejection: instance::Rejection) -> Rejection {
    match rejection {
        instance::Rejection::NotFound => Rejection::InstanceNotFound,
        instance::Rejection::AlreadyExists => Rejection::InstanceExists,
        instance::Rejection::Abandoned => Rejection::CreationAbandoned,
        instance::Rejection::Busy => Rejection::InstanceBusy,
        instance::Rejection::DatabaseDown => Rejection::DatabaseDown,
        instance::Rejection::SameFlavor => Rejection::SameFlavor,
        instance::Rejection::VolumeNotLarger { current_gib } => {
            Rejection::VolumeNotLarger { current_gib }
        }
        instance::Rejection::NotAtRest => Rejection::NotAtRest,
        instance::Rejection::ConfigurationAttached { configuration } => {
            Rejection::ConfigurationAttached { configuration }
        }
        // Gateways have no command that could meet these.
        instance::Rejection::StaleFence
        | instance::Rejection::ClaimedByAnother { .. }
        | instance::Rejection::NotOwed => Rejection::NotUnderstood,
    }
}

#[cfg(test)]
mod tests;
