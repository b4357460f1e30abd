//! In place of all guests: databases and users in memory, changed by the actions that the read
//! model says are owed, and reported to the desk as an agent reports them.

use crate::desk::{Desk, NOW};
use async_trait::async_trait;
use domain::engine::{Log, UserLog};
use domain::guest::{
    ActionCause, ActionFailure, ActionOutcome, ActionResult, DatabaseHealth, Heartbeat, LogSize,
    Page, Query, QueryAnswer, Report, Revision, SettingsState, UserSeen,
};
use domain::ids::{ActionId, InstanceId};
use domain::instance::action::Account;
use domain::instance::{ActionSpec, Command, Instance};
use gateway::Guests;
use readmodel::ReadModel;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// More than anything takes that is not waited for in vain.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

const SLOW: Log = Log::User(UserLog::SlowQuery);

/// How the guest meets what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It does it.
    Willing,
    /// It neither does nor answers anything.
    Away,
    /// It answers that its server does not.
    ServerAway,
    /// Whatever it does fails like this.
    Failing(ActionFailure),
}

/// One server for all instances of a test.
pub(crate) struct Guest {
    manner: watch::Sender<Manner>,
    server: Mutex<Server>,
    pub(crate) ran: Mutex<Vec<ActionId>>,
}

#[derive(Default)]
struct Server {
    databases: BTreeSet<String>,
    /// By `name@host`.
    users: BTreeMap<String, UserSeen>,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            manner: watch::Sender::new(Manner::Willing),
            server: Mutex::default(),
            ran: Mutex::default(),
        }
    }
}

impl Guest {
    pub(crate) fn set(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }

    /// Carries out what is owed, until `stop`.
    pub(crate) async fn run(
        self: Arc<Self>,
        read_model: ReadModel,
        desk: Arc<Desk>,
        stop: CancellationToken,
    ) {
        let mut changes = read_model.changes();
        let mut manner = self.manner.subscribe();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = changes.recv() => {}
                _ = manner.changed() => {}
            }
            for live in read_model.instances(None, usize::MAX).unwrap() {
                if live.settings.asked > live.settings.state.sequence && self.is_there() {
                    let sequence = live.settings.asked;
                    let settings = SettingsState { sequence, ..SettingsState::default() };
                    let (revision, health) = (Revision::default(), live.health.clone());
                    let (results, settings) = (Vec::new(), Some(settings));
                    let report = Report { revision, health, results, settings };
                    desk.advance(live.id, Command::Observe(report)).await;
                }
                for pending in &live.actions.pending {
                    let Some(outcome) = self.outcome(pending.id, &pending.spec) else { continue };
                    let results = vec![ActionResult { id: pending.id, outcome }];
                    let (revision, health) = (Revision::default(), DatabaseHealth::Up);
                    let report = Report { revision, health, results, settings: None };
                    desk.advance(live.id, Command::Observe(report)).await;
                }
            }
        }
    }

    fn is_there(&self) -> bool {
        !matches!(*self.manner.borrow(), Manner::Away)
    }

    /// What becomes of an action, once.
    fn outcome(&self, id: ActionId, spec: &ActionSpec) -> Option<ActionOutcome> {
        let manner = self.manner.borrow().clone();
        let mut ran = self.ran.lock().unwrap();
        if ran.contains(&id) || matches!(manner, Manner::Away | Manner::ServerAway) {
            return None;
        }
        ran.push(id);
        let done = match manner {
            Manner::Failing(failure) => Err(failure),
            Manner::Willing | Manner::Away | Manner::ServerAway => {
                self.server.lock().unwrap().carry_out(spec)
            }
        };
        Some(done.map_or_else(ActionOutcome::Failed, |()| ActionOutcome::Done))
    }
}

fn key(account: &Account) -> String {
    format!("{}@{}", account.name, account.host)
}

fn failed(cause: ActionCause, what: &str) -> ActionFailure {
    ActionFailure { cause, detail: format!("no luck with {what}") }
}

