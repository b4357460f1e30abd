//! The account `root`, by which a tenant administers what is inside a MariaDB server.
//!
//! # Invariants
//! - It gets all rights on what is the tenant's and may only read what is the server's own. What
//!   reaches beyond the database is withheld: files (`FILE`), plugins, the server's settings and
//!   others' sessions (`SUPER` and its parts), its end (`SHUTDOWN`), and replication.
//! - No walls are built on that: who may change accounts can in the end change the agent's too.
//!   What keeps a server to its volume is its uid or its sandbox.

use domain::engine::mariadb::ROOT;

use super::session::Session;
use super::sql::{account, string};
use crate::engine::EngineError;

/// Rights that are not on databases.
const GLOBAL: &str = "RELOAD, PROCESS, SHOW DATABASES, CREATE USER, BINLOG MONITOR, SLAVE MONITOR";

/// What the server keeps its own records in. The most exact name counts, so that these rights
/// hold in place of those on all databases.
const OWN: [&str; 2] = ["mysql", "sys"];

/// Leaves a root that may log in from anywhere with this password, and with no other.
pub(super) async fn enable(session: &mut Session, password: &str) -> Result<(), EngineError> {
    let root = account(ROOT, "%");
    drop_others(session).await?;
    let password = string(password);
    session.run(&format!("CREATE OR REPLACE USER {root} IDENTIFIED BY {password}")).await?;
    for database in OWN {
        session.run(&format!("GRANT SELECT, EXECUTE ON `{database}`.* TO {root}")).await?;
    }
    session.run(&format!("GRANT ALL PRIVILEGES ON `%`.* TO {root} WITH GRANT OPTION")).await?;
    session.run(&format!("GRANT {GLOBAL} ON *.* TO {root} WITH GRANT OPTION")).await
}

/// Leaves nobody who goes by that name, also none that is logged in.
pub(super) async fn disable(session: &mut Session) -> Result<(), EngineError> {
    session.run(&format!("DROP USER IF EXISTS {}", account(ROOT, "%"))).await?;
    drop_others(session).await?;
    session.run(&format!("KILL USER {}", string(ROOT))).await
}

/// Root may have made itself further accounts.
async fn drop_others(session: &mut Session) -> Result<(), EngineError> {
    let query = format!(
        "SELECT Host FROM mysql.global_priv WHERE BINARY User = {} AND Host <> '%'",
        string(ROOT)
    );
    for host in session.rows::<String>(&query).await? {
        session.run(&format!("DROP USER IF EXISTS {}", account(ROOT, &host))).await?;
    }
    Ok(())
}
