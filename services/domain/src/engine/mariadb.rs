//! MariaDB: names, port, settings by flavor.
//!
//! Name rules follow the Trove API for MySQL-like datastores, with the user name's limit of
//! MariaDB 10.11 (80 characters in the server; 32 here, as MySQL has it).

use super::{Refusal, shown};
use crate::guest_spec::{CommandLine, Layout, StopSignal};
use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::Path;

pub use forbidden::forbidden;
pub use variables::{Variable, parameter};

mod forbidden;
pub mod logs;
pub(crate) mod memory;
mod variables;

/// The port that clients expect.
pub const PORT: u16 = 3306;

/// The account of the guest agent.
pub const ADMIN: &str = "os_admin";

/// The account by which a tenant administers its databases.
pub const ROOT: &str = "root";

/// Databases that are the server's own, whatever the case of their names.
pub const RESERVED_DATABASES: [&str; 5] =
    ["mysql", "information_schema", "performance_schema", "sys", "lost+found"];
/// Users that are the server's or the agent's own, whatever the case of their names.
pub const RESERVED_USERS: [&str; 5] = [ADMIN, ROOT, "mariadb.sys", "mysql", "public"];
const DATABASE_NAME_CHARS_MAX: usize = 64;
const USER_NAME_CHARS_MAX: usize = 32;
const PASSWORD_CHARS_MAX: usize = 255;

/// Settings for a flavor with `ram_mb` MiB of memory.
///
/// Small figures where a default is sized for a whole machine; the buffer pool takes about half
/// of the memory, in whole 8 MiB.
pub fn settings(ram_mb: u32) -> BTreeMap<String, String> {
    let pool_mb = (ram_mb / 2 / 8 * 8).max(16);
    let redo_mb = (pool_mb / 4).clamp(4, 512);
    let connections = (ram_mb / 8).clamp(40, 1000);
    [
        ("aria_pagecache_buffer_size", "1M".to_owned()),
        ("character_set_server", "utf8mb4".to_owned()),
        ("collation_server", "utf8mb4_general_ci".to_owned()),
        ("innodb_buffer_pool_size", format!("{pool_mb}M")),
        ("innodb_log_buffer_size", "2M".to_owned()),
        ("innodb_log_file_size", format!("{redo_mb}M")),
        ("innodb_temp_data_file_path", "ibtmp1:2M:autoextend".to_owned()),
        ("innodb_use_native_aio", "0".to_owned()),
        ("key_buffer_size", "1M".to_owned()),
        ("max_connections", connections.to_string()),
        ("performance_schema", "OFF".to_owned()),
        ("query_cache_size", "0".to_owned()),
        ("table_definition_cache", "400".to_owned()),
        ("table_open_cache", "200".to_owned()),
        ("tmp_table_size", "4M".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Keeps a server off the network.
pub const OFF_NETWORK: &str = "--skip-networking";

/// The command line of a server.
///
/// What a tenant may set stands in the settings file, which comes first; what must hold whatever
/// the file says stands behind it, since the last word counts.
pub fn server_command(root: &Path, layout: &Layout<'_>, listen: SocketAddrV4) -> CommandLine {
    let path = |path: &Path| path.display().to_string();
    let args = vec![
        format!("--defaults-file={}", path(&layout.server_settings())),
        format!("--basedir={}", path(&root.join("usr"))),
        format!("--plugin-dir={}", path(&root.join("usr/lib/mysql/plugin"))),
        format!("--datadir={}", path(&layout.data())),
        format!("--tmpdir={}", path(&layout.temporary())),
        format!("--socket={}", path(&layout.server_socket())),
        format!("--pid-file={}", path(&layout.data().join("server.pid"))),
        format!("--init-file={}", path(&layout.server_init())),
        format!("--bind-address={}", listen.ip()),
        format!("--port={}", listen.port()),
        format!("--secure-file-priv={}", path(&layout.temporary())),
        "--skip-name-resolve".to_owned(),
        "--local-infile=0".to_owned(),
        "--skip-symbolic-links".to_owned(),
    ];
    let env =
        vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("TZ".to_owned(), "UTC".to_owned())];
    CommandLine {
        program: root.join("usr/sbin/mariadbd"),
        args,
        env,
        directory: None,
        links: Vec::new(),
        stop_signal: StopSignal::Terminate,
    }
}

/// Checks the name of a database.
///
/// # Errors
/// What is wrong with it.
pub fn check_database_name(name: &str) -> Result<(), Refusal> {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let middle = |c: char| inner(c) || " ?#@".contains(c);
    let fits = !name.is_empty()
        && name.chars().count() <= DATABASE_NAME_CHARS_MAX
        && name.starts_with(inner)
        && name.ends_with(inner)
        && name.chars().all(middle);
    if !fits {
        return Err(Refusal(format!(
            "Database name '{}' is not valid: 1 to {DATABASE_NAME_CHARS_MAX} characters of \
             A-Z a-z 0-9 _ - and, in between, space ? # @.",
            shown(name)
        )));
    }
    if RESERVED_DATABASES.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(Refusal(format!("Database name '{name}' is reserved.")));
    }
    Ok(())
}

/// Checks the name of a user.
///
/// # Errors
/// What is wrong with it.
pub fn check_user_name(name: &str) -> Result<(), Refusal> {
    if !account_text(name, USER_NAME_CHARS_MAX) {
        return Err(Refusal(format!(
            "User name '{}' is not valid: 1 to {USER_NAME_CHARS_MAX} characters, no space at \
             either end, none of ' \" ; ` , / \\ and no control character.",
            shown(name)
        )));
    }
    if RESERVED_USERS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(Refusal(format!("User name '{name}' is reserved.")));
    }
    Ok(())
}

