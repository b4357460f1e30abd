//! Engines as a stack offers them, for tests that hold for each of them.

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
}

/// A parameter, and how it is seen by SQL.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Values of it that are no default, each with what is shown of it.
    pub values: [(i64, &'static str); 3],
    /// The statement that shows it.
    pub shown_by: &'static str,
}

impl Engine {
    /// What a stack offers unless something else is asked for.
    pub const MARIADB: Self = Self {
        datastore: "mariadb",
        version: "10.11",
        live: Setting {
            name: "wait_timeout",
            values: [(77, "77"), (78, "78"), (79, "79")],
            shown_by: "select @@global.wait_timeout",
        },
    };

    /// The other engine of every stack.
    pub const POSTGRESQL: Self = Self {
        datastore: "postgresql",
        version: "15",
        live: Setting {
            name: "work_mem",
            values: [(8192, "8MB"), (16_384, "16MB"), (32_768, "32MB")],
            shown_by: "show work_mem",
        },
    };

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
