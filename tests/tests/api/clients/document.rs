//! `docs/clients.md`: its tables are written by the tests that check them. `UPDATE_GOLDEN=1`
//! rewrites them.

use super::row::{Login, Row, Seen, Told, Who};
use anyhow::Context as _;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Compares a part of the document with what was found.
pub(crate) fn check(part: &str, found: &str) -> anyhow::Result<()> {
    // Several tests have a part each.
    static WRITER: Mutex<()> = Mutex::new(());
    let _writer = WRITER.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/clients.md");
    let document = fs::read_to_string(&path)?;
    let (begin, end) = (format!("<!-- {part} begins -->\n"), format!("<!-- {part} ends -->\n"));
    let (before, rest) = document.split_once(&begin).with_context(|| format!("no {begin}"))?;
    let (written, after) = rest.split_once(&end).with_context(|| format!("no {end}"))?;
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, [before, &begin, found, &end, after].concat())?;
        return Ok(());
    }
    assert_eq!(written, found, "{part} in docs/clients.md: see UPDATE_GOLDEN");
    Ok(())
}

/// The table, by command.
pub(super) fn rendered(what: &str, rows: &[&Row]) -> String {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| row.command);
    let mut text = format!("| {what} | example | answer | seen |\n|---|---|---|---|\n");
    for row in rows {
        let (command, example) = (row.command, code(row.arguments));
        let who = match row.who {
            Who::Member => "",
            Who::Admin => " (administrator)",
        };
        let seen: Vec<String> = row.seen.iter().map(told_of).collect();
        let (answer, seen) = (answer(row.told), seen.join("; "));
        text.push_str(&format!("| `{command}`{who} | {example} | {answer} | {seen} |\n"));
    }
    text
}

fn answer(told: Told) -> String {
    match told {
        Told::Works => "works".to_owned(),
        Told::Refused(status, text) => format!("{status}: {text}"),
        Told::Unknown(text) => format!("404, which the client tells as: {text}"),
        Told::Raises(text) => format!("raises {text} in the client"),
        Told::Elsewhere(what) => format!("fails in the client, which asks {what}"),
    }
}

fn told_of(seen: &Seen) -> String {
    match seen {
        Seen::Printed(text) => format!("prints {}", code(text)),
        Seen::Nothing => "prints nothing".to_owned(),
        Seen::Restarted(_) => "another server process serves".to_owned(),
        Seen::Rooted(_) => "root logs in with the password".to_owned(),
        Seen::Up(_) => "ACTIVE and HEALTHY".to_owned(),
        Seen::Shown(path, pointer, value) => {
            format!("{} of {} is {}", code(pointer), code(path), code(value))
        }
        Seen::Gone(path) => format!("{} is 404", code(path)),
        Seen::Sql(login, statement, []) => {
            format!("{} as {} goes through, without rows", code(statement), who(login))
        }
        Seen::Sql(login, statement, rows) => {
            let rows = rows.join(" ").replace('\t', " ");
            format!("{} as {} gives {}", code(statement), who(login), code(&rows))
        }
        Seen::NoSql(login, statement) => {
            format!("{} as {} is refused", code(statement), who(login))
        }
    }
}

fn who(login: &Login<'_>) -> String {
    let within = login.database.map(|database| format!(" in `{database}`"));
    format!("`{}`{}", login.user, within.unwrap_or_default())
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}
