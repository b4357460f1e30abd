//! Settings of a MariaDB server: its option file, a check without a server, and changes of a
//! running one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use domain::guest_spec::CommandLine;
use tokio::process::Command;

use super::session::Session;
use super::sql::string;
use crate::engine::{BadSetting, EngineError, Taken};

/// The program prints its options within some tens of milliseconds.
const CHECK_MAX: Duration = Duration::from_secs(20);
/// How much of a complaint is told.
const COMPLAINT_CHARS_MAX: usize = 300;
/// The options of the server's command line that its own check needs: where the engine lies.
const PLACES: [&str; 2] = ["--basedir=", "--plugin-dir="];

/// The section that a server of this engine reads.
const SECTION: &str = "[mariadbd]";

/// An option file with these settings, and with what is the agent's `own`. To the server `-` and
/// `_` are the same in a name; settings have `_`, and what is the agent's own has `-`.
pub(super) fn file<'a>(
    settings: &BTreeMap<String, String>,
    own: impl IntoIterator<Item = (&'a str, String)>,
) -> Result<String, BadSetting> {
    let mut text = format!("{SECTION}\n");
    for (name, value) in settings {
        text += &line(name, value).ok_or_else(|| BadSetting { name: name.clone() })?;
    }
    for (name, value) in own {
        let bad = || BadSetting { name: name.to_owned() };
        text += &line(&name.replace('_', "-"), &value).ok_or_else(bad)?;
    }
    Ok(text)
}

/// A line of an option file; none for what can't be one.
fn line(name: &str, value: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if name.is_empty() || !name.chars().all(is_name) || value.chars().any(char::is_control) {
        return None;
    }
    // Quoted, because `#` begins a comment and spaces at the ends are cut off.
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    Some(format!("{name}=\"{value}\"\n"))
}

/// The settings in an option file that [`file`] has written, without what is the agent's own.
pub(super) fn of(file: &str) -> BTreeMap<String, String> {
    let setting = |line: &str| {
        let (name, quoted) = line.split_once('=')?;
        let quoted = quoted.strip_prefix('"')?.strip_suffix('"')?;
        (!name.contains('-')).then(|| (name.to_owned(), unescaped(quoted)))
    };
    file.lines().filter_map(setting).collect()
}

fn unescaped(quoted: &str) -> String {
    let mut characters = quoted.chars();
    let mut value = String::new();
    while let Some(character) = characters.next() {
        let escaped = (character == '\\').then(|| characters.next()).flatten();
        value.push(escaped.unwrap_or(character));
    }
    value
}