/// Checks a password; the text of a refusal does not hold it.
///
/// # Errors
/// What is wrong with it.
pub fn check_password(password: &str) -> Result<(), Refusal> {
    if account_text(password, PASSWORD_CHARS_MAX) {
        return Ok(());
    }
    Err(Refusal(format!(
        "The password is not valid: 1 to {PASSWORD_CHARS_MAX} characters, no space at either end, \
         none of ' \" ; ` , / \\ and no control character."
    )))
}

/// Checks the host part of a user: `%`, or an address or network with `%` for a number.
///
/// # Errors
/// What is wrong with it.
pub fn check_user_host(host: &str) -> Result<(), Refusal> {
    let (address, mask) = match host.split_once('/') {
        None => (host, None),
        Some((address, mask)) => (address, Some(mask)),
    };
    let number = |text: &str| text == "%" || (text.len() <= 3 && text.parse::<u8>().is_ok());
    let v4 = address.split('.').count() == 4 && address.split('.').all(number);
    let v6 =
        address.contains(':') && address.replace('%', "1").parse::<std::net::Ipv6Addr>().is_ok();
    let mask_fits = mask.is_none_or(|mask| {
        mask.parse::<std::net::Ipv4Addr>().is_ok()
            || mask.parse::<u8>().is_ok_and(|bits| bits <= 32)
    });
    if host == "%" || ((v4 || v6) && mask_fits) {
        return Ok(());
    }
    Err(Refusal(format!("Host '{}' is not '%', an address or a network.", shown(host))))
}

/// Checks character set and collation: plain words here; the server knows which exist.
///
/// # Errors
/// What is wrong with them.
pub fn check_charset(charset: Option<&str>, collation: Option<&str>) -> Result<(), Refusal> {
    for word in [charset, collation].into_iter().flatten() {
        if !CHARSETS.contains(&word.split('_').next().unwrap_or(word)) || !is_word(word) {
            return Err(Refusal(format!(
                "Character set or collation '{}' is unknown.",
                shown(word)
            )));
        }
    }
    if let (Some(charset), Some(collation)) = (charset, collation)
        && collation.split('_').next() != Some(charset)
        && !(charset == "utf8" && collation.starts_with("utf8mb3"))
    {
        return Err(Refusal(format!(
            "Collation '{collation}' does not belong to character set '{charset}'."
        )));
    }
    Ok(())
}

/// The character sets of MariaDB 10.11, as `SHOW CHARACTER SET` lists them, and `utf8`.
const CHARSETS: [&str; 41] = [
    "armscii8", "ascii", "big5", "binary", "cp1250", "cp1251", "cp1256", "cp1257", "cp850",
    "cp852", "cp866", "cp932", "dec8", "eucjpms", "euckr", "gb2312", "gbk", "geostd8", "greek",
    "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "latin1", "latin2", "latin5", "latin7", "macce",
    "macroman", "sjis", "swe7", "tis620", "ucs2", "ujis", "utf16", "utf16le", "utf32", "utf8",
    "utf8mb3", "utf8mb4",
];

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && text.len() <= 64
}

fn account_text(text: &str, chars_max: usize) -> bool {
    !text.is_empty()
        && text.chars().count() <= chars_max
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.chars().any(|c| "'\";`,/\\".contains(c) || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_server_itself_are_reserved_in_any_case() {
        for name in ["mysql", "MySQL", "sys", "information_schema"] {
            assert!(check_database_name(name).is_err(), "{name}");
        }
        for name in ["root", "ROOT", "os_admin"] {
            assert!(check_user_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn hostile_names_are_refused_and_odd_ones_are_not() {
        for name in ["", "a`b", "a'b", " a", "a ", "a\0b", "a/b", &"a".repeat(65)] {
            assert!(check_database_name(name).is_err(), "{name:?}");
        }
        for name in ["x", "a b", "shop-1", "a#b", "A_b"] {
            assert!(check_database_name(name).is_ok(), "{name:?}");
        }
        for name in ["", "a'b", "a\\b", "a\nb", " a", &"a".repeat(33)] {
            assert!(check_user_name(name).is_err(), "{name:?}");
        }
        for name in ["app", "a@b", "é", "a%b"] {
            assert!(check_user_name(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_host_is_an_address_in_which_a_percent_sign_may_replace_a_number() {
        for host in ["%", "10.0.0.1", "10.0.0.%", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "::1"] {
            assert!(check_user_host(host).is_ok(), "{host}");
        }
        for host in ["", "example.org", "10.0.0", "10.0.0.300", "%%", "' OR 1"] {
            assert!(check_user_host(host).is_err(), "{host}");
        }
    }

    #[test]
    fn a_collation_belongs_to_its_character_set() {
        assert!(check_charset(Some("utf8"), Some("utf8_general_ci")).is_ok());
        assert!(check_charset(Some("utf8mb4"), Some("utf8mb4_bin")).is_ok());
        assert!(check_charset(Some("latin1"), Some("utf8mb4_bin")).is_err());
        assert!(check_charset(Some("nope"), None).is_err());
    }
}
