//! Settings of a PostgreSQL server: its file, a check without a server, and what a running one
//! takes of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use domain::guest_spec::CommandLine;
use tokio::process::Command;

use super::guard;
use super::session::Session;
use crate::engine::{BadSetting, EngineError, Taken};

/// The program reads its file within some tens of milliseconds.
const CHECK_MAX: Duration = Duration::from_secs(20);
/// How much of a complaint is told.
const COMPLAINT_CHARS_MAX: usize = 300;
/// Where the settings are read from, on the command line.
const FILE: &str = "--config_file=";
/// Between two looks whether the server has read its file.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A settings file with these settings, and behind them a line of the agent's `own`, which
/// counts more.
pub(super) fn file(
    settings: &BTreeMap<String, String>,
    own: Option<&str>,
) -> Result<String, BadSetting> {
    let mut text = String::new();
    for (name, value) in settings {
        text += &line(name, value).ok_or_else(|| BadSetting { name: name.clone() })?;
    }
    text += own.unwrap_or_default();
    Ok(text)
}

/// A line of a settings file; none for what can't be one.
fn line(name: &str, value: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) || value.chars().any(char::is_control) {
        return None;
    }
    let value = value.replace('\\', "\\\\").replace('\'', "''");
    Some(format!("{name} = '{value}'\n"))
}

/// The settings in a file that [`file`] has written, without what is the agent's own.
pub(super) fn of(file: &str) -> BTreeMap<String, String> {
    let setting = |line: &str| {
        let (name, quoted) = line.split_once(" = ")?;
        let quoted = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
        Some((name.to_owned(), unescaped(quoted)))
    };
    file.lines().filter_map(setting).collect()
}

fn unescaped(quoted: &str) -> String {
    let mut characters = quoted.chars();
    let mut value = String::new();
    while let Some(character) = characters.next() {
        let escaped = "\\'".contains(character).then(|| characters.next()).flatten();
        value.push(escaped.unwrap_or(character));
    }
    value
}

/// Has the server's program read a settings file and say where it stands, which it refuses to do
/// when it can't make sense of a value. It misses what only a start finds out.
pub(super) async fn check(server: &CommandLine, file: &Path) -> Result<(), EngineError> {
    let fixed = server.args.iter().filter(|arg| arg.starts_with("--") && !arg.starts_with(FILE));
    let mut command = Command::new(&server.program);
    command
        .args(["-C", "config_file", "-D"])
        // No data is needed for it, and an agent may not get at them.
        .arg(file.parent().unwrap_or(Path::new("/")))
        .arg(format!("{FILE}{}", file.display()))
        .args(fixed)
        .env_clear()
        .envs(server.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    // Beside the time zones, as it is started.
    if let Some(zones) = server.links.first() {
        command.current_dir(&zones.target);
    }
    let output = match tokio::time::timeout(CHECK_MAX, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(EngineError::Silent(error.into())),
        Err(elapsed) => return Err(EngineError::Silent(elapsed.into())),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines = || said.lines().filter(|line| !line.contains("skipping missing"));
    let complaint = lines().find(|line| super::is_complaint(line)).or_else(|| lines().next());
    // One that ends unhappily without a word is a start's to find out.
    complaint.map_or(Ok(()), |line| Err(bad(line)))
}

fn bad(line: &str) -> EngineError {
    // Its own stamp of time and process says nothing here.
    let words = line.split_once(":  ").map_or(line, |(_, words)| words);
    EngineError::BadSettings { complaint: words.chars().take(COMPLAINT_CHARS_MAX).collect() }
}

/// When a running server takes a setting that it finds in its file.
pub(super) async fn taken(session: &Session, name: &str) -> Result<Taken, EngineError> {
    let query = "SELECT context FROM pg_settings WHERE lower(name) = lower($1)";
    let contexts: Vec<String> = session.column(query, &[&name]).await?;
    match contexts.first().map(String::as_str) {
        Some("postmaster") => Ok(Taken::AtRestart),
        Some("internal") | None => {
            Err(EngineError::BadSettings { complaint: format!("there is no setting '{name}'") })
        }
        Some(_) => Ok(Taken::Now),
    }
}

/// Has the server read its file, and waits until it has. What can't be taken of it makes it take
/// nothing, and only its log would say so: hence the look beforehand.
pub(super) async fn reread(session: &Session, file: &Path) -> Result<(), EngineError> {
    let written = std::fs::read_to_string(file).unwrap_or_default();
    let query = "SELECT lower(name), setting FROM pg_file_settings \
                 WHERE sourcefile = current_setting('config_file') ORDER BY seqno";
    let rows = session.rows(query, &[]).await?;
    let seen: BTreeMap<String, Option<String>> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let is_seen = |(name, value): (&String, &String)| {
        name == guard::SETTING || seen.get(name) == Some(&Some(value.clone()))
    };
    if let Some((name, _)) = of(&written).iter().find(|setting| !is_seen(*setting)) {
        let complaint = format!("the server does not find '{name}' as it is written down");
        return Err(EngineError::BadSettings { complaint });
    }
    // What waits for a restart is no mistake.
    let query = "SELECT concat(name, ': ', error) FROM pg_file_settings \
                 WHERE error IS NOT NULL AND error <> 'setting could not be applied'";
    if let Some(complaint) = session.column::<String>(query, &[]).await?.into_iter().next() {
        return Err(EngineError::BadSettings { complaint });
    }
    let read = async || -> Result<Option<SystemTime>, EngineError> {
        Ok(session.column("SELECT pg_conf_load_time()", &[]).await?.pop())
    };
    let before = read().await?;
    session.rows("SELECT pg_reload_conf()", &[]).await?;
    while read().await? == before {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_stays_on_its_line() {
        assert_eq!(line("a_b", "1MB").unwrap(), "a_b = '1MB'\n");
        assert_eq!(line("a", r"x # 'y\").unwrap(), "a = 'x # ''y\\\\'\n");
        for (name, value) in
            [("a", "1\nfsync = off"), ("", "1"), ("include", "x\0"), ("a.b", "1"), ("a b", "")]
        {
            assert_eq!(line(name, value), None, "{name:?} {value:?}");
        }
    }

    #[test]
    fn a_file_tells_the_settings_that_it_was_made_of() {
        let settings = [("a", "1MB"), ("b", ""), ("c", r"x='y\ \\ ' # z"), ("d", r"\''")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(of(&file(&settings, None).unwrap()), settings);
    }
}
