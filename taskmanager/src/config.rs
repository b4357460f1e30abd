//! The taskmanager's configuration: one TOML file, nothing from the environment, no hidden
//! defaults.

use domain::engine::Manager;
use domain::ids::ImageId;
use domain::limits::Limits;
use domain::quota::Quotas;
use eventlog::durability::Durability;
use serde::Deserialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Everything that a taskmanager is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its own directory: its id and its read model. Locked while it runs.
    pub state_dir: PathBuf,
    /// The read model's cache, in MiB.
    pub cache_mib: u64,
    /// Whether the log must prove that it can survive a power cut.
    pub durability: Durability,
    /// The key that passwords are sealed to; 0600, the same for all taskmanagers, made by the
    /// first.
    pub sealing_key_file: PathBuf,
    /// The bus.
    pub nats: Nats,
    /// What a project may use unless it has figures of its own.
    pub quotas: Quotas,
    /// How long steps may take.
    pub limits: Limits,
    /// What users can choose from.
    pub datastores: Vec<Datastore>,
    /// The provisioner of this host.
    pub local: Local,
}

/// How the bus is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nats {
    /// The servers, as this process reaches them.
    pub urls: Vec<String>,
    /// The taskmanager's credentials file.
    pub credentials: PathBuf,
    /// Credentials of the system account, by which durability is proven.
    pub system_credentials: PathBuf,
    /// The key that mints guests' credentials, and nobody else's.
    pub guest_mint: PathBuf,
    /// The servers, as guests reach them.
    pub guest_urls: Vec<String>,
}

/// A datastore with its versions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datastore {
    /// Its name.
    pub name: String,
    /// The name of the version that an instance gets that names none.
    pub default_version: String,
    /// Its versions.
    pub versions: Vec<Version>,
}

/// A datastore version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Its name.
    pub name: String,
    /// The engine's version number.
    pub number: String,
    /// Which manager runs it.
    pub manager: Manager,
    /// The image that it runs from.
    pub image: ImageId,
    /// Its packages, for administrators to read.
    pub packages: Vec<String>,
    /// Whether new instances may use it.
    pub active: bool,
}

/// The `local` provisioner.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// This host's name; it keeps it for as long as it has instances.
    pub host: String,
    /// The stack's directory: volumes, fences, locks.
    pub stack_dir: PathBuf,
    /// Where instances' directories lie; every user must be able to pass through when each
    /// instance has a uid of its own.
    pub instances_dir: PathBuf,
    /// Unpacked engines and templates.
    pub images_dir: PathBuf,
    /// The program `trove-guestagent`.
    pub guestagent: PathBuf,
}

/// Why the configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("read configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not the TOML that is meant.
    #[error("parse configuration")]
    Parse(#[from] toml::de::Error),
    /// A datastore's default version is not among its versions.
    #[error("datastore {0}: its default version is not among its versions")]
    NoDefault(String),
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// When it can't be used; the error says where.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it can't be used; the error says where.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)?;
        for datastore in &config.datastores {
            let is_default = |version: &Version| version.name == datastore.default_version;
            if !datastore.versions.iter().any(is_default) {
                return Err(ConfigError::NoDefault(datastore.name.clone()));
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../config/taskmanager.toml");

    #[test]
    fn the_example_is_a_configuration_with_upstreams_figures() {
        let config = Config::parse(EXAMPLE).unwrap();
        assert_eq!(config.limits, Limits::PRODUCTION);
        assert_eq!(config.quotas.instances, 10);
        assert_eq!(config.durability, Durability::Required);
    }

    #[test]
    fn a_default_version_that_does_not_exist_is_refused() {
        let text = EXAMPLE.replace("default_version = \"10.11\"", "default_version = \"9.9\"");
        assert!(matches!(Config::parse(&text), Err(ConfigError::NoDefault(_))));
        let text = format!("surprise = 1\n{EXAMPLE}");
        assert!(matches!(Config::parse(&text), Err(ConfigError::Parse(_))));
    }
}
