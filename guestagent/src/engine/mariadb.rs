//! MariaDB, as its agent sees it: over its unix socket, as the administrator.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::engine::UserLog;
use domain::engine::mariadb::{ADMIN, logs};
use domain::guest::{Database, Page, UserSeen};
use domain::guest_spec::{CommandLine, Layout};
use domain::instance::action::Account;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use tokio::sync::Mutex;

use super::{
    Attempt, BadSetting, Change, DatabaseEngine, EngineError, Entry, Guard, Listed, Taken, User,
    is_of_starter, within,
};
use session::{Session, error};
use sql::{account, string};

mod change;
mod guard;
mod look;
mod parameters;
mod root;
mod session;
mod settings;
pub(crate) mod sql;
pub(crate) mod template;

/// The administrator's password in a template: known to all, and replaced in every instance
/// before anybody can log in.
pub(crate) const TEMPLATE_PASSWORD: &str = "template";

/// How long a server that is well may take to answer.
const PING_MAX: Duration = Duration::from_secs(2);
/// How long a statement may take; making a database writes a file or two.
const STATEMENT_MAX: Duration = Duration::from_secs(30);

/// How long it may take to find something out; whoever asks waits for it.
const LOOK_MAX: Duration = Duration::from_secs(4);

/// How long a change of the guard may take: it waits until changes under way have ended.
const GUARD_MAX: Duration = Duration::from_secs(5);

/// What the first line of each start says.
const STARTING: &str = "[Note] Starting MariaDB";

/// A MariaDB server.
pub(crate) struct Mariadb {
    options: Opts,
    password: String,
    /// How the server is started.
    server: CommandLine,
    /// What it runs before it lets anybody in.
    entry_file: PathBuf,
    /// Where it writes its logs, when it does.
    logs: [(UserLog, PathBuf); 2],
    is_guarded: AtomicBool,
    /// Kept, so that a tenant who takes all connections does not look like an outage.
    pinged: Mutex<Option<Conn>>,
}

impl Mariadb {
    /// The server in an instance's directory, which is started by this command line.
    pub(crate) fn new(layout: &Layout<'_>, password: String, server: CommandLine) -> Self {
        let options = OptsBuilder::default()
            .socket(Some(layout.server_socket().display().to_string()))
            .prefer_socket(true)
            .user(Some(ADMIN))
            .pass(Some(password.clone()))
            .setup(vec![session::SET_UP]);
        let logs = UserLog::ALL.map(|log| (log, layout.log(log)));
        let pinged = Mutex::new(None);
        // What another agent has written holds for this one too.
        let file = fs::read_to_string(layout.server_settings()).unwrap_or_default();
        let is_guarded = AtomicBool::new(guard::is_in(&file));
        let entry_file = layout.server_init();
        Self { options: options.into(), password, server, entry_file, logs, is_guarded, pinged }
    }

    async fn run(&self, statements: &[String]) -> Result<(), EngineError> {
        let all = async {
            let mut session = Session::open(&self.options).await?;
            for statement in statements {
                session.run(statement).await?;
            }
            session.close().await;
            Ok(())
        };
        within(STATEMENT_MAX, all).await
    }
}

#[async_trait]
impl DatabaseEngine for Mariadb {
    fn settings_file(&self, settings: &BTreeMap<String, String>) -> Result<String, BadSetting> {
        let own =
            self.logs.iter().map(|(log, path)| (logs::file(*log), path.display().to_string()));
        let guard = (self.guard() == Guard::Held).then(guard::line);
        settings::file(settings, own.chain(guard))
    }

    fn settings_of(&self, file: &str) -> BTreeMap<String, String> {
        settings::of(file)
    }

    async fn check_settings(&self, file: &Path) -> Result<(), EngineError> {
        settings::check(&self.server, file).await
    }

    async fn set(&self, name: &str, value: Option<&str>) -> Result<Taken, EngineError> {
        within(STATEMENT_MAX, async {
            let mut session = Session::open(&self.options).await?;
            if let Some((log, path)) = self.logs.iter().find(|(log, _)| logs::switch(*log) == name)
            {
                // First where to, so that nothing is written elsewhere.
                let path = string(&path.display().to_string());
                session.run(&format!("SET GLOBAL {} = {path}", logs::file(*log))).await?;
            }
            if self.guard() == Guard::Held && name == guard::SETTING {
                // It holds when the guard is lifted.
                return Ok(Taken::Now);
            }
            let taken = settings::set(&mut session, name, value).await?;
            session.close().await;
            Ok(taken)
        })
        .await
    }

    fn guard(&self) -> Guard {
        if self.is_guarded.load(Ordering::Relaxed) { Guard::Held } else { Guard::Lifted }
    }

    fn set_guard(&self, guard: Guard) {
        self.is_guarded.store(guard == Guard::Held, Ordering::Relaxed);
    }

