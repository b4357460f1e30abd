//! The first instance: made once through the public API, so that there is something to try.
//!
//! # Invariants
//! - One creation under one key: a repeat finds the first one's instance, and a deleted first
//!   instance stays deleted.
//! - The password stands in a private file before the instance is asked for.

use super::place::{self, Place};
use super::plane::Ready;
use crate::api::{Api, Created};
use crate::console::{Console, seconds};
use anyhow::Context as _;
use data_encoding::BASE32_DNSSEC;
use rand::Rng as _;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const KEY: &str = "first-instance";
const NAME: &str = "first";
const DATABASE: &str = "first";
const USER: &str = "demo";
const PROJECT: &str = "demo";
const PASSWORD_BYTES: usize = 15;
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Longer than all limits of a creation together.
const ACTIVE_MAX: Duration = Duration::from_secs(360);

/// Makes the first instance unless the project has one or had it, and shows how it becomes
/// active.
pub(crate) async fn run(place: &Place, ready: &Ready, console: &Console) -> anyhow::Result<()> {
    let Some(login) = ready.logins.iter().find(|login| login.project_name == PROJECT) else {
        return Ok(());
    };
    let api = Api::log_in(&ready.base, login).await?;
    let file = place.state().join("first-instance.cnf");
    let instances = api.instances().await?;
    if instances.iter().any(|instance| is_kept_in(&file, instance)) {
        console.say("The first instance is back:");
        show_connection(ready, &file, console);
    }
    if !instances.is_empty() {
        return Ok(());
    }
    let password = password(&file)?;
    let since = Instant::now();
    let id = match api.create(KEY, &body(&password)).await? {
        Created::Instance(id) => id,
        // Most likely it was made once and deleted, which is how its owner wants it.
        Created::Refused(reason) => {
            console.say(&format!("No first instance is made: {reason}"));
            return Ok(());
        }
    };
    console.say(&format!("Making a first instance, '{NAME}' ({id}), in project {PROJECT}:"));
    let Some(instance) = follow(&api, &id, since, console).await? else { return Ok(()) };
    let address = &instance["addresses"][0];
    let host = address["address"].as_str().context("it has no address")?;
    let port = address["port"].as_u64().context("it has no port")?;
    write(&file, &password, Some((host, port)))?;
    show_connection(ready, &file, console);
    Ok(())
}

fn show_connection(ready: &Ready, file: &Path, console: &Console) {
    console.plain(&format!(
        "\n  {} --defaults-extra-file={} {DATABASE}",
        ready.mariadb.display(),
        file.display()
    ));
}

/// Whether the file leads to that instance.
fn is_kept_in(file: &Path, instance: &Value) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    let address = instance["addresses"][0]["address"].as_str().unwrap_or_default();
    text.lines().any(|line| line.strip_prefix("host=") == Some(address))
}

/// Shows each change of the instance until it is active, and gives it as it is then; nothing if
/// it does not get there.
async fn follow(
    api: &Api,
    id: &str,
    since: Instant,
    console: &Console,
) -> anyhow::Result<Option<Value>> {
    let mut shown = String::new();
    while since.elapsed() < ACTIVE_MAX {
        let Some(instance) = api.instance(id).await? else {
            console.say("  It was deleted.");
            return Ok(None);
        };
        let phase = phase(&instance);
        if phase != shown {
            console.say(&format!("  {} after {}", phase, seconds(since.elapsed())));
            shown = phase;
        }
        match instance["status"].as_str() {
            Some("ACTIVE") => return Ok(Some(instance)),
            Some("ERROR") => {
                console.say(&format!("  {}", instance["fault"]["message"]));
                return Ok(None);
            }
            Some(_) | None => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    anyhow::bail!("it is not active after {}", seconds(ACTIVE_MAX))
}

fn phase(instance: &Value) -> String {
    let word = |key: &str| instance[key].as_str().unwrap_or_default();
    let address = &instance["addresses"][0];
    let at = match (address["address"].as_str(), address["port"].as_u64()) {
        (Some(host), Some(port)) => format!(" at {host}:{port}"),
        _ => String::new(),
    };
    let words = [word("status"), word("operating_status")].join(" ");
    format!("{}{at}", words.trim_end())
}

fn body(password: &str) -> Value {
    json!({"instance": {
        "name": NAME,
        "flavorRef": "1",
        "volume": {"size": 1},
        "datastore": {"type": "mariadb", "version": "10.11"},
        "databases": [{"name": DATABASE}],
        "users": [{"name": USER, "password": password, "databases": [{"name": DATABASE}]}],
    }})
}

/// The password in the file, made and written there first if there is none.
fn password(file: &Path) -> anyhow::Result<String> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).context("read the first instance's password"),
    };
    if let Some(password) = text.lines().find_map(|line| line.strip_prefix("password=")) {
        return Ok(password.to_owned());
    }
    let mut bytes = [0; PASSWORD_BYTES];
    rand::rng().fill(&mut bytes);
    let password = BASE32_DNSSEC.encode(&bytes);
    write(file, &password, None)?;
    Ok(password)
}

/// Writes the client's options: who logs in, and where once that is known.
fn write(file: &Path, password: &str, at: Option<(&str, u64)>) -> anyhow::Result<()> {
    let mut text = format!("[client]\nuser={USER}\npassword={password}\n");
    if let Some((host, port)) = at {
        text.push_str(&format!("host={host}\nport={port}\n"));
    }
    place::replace(file, text.as_bytes(), 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_made_once_and_survives_the_address() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("first.cnf");
        let made = password(&file).unwrap();
        assert_eq!(made.len(), 24);
        write(&file, &made, Some(("127.1.2.3", 3306))).unwrap();
        assert_eq!(password(&file).unwrap(), made);
        assert!(fs::read_to_string(&file).unwrap().contains("host=127.1.2.3\nport=3306\n"));
    }
}
