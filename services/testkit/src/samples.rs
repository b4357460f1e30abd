//! Values that tests of several crates begin with.

use domain::engine::Manager;
use domain::flavor::Flavor;
use domain::ids::{DatastoreId, ImageId, VersionId};
use domain::instance::Spec;
use domain::instance::spec::VersionRef;
use uuid::Uuid;

/// The smallest thing that a creation asks for.
#[must_use]
pub fn spec(project: &str) -> Spec {
    Spec {
        project: project.into(),
        user: "u1".into(),
        name: "n".to_owned(),
        flavor: Flavor { id: "1".into(), name: "tiny".to_owned(), ram_mb: 256, vcpus: 1 },
        volume_gib: 1,
        volume_type: None,
        version: VersionRef {
            datastore: DatastoreId(Uuid::nil()),
            datastore_name: "mariadb".to_owned(),
            id: VersionId(Uuid::nil()),
            name: "10.11".to_owned(),
            number: "10.11.11".to_owned(),
            manager: Manager::Mariadb,
            image: ImageId(Uuid::nil()),
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
