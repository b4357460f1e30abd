//! Clients of databases: those that come with the engines, which a user of the stack would take
//! as well.

use super::LIMIT;
use super::place::{self, wait_for};
use anyhow::{Context as _, ensure};
use images::{EngineImage, MARIADB_10_11, POSTGRESQL_15, Store};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};

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
    /// What makes a client answer each statement of many at once, in one session.
    session: &'static [&'static str],
}

/// What stands behind the rows of each statement of a session.
const END: &str = "end of rows";

/// A session that stays open, and is never opened again.
#[derive(Debug)]
pub struct SqlSession {
    client: Child,
    rows: mpsc::Receiver<String>,
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
        let options = Options {
            database: "--database",
            statements: "--execute",
            session: &["--unbuffered", "--skip-reconnect"],
        };
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
        let options = Options { database: "--dbname", statements: "--command", session: &[] };
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
        let output = self
            .command()
            .args([self.options.statements, statements])
            .output()
            .context("start the client")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// Opens a session that stays.
    ///
    /// # Errors
    /// The client can't be started.
    pub fn session(&self) -> anyhow::Result<SqlSession> {
        let mut client = self
            .command()
            .args(self.options.session)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the client")?;
        let output = client.stdout.take().context("no output")?;
        let (told, rows) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            // Nobody needs to listen.
            lines.for_each(|line| drop(told.send(line)));
        });
        Ok(SqlSession { client, rows })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.client);
        command
            .args(&self.arguments)
            .args(self.database.iter().map(|name| format!("{}={name}", self.options.database)))
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl SqlSession {
    /// Runs a statement; gives the rows, each with its columns between tabs.
    ///
    /// # Errors
    /// The server refused or ended the session, or does not answer.
    pub fn run(&mut self, statement: &str) -> anyhow::Result<Vec<String>> {
        let statements = self.client.stdin.as_mut().context("no input")?;
        writeln!(statements, "{statement};\nselect '{END}';").context("the session has ended")?;
        statements.flush()?;
        let mut rows = Vec::new();
        loop {
            let row = self.rows.recv_timeout(LIMIT).with_context(|| statement.to_owned())?;
            if row == END {
                return Ok(rows);
            }
            rows.push(row);
        }
    }
}

impl Drop for SqlSession {
    fn drop(&mut self) {
        if let Err(error) = self.client.kill().and_then(|()| self.client.wait()) {
            place::tell(&format!("The client of a session can't be ended: {error}"));
        }
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
