//! The stack's secrets: keys of the bus, of tokens and passwords, and everybody's log-ins.
//!
//! # Invariant
//! Each is made once and then kept; all stand in files that only the stack's user may read.

use super::place::{self, Place};
use anyhow::Context as _;
use bus::authority::{Authority, Identity};
use identity::users::Login;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Where processes find their keys.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) gateway: PathBuf,
    pub(crate) taskmanager: PathBuf,
    pub(crate) system: PathBuf,
    pub(crate) guest_mint: PathBuf,
    pub(crate) sealing: PathBuf,
    pub(crate) token: PathBuf,
    pub(crate) idempotency: PathBuf,
    pub(crate) users: PathBuf,
}

/// Makes sure that all keys are there.
pub(crate) fn ensure(place: &Place) -> anyhow::Result<(Keys, Authority, Vec<Login>)> {
    let keys = Keys {
        gateway: place.key("gateway.creds"),
        taskmanager: place.key("taskmanager.creds"),
        system: place.key("system.creds"),
        guest_mint: place.key("guest-mint.json"),
        sealing: place.key("sealing.key"),
        token: place.key("token.key"),
        idempotency: place.key("idempotency.key"),
        users: place.state().join("users.toml"),
    };
    let authority =
        Authority::create(&place.state().join("authority")).context("keys of the bus")?;
    for (identity, file) in [
        (Identity::Gateway, &keys.gateway),
        (Identity::Taskmanager, &keys.taskmanager),
        (Identity::Launcher, &keys.system),
    ] {
        authority.credentials(identity).store(file).context("credentials of the bus")?;
    }
    authority.write_guest_mint(&keys.guest_mint).context("the key that makes guests")?;
    identity::embedded::generate_key(&keys.token).context("the key of tokens")?;
    identity::embedded::generate_key(&keys.idempotency).context("the key of idempotency")?;
    let logins = identity::users::generate(&keys.users).context("users")?;
    Ok((keys, authority, logins))
}

/// Writes `clouds.yaml`, by which OpenStack's clients find the stack: a cloud `trove-<user>` for
/// each user. Gives its path.
pub(crate) fn write_clouds(
    place: &Place,
    logins: &[Login],
    api_port: u16,
) -> anyhow::Result<PathBuf> {
    let path = place.state().join("clouds.yaml");
    place::replace(&path, clouds(logins, api_port).as_bytes(), 0o600)?;
    Ok(path)
}

fn clouds(logins: &[Login], api_port: u16) -> String {
    let mut text =
        "# Written at each start of the stack; the users stand in users.toml.\nclouds:\n"
            .to_owned();
    for Login { user_name, password, project_name } in logins {
        // A JSON string is a YAML string, whatever is in it.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let (cloud, user) = (quoted(&format!("trove-{user_name}")), quoted(user_name));
        let (project, password) = (quoted(project_name), quoted(password.expose()));
        write!(
            text,
            "  {cloud}:
    auth_type: password
    auth:
      auth_url: http://127.0.0.1:{api_port}/identity/v3
      username: {user}
      password: {password}
      project_name: {project}
      user_domain_name: Default
      project_domain_name: Default
    region_name: {REGION}
    interface: public
    identity_api_version: \"3\"
"
        )
        .expect("a string takes every text");
    }
    text
}

/// The one region of a local stack.
pub(crate) const REGION: &str = "RegionOne";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_gets_a_cloud_and_no_name_breaks_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let users = directory.path().join("users.toml");
        let logins = identity::users::generate(&users).unwrap();
        let text = clouds(&logins, 1234);
        assert!(text.contains("  \"trove-admin\":\n") && text.contains("  \"trove-demo\":\n"));
        assert!(text.contains("auth_url: http://127.0.0.1:1234/identity/v3\n"));
        let odd = Login { user_name: "a\"b\n: c".to_owned(), ..logins[0].clone() };
        assert!(clouds(&[odd], 1).contains("username: \"a\\\"b\\n: c\"\n"));
    }
}
