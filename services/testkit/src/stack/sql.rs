//! Clients of databases: those that come with the engines, which a user of the stack would take
//! as well.

use super::place::{self, wait_for};
use anyhow::{Context as _, ensure};
use images::{EngineImage, MARIADB_10_11, POSTGRESQL_15, Store};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

/// How to reach a server as one user.
#[derive(Debug, Clone)]
pub struct Sql {
    client: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    /// The arguments before the database and before the statements.
    options: Options,
    database: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Options {
    database: &'static str,
    statements: &'static str,
}

impl Sql {
    /// The client of an instance's engine, for the instance as the API shows it.
    ///
    /// # Errors
    /// The instance has no address, or there is no client.
    pub fn to(instance: &Value, user: &str, password: &str) -> anyhow::Result<Self> {
        let address = address(instance)?;
        match instance["datastore"]["type"].as_str() {
            Some("postgresql") => Self::psql(address, user, password),
            Some(_) | None => Self::mariadb(address, user, password),
        }
    }

    fn mariadb((host, port): (&str, u64), user: &str, password: &str) -> anyhow::Result<Self> {
        let client = image(&MARIADB_10_11)?.root.join("usr/bin/mariadb");
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
        let environment = vec![("MYSQL_PWD", password.to_owned())];
        let options = Options { database: "--database", statements: "--execute" };
        Ok(Self { client, arguments, environment, options, database: None })
    }

    fn psql((host, port): (&str, u64), user: &str, password: &str) -> anyhow::Result<Self> {
        let image = image(&POSTGRESQL_15)?;
        let arguments = vec![
            "--no-psqlrc".to_owned(),
            "--no-password".to_owned(),
            "--quiet".to_owned(),
            "--tuples-only".to_owned(),
            "--no-align".to_owned(),
            "--field-separator=\t".to_owned(),
            "--set=ON_ERROR_STOP=1".to_owned(),
            format!("--host={host}"),
            format!("--port={port}"),
            format!("--username={user}"),
        ];
        let environment = vec![
            ("PGPASSWORD", password.to_owned()),
            ("PGCONNECT_TIMEOUT", "10".to_owned()),
            ("LOCPATH", image.root.join("usr/lib/locale").display().to_string()),
        ];
        let client = image.root.join("usr/lib/postgresql/current/bin/psql");
        let options = Options { database: "--dbname", statements: "--command" };
        Ok(Self { client, arguments, environment, options, database: None })
    }

    /// The same in one database, instead of the one that the client takes by itself: with
    /// MariaDB's none, with PostgreSQL's the one of the user's name.
    #[must_use]
    pub fn within(self, database: &str) -> Self {
        Self { database: Some(database.to_owned()), ..self }
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
            .args(self.database.iter().map(|name| format!("{}={name}", self.options.database)))
            .args([self.options.statements, statements])
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .context("start the client")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }
}

fn address(instance: &Value) -> anyhow::Result<(&str, u64)> {
    let address = &instance["addresses"][0];
    let host = address["address"].as_str().context("no address")?;
    Ok((host, address["port"].as_u64().context("no port")?))
}

fn image(recipe: &images::Recipe) -> anyhow::Result<EngineImage> {
    let store = Store::open(&place::images_dir()?, Arc::new(()))?;
    Ok(store.ensure_engine(recipe)?)
}
