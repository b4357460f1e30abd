//! The datastores and their versions, as the log knows them, ready to be looked up by name or id.

use crate::fault::{Fault, Missing};
use domain::datastore::Datastore;
use domain::ids::{DatastoreId, VersionId};
use domain::version::Details;
use readmodel::{ReadError, ReadModel};

/// All datastores by name, and all versions by number, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Catalogue {
    datastores: Vec<Entry>,
    versions: Vec<Details>,
}

/// A registered datastore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: DatastoreId,
    pub(crate) name: String,
    pub(crate) default_version: Option<VersionId>,
}

impl Catalogue {
    /// The catalogue as it stands now.
    pub(crate) fn load(read_model: &ReadModel) -> Result<Self, ReadError> {
        Ok(Self::of(read_model.datastores()?, read_model.versions()?))
    }

    fn of(datastores: Vec<Datastore>, mut versions: Vec<Details>) -> Self {
        let mut datastores: Vec<Entry> = datastores
            .into_iter()
            .filter_map(|datastore| match datastore {
                Datastore::Absent | Datastore::Deleted => None,
                Datastore::Registered { id, name, default_version, .. } => {
                    Some(Entry { id, name, default_version })
                }
            })
            .collect();
        datastores.sort_by(|a, b| a.name.cmp(&b.name));
        versions.sort_by_key(|version| (numbers(&version.number), version.id));
        versions.reverse();
        Self { datastores, versions }
    }

    /// All datastores.
    pub(crate) fn datastores(&self) -> &[Entry] {
        &self.datastores
    }

    /// A datastore by id or name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn datastore(&self, wanted: &str) -> Result<&Entry, Fault> {
        let by_id = self.datastores.iter().find(|entry| is_id(entry.id.0, wanted));
        by_id
            .or_else(|| self.datastores.iter().find(|entry| entry.name == wanted))
            .ok_or_else(|| Fault::NotFound(Missing::Datastore(shown(wanted))))
    }

    /// The versions of a datastore.
    pub(crate) fn versions_of(&self, datastore: DatastoreId) -> impl Iterator<Item = &Details> {
        self.versions.iter().filter(move |version| version.datastore == datastore)
    }

    /// A version of any datastore, by id.
    pub(crate) fn version(&self, wanted: &str) -> Option<&Details> {
        self.versions.iter().find(|version| is_id(version.id.0, wanted))
    }

    /// The names of a datastore and of one of its versions; their ids are what never changes.
    pub(crate) fn names(&self, datastore: DatastoreId, version: VersionId) -> (&str, &str) {
        let entry = self.datastores.iter().find(|entry| entry.id == datastore);
        let details = self.versions.iter().find(|details| details.id == version);
        (entry.map_or("", |entry| &entry.name), details.map_or("", |details| &details.name))
    }

    /// A version's number.
    pub(crate) fn number(&self, version: VersionId) -> &str {
        let details = self.versions.iter().find(|details| details.id == version);
        details.map_or("", |details| &details.number)
    }

    /// The versions of a datastore that `wanted` may mean: the one of this id, or all of this
    /// name.
    pub(crate) fn versions_named<'a>(
        &'a self,
        datastore: DatastoreId,
        wanted: &'a str,
    ) -> Vec<&'a Details> {
        let mut found: Vec<&Details> =
            self.versions_of(datastore).filter(|version| is_id(version.id.0, wanted)).collect();
        if found.is_empty() {
            found = self.versions_of(datastore).filter(|version| version.name == wanted).collect();
        }
        found
    }
}

/// What a client wrote, cut to a length that can be read.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn is_id(id: uuid::Uuid, wanted: &str) -> bool {
    wanted.parse() == Ok(id)
}

/// The numbers of a version, so that 10.11 stands above 10.6.
fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::engine::Manager;
    use domain::ids::ImageId;
    use uuid::Uuid;

    fn version(id: u128, number: &str) -> Details {
        Details {
            id: VersionId(Uuid::from_u128(id)),
            datastore: DatastoreId(Uuid::from_u128(1)),
            name: number.to_owned(),
            number: number.to_owned(),
            manager: Manager::Mariadb,
            image: Some(ImageId(Uuid::from_u128(2))),
            packages: Vec::new(),
            active: true,
            image_tags: Vec::new(),
            registry_ext: None,
            repl_strategy: None,
        }
    }

    #[test]
    fn the_newest_version_comes_first() {
        let versions = vec![version(1, "10.6.2"), version(2, "10.11.1"), version(3, "9.9")];
        let catalogue = Catalogue::of(Vec::new(), versions);
        let datastore = DatastoreId(Uuid::from_u128(1));
        let names: Vec<&str> =
            catalogue.versions_of(datastore).map(|version| version.name.as_str()).collect();
        assert_eq!(names, ["10.11.1", "10.6.2", "9.9"]);
    }
}
