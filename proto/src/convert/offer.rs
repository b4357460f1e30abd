//! What administrators ask about datastores and versions, and why it is refused.

use super::field::{message, uuid, uuid_bytes, word};
use crate::error::DecodeError;
use crate::generated::trove::command::v1 as wire;
use domain::ids::{DatastoreId, VersionId};
use domain::offer::{Order, Rejection};
use domain::version::User;
use domain::{datastore, version};
use wire::OfferCause;
use wire::command::Body;
use wire::rejection::{NameTaken, Offer, Reason};

impl From<&Order> for Body {
    fn from(order: &Order) -> Self {
        match order {
            Order::CreateDatastore { id, name } => Self::CreateDatastore(wire::CreateDatastore {
                datastore_id: uuid_bytes(id.0),
                name: name.clone(),
            }),
            Order::ChangeDatastore { id, name, default } => {
                Self::ChangeDatastore(wire::ChangeDatastore {
                    datastore_id: uuid_bytes(id.0),
                    name: name.clone(),
                    default_version_id: default.map_or_else(Vec::new, |id| uuid_bytes(id.0)),
                })
            }
            Order::DeleteDatastore { id } => {
                Self::DeleteDatastore(wire::DeleteDatastore { datastore_id: uuid_bytes(id.0) })
            }
            Order::CreateVersion { details, datastore_name, is_default } => {
                Self::CreateVersion(wire::CreateVersion {
                    version: Some(details.as_ref().into()),
                    datastore_name: datastore_name.clone(),
                    is_default: *is_default,
                })
            }
            Order::ChangeVersion { details, is_default } => {
                Self::ChangeVersion(wire::ChangeVersion {
                    version: Some(details.as_ref().into()),
                    is_default: *is_default,
                })
            }
            Order::DeleteVersion { id, datastore } => Self::DeleteVersion(wire::DeleteVersion {
                version_id: uuid_bytes(id.0),
                datastore_id: uuid_bytes(datastore.0),
            }),
        }
    }
}

impl TryFrom<wire::CreateDatastore> for Order {
    type Error = DecodeError;

    fn try_from(create: wire::CreateDatastore) -> Result<Self, DecodeError> {
        let id = DatastoreId(uuid(&create.datastore_id, "create_datastore.datastore_id")?);
        Ok(Self::CreateDatastore { id, name: create.name })
    }
}

impl TryFrom<wire::ChangeDatastore> for Order {
    type Error = DecodeError;

    fn try_from(change: wire::ChangeDatastore) -> Result<Self, DecodeError> {
        let field = "change_datastore.default_version_id";
        Ok(Self::ChangeDatastore {
            id: DatastoreId(uuid(&change.datastore_id, "change_datastore.datastore_id")?),
            name: change.name,
            default: maybe_version(&change.default_version_id, field)?,
        })
    }
}

impl TryFrom<wire::CreateVersion> for Order {
    type Error = DecodeError;

    fn try_from(create: wire::CreateVersion) -> Result<Self, DecodeError> {
        Ok(Self::CreateVersion {
            details: Box::new(message(create.version, "create_version.version")?),
            datastore_name: create.datastore_name,
            is_default: create.is_default,
        })
    }
}

impl TryFrom<wire::ChangeVersion> for Order {
    type Error = DecodeError;

    fn try_from(change: wire::ChangeVersion) -> Result<Self, DecodeError> {
        let details = Box::new(message(change.version, "change_version.version")?);
        Ok(Self::ChangeVersion { details, is_default: change.is_default })
    }
}

impl TryFrom<wire::DeleteDatastore> for Order {
    type Error = DecodeError;

    fn try_from(delete: wire::DeleteDatastore) -> Result<Self, DecodeError> {
        let id = DatastoreId(uuid(&delete.datastore_id, "delete_datastore.datastore_id")?);
        Ok(Self::DeleteDatastore { id })
    }
}

impl TryFrom<wire::DeleteVersion> for Order {
    type Error = DecodeError;

    fn try_from(delete: wire::DeleteVersion) -> Result<Self, DecodeError> {
        Ok(Self::DeleteVersion {
            id: VersionId(uuid(&delete.version_id, "delete_version.version_id")?),
            datastore: DatastoreId(uuid(&delete.datastore_id, "delete_version.datastore_id")?),
        })
    }
}

pub(super) fn maybe_version(
    bytes: &[u8],
    field: &'static str,
) -> Result<Option<VersionId>, DecodeError> {
    if bytes.is_empty() { Ok(None) } else { uuid(bytes, field).map(VersionId).map(Some) }
}

impl From<Rejection> for Reason {
    fn from(rejection: Rejection) -> Self {
        let cause = match rejection {
            Rejection::Datastore(datastore::Rejection::NameTaken { by }) => {
                return Self::NameTaken(NameTaken { version_id: uuid_bytes(by.0) });
            }
            Rejection::Datastore(datastore::Rejection::NotFound) => OfferCause::DatastoreNotFound,
            Rejection::Datastore(datastore::Rejection::Exists) => OfferCause::DatastoreExists,
            Rejection::Datastore(datastore::Rejection::NoSuchVersion) => OfferCause::NoSuchVersion,
            Rejection::Datastore(datastore::Rejection::HasVersions) => OfferCause::HasVersions,
            Rejection::Version(version::Rejection::NotFound) => OfferCause::VersionNotFound,
            Rejection::Version(version::Rejection::Exists) => OfferCause::VersionExists,
            Rejection::Version(version::Rejection::InUse(User::Instance)) => {
                OfferCause::VersionUsedByInstance
            }
            Rejection::Version(version::Rejection::InUse(User::Configuration)) => {
                OfferCause::VersionUsedByConfiguration
            }
            Rejection::Version(version::Rejection::Overtaken) => OfferCause::VersionOvertaken,
        };
        Self::Offer(Offer { cause: cause.into() })
    }
}

impl TryFrom<Offer> for Rejection {
    type Error = DecodeError;

    fn try_from(refused: Offer) -> Result<Self, DecodeError> {
        word(refused.cause, "offer.cause", |cause| {
            Some(match cause {
                OfferCause::Unspecified => return None,
                OfferCause::DatastoreNotFound => Self::Datastore(datastore::Rejection::NotFound),
                OfferCause::DatastoreExists => Self::Datastore(datastore::Rejection::Exists),
                OfferCause::NoSuchVersion => Self::Datastore(datastore::Rejection::NoSuchVersion),
                OfferCause::HasVersions => Self::Datastore(datastore::Rejection::HasVersions),
                OfferCause::VersionNotFound => Self::Version(version::Rejection::NotFound),
                OfferCause::VersionExists => Self::Version(version::Rejection::Exists),
                OfferCause::VersionUsedByInstance => {
                    Self::Version(version::Rejection::InUse(User::Instance))
                }
                OfferCause::VersionUsedByConfiguration => {
                    Self::Version(version::Rejection::InUse(User::Configuration))
                }
                OfferCause::VersionOvertaken => Self::Version(version::Rejection::Overtaken),
            })
        })
    }
}

impl TryFrom<NameTaken> for Rejection {
    type Error = DecodeError;

    fn try_from(taken: NameTaken) -> Result<Self, DecodeError> {
        let by = VersionId(uuid(&taken.version_id, "name_taken.version_id")?);
        Ok(Self::Datastore(datastore::Rejection::NameTaken { by }))
    }
}
