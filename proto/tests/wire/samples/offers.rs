//! Orders about datastores and versions, and why they are refused.

use super::Sample;
use super::commands::{COMMAND, REPLY, envelope};
use super::common::{id, user};
use super::events::others::full_details;
use domain::command::{Body, Rejection, Reply};
use domain::ids::{DatastoreId, VersionId};
use domain::offer::{self, Order};
use domain::{datastore, version};

pub(super) fn all() -> Vec<Sample> {
    let mut samples: Vec<Sample> = orders()
        .into_iter()
        .map(|(ending, order)| {
            let name = format!("command.{}{ending}", word(&order));
            Sample::new(name, COMMAND, &envelope(user(), Body::Offer(order)))
        })
        .collect();
    samples.extend(rejections().map(|rejection| {
        let cause = cause_word(rejection);
        // A taken name has a message of its own.
        let offer = if cause == "name_taken" { "" } else { "offer." };
        let name = format!("reply.rejected.{offer}{cause}");
        let reply: Reply = Err(Rejection::Offer(rejection));
        Sample::new(name, REPLY, &reply)
    }));
    samples
}

pub(super) fn word(order: &Order) -> &'static str {
    match order {
        Order::CreateDatastore { .. } => "create_datastore",
        Order::ChangeDatastore { .. } => "change_datastore",
        Order::DeleteDatastore { .. } => "delete_datastore",
        Order::CreateVersion { .. } => "create_version",
        Order::ChangeVersion { .. } => "change_version",
        Order::DeleteVersion { .. } => "delete_version",
    }
}

fn orders() -> [(&'static str, Order); 9] {
    let (datastore, version) = (DatastoreId(id(3)), VersionId(id(4)));
    let details = || Box::new(full_details());
    [
        ("", Order::CreateDatastore { id: datastore, name: "mariadb".to_owned() }),
        (
            "",
            Order::ChangeDatastore {
                id: datastore,
                name: Some("maria".to_owned()),
                default: Some(version),
            },
        ),
        (".bare", Order::ChangeDatastore { id: datastore, name: None, default: None }),
        ("", Order::DeleteDatastore { id: datastore }),
        (
            "",
            Order::CreateVersion {
                details: details(),
                datastore_name: Some("mariadb".to_owned()),
                is_default: true,
            },
        ),
        (
            ".bare",
            Order::CreateVersion { details: details(), datastore_name: None, is_default: false },
        ),
        ("", Order::ChangeVersion { details: details(), is_default: Some(false) }),
        (".bare", Order::ChangeVersion { details: details(), is_default: None }),
        ("", Order::DeleteVersion { id: version, datastore }),
    ]
}

pub(super) fn cause_word(rejection: offer::Rejection) -> &'static str {
    match rejection {
        offer::Rejection::Datastore(rejection) => match rejection {
            datastore::Rejection::NotFound => "datastore_not_found",
            datastore::Rejection::Exists => "datastore_exists",
            datastore::Rejection::NameTaken { .. } => "name_taken",
            datastore::Rejection::NoSuchVersion => "no_such_version",
            datastore::Rejection::HasVersions => "has_versions",
        },
        offer::Rejection::Version(rejection) => match rejection {
            version::Rejection::NotFound => "version_not_found",
            version::Rejection::Exists => "version_exists",
            version::Rejection::InUse(version::User::Instance) => "version_used_by_instance",
            version::Rejection::InUse(version::User::Configuration) => {
                "version_used_by_configuration"
            }
            version::Rejection::Overtaken => "version_overtaken",
        },
    }
}

fn rejections() -> impl Iterator<Item = offer::Rejection> {
    let datastore = [
        datastore::Rejection::NotFound,
        datastore::Rejection::Exists,
        datastore::Rejection::NameTaken { by: VersionId(id(4)) },
        datastore::Rejection::NoSuchVersion,
        datastore::Rejection::HasVersions,
    ];
    let version = [
        version::Rejection::NotFound,
        version::Rejection::Exists,
        version::Rejection::InUse(version::User::Instance),
        version::Rejection::InUse(version::User::Configuration),
        version::Rejection::Overtaken,
    ];
    let datastore = datastore.into_iter().map(offer::Rejection::Datastore);
    datastore.chain(version.into_iter().map(offer::Rejection::Version))
}