/// Has the server's program read an option file and print its options, which it refuses to do
/// when it could not start with it. It misses what only a start finds out.
pub(super) async fn check(server: &CommandLine, file: &Path) -> Result<(), EngineError> {
    let places = server.args.iter().filter(|arg| PLACES.iter().any(|name| arg.starts_with(name)));
    let mut command = Command::new(&server.program);
    command
        .arg(format!("--defaults-file={}", file.display()))
        .args(places)
        .args(["--help", "--verbose"])
        .env_clear()
        .envs(server.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(CHECK_MAX, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(EngineError::Silent(error.into())),
        Err(elapsed) => return Err(EngineError::Silent(elapsed.into())),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    // One that ends unhappily without a word against a setting is a start's to find out.
    said.lines().find(|line| is_complaint(line)).map_or(Ok(()), |line| Err(bad(line)))
}

/// A value that is wrong, or one that the server would cut to another.
fn is_complaint(line: &str) -> bool {
    line.contains("[ERROR]") || line.contains("adjusted to")
}

fn bad(line: &str) -> EngineError {
    // Its own stamp of time and thread says nothing here.
    let words = line.split_once("] ").map_or(line, |(_, words)| words);
    EngineError::BadSettings { complaint: words.chars().take(COMPLAINT_CHARS_MAX).collect() }
}

/// What the server says of one of its variables: its type, whether it is set at a start only,
/// the step between values, and its value.
type Variable = (String, String, Option<u64>, Option<String>);

/// Has a running server take a setting.
pub(super) async fn set(
    session: &mut Session,
    name: &str,
    value: Option<&str>,
) -> Result<Taken, EngineError> {
    let Some((kind, read_only, step, _)) = look(session, name).await? else {
        // An option that is none of its variables is read at a start.
        return Ok(Taken::AtRestart);
    };
    if read_only == "YES" {
        return Ok(Taken::AtRestart);
    }
    let Some(value) = value else {
        return match session.run(&format!("SET GLOBAL {name} = DEFAULT")).await {
            // It has no default that could be set while it runs.
            Err(EngineError::Refused { .. }) => Ok(Taken::AtRestart),
            outcome => outcome.map(|()| Taken::Now),
        };
    };
    let number = number(&kind, value);
    let literal = match &number {
        Some(Number::Whole(number)) => number.to_string(),
        Some(Number::Fraction(text)) => text.clone(),
        None => string(value),
    };
    session.run(&format!("SET GLOBAL {name} = {literal}")).await?;
    if let Some(Number::Whole(asked)) = number {
        let now = look(session, name).await?.and_then(|(.., now)| now?.parse::<i128>().ok());
        let step = i128::from(step.unwrap_or(1).max(1));
        if let Some(now) = now.filter(|now| *now <= asked - step) {
            let complaint = format!("it takes {now} at most, here and now");
            return Err(EngineError::BadSettings { complaint });
        }
    }
    Ok(Taken::Now)
}

async fn look(session: &mut Session, name: &str) -> Result<Option<Variable>, EngineError> {
    let query = format!(
        "SELECT VARIABLE_TYPE, READ_ONLY, CAST(NUMERIC_BLOCK_SIZE AS UNSIGNED), GLOBAL_VALUE \
         FROM information_schema.SYSTEM_VARIABLES WHERE VARIABLE_NAME = {}",
        string(name)
    );
    Ok(session.rows::<Variable>(&query).await?.into_iter().next())
}

enum Number {
    Whole(i128),
    Fraction(String),
}

/// A number as a statement takes it, which knows none of an option file's suffixes.
fn number(kind: &str, value: &str) -> Option<Number> {
    if kind == "DOUBLE" {
        return value.parse::<f64>().ok().map(|_| Number::Fraction(value.to_owned()));
    }
    if !kind.contains("INT") {
        return None;
    }
    let (digits, shift) = match value.chars().last()?.to_ascii_uppercase() {
        'K' => (&value[..value.len() - 1], 10),
        'M' => (&value[..value.len() - 1], 20),
        'G' => (&value[..value.len() - 1], 30),
        'T' => (&value[..value.len() - 1], 40),
        _ => (value, 0),
    };
    let number = digits.parse::<i128>().ok()?;
    number.checked_mul(1 << shift).map(Number::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_stays_on_its_line() {
        assert_eq!(line("a_b", "1M").unwrap(), "a_b=\"1M\"\n");
        assert_eq!(line("a", "x # \"y\\").unwrap(), "a=\"x # \\\"y\\\\\"\n");
        for (name, value) in [("a", "1\ninit-file=/x"), ("", "1"), ("[mysqld]\na", "1"), ("a=", "")]
        {
            assert_eq!(line(name, value), None, "{name:?} {value:?}");
        }
    }

    #[test]
    fn a_file_tells_the_settings_that_it_was_made_of() {
        let settings = [("a", "1M"), ("b", ""), ("c", r#"x="y\ \\ " # z"#), ("d", r#"\""#)];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let text = file(&settings, [("general_log_file", "/x".to_owned())]).unwrap();
        assert!(text.ends_with("general-log-file=\"/x\"\n"), "{text}");
        assert_eq!(of(&text), settings);
    }

    #[test]
    fn a_number_is_told_without_its_suffix() {
        let whole = |kind, value| match number(kind, value) {
            Some(Number::Whole(number)) => Some(number),
            Some(Number::Fraction(_)) | None => None,
        };
        assert_eq!(whole("BIGINT UNSIGNED", "16M"), Some(16 << 20));
        assert_eq!(whole("INT", "-1"), Some(-1));
        assert_eq!(whole("BIGINT UNSIGNED", "18446744073709551615"), Some(u64::MAX.into()));
        assert_eq!(whole("BOOLEAN", "1"), None);
        assert_eq!(whole("INT", "16X"), None);
        assert_eq!(whole("INT", ""), None);
    }
}
