//! What can be chosen from: datastores, their versions, and the versions' parameters.

use super::{ReadError, ReadModel};
use domain::aggregate::Key;
use domain::catalogue::Catalogue;
use domain::datastore::Datastore;
use domain::ids::VersionId;
use domain::version::{self, User, Version};

impl ReadModel {
    /// All datastores, by id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn datastores(&self) -> Result<Vec<Datastore>, ReadError> {
        self.all()
    }

    /// All versions of all datastores that may be used, by id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn versions(&self) -> Result<Vec<version::Details>, ReadError> {
        let versions: Vec<Version> = self.all()?;
        Ok(versions.iter().filter_map(|version| version.offered().cloned()).collect())
    }

    /// A version; the empty one when it is unknown.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn version(&self, id: VersionId) -> Result<Version, ReadError> {
        Ok(self.folded(id.into())?.state)
    }

    /// All versions whose deletion is being decided.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn withdrawn(&self) -> Result<Vec<VersionId>, ReadError> {
        let versions: Vec<Version> = self.all()?;
        let withdrawn = versions.iter().filter(|version| version.withdrawn.is_some());
        Ok(withdrawn.filter_map(|version| Some(version.details.as_ref()?.id)).collect())
    }

    /// What uses a version, if anything does: an instance before a configuration group.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn user_of(&self, version: VersionId) -> Result<Option<User>, ReadError> {
        let instances = self.instances(None, usize::MAX)?;
        if instances.iter().any(|live| live.spec.version.id == version) {
            return Ok(Some(User::Instance));
        }
        let groups = self.configurations(None, None, usize::MAX)?;
        let is_used = groups.iter().any(|group| group.spec.version == version);
        Ok(is_used.then_some(User::Configuration))
    }

    /// The parameters of a version; the empty catalogue when nothing is known of them.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn catalogue(&self, version: VersionId) -> Result<Catalogue, ReadError> {
        Ok(self.folded(Key::catalogue(version))?.state)
    }
}
