//! PostgreSQL: names, port, settings by flavor, command line.
//!
//! Name rules follow the Trove API for PostgreSQL. The server cuts what is longer than 63 bytes
//! without a word, so longer names are refused here.

use super::{Refusal, shown};
use crate::guest_spec::{CommandLine, Layout, Link, StopSignal};
use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

pub use forbidden::forbidden;
pub use variables::{Variable, parameter};

mod forbidden;
pub mod logs;
pub(crate) mod memory;
mod variables;

/// The port that clients expect.
pub const PORT: u16 = 5432;

/// The account of the guest agent, which owns the server.
pub const ADMIN: &str = "os_admin";

/// The account by which a tenant administers its databases, and which owns them.
pub const ROOT: &str = "postgres";

/// Databases that are the server's own, whatever the case of their names.
pub const RESERVED_DATABASES: [&str; 4] = [ADMIN, "postgres", "template0", "template1"];
/// Users that are the server's or the agent's own, whatever the case of their names.
pub const RESERVED_USERS: [&str; 6] =
    [ADMIN, ROOT, "public", "none", "current_user", "session_user"];
/// How names begin that are the server's or the agent's own.
pub const RESERVED_PREFIXES: [&str; 2] = ["pg_", GROUP_PREFIX];
/// How the names of groups begin, one of which has the rights on each database.
pub const GROUP_PREFIX: &str = "os_db_";

/// How many connections are kept for the agent, out of all.
const RESERVED_CONNECTIONS: &str = "8";
/// The server's own limit, in bytes.
const NAME_BYTES_MAX: usize = 63;
const PASSWORD_CHARS_MAX: usize = 255;

