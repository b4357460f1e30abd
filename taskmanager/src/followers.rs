//! Who follows which configuration group: the group names its followers, the instance its group,
//! and a crash between their commits leaves one of them behind. Here the instance decides.

use crate::clock::{fresh_command, now};
use crate::core::{Core, internal};
use domain::configuration::{Command, Follower, Group, Rejection};
use domain::ids::{ConfigurationId, InstanceId};
use domain::instance;
use domain::time::Timestamp;
use eventlog::HandleError;
use readmodel::{ReadError, ReadModel};

/// What the followers of a group need.
pub(crate) struct Found {
    /// What to tell the group now.
    pub(crate) corrections: Vec<Command>,
    /// When to look again.
    pub(crate) look_again: Vec<Timestamp>,
}

/// Looks at the followers of a group.
pub(crate) fn look(rows: &ReadModel, group: &Group) -> Result<Found, ReadError> {
    let mut found = Found { corrections: Vec::new(), look_again: Vec::new() };
    for (id, Follower { since, until }) in &group.followers {
        let (instance, since) = (*id, *since);
        let follows = rows.instance(instance)?.configuration() == Some(group.id);
        match (follows, until) {
            (true, Some(_)) => found.corrections.push(Command::Keep { instance }),
            (true, None) => {}
            (false, Some(until)) if *until > now() => found.look_again.push(*until),
            (false, Some(_) | None) => {
                found.corrections.push(Command::Release { instance, since });
            }
        }
    }
    Ok(found)
}

/// Tells a group what its followers need.
pub(crate) async fn correct(core: &Core, group: ConfigurationId, corrections: Vec<Command>) {
    for correction in corrections {
        let request = internal(fresh_command(), correction);
        if let Err(error) = core.configuration.handle(group.into(), &request, now).await {
            tracing::warn!(
                configuration_id = %group,
                error = %telemetry::Chain(&error),
                "Follower not settled."
            );
        }
    }
}

/// An instance follows a group: leaves the group knowing it. One whose group is gone, which takes
/// an attachment that was on its way for longer than it was expected, follows none.
pub(crate) async fn keep(core: &Core, id: InstanceId, group: ConfigurationId) {
    let request = internal(fresh_command(), Command::Keep { instance: id });
    match core.configuration.handle(group.into(), &request, now).await {
        Ok(_) => {}
        Err(HandleError::Rejected(Rejection::NotFound)) => {
            tracing::warn!(instance_id = %id, configuration_id = %group, "Group is gone.");
            if let Err(error) = core.instruct(id, instance::Command::DetachConfiguration).await {
                tracing::warn!(instance_id = %id, error = %telemetry::Chain(&error), "Not detached.");
            }
        }
        Err(error) => {
            tracing::warn!(instance_id = %id, error = %telemetry::Chain(&error), "Follower not kept.");
        }
    }
}

/// Whether a group does not know yet that an instance follows it.
pub(crate) fn is_unknown(
    rows: &ReadModel,
    id: InstanceId,
    group: ConfigurationId,
) -> Result<bool, ReadError> {
    let group = rows.configuration(group)?;
    let follower = group.live().and_then(|group| group.followers.get(&id).copied());
    Ok(!matches!(follower, Some(Follower { until: None, .. })))
}

/// An instance has ceased to follow its group, which is told at once; a look tells it later if
/// this fails.
pub(crate) async fn leave(core: &Core, id: InstanceId, group: ConfigurationId) {
    let known = core.rows.configuration(group).ok();
    let follower = known.and_then(|known| known.live()?.followers.get(&id).copied());
    if let Some(Follower { since, .. }) = follower {
        correct(core, group, vec![Command::Release { instance: id, since }]).await;
    }
}

#[cfg(test)]
mod tests;
