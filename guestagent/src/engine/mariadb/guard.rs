//! A server whose users only read, for want of room: by `read_only`, which the agent is exempt
//! from, since it has all rights. No tenant has the right that would exempt it: see how root is made.
//!
//! Nothing here needs room on the volume: tables of `information_schema` may.

use std::collections::BTreeMap;

use domain::engine::mariadb::ADMIN;
use mysql_async::Row;

use super::session::Session;
use crate::engine::{EngineError, ServerCode};

/// The setting by which it is done.
pub(super) const SETTING: &str = "read_only";
/// The line of an option file in which the agent does it.
const LINE: &str = "read-only=\"ON\"";

/// The server's number of "a lock was not had in time".
const LOCK_WAIT_TIMEOUT: u16 = 1205;
/// How long changes that were told to end may take for it.
const END_SECS: u32 = 3;

/// Users of the server's own.
const OWN: [&str; 3] = [ADMIN, "system user", "event_scheduler"];

/// What the agent has an option file say, so that a server is so from its start.
pub(super) fn line() -> (&'static str, String) {
    (SETTING, "ON".to_owned())
}

/// Whether an option file of the agent's says so.
pub(super) fn is_in(file: &str) -> bool {
    file.lines().any(|line| line == LINE)
}

/// Has a running server be so. Changes under way could use up what room is left: where the server
/// would wait for them, they are ended.
pub(super) async fn hold(session: &mut Session) -> Result<(), EngineError> {
    match set(session, "ON", 0).await {
        Err(EngineError::Refused { code: ServerCode::Number(LOCK_WAIT_TIMEOUT), .. }) => {}
        outcome => return outcome,
    }
    for id in under_way(session).await? {
        // It may have ended by itself.
        drop(session.run(&format!("KILL QUERY {id}")).await);
    }
    set(session, "ON", END_SECS).await
}

/// Has a running server be as its settings say.
pub(super) async fn let_go(
    session: &mut Session,
    settings: &BTreeMap<String, String>,
) -> Result<(), EngineError> {
    let is_on = settings.get(SETTING).is_some_and(|value| value == "1" || value == "ON");
    set(session, if is_on { "ON" } else { "OFF" }, END_SECS).await
}

async fn set(session: &mut Session, value: &str, wait_secs: u32) -> Result<(), EngineError> {
    session.run(&format!("SET SESSION lock_wait_timeout = {wait_secs}")).await?;
    session.run(&format!("SET GLOBAL {SETTING} = {value}")).await
}

/// The connections of others that run a statement.
async fn under_way(session: &mut Session) -> Result<Vec<u64>, EngineError> {
    let rows: Vec<Row> = session.rows("SHOW PROCESSLIST").await?;
    let running = rows.iter().filter_map(|row| {
        let (id, user, command): (u64, String, String) = (row.get(0)?, row.get(1)?, row.get(4)?);
        (command != "Sleep" && !OWN.contains(&user.as_str())).then_some(id)
    });
    Ok(running.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::mariadb::settings;

    #[test]
    fn what_the_agent_has_a_file_say_is_found_there_and_is_no_setting() {
        let settings = BTreeMap::from([(SETTING.to_owned(), "OFF".to_owned())]);
        let lifted = settings::file(&settings, []).unwrap();
        let held = settings::file(&settings, [line()]).unwrap();
        assert_eq!((is_in(&lifted), is_in(&held)), (false, true));
        assert_eq!(settings::of(&held), settings);
    }
}
