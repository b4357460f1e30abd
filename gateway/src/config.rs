//! The gateway's configuration: one TOML file, nothing from the environment, no hidden defaults.

use crate::dialect::Dialect;
use domain::flavor::Flavor;
use domain::ids::FlavorId;
use identity::embedded::PublicUrl;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything that a gateway is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Scheme, host and port by which clients reach it. Absent: `http` and the `Host` of each
    /// request, which is right unless a proxy stands in between.
    pub public_endpoint: Option<PublicUrl>,
    /// Its own directory; may be deleted at any time.
    pub state_dir: PathBuf,
    /// The read model's cache, in MiB.
    pub cache_mib: u64,
    /// The key under which bodies are hashed: 64 hex digits, the same for all gateways.
    pub idempotency_key_file: PathBuf,
    /// The region that every instance is in.
    pub region: String,
    /// How answers are written.
    pub dialect: Dialect,
    /// The datastore of an instance that names none.
    pub default_datastore: String,
    /// The largest volume, in GiB.
    pub volume_gib_max: u32,
    /// Entries of one page of a list.
    pub page_size: usize,
    /// The bus.
    pub nats: Nats,
    /// The embedded identity service.
    pub identity: IdentityFiles,
    /// The sizes of instances, in the order shown.
    pub flavors: Vec<Flavor>,
    /// Flavors that versions are bound to, by `datastore/version`; a version that does not stand
    /// here takes every flavor.
    #[serde(default)]
    pub version_flavors: BTreeMap<String, Vec<FlavorId>>,
    /// How long things may take, and how many there may be.
    pub limits: Limits,
    /// How often a project may ask.
    pub rate_limits: RateLimits,
}

/// How often a project may ask each gateway: requests per minute by verb; 0 is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    /// POST.
    pub post: u32,
    /// PUT.
    pub put: u32,
    /// DELETE.
    pub delete: u32,
    /// GET.
    pub get: u32,
    /// POST below `/mgmt`, besides counting as POST.
    pub mgmt_post: u32,
}

/// How the bus is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nats {
    /// The servers.
    pub urls: Vec<String>,
    /// The gateway's credentials file.
    pub credentials: PathBuf,
}

/// The files of the embedded identity service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityFiles {
    /// Users, projects and roles.
    pub users_file: PathBuf,
    /// The key that signs tokens, the same for all gateways.
    pub token_key_file: PathBuf,
}

/// How long things may take, and how many there may be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// A command, with all its tries, in milliseconds.
    pub command_ms: u64,
    /// Waiting for the read model to see a write, in milliseconds.
    pub read_your_write_ms: u64,
    /// Waiting for the result of a change inside a database, in milliseconds; as long as
    /// taskmanagers count on (their `action_answer_ms`).
    pub action_answer_ms: u64,
    /// A live question to a guest, in milliseconds.
    pub guest_query_ms: u64,
    /// How old a heartbeat may be for its figures to be shown, in milliseconds.
    pub heartbeat_age_ms: u64,
    /// Ending open requests when the gateway stops, in milliseconds.
    pub stop_ms: u64,
    /// Requests at once; more are refused.
    pub requests_max: usize,
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
    /// A value makes no sense.
    #[error("configuration: {0}")]
    Senseless(&'static str),
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
        check_flavors(&config.flavors)?;
        let bound = config.version_flavors.values().flatten();
        if bound.into_iter().any(|id| config.flavor(id.as_str()).is_none()) {
            return Err(ConfigError::Senseless("version_flavors names a flavor that is none"));
        }
        if config.volume_gib_max == 0 {
            return Err(ConfigError::Senseless("without a volume nothing can be made"));
        }
        if config.nats.urls.is_empty() {
            return Err(ConfigError::Senseless("nats.urls is empty"));
        }
        let limits = &config.limits;
        if config.page_size == 0 || limits.requests_max == 0 {
            return Err(ConfigError::Senseless("a limit of zero lets nothing through"));
        }
        Ok(config)
    }

    /// A flavor by id.
    pub(crate) fn flavor(&self, id: &str) -> Option<&Flavor> {
        self.flavors.iter().find(|flavor| flavor.id.as_str() == id)
    }

    /// The flavors that serve a version of these names.
    pub(crate) fn serving(&self, datastore: &str, version: &str) -> impl Iterator<Item = &Flavor> {
        let bound = self.version_flavors.get(&format!("{datastore}/{version}"));
        self.flavors.iter().filter(move |flavor| bound.is_none_or(|ids| ids.contains(&flavor.id)))
    }
}

fn check_flavors(flavors: &[Flavor]) -> Result<(), ConfigError> {
    if flavors.is_empty() {
        return Err(ConfigError::Senseless("without a flavor nothing can be made"));
    }
    let mut ids = BTreeSet::new();
    for flavor in flavors {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if flavor.id.as_str().is_empty() || !flavor.id.as_str().bytes().all(plain) {
            return Err(ConfigError::Senseless("a flavor's id is made of A-Z a-z 0-9 - _ ."));
        }
        if !ids.insert(&flavor.id) {
            return Err(ConfigError::Senseless("two flavors have the same id"));
        }
    }
    Ok(())
}

impl Limits {
    /// A command, with all its tries.
    pub(crate) fn command(&self) -> Duration {
        Duration::from_millis(self.command_ms)
    }

    /// Waiting for the read model.
    pub(crate) fn read_your_write(&self) -> Duration {
        Duration::from_millis(self.read_your_write_ms)
    }

    /// Waiting for the result of a change inside a database.
    pub(crate) fn action_answer(&self) -> Duration {
        Duration::from_millis(self.action_answer_ms)
    }

    /// A live question to a guest.
    pub(crate) fn guest_query(&self) -> Duration {
        Duration::from_millis(self.guest_query_ms)
    }

    /// The age of a heartbeat.
    pub(crate) fn heartbeat_age(&self) -> Duration {
        Duration::from_millis(self.heartbeat_age_ms)
    }

    /// Ending open requests.
    pub(crate) fn stop(&self) -> Duration {
        Duration::from_millis(self.stop_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../config/gateway.toml");

    #[test]
    fn the_example_is_a_configuration() {
        let config = Config::parse(EXAMPLE).unwrap();
        assert_eq!(config.volume_gib_max, 10);
        assert_eq!(config.page_size, 20);
        assert!(config.flavor("1").is_some());
    }

    #[test]
    fn unknown_words_and_senseless_values_are_refused() {
        let unknown = format!("surprise = 1\n{EXAMPLE}");
        assert!(matches!(Config::parse(&unknown), Err(ConfigError::Parse(_))));
        let senseless = EXAMPLE.replace("page_size = 20", "page_size = 0");
        assert!(matches!(Config::parse(&senseless), Err(ConfigError::Senseless(_))));
        let stranger = format!("{EXAMPLE}\n[version_flavors]\n\"mysql/8.4\" = [\"99\"]");
        assert!(matches!(Config::parse(&stranger), Err(ConfigError::Senseless(_))));
        let twice = EXAMPLE.replace("id = \"2\"", "id = \"1\"");
        assert!(matches!(Config::parse(&twice), Err(ConfigError::Senseless(_))));
    }
}
