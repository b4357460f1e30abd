//! The engines that every test here runs with. What is particular about one stands in its file,
//! and nothing else asks which engine it is.

use std::path::PathBuf;

use domain::engine::{Log, Manager, Source, UserLog};
use domain::guest_spec::Layout;
use images::Recipe;

pub(crate) use client::{Client, Refusal, To};
pub(crate) use mariadb::{MARIADB_10_11, MARIADB_11_8};
pub(crate) use postgresql::{POSTGRESQL_15, POSTGRESQL_17};

mod client;
mod mariadb;
mod postgresql;

/// Every version that can be fetched; the first of each engine is the one of every stack.
const ALL: [Engine; 4] = [MARIADB_10_11, MARIADB_11_8, POSTGRESQL_15, POSTGRESQL_17];

/// Instances a test once for every version of each engine.
macro_rules! each_version {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            crate::engines::with_mariadb!($test);
            crate::engines::with_postgresql!($test);
        }
    )+};
}
pub(crate) use each_version;

/// The same for what no other engine does than MariaDB.
macro_rules! each_mariadb {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            crate::engines::with_mariadb!($test);
        }
    )+};
}
pub(crate) use each_mariadb;

/// The same for PostgreSQL.
macro_rules! each_postgresql {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            crate::engines::with_postgresql!($test);
        }
    )+};
}
pub(crate) use each_postgresql;

/// Instances a test once for each engine; with its later versions in `make test-long` only, since
/// what it shows is the agent's doing.
macro_rules! each_engine {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            crate::engines::with!($test, mariadb_10_11, MARIADB_10_11);
            crate::engines::with!($test, postgresql_15, POSTGRESQL_15);
            crate::engines::with!($test, mariadb_11_8, MARIADB_11_8, later);
            crate::engines::with!($test, postgresql_17, POSTGRESQL_17, later);
        }
    )+};
}
pub(crate) use each_engine;

/// Instances a test once for each engine and each way to be kept apart; so too.
macro_rules! each_level {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            crate::engines::at_level!($test, as_a_plain_process, Plain);
            crate::engines::at_level!($test, behind_bubblewrap, Bubblewrap);
            crate::engines::at_level!($test, under_its_own_uid, Uid);
        }
    )+};
}
pub(crate) use each_level;

macro_rules! with_mariadb {
    ($test:ident) => {
        crate::engines::with!($test, mariadb_10_11, MARIADB_10_11);
        crate::engines::with!($test, mariadb_11_8, MARIADB_11_8);
    };
}
pub(crate) use with_mariadb;

macro_rules! with_postgresql {
    ($test:ident) => {
        crate::engines::with!($test, postgresql_15, POSTGRESQL_15);
        crate::engines::with!($test, postgresql_17, POSTGRESQL_17);
    };
}
pub(crate) use with_postgresql;

macro_rules! with {
    ($test:ident, $name:ident, $engine:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            super::$test(crate::engines::$engine).await;
        }
    };
    ($test:ident, $name:ident, $engine:ident, later) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "a later version's, for `make test-long`"]
        async fn $name() {
            super::$test(crate::engines::$engine).await;
        }
    };
}
pub(crate) use with;

macro_rules! at_level {
    ($test:ident, $module:ident, $level:ident) => {
        mod $module {
            async fn run(engine: crate::engines::Engine) {
                crate::bench::Level::$level.run(super::super::$test, engine).await;
            }

            mod run {
                crate::engines::with!(run, mariadb_10_11, MARIADB_10_11);
                crate::engines::with!(run, postgresql_15, POSTGRESQL_15);
                crate::engines::with!(run, mariadb_11_8, MARIADB_11_8, later);
                crate::engines::with!(run, postgresql_17, POSTGRESQL_17, later);
            }
        }
    };
}
pub(crate) use at_level;

/// An engine, and what is particular about it.
pub(crate) type Engine = &'static Facts;

