//! The configuration of nats-server, generated: nobody edits it.
//!
//! Understood by nats-server 2.10 and later; earlier ones can't promise that what they
//! acknowledged is on disk, and refuse to start with it.

use crate::authority::Authority;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What differs between one server and another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// The server's name in its own log and answers.
    pub name: String,
    /// The address to listen on.
    pub host: String,
    /// The port to listen on.
    pub port: u16,
    /// Where streams are kept; the server makes it.
    pub store_dir: PathBuf,
    /// Where account tokens are kept; the server makes it.
    pub jwt_dir: PathBuf,
}

impl ServerConfig {
    /// The text of the configuration file. It holds no secrets.
    ///
    /// Every append is on disk before it is acknowledged. There is no monitoring port: what one
    /// would show, the system account can ask for.
    pub fn render(&self, authority: &Authority) -> String {
        let accounts = authority.accounts();
        let preload: Vec<_> =
            accounts.iter().map(|(key, token)| format!("{key}: {token}")).collect();
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            writeln!(text, "{name}: {value}").expect("a string takes every text");
        };
        line("server_name", &quoted(&self.name));
        line("host", &quoted(&self.host));
        line("port", &self.port.to_string());
        line("max_payload", "1MB");
        // A guest that hangs is noticed after half a minute instead of after five.
        line("ping_interval", "\"10s\"");
        line("ping_max", "2");
        line("write_deadline", "\"10s\"");
        line("operator", &authority.operator_token());
        line("system_account", &accounts[0].0);
        // Kept in a directory, because only there a revocation outlives the server.
        line(
            "resolver",
            &format!(
                "{{ type: full, dir: {}, allow_delete: true, interval: \"2m\" }}",
                quoted_path(&self.jwt_dir)
            ),
        );
        line("resolver_preload", &format!("{{\n  {}\n}}", preload.join("\n  ")));
        line(
            "jetstream",
            &format!("{{ store_dir: {}, sync_interval: always }}", quoted_path(&self.store_dir)),
        );
        text
    }
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// A quoted string of the server's configuration language.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_not_leave_its_quotes() {
        assert_eq!(quoted("a\"} port: 1\n\\"), r#""a\"} port: 1\n\\""#);
    }

    #[test]
    fn the_configuration_holds_no_seed() {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::create(&directory.path().join("authority")).unwrap();
        let config = ServerConfig {
            name: "test".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 4222,
            store_dir: directory.path().join("store"),
            jwt_dir: directory.path().join("jwt"),
        };
        let text = config.render(&authority);
        let keys = std::fs::read_to_string(directory.path().join("authority/authority.json"));
        let keys: serde_json::Value = serde_json::from_str(&keys.unwrap()).unwrap();
        for (name, seed) in keys.as_object().unwrap() {
            if let Some(seed) = seed.as_str() {
                assert!(!text.contains(seed), "{name}");
            }
        }
    }
}
