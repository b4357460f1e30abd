//! What several samples are made of.

use domain::commit::Actor;
use domain::engine::Manager;
use domain::flavor::Flavor;
use domain::guest::Database;
use domain::ids::{DatastoreId, ImageId, SecretId, VersionId};
use domain::instance::Spec;
use domain::instance::action::Account;
use domain::instance::spec::{NewUser, Nic, VersionRef};
use domain::quota::Overrides;
use domain::time::Timestamp;
use uuid::Uuid;

/// 2025-06-15T12:30:45.678Z.
pub(super) const NOW: Timestamp = Timestamp(1_749_990_645_678);

/// A while after [`NOW`].
pub(super) const LATER: Timestamp = Timestamp(1_749_990_675_000);

/// A UUID that shows in a dump which sample it is of.
pub(super) fn id(number: u8) -> Uuid {
    Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 | u128::from(number))
}

pub(super) fn user() -> Actor {
    Actor::User {
        user_id: "5f0c".into(),
        project_id: "a11ce".into(),
        roles: vec!["member".to_owned(), "reader".to_owned()],
    }
}

/// A spec that says everything that can be said.
pub(super) fn spec() -> Spec {
    Spec {
        volume_type: Some("ssd".to_owned()),
        databases: vec![
            database(),
            Database { name: "x".to_owned(), charset: None, collation: None },
        ],
        users: vec![NewUser {
            name: "app".to_owned(),
            host: "10.0.0.%".to_owned(),
            password: SecretId(id(9)),
            databases: vec!["shop".to_owned()],
        }],
        nics: vec![Nic {
            network: Some("net".to_owned()),
            subnet: Some("sub".to_owned()),
            address: Some("10.1.2.3".to_owned()),
        }],
        availability_zone: Some("nova".to_owned()),
        locality: Some("affinity".to_owned()),
        is_public: Some(false),
        body_hash: Some(vec![0xAB; 32]),
        ..bare_spec()
    }
}

/// A spec that says no more than it must.
pub(super) fn bare_spec() -> Spec {
    Spec {
        project: "a11ce".into(),
        user: "5f0c".into(),
        name: "orders".to_owned(),
        flavor: Flavor { id: "2".into(), name: "db.small".to_owned(), ram_mb: 1024, vcpus: 2 },
        volume_gib: 5,
        volume_type: None,
        version: VersionRef {
            datastore: DatastoreId(id(3)),
            datastore_name: "mariadb".to_owned(),
            id: VersionId(id(4)),
            name: "10.11".to_owned(),
            number: "10.11.11".to_owned(),
            manager: Manager::Mariadb,
            image: ImageId(id(5)),
        },
        databases: Vec::new(),
        users: Vec::new(),
        nics: Vec::new(),
        availability_zone: None,
        region: "RegionOne".to_owned(),
        locality: None,
        is_public: None,
        body_hash: None,
        configuration: None,
    }
}

pub(super) fn database() -> Database {
    Database {
        name: "shop".to_owned(),
        charset: Some("utf8mb4".to_owned()),
        collation: Some("utf8mb4_bin".to_owned()),
    }
}

pub(super) fn account() -> Account {
    Account { name: "app".to_owned(), host: "10.0.0.%".to_owned() }
}

/// Figures of a project, each of its own.
pub(super) fn overrides() -> Overrides {
    Overrides { instances: Some(102), ram_mb: Some(-1), volumes_gib: Some(0), backups: Some(6) }
}
