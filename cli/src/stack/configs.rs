//! The configurations that the launcher writes for gateways and taskmanagers.
//!
//! The figures of a local stack stand here; `config/` has those of production.

use super::keys::{Keys, REGION};
use super::place::{self, Place};
use super::programs::{Datastore, OFFERS, Offer};
use super::settings::Dialect;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use toml::{Table, toml};

/// What of a stack matters to whoever works with its images.
#[derive(Debug, Deserialize)]
pub(crate) struct Local {
    pub(crate) images_dir: PathBuf,
    pub(crate) instances_dir: PathBuf,
    pub(crate) guestagent: PathBuf,
}

/// What the first taskmanager of the stack in `state` was told last; nothing where none was.
pub(crate) fn local(state: &Path) -> anyhow::Result<Option<Local>> {
    #[derive(Deserialize)]
    struct Told {
        local: Local,
    }
    let path = state.join("run/taskmanager-0.toml");
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.with_context(|| format!("read {}", path.display()))?,
    };
    let told: Told =
        toml::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
    Ok(Some(told.local))
}

/// What a process's configuration is made of, apart from its own name and port.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) place: &'a Place,
    pub(crate) keys: &'a Keys,
    pub(crate) nats_url: &'a str,
    pub(crate) images_dir: &'a Path,
    /// In the order of the offers.
    pub(crate) engines: &'a [images::EngineImage],
    pub(crate) guestagent: &'a Path,
    pub(crate) limits_divisor: u64,
    pub(crate) dialect: Dialect,
}

impl Parts<'_> {
    /// Writes the configuration of the gateway `name`; gives its path.
    pub(crate) fn write_gateway(&self, name: &str, port: u16) -> anyhow::Result<PathBuf> {
        let mut config = toml! {
            listen = ""
            cache_mib = 32
            default_datastore = "mariadb"
            volume_gib_max = 50
            page_size = 20

            [limits]
            command_ms = 10_000
            read_your_write_ms = 2_000
            action_answer_ms = 10_000
            guest_query_ms = 5_000
            heartbeat_age_ms = 60_000
            stop_ms = 5_000
            requests_max = 256

            [rate_limits]
            post = 600_000
            put = 600_000
            delete = 600_000
            get = 600_000
            mgmt_post = 600_000
        };
        config["listen"] = format!("127.0.0.1:{port}").into();
        set(&mut config, "region", REGION);
        set(&mut config, "dialect", self.dialect);
        set(&mut config, "state_dir", self.place.state().join(name));
        set(&mut config, "idempotency_key_file", &self.keys.idempotency);
        set(&mut config, "flavors", flavors());
        let mut nats = Table::new();
        set(&mut nats, "urls", [self.nats_url]);
        set(&mut nats, "credentials", &self.keys.gateway);
        set(&mut config, "nats", nats);
        let mut identity = Table::new();
        set(&mut identity, "users_file", &self.keys.users);
        set(&mut identity, "token_key_file", &self.keys.token);
        set(&mut config, "identity", identity);
        self.write(name, &config)
    }

    /// Writes the configuration of the taskmanager `name`; gives its path.
    pub(crate) fn write_taskmanager(&self, name: &str) -> anyhow::Result<PathBuf> {
        let mut config = toml! {
            cache_mib = 32
            durability = "required"

            [quotas]
            instances = 50
            ram_mb = -1
            volumes_gib = 200
            backups = 50
        };
        set(&mut config, "state_dir", self.place.state().join(name));
        set(&mut config, "sealing_key_file", &self.keys.sealing);
        set(&mut config, "limits", limits(self.limits_divisor));
        let mut nats = Table::new();
        set(&mut nats, "urls", [self.nats_url]);
        set(&mut nats, "credentials", &self.keys.taskmanager);
        set(&mut nats, "system_credentials", &self.keys.system);
        set(&mut nats, "guest_mint", &self.keys.guest_mint);
        set(&mut nats, "guest_urls", [self.nats_url]);
        set(&mut config, "nats", nats);
        let datastores: Vec<Table> = OFFERS
            .iter()
            .zip(self.engines)
            .flat_map(|(offer, image)| {
                offer.datastores.iter().map(|served| datastore(offer, served, image))
            })
            .collect();
        set(&mut config, "datastores", datastores);
        let mut local = Table::new();
        set(&mut local, "host", format!("local-{}", self.place.id()));
        set(&mut local, "stack_dir", self.place.state());
        set(&mut local, "instances_dir", self.place.instances());
        set(&mut local, "images_dir", self.images_dir);
        set(&mut local, "guestagent", self.guestagent);
        set(&mut config, "local", local);
        self.write(name, &config)
    }

    fn write(&self, name: &str, config: &Table) -> anyhow::Result<PathBuf> {
        let path = self.place.state().join("run").join(format!("{name}.toml"));
        let text = toml::to_string(config).expect("tables of plain values fit into TOML");
        place::replace(&path, text.as_bytes(), 0o600)?;
        Ok(path)
    }
}