impl Server {
    fn carry_out(&mut self, spec: &ActionSpec) -> Result<(), ActionFailure> {
        match spec {
            ActionSpec::CreateDatabases { databases } => {
                databases.iter().try_for_each(|database| {
                    let is_new = self.databases.insert(database.name.clone());
                    is_new.then_some(()).ok_or_else(|| failed(ActionCause::Exists, &database.name))
                })
            }
            ActionSpec::DeleteDatabase { name } => {
                let was_there = self.databases.remove(name);
                was_there.then_some(()).ok_or_else(|| failed(ActionCause::NotFound, name))
            }
            ActionSpec::CreateUsers { users } => users.iter().try_for_each(|user| {
                let account = Account { name: user.name.clone(), host: user.host.clone() };
                self.add(UserSeen { account, databases: user.databases.clone() })
            }),
            ActionSpec::ChangePasswords { users } => {
                users.iter().try_for_each(|user| self.user(&user.account).map(|_| ()))
            }
            ActionSpec::UpdateUser { account, name, host, .. } => {
                let mut user = self.user(account)?.clone();
                user.account.name = name.clone().unwrap_or(user.account.name);
                user.account.host = host.clone().unwrap_or(user.account.host);
                if user.account != *account {
                    self.add(user)?;
                    self.users.remove(&key(account));
                }
                Ok(())
            }
            ActionSpec::DeleteUser { account } => {
                self.user(account)?;
                self.users.remove(&key(account));
                Ok(())
            }
            ActionSpec::Grant { account, databases } => {
                let user = self.user(account)?;
                user.databases.extend(databases.clone());
                Ok(())
            }
            ActionSpec::Revoke { account, database } => {
                let user = self.user(account)?;
                let before = user.databases.len();
                user.databases.retain(|name| name != database);
                let was_there = user.databases.len() < before;
                was_there.then_some(()).ok_or_else(|| failed(ActionCause::NotFound, database))
            }
            ActionSpec::Restart | ActionSpec::EnableRoot { .. } | ActionSpec::DisableRoot => Ok(()),
        }
    }

    fn add(&mut self, user: UserSeen) -> Result<(), ActionFailure> {
        let key = key(&user.account);
        if self.users.contains_key(&key) {
            return Err(failed(ActionCause::Exists, &key));
        }
        self.users.insert(key, user);
        Ok(())
    }

    fn user(&mut self, account: &Account) -> Result<&mut UserSeen, ActionFailure> {
        let key = key(account);
        self.users.get_mut(&key).ok_or_else(|| failed(ActionCause::NotFound, &key))
    }

    fn answer(&self, query: &Query) -> QueryAnswer {
        match query {
            Query::Health => QueryAnswer::Health(Heartbeat {
                sent: NOW,
                health: DatabaseHealth::Up,
                volume_used_bytes: None,
                volume_size_bytes: None,
            }),
            Query::Databases(page) => {
                let (names, has_more) = cut(self.databases.iter().map(|name| (name, name)), page);
                QueryAnswer::Databases { names, has_more }
            }
            Query::Users(page) => {
                let (users, has_more) = cut(self.users.iter(), page);
                QueryAnswer::Users { users, has_more }
            }
            Query::User(account) => QueryAnswer::User(self.users.get(&key(account)).cloned()),
            // Of everything but statements that take long there is a line.
            Query::Logs => QueryAnswer::Logs(
                Log::ALL.map(|log| LogSize { log, bytes: 5 * u64::from(log != SLOW) }).to_vec(),
            ),
            Query::LogTail { log, lines } => {
                QueryAnswer::LogTail(vec![format!("{lines} lines of {}", log.as_str())])
            }
        }
    }
}

/// The part of a list that a page asks for, and whether more follows.
fn cut<'a, T: Clone + 'a>(
    all: impl Iterator<Item = (&'a String, &'a T)>,
    page: &Page,
) -> (Vec<T>, bool) {
    let limit = usize::try_from(page.limit).unwrap();
    let behind = all.filter(|(name, _)| page.after.as_ref().is_none_or(|after| *name > after));
    let mut found: Vec<T> = behind.map(|(_, item)| item.clone()).take(limit + 1).collect();
    let has_more = found.len() > limit;
    found.truncate(limit);
    (found, has_more)
}

#[async_trait]
impl Guests for Guest {
    async fn ask(&self, _: InstanceId, query: Query, _: Duration) -> Option<QueryAnswer> {
        let manner = self.manner.borrow().clone();
        match manner {
            Manner::Willing | Manner::Failing(_) => {
                Some(self.server.lock().unwrap().answer(&query))
            }
            Manner::Away => None,
            Manner::ServerAway => {
                Some(QueryAnswer::Unavailable { detail: "it is away".to_owned() })
            }
        }
    }
}

/// Waits until `is_so` of an instance, with a limit.
pub(crate) async fn until(
    read_model: &ReadModel,
    id: InstanceId,
    is_so: impl Fn(&Instance) -> bool,
) {
    let mut changes = read_model.changes();
    let waiting = async {
        while !is_so(&read_model.instance(id).unwrap()) {
            changes.recv().await.unwrap();
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.expect("it comes in time");
}
