//! PostgreSQL, as its agent sees it: over its unix socket, as the administrator.
//!
//! # Invariants
//! - The agent's rights are without limit, and databases hold what tenants made: no session of
//!   the agent's resolves a name, or takes a setting, from the database that it is in.
//! - A tenant's account never has SUPERUSER, CREATEROLE or REPLICATION, nor a role that reaches
//!   files or programs. Each of these is the server's own user in the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::engine::Line;
use domain::engine::postgresql::{ADMIN, entry_rules, logs, settings_file};
use domain::guest::{Database, Page, UserSeen};
use domain::guest_spec::{CommandLine, Layout};
use domain::instance::action::Account;
use tokio::sync::Mutex;

use super::{
    Attempt, BadSetting, Change, DatabaseEngine, EngineError, Entry, Guard, Listed, Taken, User,
    is_of_starter, within,
};
use session::{Place, Session};
use sql::{identifier, string};

mod change;
mod guard;
mod look;
pub(super) mod own;
mod parameters;
mod rights;
mod root;
mod session;
mod settings;
mod sql;
pub(super) mod template;

/// The administrator's password in a template: known to all, and replaced in every instance by
/// the first session that its agent has. Until then nobody else can reach the server by it.
const TEMPLATE_PASSWORD: &str = "template";

/// How long a server that is well may take to answer.
const PING_MAX: Duration = Duration::from_secs(2);
/// How long a change may take; making a database copies some hundred files.
const CHANGE_MAX: Duration = Duration::from_secs(60);
/// How long it may take to find something out; whoever asks waits for it.
const LOOK_MAX: Duration = Duration::from_secs(4);

/// What each start says when the settings are read.
const STARTING: &str = "starting PostgreSQL";
/// What each end says that is no crash.
const STOPPED: &str = "database system is shut down";
/// What words a line says something went wrong with.
const COMPLAINTS: [&str; 7] = [
    "FATAL:",
    "PANIC:",
    "ERROR:",
    "invalid value for parameter",
    "outside the valid range",
    "unrecognized configuration parameter",
    "syntax error in file",
];

/// Who is let in from where. The agent comes by the socket only, and nobody else does.
const ENTRY_RULES: &str = "local all os_admin scram-sha-256\n\
                           local all all reject\n\
                           host all os_admin all reject\n\
                           host all all all scram-sha-256\n";

/// A PostgreSQL server.
pub(crate) struct Postgresql {
    place: Place,
    password: String,
    /// How the server is started.
    server: CommandLine,
    entry_file: PathBuf,
    settings_file: PathBuf,
    /// Whether the settings file that is written next has users only read.
    is_to_guard: AtomicBool,
    /// Whether the one that the server has read did.
    is_guarded: AtomicBool,
    /// Kept, so that a tenant who takes all connections does not look like an outage.
    pinged: Mutex<Option<Session>>,
}

impl Postgresql {
    /// The server in an instance's directory, which is started by this command line.
    pub(crate) fn new(
        layout: &Layout<'_>,
        port: u16,
        password: String,
        server: CommandLine,
    ) -> Self {
        let place = Place {
            directory: layout.0.to_owned(),
            port,
            password: password.clone(),
            release: Arc::default(),
        };
        let entry_file = entry_rules(layout);
        // What another agent has written holds for this one too.
        let settings_file = settings_file(layout);
        let file = fs::read_to_string(&settings_file).unwrap_or_default();
        let is_held = guard::is_in(&file);
        Self {
            place,
            password,
            server,
            entry_file,
            settings_file,
            is_to_guard: AtomicBool::new(is_held),
            is_guarded: AtomicBool::new(is_held),
            pinged: Mutex::new(None),
        }
    }

    /// A session in the server's own database.
    async fn session(&self) -> Result<Session, EngineError> {
        Session::open(&self.place).await
    }

    /// The first session of an instance's life gives the administrator its password.
    async fn first_session(&self) -> Result<Session, EngineError> {
        let refused = match self.session().await {
            Err(error @ EngineError::NoEntry { .. }) => error,
            opened => return opened,
        };
        let place = Place { password: TEMPLATE_PASSWORD.to_owned(), ..self.place.clone() };
        let Ok(session) = Session::open(&place).await else { return Err(refused) };
        let password = string(&self.password);
        session.run(&format!("ALTER ROLE {} PASSWORD {password}", identifier(ADMIN))).await?;
        self.session().await
    }
}

#[async_trait]
impl DatabaseEngine for Postgresql {
    fn settings_file(&self, settings: &BTreeMap<String, String>) -> Result<String, BadSetting> {
        let is_held = self.is_to_guard.load(Ordering::Relaxed);
        settings::file(settings, is_held.then_some(guard::LINE))
    }

    fn settings_of(&self, file: &str) -> BTreeMap<String, String> {
        settings::of(file)
    }

    async fn check_settings(&self, file: &Path) -> Result<(), EngineError> {
        settings::check(&self.server, file).await
    }

    async fn set(&self, name: &str, _value: Option<&str>) -> Result<Taken, EngineError> {
        within(LOOK_MAX, async { settings::taken(&self.session().await?, name).await }).await
    }

    async fn reread(&self) -> Result<(), EngineError> {
        let file = &self.settings_file;
        within(CHANGE_MAX, async { settings::reread(&self.session().await?, file).await }).await?;
        self.is_guarded.store(self.is_to_guard.load(Ordering::Relaxed), Ordering::Relaxed);
        Ok(())
    }

    fn guard(&self) -> Guard {
        if self.is_guarded.load(Ordering::Relaxed) { Guard::Held } else { Guard::Lifted }
    }

