//! What administrators ask about datastores and their versions. An order is a list of steps, one
//! aggregate's decision each, and may be repeated from its beginning after a crash anywhere.
//!
//! # Invariants
//! - A version is named by its datastore before it has the name, and until after it has given it
//!   up: a crash leaves a name held, never two versions with one name.

use crate::aggregate::Key;
use crate::datastore::{self, DefaultChange, Label};
use crate::ids::{DatastoreId, VersionId};
use crate::version::{self, Details};

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Make a datastore.
    CreateDatastore {
        /// Its id.
        id: DatastoreId,
        /// Its name.
        name: String,
    },
    /// Change a datastore; what is absent stays.
    ChangeDatastore {
        /// Which.
        id: DatastoreId,
        /// The new name.
        name: Option<String>,
        /// The version that becomes its default.
        default: Option<VersionId>,
    },
    /// Delete a datastore that has no versions.
    DeleteDatastore {
        /// Which.
        id: DatastoreId,
    },
    /// Make a version.
    CreateVersion {
        /// What it is.
        details: Box<Details>,
        /// Its datastore's name, when that may have to be made first.
        datastore_name: Option<String>,
        /// Whether it becomes its datastore's default.
        is_default: bool,
    },
    /// Change a version.
    ChangeVersion {
        /// What it is from now on.
        details: Box<Details>,
        /// Whether it is its datastore's default from now on; absence leaves that.
        is_default: Option<bool>,
    },
    /// Delete a version.
    DeleteVersion {
        /// Which.
        id: VersionId,
        /// Its datastore.
        datastore: DatastoreId,
    },
}

/// One step of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Before or after the decision that the order is about, by the order's datastore.
    Aside(datastore::Command),
    /// The decision that the order is about, by the datastore.
    OfDatastore(datastore::Command),
    /// The decision that the order is about, by this version.
    OfVersion(VersionId, version::Command),
    /// The decision that the order is about: withdraw this version, and delete it if nothing uses
    /// it.
    DeleteVersion(VersionId),
}

/// Why an order is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The datastore refuses.
    Datastore(datastore::Rejection),
    /// The version refuses.
    Version(version::Rejection),
}

impl Order {
    /// The datastore that the order is about.
    pub fn datastore(&self) -> DatastoreId {
        match self {
            Self::CreateDatastore { id, .. }
            | Self::ChangeDatastore { id, .. }
            | Self::DeleteDatastore { id } => *id,
            Self::CreateVersion { details, .. } | Self::ChangeVersion { details, .. } => {
                details.datastore
            }
            Self::DeleteVersion { datastore, .. } => *datastore,
        }
    }

    /// The aggregate that the order is about.
    pub fn key(&self) -> Key {
        match self {
            Self::CreateDatastore { id, .. }
            | Self::ChangeDatastore { id, .. }
            | Self::DeleteDatastore { id } => (*id).into(),
            Self::CreateVersion { details, .. } | Self::ChangeVersion { details, .. } => {
                details.id.into()
            }
            Self::DeleteVersion { id, .. } => (*id).into(),
        }
    }

    /// What has to be decided, in this order.
    pub fn steps(&self) -> Vec<Step> {
        match self {
            Self::CreateDatastore { id, name } => {
                let create = datastore::Command::Create { id: *id, name: name.clone() };
                vec![Step::OfDatastore(create)]
            }
            Self::ChangeDatastore { name, default, .. } => {
                let (name, default) = (name.clone(), default.map(DefaultChange::To));
                vec![Step::OfDatastore(datastore::Command::Change { name, default })]
            }
            Self::DeleteDatastore { .. } => vec![Step::OfDatastore(datastore::Command::Delete)],
            Self::CreateVersion { details, datastore_name, is_default } => {
                let id = details.datastore;
                let ensure = datastore_name.clone();
                let ensure = ensure.map(|name| datastore::Command::Ensure { id, name });
                let create = version::Command::Create((**details).clone());
                let default = is_default.then(|| default_change(details.id, true));
                ensure
                    .map(Step::Aside)
                    .into_iter()
                    .chain([hold(details), Step::OfVersion(details.id, create)])
                    .chain(default)
                    .collect()
            }
            Self::ChangeVersion { details, is_default } => {
                let change = version::Command::Change((**details).clone());
                let keep = datastore::Command::Keep { version: details.id, label: details.label() };
                let default = is_default.map(|is_default| default_change(details.id, is_default));
                [hold(details), Step::OfVersion(details.id, change), Step::Aside(keep)]
                    .into_iter()
                    .chain(default)
                    .collect()
            }
            Self::DeleteVersion { id, .. } => {
                vec![Step::DeleteVersion(*id), Step::Aside(datastore::Command::Release(*id))]
            }
        }
    }
}

impl Details {
    /// What it is called.
    pub fn label(&self) -> Label {
        Label { name: self.name.clone(), number: self.number.clone() }
    }
}

fn hold(details: &Details) -> Step {
    Step::Aside(datastore::Command::Hold { version: details.id, label: details.label() })
}

fn default_change(version: VersionId, is_default: bool) -> Step {
    let change = if is_default { DefaultChange::To(version) } else { DefaultChange::Not(version) };
    Step::Aside(datastore::Command::Change { name: None, default: Some(change) })
}
