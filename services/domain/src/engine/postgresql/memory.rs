//! Whether settings fit into a flavor's memory.

use crate::engine::Refusal;
use std::collections::BTreeMap;

/// What a server takes once, whatever its clients do, and the unit of its plain numbers.
const SHARED: [(&str, u64); 10] = [
    ("commit_timestamp_buffers", PAGE),
    ("min_dynamic_shared_memory", 1 << 20),
    ("multixact_member_buffers", PAGE),
    ("multixact_offset_buffers", PAGE),
    ("notify_buffers", PAGE),
    ("serializable_buffers", PAGE),
    ("shared_buffers", PAGE),
    ("subtransaction_buffers", PAGE),
    ("transaction_buffers", PAGE),
    ("wal_buffers", PAGE),
];
const PAGE: u64 = 8 << 10;

/// What every connection takes whether it does anything or not, in bytes; measured.
const CONNECTION_BYTES: u64 = 256 << 10;

/// Checks that shared buffers and connections leave a quarter of the memory to work.
///
/// # Errors
/// Which settings don't fit, and how much would.
pub(crate) fn check(settings: &BTreeMap<String, String>, memory_mb: u32) -> Result<(), Refusal> {
    let size = |(name, unit): (&str, u64)| settings.get(name).and_then(|value| bytes(value, unit));
    let shared = SHARED.into_iter().filter_map(size).fold(0_u64, u64::saturating_add);
    let connections = settings.get("max_connections").and_then(|value| value.parse::<u64>().ok());
    let asked =
        shared.saturating_add(connections.unwrap_or_default().saturating_mul(CONNECTION_BYTES));
    let most = (u64::from(memory_mb) << 20) / 4 * 3;
    if asked <= most {
        return Ok(());
    }
    Err(Refusal(format!(
        "shared_buffers, other buffers and max_connections add up to {asked} bytes, and the \
         flavor's {memory_mb} MiB of memory allow {most}"
    )))
}

/// A size as the settings file has it; a plain number counts `unit`s.
fn bytes(value: &str, unit: u64) -> Option<u64> {
    let value = value.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, suffix) = value.split_at(digits);
    let unit = match suffix.trim() {
        "" => unit,
        "B" => 1,
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        "TB" => 1 << 40,
        _ => return None,
    };
    Some(number.parse::<u64>().ok()?.saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Manager;

    #[test]
    fn the_settings_of_every_flavor_fit_into_it() {
        for memory_mb in [64, 128, 256, 512, 1024, 16384] {
            check(&Manager::Postgresql.settings(memory_mb), memory_mb).unwrap();
        }
    }

    #[test]
    fn what_is_beyond_the_flavor_is_refused_in_every_unit() {
        let with = |name: &str, value: &str| {
            let mut settings = Manager::Postgresql.settings(512);
            settings.insert(name.to_owned(), value.to_owned());
            check(&settings, 512)
        };
        assert!(with("shared_buffers", "300MB").is_ok());
        assert!(with("shared_buffers", "16384").is_ok(), "128 MiB");
        assert!(with("shared_buffers", "999999999").is_err());
        assert!(with("shared_buffers", "1GB").is_err());
        assert!(with("max_connections", "5000").is_err());
        assert!(with("transaction_buffers", "16384").is_ok());
        for name in ["transaction_buffers", "multixact_member_buffers", "notify_buffers"] {
            assert!(with(name, "131072").is_err(), "{name}");
        }
        assert!(with("wal_buffers", "-1").is_ok(), "the server's own choice");
    }
}