    fn set_guard(&self, guard: Guard) {
        let is_held = guard == Guard::Held;
        self.is_to_guard.store(is_held, Ordering::Relaxed);
        // Lifted it is once the server has read that.
        self.is_guarded.fetch_or(is_held, Ordering::Relaxed);
    }

    async fn hold(&self) -> Result<(), EngineError> {
        within(CHANGE_MAX, async {
            let session = self.session().await?;
            settings::reread(&session, &self.settings_file).await?;
            guard::end_writers(&session).await
        })
        .await
    }

    async fn let_go(&self, _settings: &BTreeMap<String, String>) -> Result<(), EngineError> {
        // It does as its settings file says, once that says otherwise and it reads it.
        Ok(())
    }

    fn entry(&self) -> Entry {
        let text = ENTRY_RULES.to_owned().into();
        Entry { path: self.entry_file.clone(), text, is_secret: false }
    }

    async fn ping(&self) -> Result<(), EngineError> {
        let mut kept = self.pinged.lock().await;
        within(PING_MAX, async {
            // A session says nothing of who lets others in.
            self.place.is_answered().await?;
            // Taken out while it is used: what is interrupted half-way is not used again.
            if let Some(session) = kept.take()
                && session.run("").await.is_ok()
            {
                *kept = Some(session);
                return Ok(());
            }
            // Somebody may have ended the connection and not the server.
            let session = self.first_session().await?;
            // An agent before this one may have come no further than to write settings down.
            session.rows("SELECT pg_reload_conf()", &[]).await?;
            *kept = Some(session);
            Ok(())
        })
        .await
    }

    async fn ensure_database(&self, database: &Database) -> Result<(), EngineError> {
        let databases = std::slice::from_ref(database);
        self.apply(&Change::CreateDatabases(databases), Attempt::Again).await
    }

    async fn ensure_user(&self, user: &User<'_>) -> Result<(), EngineError> {
        within(CHANGE_MAX, async { change::ensure_user(&self.session().await?, user).await }).await
    }

    async fn check(&self, change: &Change<'_>) -> Result<(), EngineError> {
        within(LOOK_MAX, async { change::check(&self.session().await?, change).await }).await
    }

    async fn apply(&self, change: &Change<'_>, attempt: Attempt) -> Result<(), EngineError> {
        within(CHANGE_MAX, async { change::apply(&self.session().await?, change, attempt).await })
            .await
    }

    async fn databases(&self, page: &Page) -> Result<Listed<String>, EngineError> {
        within(LOOK_MAX, async { look::databases(&self.session().await?, page).await }).await
    }

    async fn users(&self, page: &Page) -> Result<Listed<UserSeen>, EngineError> {
        within(LOOK_MAX, async { look::users(&self.session().await?, page).await }).await
    }

    async fn user(&self, account: &Account) -> Result<Option<UserSeen>, EngineError> {
        within(LOOK_MAX, async { look::user(&self.session().await?, account).await }).await
    }

    fn complaints<'a>(&self, log: &'a str) -> Vec<&'a str> {
        let lines: Vec<&str> = log.lines().collect();
        let last = |words: &str| lines.iter().rposition(|line| line.contains(words)).unwrap_or(0);
        let after = |at: usize| {
            let rest = lines[at..].iter().copied();
            rest.filter(|line| is_complaint(line)).collect::<Vec<_>>()
        };
        // Settings that can't be read are complained of before anything else is said; an end
        // that follows a complaint is the complaint's own.
        let (start, stop) = (last(STARTING), last(STOPPED));
        let since_stop = if stop > start { after(stop) } else { Vec::new() };
        if since_stop.is_empty() { after(start) } else { since_stop }
    }
}

/// Its own, not a client's, or of what was to start it.
fn is_complaint(line: &str) -> bool {
    let is_own = logs::line(line) == Line::OfServer;
    let tells = COMPLAINTS.iter().any(|words| line.contains(words));
    is_of_starter(line) || line.starts_with("postgres: ") || (is_own && tells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Postgresql {
        let layout = Layout(Path::new("i"));
        let listen = std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 5432);
        let command = domain::engine::postgresql::server_command(Path::new("r"), &layout, listen);
        Postgresql::new(&layout, 5432, "p".to_owned(), command)
    }

    #[test]
    fn complaints_are_of_the_last_start_and_no_clients() {
        let log = "t [1] LOG:  starting PostgreSQL 15\nt [1] FATAL:  old\n\
                   t [2] LOG:  starting PostgreSQL 15\nt [3] FATAL:  cause\n\
                   t [4] session app@d: FATAL:  password authentication failed\n\
                   \tt [4] FATAL:  forged\nt [2] LOG:  database system is shut down\n";
        assert_eq!(server().complaints(log), ["t [3] FATAL:  cause"]);
    }

    #[test]
    fn settings_that_can_not_be_read_are_complained_of_before_the_start_is_told() {
        let log = "t [1] LOG:  starting PostgreSQL 15\nt [1] FATAL:  old\n\
                   t [1] LOG:  database system is shut down\n\
                   t [2] LOG:  invalid value for parameter \"x\": \"y\"\n\
                   t [2] FATAL:  configuration file \"f\" contains errors\n";
        assert_eq!(server().complaints(log).len(), 2, "{:?}", server().complaints(log));
        let log =
            "postgres: superuser_reserved_connections (3) must be less than max_connections\n";
        assert_eq!(server().complaints(log), [log.trim()]);
        let log = "trove-guestagent: server was not started: no volume\n";
        assert_eq!(server().complaints(log), [log.trim()]);
    }
}