/// A datastore with its one version.
fn datastore(offer: &Offer, served: &Datastore, image: &images::EngineImage) -> Table {
    let mut version = Table::new();
    set(&mut version, "name", served.version);
    set(&mut version, "number", &image.version_number);
    set(&mut version, "manager", served.manager);
    set(&mut version, "image", image.id);
    let package = offer.recipe.packages.first().copied().unwrap_or_default();
    set(&mut version, "packages", [format!("{package}={}", image.package_version)]);
    set(&mut version, "active", true);
    let mut datastore = Table::new();
    set(&mut datastore, "name", served.name);
    set(&mut datastore, "default_version", served.version);
    set(&mut datastore, "versions", [version]);
    datastore
}

fn set(table: &mut Table, key: &str, value: impl Serialize) {
    let value = toml::Value::try_from(value).expect("plain values fit into TOML");
    table.insert(key.to_owned(), value);
}

fn flavors() -> Vec<Table> {
    [
        ("1", "db.tiny", 256, 1),
        ("2", "db.small", 512, 1),
        ("3", "db.medium", 1024, 1),
        ("4", "db.large", 2048, 2),
    ]
    .into_iter()
    .map(|(id, name, ram_mb, vcpus)| {
        let mut flavor = Table::new();
        set(&mut flavor, "id", id);
        set(&mut flavor, "name", name);
        set(&mut flavor, "ram_mb", ram_mb);
        set(&mut flavor, "vcpus", vcpus);
        flavor
    })
    .collect()
}

/// The figures of production, each divided.
fn limits(divisor: u64) -> Table {
    let mut table = toml! {
        place_ms = 30_000
        volume_ms = 30_000
        guest_ms = 30_000
        agent_report_ms = 60_000
        prepare_ms = 120_000
        action_ms = 120_000
        restart_ms = 120_000
        resize_room_ms = 30_000
        resize_grow_ms = 300_000
        resize_apply_ms = 300_000
        resize_settle_ms = 60_000
        delete_step_ms = 60_000
        claim_ms = 15_000
        reservation_ms = 30_000
        heartbeat_ms = 10_000
        silence_ms = 60_000
        desired_poll_ms = 300_000
    };
    let divisor = i64::try_from(divisor).unwrap_or(i64::MAX);
    for (_, value) in table.iter_mut() {
        let whole = value.as_integer().expect("all of them are whole numbers");
        *value = (whole / divisor).into();
    }
    // Gateways wait as long, undivided: a failure that a caller was told is no fault besides.
    table.insert("action_answer_ms".to_owned(), 10_000.into());
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_divided_as_asked() {
        assert_eq!(limits(1)["heartbeat_ms"].as_integer(), Some(10_000));
        assert_eq!(limits(10)["heartbeat_ms"].as_integer(), Some(1_000));
    }
}
