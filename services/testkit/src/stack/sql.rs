//! A MySQL client: the unpacked `mariadb`, which a user of the stack would take as well.

use super::place::{self, wait_for};
use anyhow::{Context as _, ensure};
use images::{MARIADB_10_11, Store};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

/// How to reach one database as one user.
#[derive(Debug, Clone)]
pub struct Sql {
    client: PathBuf,
    arguments: Vec<String>,
    password: String,
}

impl Sql {
    /// A client for the instance as the API shows it.
    ///
    /// # Errors
    /// The instance has no address, or there is no client.
    pub fn to(instance: &Value, user: &str, password: &str) -> anyhow::Result<Self> {
        let address = &instance["addresses"][0];
        let host = address["address"].as_str().context("no address")?;
        let port = address["port"].as_u64().context("no port")?;
        let store = Store::open(&place::images_dir()?, Arc::new(()))?;
        let client = store.ensure_engine(&MARIADB_10_11)?.root.join("usr/bin/mariadb");
        let arguments = vec![
            "--no-defaults".to_owned(),
            "--protocol=tcp".to_owned(),
            "--connect-timeout=10".to_owned(),
            format!("--host={host}"),
            format!("--port={port}"),
            format!("--user={user}"),
            "--batch".to_owned(),
            "--skip-column-names".to_owned(),
        ];
        Ok(Self { client, arguments, password: password.to_owned() })
    }

    /// Waits until the server answers this user, as it does some moments after a start.
    ///
    /// # Panics
    /// It takes too long.
    #[must_use]
    pub fn ready(self) -> Self {
        wait_for("the server answers", || self.run("select 1").is_ok());
        self
    }

    /// Runs statements; gives the rows, each with its columns between tabs.
    ///
    /// # Errors
    /// The server refused; what it said is part of the error.
    pub fn run(&self, statements: &str) -> anyhow::Result<Vec<String>> {
        let output = Command::new(&self.client)
            .args(&self.arguments)
            .args(["--execute", statements])
            .env_clear()
            .env("MYSQL_PWD", &self.password)
            .output()
            .context("start the client")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }
}