/// Settings for a flavor with `ram_mb` MiB of memory.
///
/// A quarter of the memory is the server's own buffer; the kernel's cache takes its part of the
/// rest.
pub fn settings(ram_mb: u32) -> BTreeMap<String, String> {
    let mb = |size: u32| format!("{size}MB");
    [
        ("dynamic_shared_memory_type", "mmap".to_owned()),
        ("effective_cache_size", mb((ram_mb / 2).max(16))),
        ("huge_pages", "off".to_owned()),
        ("jit", "off".to_owned()),
        ("lc_messages", "C".to_owned()),
        ("log_min_messages", logs::QUIET.to_owned()),
        ("log_timezone", "UTC".to_owned()),
        ("maintenance_work_mem", mb((ram_mb / 16).clamp(8, 1024))),
        ("max_connections", (ram_mb / 8).clamp(40, 500).to_string()),
        ("max_wal_senders", "5".to_owned()),
        ("max_wal_size", mb(ram_mb.clamp(64, 1024))),
        ("max_worker_processes", "4".to_owned()),
        ("min_wal_size", mb(32)),
        ("shared_buffers", mb((ram_mb / 4).max(16))),
        ("timezone", "UTC".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Where the server's programs lie in an unpacked engine, of whichever release.
pub fn programs(root: &Path) -> PathBuf {
    root.join("usr/lib/postgresql/current/bin")
}

/// Who is let in from where, written by the agent.
pub fn entry_rules(layout: &Layout<'_>) -> PathBuf {
    layout.server_files().join("hba.conf")
}

/// The settings, written by the agent.
pub fn settings_file(layout: &Layout<'_>) -> PathBuf {
    layout.server_files().join("postgresql.conf")
}

/// The environment of its programs: where they find the locales that they were built with.
pub fn environment(root: &Path) -> Vec<(String, String)> {
    let locales = root.join("usr/lib/locale").display().to_string();
    [("PATH", "/usr/bin:/bin"), ("TZ", "UTC"), ("LOCPATH", &locales)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// What must hold whatever the settings say: these stand on the command line, which wins. That
/// they run commands, load code or lose data is why; see also [`forbidden`].
const FIXED: [(&str, &str); 17] = [
    ("allow_system_table_mods", "off"),
    ("archive_command", ""),
    ("archive_library", ""),
    ("archive_mode", "off"),
    ("dynamic_library_path", "$libdir"),
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("local_preload_libraries", ""),
    ("log_destination", "stderr"),
    ("log_line_prefix", logs::LINE_PREFIX),
    ("logging_collector", "off"),
    ("password_encryption", "scram-sha-256"),
    // One call for a volume, in place of one for each file of it, after every crash.
    ("recovery_init_sync_method", "syncfs"),
    ("session_preload_libraries", ""),
    ("shared_preload_libraries", ""),
    // Whoever takes all connections that there are, these are the agent's.
    ("superuser_reserved_connections", RESERVED_CONNECTIONS),
    ("unix_socket_permissions", "0770"),
];

/// Keeps a server off the network.
pub const OFF_NETWORK: &str = "--listen_addresses=";

/// The command line of a server.
pub fn server_command(root: &Path, layout: &Layout<'_>, listen: SocketAddrV4) -> CommandLine {
    let path = |path: &Path| path.display().to_string();
    let placed = [
        ("config_file", path(&settings_file(layout))),
        ("hba_file", path(&entry_rules(layout))),
        ("listen_addresses", listen.ip().to_string()),
        ("port", listen.port().to_string()),
        ("unix_socket_directories", path(layout.0)),
    ];
    let fixed = FIXED.map(|(name, value)| (name, value.to_owned()));
    let mut args = vec!["-D".to_owned(), path(&layout.data())];
    args.extend(placed.into_iter().chain(fixed).map(|(name, value)| format!("--{name}={value}")));
    CommandLine {
        program: programs(root).join("postgres"),
        args,
        env: environment(root),
        // It looks for time zones before it goes there by itself.
        directory: Some(layout.data()),
        links: vec![zones(root, &layout.volume())],
        // Told to terminate, it would wait until its clients have left.
        stop_signal: StopSignal::Interrupt,
    }
}

/// Where the server finds the time zones that come with it: beside its data, which is where the
/// patched program looks for them.
pub fn zones(root: &Path, beside_data: &Path) -> Link {
    Link { path: beside_data.join("zoneinfo"), target: root.join("usr/share/zoneinfo") }
}

/// Checks the name of a database.
///
/// # Errors
/// What is wrong with it.
pub fn check_database_name(name: &str) -> Result<(), Refusal> {
    check_name("Database", name)?;
    if is_reserved(name, &RESERVED_DATABASES) {
        return Err(Refusal(format!("Database name '{name}' is reserved.")));
    }
    Ok(())
}

/// Checks the name of a user.
///
/// # Errors
/// What is wrong with it.
pub fn check_user_name(name: &str) -> Result<(), Refusal> {
    check_name("User", name)?;
    if is_reserved_user(name) {
        return Err(Refusal(format!("User name '{name}' is reserved.")));
    }
    Ok(())
}

/// Whether a user of that name is, or would be, none of the tenant's.
pub fn is_reserved_user(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    is_reserved(&name, &RESERVED_USERS)
        || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn is_reserved(name: &str, names: &[&str]) -> bool {
    name.is_empty() || names.contains(&name.to_ascii_lowercase().as_str())
}

fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.trim() == name
        && !name.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(Refusal(format!(
        "{what} name '{}' is not valid: 1 to {NAME_BYTES_MAX} bytes, no space at either end and no \
         control character.",
        shown(name)
    )))
}

/// Checks a password; the text of a refusal does not hold it.
///
/// # Errors
/// What is wrong with it.
pub fn check_password(password: &str) -> Result<(), Refusal> {
    let fits = (1..=PASSWORD_CHARS_MAX).contains(&password.chars().count())
        && !password.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(Refusal(format!(
        "The password is not valid: 1 to {PASSWORD_CHARS_MAX} characters, none of them a control \
         character."
    )))
}

/// Checks the host part of a user: this engine's users have none.
///
/// # Errors
/// It is one.
pub fn check_user_host(host: &str) -> Result<(), Refusal> {
    if host == "%" {
        return Ok(());
    }
    Err(Refusal(format!(
        "Host '{}' can't be kept to: users of PostgreSQL have none, only '%'.",
        shown(host)
    )))
}

/// Checks character set and collation: words that can be meant here; the server knows which fit.
///
/// # Errors
/// What is wrong with them.
pub fn check_charset(charset: Option<&str>, collation: Option<&str>) -> Result<(), Refusal> {
    if let Some(charset) = charset
        && !CHARSETS.contains(&charset.to_ascii_uppercase().replace('-', "").as_str())
    {
        return Err(Refusal(format!("Character set '{}' is unknown.", shown(charset))));
    }
    match collation.map(Collation::of) {
        None | Some(Some(_)) => Ok(()),
        Some(None) => Err(Refusal(format!(
            "Collation '{}' is unknown: C, POSIX, C.UTF-8, or a language with -x-icu behind it.",
            shown(collation.unwrap_or_default())
        ))),
    }
}

/// Who compares texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collation {
    /// The C library, by a locale that comes with the server.
    Libc(&'static str),
    /// ICU, by the rules of this language.
    Icu(String),
}

impl Collation {
    /// The collation of that name, as `pg_collation` spells it.
    pub fn of(name: &str) -> Option<Self> {
        if let Some(language) = name.strip_suffix("-x-icu") {
            let is_tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let fits = (2..=35).contains(&language.len()) && language.chars().all(is_tag);
            return fits.then(|| Self::Icu(language.to_owned()));
        }
        let locales = ["C", "POSIX", "C.UTF-8", "C.utf8"];
        locales.into_iter().find(|locale| *locale == name).map(Self::Libc)
    }
}

/// The character sets that a database may be in, without the `-` in some of their names.
const CHARSETS: [&str; 36] = [
    "EUC_CN",
    "EUC_JIS_2004",
    "EUC_JP",
    "EUC_KR",
    "EUC_TW",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "KOI8R",
    "KOI8U",
    "LATIN1",
    "LATIN10",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "MULE_INTERNAL",
    "SQL_ASCII",
    "UNICODE",
    "UTF8",
    "WIN1250",
    "WIN1251",
    "WIN1252",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1256",
    "WIN1257",
    "WIN1258",
    "WIN866",
    "WIN874",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_server_itself_are_reserved_in_any_case() {
        for name in ["postgres", "Template1", "template0", "os_admin"] {
            assert!(check_database_name(name).is_err(), "{name}");
        }
        for name in ["postgres", "OS_ADMIN", "public", "pg_monitor", "PG_x", "os_db_16384"] {
            assert!(check_user_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn names_that_the_server_would_change_are_refused_and_odd_ones_are_not() {
        for name in ["", " a", "a ", "a\0b", "a\nb", &"a".repeat(64), &"ü".repeat(32)] {
            assert!(check_database_name(name).is_err(), "{name:?}");
            assert!(check_user_name(name).is_err(), "{name:?}");
        }
        for name in ["x", "a b", "a\"b", "a'b", "größe", "Shop", &"a".repeat(63)] {
            assert!(check_database_name(name).is_ok(), "{name:?}");
            assert!(check_user_name(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn users_have_no_hosts() {
        assert!(check_user_host("%").is_ok());
        assert!(check_user_host("10.0.0.1").is_err() && check_user_host("").is_err());
    }

    #[test]
    fn character_sets_and_collations_are_the_servers_words() {
        for charset in ["utf8", "UTF8", "UTF-8", "latin1", "SQL_ASCII"] {
            assert!(check_charset(Some(charset), None).is_ok(), "{charset}");
        }
        for collation in ["C", "C.UTF-8", "de-x-icu", "en-US-x-icu", "und-x-icu"] {
            assert!(check_charset(None, Some(collation)).is_ok(), "{collation}");
        }
        for (charset, collation) in
            [(Some("utf8mb4"), None), (None, Some("utf8_general_ci")), (None, Some("'-x-icu"))]
        {
            assert!(check_charset(charset, collation).is_err(), "{charset:?} {collation:?}");
        }
    }

    #[test]
    fn what_is_fixed_on_the_command_line_is_forbidden_to_tenants() {
        for (name, _) in FIXED {
            assert!(forbidden(name).is_some(), "{name}");
        }
    }
}
