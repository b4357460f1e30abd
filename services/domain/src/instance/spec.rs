//! What a creation asks for, with every figure copied from flavor and version.

use crate::engine::Manager;
use crate::flavor::Flavor;
use crate::guest::Database;
use crate::ids::{ConfigurationId, DatastoreId, ImageId, ProjectId, SecretId, UserId, VersionId};
use serde::{Deserialize, Serialize};

/// What a creation asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Whose it is.
    pub project: ProjectId,
    /// Who asked.
    pub user: UserId,
    /// Its first name.
    pub name: String,
    /// Its size.
    pub flavor: Flavor,
    /// Its volume, in GiB.
    pub volume_gib: u32,
    /// The volume's type, as asked; without effect on the local provisioner.
    pub volume_type: Option<String>,
    /// Its datastore version.
    pub version: VersionRef,
    /// Databases to make at creation.
    pub databases: Vec<Database>,
    /// Users to make at creation.
    pub users: Vec<NewUser>,
    /// The network interface asked for, as recorded and shown.
    pub nics: Vec<Nic>,
    /// The availability zone asked for.
    pub availability_zone: Option<String>,
    /// The region that it is in.
    pub region: String,
    /// The scheduling wish, as recorded and shown.
    pub locality: Option<String>,
    /// Whether it was asked to be reachable from outside.
    pub is_public: Option<bool>,
    /// HMAC of the request's body, when it came under an idempotency key.
    pub body_hash: Option<Vec<u8>>,
    /// The configuration group that it is to follow from the start.
    pub configuration: Option<ConfigurationId>,
}

/// A datastore version, with the figures that stay true when it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRef {
    /// The datastore.
    pub datastore: DatastoreId,
    /// The datastore's name.
    pub datastore_name: String,
    /// The version.
    pub id: VersionId,
    /// The version's name.
    pub name: String,
    /// The engine's version number.
    pub number: String,
    /// Which manager runs it.
    pub manager: Manager,
    /// From which image.
    pub image: ImageId,
}

/// A user to make at creation; the password is stored elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUser {
    /// Its name.
    pub name: String,
    /// From where it may log in.
    pub host: String,
    /// Its password's reference.
    pub password: SecretId,
    /// The databases that it gets all rights on.
    pub databases: Vec<String>,
}

/// A network interface, as asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nic {
    /// The network.
    pub network: Option<String>,
    /// The subnet.
    pub subnet: Option<String>,
    /// The address.
    pub address: Option<String>,
}
