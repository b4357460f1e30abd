//! What can't be found, in the API's words.

/// What can't be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// A root that was never enabled.
    Root,
    /// Something with an id.
    Resource(String),
    /// A datastore, by name or id.
    Datastore(String),
    /// A datastore version, by name or id.
    Version(String),
    /// A parameter of a version.
    Parameter(String),
    /// A flavor.
    Flavor(String),
    /// A configuration group.
    Configuration(String),
    /// A backup.
    Backup(String),
    /// A cluster.
    Cluster(String),
    /// A counted resource.
    QuotaResource(String),
    /// A database inside an instance.
    Database(String),
    /// A user inside an instance.
    User(String),
    /// A log of an instance.
    Log(String),
}

impl Missing {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Root => "Root user has never been enabled on the instance.".to_owned(),
            Self::Resource(id) => format!("Resource {id} cannot be found."),
            Self::Datastore(name) => format!("Datastore '{name}' cannot be found."),
            Self::Version(name) => format!("Datastore version '{name}' cannot be found."),
            Self::Parameter(name) => format!("Configuration parameter {name} cannot be found."),
            Self::Flavor(id) => format!("Flavor {id} cannot be found."),
            Self::Configuration(id) => {
                format!("Configuration group id: {id} could not be found.")
            }
            Self::Backup(id) => format!("Backup {id} cannot be found."),
            Self::Cluster(id) => format!("Cluster '{id}' cannot be found."),
            Self::QuotaResource(word) => format!("Unknown quota resources {word}."),
            Self::Database(name) => format!("Database {name} cannot be found on the instance."),
            Self::User(name) => format!("User {name} cannot be found on the instance."),
            Self::Log(name) => format!("Log {name} cannot be found on the instance."),
        }
    }
}
