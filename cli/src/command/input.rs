//! What commands take besides plain words: passwords, users, values of settings, yes and no.
//!
//! # Invariant
//! A password can always come from a file or from standard input, so that nobody has to write it
//! where others on the machine can read it.

use crate::failure::{Failure, Outcome};
use clap::Args;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::Read;

const BYTES_MAX: u64 = 1024 * 1024;
/// Names standard input.
const STDIN: &str = "-";

/// A password that has to be given.
#[derive(Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Password {
    /// The password; others on this machine may see it: better use --password-file.
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
    /// A file whose first line is the password; `-` reads it from standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
}

/// A password that may be given.
#[derive(Clone, Args)]
#[group(required = false, multiple = false)]
pub(crate) struct MaybePassword {
    /// The password; others on this machine may see it: better use --password-file.
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
    /// A file whose first line is the password; `-` reads it from standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
}

impl Password {
    /// The password itself.
    pub(crate) fn read(self) -> Outcome<String> {
        let Self { password, password_file } = self;
        let read = MaybePassword { password, password_file }.read()?;
        read.ok_or_else(|| Failure::usage("read the password", "none is given"))
    }
}

impl MaybePassword {
    /// The password itself, if there is one.
    pub(crate) fn read(self) -> Outcome<Option<String>> {
        let Some(file) = self.password_file else { return Ok(self.password) };
        let what = "read the password";
        let text = read(what, &file)?;
        match text.lines().next() {
            Some(line) if !line.is_empty() => Ok(Some(line.to_owned())),
            Some(_) | None => {
                Err(Failure::usage(what, format!("the first line of {file} is empty")))
            }
        }
    }
}

/// A user with a password, from `name:password`.
pub(crate) fn user(text: &str) -> Outcome<(String, String)> {
    match text.split_once(':') {
        Some((name, password)) if !name.is_empty() && !password.is_empty() => {
            Ok((name.to_owned(), password.to_owned()))
        }
        // The text is not repeated: it may be a password.
        Some(_) | None => Err(Failure::usage("read a user", "it is not of the form NAME:PASSWORD")),
    }
}

/// The users of a file, one `name:password` in each line.
pub(crate) fn users(file: &str) -> Outcome<Vec<(String, String)>> {
    let text = read("read the users", file)?;
    text.lines().filter(|line| !line.trim().is_empty()).map(user).collect()
}

/// The values of a configuration group: a JSON object, or `@FILE` or `-` with one in it.
pub(crate) fn values(text: &str) -> Outcome<Map<String, Value>> {
    let what = "read the values";
    let text = match text.strip_prefix('@') {
        Some(file) => read(what, file)?,
        None if text == STDIN => read(what, STDIN)?,
        None => text.to_owned(),
    };
    serde_json::from_str(&text).map_err(|error| {
        Failure::usage(what, format!("they are no JSON object: {error}"))
            .advise(r#"write them like '{"max_connections": 200}', or name a file with @FILE"#)
    })
}

/// The network that an instance is in, from `key=value,...`.
pub(crate) fn nic(text: &str) -> Outcome<Value> {
    let mut nic = Map::new();
    for part in text.split(',') {
        let pair = part.split_once('=').filter(|(key, value)| !key.is_empty() && !value.is_empty());
        let Some((key, value)) = pair else {
            let why = format!("{part} is not of the form KEY=VALUE");
            return Err(Failure::usage("read the network", why));
        };
        nic.insert(key.to_owned(), json!(value));
    }
    Ok(Value::Object(nic))
}

fn read(what: &str, file: &str) -> Outcome<String> {
    let failed = |error: std::io::Error| Failure::usage(what, format!("{file}: {error}"));
    let mut text = String::new();
    let mut source: Box<dyn Read> = if file == STDIN {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(failed)?)
    };
    let mut limited = source.as_mut().take(BYTES_MAX);
    limited.read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_from_its_file_without_the_end_of_the_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let given = || MaybePassword {
            password: None,
            password_file: Some(file.path().display().to_string()),
        };
        assert!(given().read().is_err());
        std::fs::write(file.path(), "pa:ss word \r\nmore\n").unwrap();
        assert_eq!(given().read().unwrap().unwrap(), "pa:ss word ");
        let none = MaybePassword { password: None, password_file: None };
        assert_eq!(none.read().unwrap(), None);
    }

    #[test]
    fn users_are_read_up_to_the_first_colon_and_never_repeated() {
        assert_eq!(user("anna:a:b").unwrap(), ("anna".to_owned(), "a:b".to_owned()));
        for text in ["secret", ":secret", "anna:"] {
            assert!(!user(text).unwrap_err().to_string().contains("secret"));
        }
    }

    #[test]
    fn values_are_an_object_or_a_file_with_one() {
        assert_eq!(values(r#"{"a": 1}"#).unwrap()["a"], 1);
        assert!(values("[1]").is_err() && values("a=1").is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"b": true}"#).unwrap();
        assert_eq!(values(&format!("@{}", file.path().display())).unwrap()["b"], true);
        assert!(values("@/no/such/file").unwrap_err().to_string().contains("/no/such/file"));
    }

    #[test]
    fn a_network_is_pairs() {
        assert_eq!(nic("net-id=a,subnet-id=b").unwrap(), json!({"net-id": "a", "subnet-id": "b"}));
        assert!(nic("net-id").is_err() && nic("net-id=").is_err());
    }
}