    async fn hold(&self) -> Result<(), EngineError> {
        within(GUARD_MAX, async {
            let mut session = Session::open(&self.options).await?;
            guard::hold(&mut session).await?;
            session.close().await;
            Ok(())
        })
        .await
    }

    async fn let_go(&self, settings: &BTreeMap<String, String>) -> Result<(), EngineError> {
        within(GUARD_MAX, async {
            let mut session = Session::open(&self.options).await?;
            guard::let_go(&mut session, settings).await?;
            session.close().await;
            Ok(())
        })
        .await
    }

    fn entry(&self) -> Entry {
        let (admin, password) = (account(ADMIN, "localhost"), string(&self.password));
        // Anew: a tenant's root may have changed or dropped it.
        let text = format!(
            "CREATE OR REPLACE USER {admin} IDENTIFIED BY {password};\n\
             GRANT ALL PRIVILEGES ON *.* TO {admin} WITH GRANT OPTION;\n"
        );
        Entry { path: self.entry_file.clone(), text: text.into(), is_secret: true }
    }

    async fn reread(&self) -> Result<(), EngineError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), EngineError> {
        let mut kept = self.pinged.lock().await;
        within(PING_MAX, async {
            // Taken out while it is used: what is interrupted half-way is not used again.
            if let Some(mut connection) = kept.take()
                && connection.ping().await.is_ok()
            {
                *kept = Some(connection);
                return Ok(());
            }
            // Somebody may have ended the connection and not the server.
            let mut connection = Conn::new(self.options.clone()).await.map_err(error)?;
            connection.ping().await.map_err(error)?;
            *kept = Some(connection);
            Ok(())
        })
        .await
    }

    async fn ensure_database(&self, database: &Database) -> Result<(), EngineError> {
        self.run(&[change::create_database(database, Attempt::Again)]).await
    }

    async fn ensure_user(&self, user: &User<'_>) -> Result<(), EngineError> {
        let account = account(user.name, user.host);
        let password = string(user.password);
        let mut statements =
            vec![format!("CREATE OR REPLACE USER {account} IDENTIFIED BY {password}")];
        for database in user.databases {
            statements.push(change::grant_all(&account, database));
        }
        self.run(&statements).await
    }

    async fn check(&self, change: &Change<'_>) -> Result<(), EngineError> {
        within(LOOK_MAX, async {
            let mut session = Session::open(&self.options).await?;
            change::check(&mut session, change).await?;
            session.close().await;
            Ok(())
        })
        .await
    }

    async fn apply(&self, change: &Change<'_>, attempt: Attempt) -> Result<(), EngineError> {
        within(STATEMENT_MAX, async {
            let mut session = Session::open(&self.options).await?;
            change::apply(&mut session, change, attempt).await?;
            session.close().await;
            Ok(())
        })
        .await
    }

    async fn databases(&self, page: &Page) -> Result<Listed<String>, EngineError> {
        within(LOOK_MAX, async {
            let mut session = Session::open(&self.options).await?;
            let databases = look::databases(&mut session, page).await?;
            session.close().await;
            Ok(databases)
        })
        .await
    }

    async fn users(&self, page: &Page) -> Result<Listed<UserSeen>, EngineError> {
        within(LOOK_MAX, async {
            let mut session = Session::open(&self.options).await?;
            let users = look::users(&mut session, page).await?;
            session.close().await;
            Ok(users)
        })
        .await
    }

    async fn user(&self, account: &Account) -> Result<Option<UserSeen>, EngineError> {
        within(LOOK_MAX, async {
            let mut session = Session::open(&self.options).await?;
            let user = look::user(&mut session, account).await?;
            session.close().await;
            Ok(user)
        })
        .await
    }

    fn complaints<'a>(&self, log: &'a str) -> Vec<&'a str> {
        let lines: Vec<&str> = log.lines().collect();
        let start = lines.iter().rposition(|line| line.contains(STARTING)).unwrap_or(0);
        lines[start..].iter().copied().filter(|line| is_complaint(line)).collect()
    }
}

/// Its own, or of what was to start it.
fn is_complaint(line: &str) -> bool {
    line.contains("[ERROR]") || is_of_starter(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_of_the_last_start() {
        let layout = Layout(Path::new("i"));
        let listen = std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 3306);
        let command = domain::engine::mariadb::server_command(Path::new("r"), &layout, listen);
        let server = Mariadb::new(&layout, "p".to_owned(), command);
        let log = "1 [Note] Starting MariaDB 10.11\n1 [ERROR] old\n\
                   2 [Note] Starting MariaDB 10.11\n2 [ERROR] cause\n2 [Note] x\n2 [ERROR] end\n";
        assert_eq!(server.complaints(log), ["2 [ERROR] cause", "2 [ERROR] end"]);
        let log = "trove-guestagent: server was not started: no volume\n";
        assert_eq!(server.complaints(log), [log.trim()]);
    }
}
