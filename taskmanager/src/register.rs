//! Makes the configuration known to the log: quota defaults, datastores, versions, this host.
//!
//! Ids and command ids are UUIDv5, and every decision knows its own result: a repeat changes
//! nothing.

use crate::clock::now;
use crate::commands::aside;
use crate::config::{self, Config};
use crate::core::{Core, internal};
use domain::aggregate::{Aggregate, Key};
use domain::datastore::Datastore;
use domain::host::{self, Capacity};
use domain::ids::{CommandId, DatastoreId, VersionId, derived};
use domain::version::Version;
use domain::{datastore, plane, version};
use eventlog::{HandleError, Handler};
use readmodel::ReadError;
use std::fmt;

/// What could not be made known.
#[derive(Debug, thiserror::Error)]
#[error("register {what}: {reason}")]
pub(crate) struct RegisterError {
    what: String,
    reason: String,
}

/// Makes configuration and host known.
///
/// # Errors
/// The log refused, or did not answer.
pub(crate) async fn register(
    core: &Core,
    config: &Config,
    capacity: &Capacity,
) -> Result<(), RegisterError> {
    let command = plane::Command::SetQuotaDefaults(config.quotas);
    tell(&core.plane, Key::plane(), command).await?;
    for datastore in &config.datastores {
        register_datastore(core, datastore).await?;
    }
    let command = host::Command::Register(capacity.clone());
    tell(&core.host, capacity.host.into(), command).await
}

async fn register_datastore(
    core: &Core,
    datastore: &config::Datastore,
) -> Result<(), RegisterError> {
    let id = DatastoreId(derived(&["datastore", &datastore.name]));
    let command = datastore::Command::Register { id, name: datastore.name.clone() };
    tell(&core.datastore, id.into(), command).await?;
    for version in &datastore.versions {
        let details = details(id, datastore, version);
        register_version(core, details).await?;
    }
    let default = version_id(datastore, &datastore.default_version);
    tell(&core.datastore, id.into(), datastore::Command::SetDefaultVersion(default)).await
}

/// What an administrator has changed or taken away since the configuration last said it stays so;
/// a name that another version has taken is not taken back.
async fn register_version(core: &Core, details: version::Details) -> Result<(), RegisterError> {
    let unread = |error: ReadError| RegisterError {
        what: Key::from(details.id).to_string(),
        reason: telemetry::Chain(&error).to_string(),
    };
    let known: Version = core.rows.folded(details.id.into()).map_err(unread)?.state;
    let datastore: Datastore = core.rows.folded(details.datastore.into()).map_err(unread)?.state;
    let has_name = match &datastore {
        Datastore::Registered { versions, .. } => versions.contains_key(&details.id),
        Datastore::Absent | Datastore::Deleted => false,
    };
    let is_told = known.configured.as_ref() == Some(&details);
    if is_told && (has_name || known.details.is_none()) {
        return Ok(());
    }
    let hold = datastore::Command::Hold { version: details.id, label: details.label() };
    match aside(core, details.datastore, hold).await {
        Ok(_) => {}
        Err(HandleError::Rejected(rejection)) => {
            tracing::warn!(version = %details.id, ?rejection, "Version not registered.");
            return Ok(());
        }
        Err(error) => {
            let reason = telemetry::Chain(&error).to_string();
            return Err(RegisterError { what: Key::from(details.datastore).to_string(), reason });
        }
    }
    tell(&core.version, details.id.into(), version::Command::Register(details)).await
}

fn details(
    id: DatastoreId,
    datastore: &config::Datastore,
    version: &config::Version,
) -> version::Details {
    version::Details {
        id: version_id(datastore, &version.name),
        datastore: id,
        name: version.name.clone(),
        number: version.number.clone(),
        manager: version.manager,
        image: Some(version.image),
        packages: version.packages.clone(),
        active: version.active,
        image_tags: Vec::new(),
        registry_ext: None,
        repl_strategy: None,
    }
}

fn version_id(datastore: &config::Datastore, name: &str) -> VersionId {
    VersionId(derived(&["version", &datastore.name, name]))
}

/// The command's id derives from what it asks and from when it asks, the minute: going back to
/// an earlier configuration is another command.
async fn tell<A>(handler: &Handler<A>, key: Key, command: A::Command) -> Result<(), RegisterError>
where
    A: Aggregate,
    A::Command: fmt::Debug,
{
    let minute = (now().0 / 60_000).to_string();
    let command_id =
        CommandId(derived(&["register", &key.to_string(), &format!("{command:?}"), &minute]));
    let what = key.to_string();
    match handler.handle(key, &internal(command_id, command), now).await {
        Ok(_) => Ok(()),
        Err(HandleError::Rejected(rejection)) => {
            Err(RegisterError { what, reason: format!("{rejection:?}") })
        }
        Err(error) => Err(RegisterError { what, reason: telemetry::Chain(&error).to_string() }),
    }
}