/// What is particular about an engine.
pub(crate) struct Facts {
    pub(crate) manager: Manager,
    pub(crate) recipe: &'static Recipe,
    pub(crate) settings: SettingFacts,
    pub(crate) names: NameFacts,
    pub(crate) root: RootFacts,
    /// Files that the server reads at its start, and with which the test lets itself in.
    pub(crate) server_files: fn(&Layout<'_>, settings: &str) -> Vec<(PathBuf, String)>,
    /// The administrator's password after such a start.
    pub(crate) password: &'static str,
    /// All accounts that a new instance has.
    pub(crate) accounts: (&'static str, &'static [&'static str]),
    /// What the server says when it lets clients in.
    pub(crate) ready: &'static str,
    /// Whether a server ends whose client takes all memory, or only what works for that client.
    pub(crate) ends_without_memory: bool,
    /// Takes memory without end; the last statement again and again.
    pub(crate) takes_memory: &'static [&'static str],
    /// How it is while its volume is full.
    pub(crate) full: FullFacts,
    /// What actions leave that were half done: each statement with the database it is run in.
    pub(crate) half_done: &'static [(&'static str, &'static str)],
}

/// Settings, by what becomes of them.
pub(crate) struct SettingFacts {
    /// A running server takes these: name, value, how it is shown, and how it is shown before.
    pub(crate) live: [(&'static str, &'static str, &'static str, &'static str); 2],
    /// It takes this at its start only; so too.
    pub(crate) at_restart: (&'static str, &'static str, &'static str, &'static str),
    /// The server would not start with these, and no start is needed to know it. Its words name
    /// the setting, or hold the third.
    pub(crate) bad: &'static [(&'static str, &'static str, &'static str)],
    /// Passes every check, and ends the server at its start: name, value, and a word of its last.
    pub(crate) fatal: (&'static str, &'static str, &'static str),
    /// A line of the settings file.
    pub(crate) line: fn(name: &str, value: &str) -> String,
    /// What a server is told by whoever writes a setting down afterwards.
    pub(crate) told: fn(name: &str, value: &str) -> String,
    /// What shows a setting of the server.
    pub(crate) shown: fn(name: &str) -> String,
}

/// Names and what belongs to them.
pub(crate) struct NameFacts {
    /// The server's own databases; and users that nobody can be.
    pub(crate) own_databases: &'static [&'static str],
    pub(crate) own_users: &'static [&'static str],
    /// Names that want to be more than names.
    pub(crate) hostile: &'static [&'static str],
    /// The longest name, of one of these many times, and what no longer fits.
    pub(crate) longest: (&'static str, usize),
    pub(crate) too_long: [usize; 2],
    /// Names that the server would change or not take.
    pub(crate) unstorable: &'static [&'static str],
    /// Whether users are bound to hosts.
    pub(crate) has_hosts: bool,
    /// Character set and collation of a database, and how the server shows them.
    pub(crate) charset: (&'static str, &'static str, &'static str),
    /// Those that can't be.
    pub(crate) bad_charsets: &'static [(Option<&'static str>, Option<&'static str>)],
    /// What shows character set and collation of the database that a session is in.
    pub(crate) charset_shown: &'static str,
    /// What shows the databases that a user may use.
    pub(crate) usable: &'static str,
}

/// How a server is whose volume is full.
pub(crate) struct FullFacts {
    /// How it refuses a change.
    pub(crate) refusal: &'static str,
    /// A change that goes on for long, and what yields 1 while it does.
    pub(crate) endless: (&'static str, &'static str),
    /// What would have the server take changes again, if nobody told it otherwise.
    pub(crate) lifting: Option<&'static str>,
}

/// What root may do.
pub(crate) struct RootFacts {
    /// In a database.
    pub(crate) may: &'static [&'static str],
    /// What reaches files, programs or the server itself: of every version, and of this one.
    pub(crate) may_not: [&'static [&'static str]; 2],
    /// How the server says no: one of these.
    pub(crate) denials: &'static [&'static str],
    /// What an owner of databases may have said to whoever enters one, to be in the way.
    pub(crate) hindrances: &'static [&'static str],
}

impl SettingFacts {
    /// A settings file with one more setting.
    pub(crate) fn with(&self, file: &str, name: &str, value: &str) -> String {
        format!("{file}{}", (self.line)(name, value))
    }
}

impl Facts {
    /// The file that the owner's log of statements is in.
    pub(crate) fn general_log(&self, layout: &Layout<'_>) -> PathBuf {
        match self.manager.log_source(Log::User(UserLog::General)) {
            Source::OwnFile => layout.log(UserLog::General),
            Source::Output | Source::PartOfOutput(_) => layout.0.join("server.log"),
            Source::Agent => layout.0.join("agent.log"),
        }
    }

    pub(crate) fn root_name(&self) -> &'static str {
        self.manager.root_name()
    }
}

#[test]
fn every_engine_that_can_be_fetched_is_tested() {
    let tested: Vec<_> = ALL.iter().map(|engine| engine.recipe).collect();
    let known: Vec<_> = images::ENGINES.iter().collect();
    assert_eq!(tested, known);
}
