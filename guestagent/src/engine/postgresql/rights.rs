//! Rights on databases: each database has a group, and who has rights on it is in that group.
//!
//! # Invariants
//! - A group has its rights on one database and on nothing else, and nobody logs in as one.
//! - In that database its members act as the group, so that what one of them makes is all of
//!   theirs; what one makes under its own name the others may use too.
//! - A role that goes leaves what it has made to the database's group.

use domain::engine::postgresql::{GROUP_PREFIX, ROOT};

use super::session::Session;
use super::sql::{identifier, string};
use crate::engine::EngineError;

/// What rights there are on, besides schemas.
const KINDS: [&str; 4] = ["TABLES", "SEQUENCES", "ROUTINES", "TYPES"];

/// The group of the database of that number. Names of databases change, and are as long as the
/// names of roles.
pub(super) fn group_of(number: u32) -> String {
    format!("{GROUP_PREFIX}{number}")
}

/// Leaves the database with its group, which has all rights in it, and nobody else with any.
pub(super) async fn ensure_group(
    session: &Session,
    database: &str,
    number: u32,
) -> Result<(), EngineError> {
    let name = group_of(number);
    let (group, root, quoted) = (identifier(&name), identifier(ROOT), identifier(database));
    if !has_role(session, &name).await? {
        session.run(&format!("CREATE ROLE {group} NOLOGIN")).await?;
    }
    session.run(&format!("GRANT {group} TO {root}")).await?;
    // Its owner may have closed it to everybody, the agent included.
    session.run(&format!("ALTER DATABASE {quoted} ALLOW_CONNECTIONS true")).await?;
    session.run(&format!("REVOKE ALL ON DATABASE {quoted} FROM PUBLIC")).await?;
    session.run(&format!("GRANT ALL ON DATABASE {quoted} TO {group}")).await?;
    let inside = session.beside(database).await?;
    let has_public = "SELECT 1 FROM pg_namespace WHERE nspname = 'public'";
    if inside.finds(has_public, &[]).await? {
        inside.run(&format!("ALTER SCHEMA public OWNER TO {group}")).await?;
    }
    share(&inside, ROOT, &name).await?;
    share_what_is_there(&inside, &name).await
}

/// What a role is going to make under its own name, the group may use.
async fn share(inside: &Session, role: &str, group: &str) -> Result<(), EngineError> {
    let (role, group) = (identifier(role), identifier(group));
    let for_role = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {role} GRANT ALL ON");
    let kinds = KINDS.iter().copied().chain(["SCHEMAS"]);
    let statements: Vec<String> =
        kinds.map(|kind| format!("{for_role} {kind} TO {group}")).collect();
    inside.run(&statements.join("; ")).await
}

/// What was made before there was the group, it may use.
async fn share_what_is_there(inside: &Session, group: &str) -> Result<(), EngineError> {
    let query = "SELECT nspname::text FROM pg_namespace \
                 WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'";
    let group = identifier(group);
    for schema in inside.column::<String>(query, &[]).await? {
        let schema = identifier(&schema);
        let mut statements = vec![format!("GRANT ALL ON SCHEMA {schema} TO {group}")];
        statements.extend(
            KINDS[..3]
                .iter()
                .map(|kind| format!("GRANT ALL ON ALL {kind} IN SCHEMA {schema} TO {group}")),
        );
        inside.run(&statements.join("; ")).await?;
    }
    Ok(())
}

/// Leaves a user with all rights in the database.
pub(super) async fn grant(
    session: &Session,
    user: &str,
    database: &str,
    number: u32,
) -> Result<(), EngineError> {
    ensure_group(session, database, number).await?;
    let group = group_of(number);
    let inside = session.beside(database).await?;
    share(&inside, user, &group).await?;
    let (user, quoted, group) = (identifier(user), identifier(database), identifier(&group));
    session.run(&format!("GRANT {group} TO {user}")).await?;
    let acts = format!("ALTER ROLE {user} IN DATABASE {quoted} SET role = {group}");
    session.run(&acts).await
}

/// Leaves a user without any rights in the database, also where it is logged in.
pub(super) async fn revoke(
    session: &Session,
    user: &str,
    database: &str,
    number: u32,
) -> Result<(), EngineError> {
    let group = group_of(number);
    let (quoted_user, quoted) = (identifier(user), identifier(database));
    session.run(&format!("REVOKE {} FROM {quoted_user}", identifier(&group))).await?;
    session.run(&format!("ALTER ROLE {quoted_user} IN DATABASE {quoted} RESET role")).await?;
    session.run(&format!("ALTER DATABASE {quoted} ALLOW_CONNECTIONS true")).await?;
    end_sessions(session, user, Some(database)).await?;
    leave_to_group(&session.beside(database).await?, user, &group).await
}

/// Removes a role that nobody is to be any more, with all that depends on it.
pub(super) async fn drop_role(session: &Session, role: &str) -> Result<(), EngineError> {
    let quoted = identifier(role);
    // First, so that nothing new comes to depend on it.
    session.run(&format!("ALTER ROLE {quoted} CONNECTION LIMIT 0")).await?;
    end_sessions(session, role, None).await?;
    let query = "SELECT DISTINCT d.oid, d.datname::text FROM pg_shdepend s \
                 JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.refobjid \
                 WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname::text = $1";
    for row in session.rows(query, &[&role]).await? {
        let (number, database): (u32, String) = (row.get(0), row.get(1));
        let open = format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", identifier(&database));
        session.run(&open).await?;
        let group = group_of(number);
        let has_heir = group != role && has_role(session, &group).await?;
        let heir = if has_heir { group } else { ROOT.to_owned() };
        leave_to_group(&session.beside(&database).await?, role, &heir).await?;
    }
    // Rights on databases themselves.
    session.run(&format!("DROP OWNED BY {quoted}; DROP ROLE {quoted}")).await
}

async fn leave_to_group(inside: &Session, role: &str, heir: &str) -> Result<(), EngineError> {
    let (role, heir) = (identifier(role), identifier(heir));
    inside.run(&format!("REASSIGN OWNED BY {role} TO {heir}; DROP OWNED BY {role}")).await
}

/// Removes groups whose databases are gone, whoever removed those: a database to come may get
/// the number of one that was.
pub(super) async fn drop_groups_left(session: &Session) -> Result<(), EngineError> {
    let query = "SELECT rolname::text FROM pg_roles WHERE starts_with(rolname, $1) \
                 AND NOT EXISTS (SELECT 1 FROM pg_database d WHERE rolname = $1 || d.oid::text)";
    for group in session.column::<String>(query, &[&GROUP_PREFIX]).await? {
        drop_role(session, &group).await?;
    }
    Ok(())
}

/// Sends away whoever is logged in as that role, and lets nobody wait for it.
pub(super) async fn end_sessions(
    session: &Session,
    role: &str,
    database: Option<&str>,
) -> Result<(), EngineError> {
    let query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                 WHERE usename::text = $1 AND ($2::text IS NULL OR datname::text = $2)";
    session.rows(query, &[&role, &database]).await.map(drop)
}

pub(super) async fn has_role(session: &Session, name: &str) -> Result<bool, EngineError> {
    session.finds("SELECT 1 FROM pg_roles WHERE rolname::text = $1", &[&name]).await
}

/// The clause by which a role gets a password.
pub(super) fn password(password: &str) -> String {
    format!("PASSWORD {}", string(password))
}
