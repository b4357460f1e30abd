//! Engines as a stack offers them, for tests that hold for each of them.

mod facts;
mod mariadb;
mod postgresql;

use facts::{Charset, Logs, Root, Settings, Statements};
use images::{MARIADB_10_11, MARIADB_11_8, POSTGRESQL_15, POSTGRESQL_17, Recipe};
use serde_json::{Value, json};

/// One version of an engine, and the words in which it says what every engine can say.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    /// The datastore's name.
    pub datastore: &'static str,
    /// The version's name.
    pub version: &'static str,
    /// A parameter that a running server takes.
    pub live: Setting,
    /// What a server takes of the memory of its flavor.
    pub memory: Share,
    /// What a server that ended well has said, in the last lines of its log.
    pub last_words: &'static str,
    /// How it is unpacked.
    pub recipe: &'static Recipe,
    /// The server's program, in the unpacked engine.
    pub program: &'static str,
    /// How a session tells itself from all others.
    pub session: &'static str,
    /// A table `beats`, of which a row is made of nothing, and what makes one.
    pub beats: [&'static str; 2],
    /// What configuration groups may hold.
    pub settings: Settings,
    /// Statements of its own.
    pub statements: Statements,
    /// Its character sets.
    pub charset: Charset,
    /// Its account for a tenant who administers.
    pub root: Root,
    /// Its logs.
    pub logs: Logs,
}

/// A parameter, and how it is seen by SQL.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What is shown of it when nobody says otherwise.
    pub default: &'static str,
    /// Values of it that are no default, each with what is shown of it.
    pub values: [(i64, &'static str); 3],
    /// The statement that shows it.
    pub shown_by: &'static str,
}

/// A share of the memory, and how it is seen by SQL.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// The statement that shows it.
    pub shown_by: &'static str,
    /// Flavors by their ids, each with what is shown.
    pub of_flavors: [(&'static str, &'static str); 3],
}

impl Engine {
    /// Those of every stack.
    pub const ALL: [Self; 2] = [Self::MARIADB, Self::POSTGRESQL];

    /// What a stack offers unless something else is asked for.
    pub const MARIADB: Self = Self {
        datastore: "mariadb",
        version: "10.11",
        live: Setting {
            name: "wait_timeout",
            default: "28800",
            values: [(77, "77"), (78, "78"), (79, "79")],
            shown_by: "select @@global.wait_timeout",
        },
        memory: Share {
            shown_by: "select @@innodb_buffer_pool_size >> 20",
            of_flavors: [("1", "128"), ("2", "256"), ("3", "512")],
        },
        last_words: "Shutdown complete",
        recipe: &MARIADB_10_11,
        program: "usr/sbin/mariadbd",
        session: "select cast(connection_id() as char)",
        beats: [
            "create table beats (a int auto_increment primary key)",
            "insert into beats values ()",
        ],
        settings: mariadb::SETTINGS,
        statements: mariadb::STATEMENTS,
        charset: mariadb::CHARSET,
        root: mariadb::ROOT,
        logs: mariadb::LOGS,
    };

    /// The other engine of every stack.
    pub const POSTGRESQL: Self = Self {
        datastore: "postgresql",
        version: "15",
        live: Setting {
            name: "work_mem",
            default: "4MB",
            values: [(8192, "8MB"), (16_384, "16MB"), (32_768, "32MB")],
            shown_by: "show work_mem",
        },
        memory: Share {
            shown_by: "show shared_buffers",
            of_flavors: [("1", "64MB"), ("2", "128MB"), ("3", "256MB")],
        },
        last_words: "database system is shut down",
        recipe: &POSTGRESQL_15,
        program: "usr/lib/postgresql/current/bin/postgres",
        session: "select pg_backend_pid()",
        beats: ["create table beats (a serial primary key)", "insert into beats default values"],
        settings: postgresql::SETTINGS,
        statements: postgresql::STATEMENTS,
        charset: postgresql::CHARSET,
        root: postgresql::ROOT,
        logs: postgresql::LOGS,
    };

    /// A version that a stack offers once it was fetched.
    pub const MARIADB_11_8: Self = Self { version: "11.8", recipe: &MARIADB_11_8, ..Self::MARIADB };

    /// So too.
    pub const POSTGRESQL_17: Self =
        Self { version: "17", recipe: &POSTGRESQL_17, ..Self::POSTGRESQL };

    /// One of all, the next with the next number: for tests in which there are several.
    #[must_use]
    pub fn of(number: usize) -> Self {
        Self::ALL[number % Self::ALL.len()]
    }

    /// The options of OpenStack's command line that choose it.
    #[must_use]
    pub fn options(self) -> String {
        format!("--datastore {} --datastore-version {}", self.datastore, self.version)
    }

    /// The statement that shows a parameter.
    #[must_use]
    pub fn shows(self, parameter: &str) -> String {
        format!("{}{parameter}", self.settings.show)
    }

    /// The statements that make a table of that name for text of millions of characters.
    #[must_use]
    pub fn wide(self, table: &str) -> String {
        self.statements.wide.replace("{}", table)
    }

    /// What a creation asks for besides its name, of this engine.
    #[must_use]
    pub fn with(self, mut more: Value) -> Value {
        more["datastore"] = json!({"type": self.datastore, "version": self.version});
        more
    }

    /// A creation with a database `d` and a user `u` of it.
    #[must_use]
    pub fn with_user(self, password: &str) -> Value {
        self.with(json!({
            "databases": [{"name": "d"}],
            "users": [{"name": "u", "password": password, "databases": [{"name": "d"}]}],
        }))
    }
}

/// One test for each engine of every stack: `name::mariadb` and `name::postgresql`. The function
/// takes the [`Engine`].
#[macro_export]
macro_rules! each_engine {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use testkit::stack::Engine;

            #[tokio::test(flavor = "multi_thread")]
            async fn mariadb() -> anyhow::Result<()> {
                super::$name(Engine::MARIADB).await
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgresql() -> anyhow::Result<()> {
                super::$name(Engine::POSTGRESQL).await
            }
        }
    )+};
}
