//! Commands of the gateways: each becomes a decision of one aggregate.

mod offer;

pub(crate) use offer::aside;

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

/// Decides a command; nothing when the outcome is unknown, so that the gateway asks again.
#[tracing::instrument(skip_all, fields(request_id = %envelope.request_id, key = %envelope.body.key()))]
#[expect(clippy::too_many_lines, reason = "a table: one arm for each command")]
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
        Body::RenameInstance { id, name } => {
            let command = instance::Command::Rename { name: name.clone() };
            on_instance(core, envelope, *id, command).await
        }
        Body::DeleteInstance { id } => {
            on_instance(core, envelope, *id, instance::Command::Delete).await
        }
        Body::RunAction { id, action_id, action, secrets: sealed } => {
            store(secrets, sealed).await?;
            let command = instance::Command::Request { id: *action_id, action: action.clone() };
            on_instance(core, envelope, *id, command).await
        }
        Body::ResizeInstance { id, to } => resize(core, envelope, *id, to).await,
        Body::AttachConfiguration { id, configuration } => {
            attach(core, envelope, *id, *configuration).await
        }
        Body::DetachConfiguration { id } => detach(core, envelope, *id).await,
        Body::CreateConfiguration { id, spec } => {
            let command = configuration::Command::Create { id: *id, spec: spec.clone() };
            on_configuration(core, envelope, *id, command).await
        }
        Body::UpdateConfiguration { id, change } => {
            let command = configuration::Command::Update(change.clone());
            on_configuration(core, envelope, *id, command).await
        }
        Body::DeleteConfiguration { id } => {
            on_configuration(core, envelope, *id, configuration::Command::Delete).await
        }
        Body::ResetStatus { id } => {
            on_instance(core, envelope, *id, instance::Command::ResetStatus).await
        }
        Body::SetLimits { project, overrides } => {
            let (project_id, overrides) = (project.clone(), *overrides);
            let command = project::Command::SetLimits { project_id, overrides };
            let handled = core
                .project
                .handle(envelope.body.key(), &external(envelope, command), now)
                .await
                .map(|handled| Accepted { position: handled.position });
            settle(handled.map_err(|error| refusal(error, quota_refusal)))
        }
        Body::AddParameter { parameter, .. } => {
            on_catalogue(core, envelope, catalogue::Command::Add(parameter.clone())).await
        }
        Body::ChangeParameter { parameter, .. } => {
            on_catalogue(core, envelope, catalogue::Command::Change(parameter.clone())).await
        }
        Body::RemoveParameter { name, .. } => {
            on_catalogue(core, envelope, catalogue::Command::Remove { name: name.clone() }).await
        }
        Body::Offer(order) => offer::decide(core, envelope, order).await,
        Body::RevokeToken { audit_id, expires } => {
            let command =
                plane::Command::RevokeToken { audit_id: audit_id.clone(), expires: *expires };
            let handled = core
                .plane
                .handle(envelope.body.key(), &external(envelope, command), now)
                .await
                .map(|handled| Accepted { position: handled.position });
            settle(handled.map_err(|error| refusal(error, |_| Rejection::Damaged)))
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
    on_instance(core, envelope, id, command).await
}

/// The group expects the instance before the instance follows it; when it never does, the group
/// is told so later.
async fn attach(
    core: &Core,
    envelope: &Envelope,
    id: InstanceId,
    configuration: ConfigurationId,
) -> Option<Reply> {
    if let Err(refused) = expect(core, id, configuration).await {
        return refused.map(Err);
    }
    on_instance(core, envelope, id, instance::Command::AttachConfiguration { configuration }).await
}

async fn detach(core: &Core, envelope: &Envelope, id: InstanceId) -> Option<Reply> {
    let followed = core.rows.instance(id).ok().and_then(|instance| instance.configuration());
    let reply = on_instance(core, envelope, id, instance::Command::DetachConfiguration).await?;
    if let (Ok(_), Some(group)) = (&reply, followed) {
        followers::leave(core, id, group).await;
    }
    Some(reply)
}

async fn expect(
    core: &Core,
    id: InstanceId,
    configuration: ConfigurationId,
) -> Result<(), Option<Rejection>> {
    let request = internal(fresh_command(), configuration::Command::Expect { instance: id });
    let handled = core.configuration.handle(configuration.into(), &request, now).await;
    handled.map(|_| ()).map_err(|error| refusal(error, configuration_refusal))
}

async fn on_configuration(
    core: &Core,
    envelope: &Envelope,
    id: ConfigurationId,
    command: configuration::Command,
) -> Option<Reply> {
    let handled = core
        .configuration
        .handle(id.into(), &external(envelope, command), now)
        .await
        .map(|handled| Accepted { position: handled.position });
    settle(handled.map_err(|error| refusal(error, configuration_refusal)))
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
    on_instance(core, envelope, id, command).await
}

fn quota_refusal(project::Rejection::QuotaExceeded { resources }: project::Rejection) -> Rejection {
    Rejection::QuotaExceeded { resources }
}

async fn on_catalogue(
    core: &Core,
    envelope: &Envelope,
    command: catalogue::Command,
) -> Option<Reply> {
    let handled = core
        .catalogue
        .handle(envelope.body.key(), &external(envelope, command), now)
        .await
        .map(|handled| Accepted { position: handled.position });
    settle(handled.map_err(|error| refusal(error, Rejection::Parameter)))
}

async fn on_instance(
    core: &Core,
    envelope: &Envelope,
    id: InstanceId,
    command: instance::Command,
) -> Option<Reply> {
    let handled = core
        .instance
        .handle(id.into(), &external(envelope, command), now)
        .await
        .map(|handled| Accepted { position: handled.position });
    settle(handled.map_err(|error| refusal(error, instance_refusal)))
}

fn settle(handled: Result<Accepted, Option<Rejection>>) -> Option<Reply> {
    match handled {
        Ok(accepted) => Some(Ok(accepted)),
        Err(Some(rejection)) => Some(Err(rejection)),
        Err(None) => None,
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
