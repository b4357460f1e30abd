//! Whether settings fit into a flavor's memory.

use crate::engine::Refusal;
use std::collections::BTreeMap;

/// Buffers that a server takes once, whatever its clients do.
const SHARED: [&str; 5] = [
    "aria_pagecache_buffer_size",
    "innodb_buffer_pool_size",
    "innodb_log_buffer_size",
    "key_buffer_size",
    "query_cache_size",
];

/// Below this InnoDB does not start with pages of 16 KiB, whatever its own catalogue says.
const POOL_BYTES_MIN: u64 = 6 << 20;

/// Checks that the shared buffers leave a quarter of the memory to connections.
///
/// # Errors
/// Which settings don't fit, and how much would.
pub(crate) fn check(settings: &BTreeMap<String, String>, memory_mb: u32) -> Result<(), Refusal> {
    let size = |name: &str| settings.get(name).and_then(|value| bytes(value));
    if let Some(pool) = size("innodb_buffer_pool_size").filter(|pool| *pool < POOL_BYTES_MIN) {
        return Err(Refusal(format!(
            "innodb_buffer_pool_size is {pool}, and the server does not start below \
             {POOL_BYTES_MIN}"
        )));
    }
    let asked = SHARED.iter().filter_map(|name| size(name)).fold(0_u64, u64::saturating_add);
    let most = (u64::from(memory_mb) << 20) / 4 * 3;
    if asked <= most {
        return Ok(());
    }
    Err(Refusal(format!(
        "{} add up to {asked} bytes, and the flavor's {memory_mb} MiB of memory allow {most}",
        SHARED.join(", ")
    )))
}

/// A size as option files have it.
fn bytes(value: &str) -> Option<u64> {
    let shift = match value.chars().last()?.to_ascii_uppercase() {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        _ => 0,
    };
    let digits = if shift == 0 { value } else { &value[..value.len() - 1] };
    Some(digits.parse::<u64>().ok()?.saturating_mul(1 << shift))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Manager;

    #[test]
    fn the_settings_of_every_flavor_fit_into_it() {
        for memory_mb in [64, 128, 256, 512, 1024, 16384] {
            check(&Manager::Mariadb.settings(memory_mb), memory_mb).unwrap();
        }
    }

    #[test]
    fn buffers_beyond_the_flavor_and_a_pool_below_the_servers_least_are_refused() {
        let with = |name: &str, value: &str| {
            let mut settings = Manager::Mariadb.settings(512);
            settings.insert(name.to_owned(), value.to_owned());
            check(&settings, 512)
        };
        assert!(with("innodb_buffer_pool_size", "300M").is_ok());
        assert!(with("innodb_buffer_pool_size", "1G").is_err());
        assert!(with("innodb_buffer_pool_size", "18446744073709551615").is_err());
        assert!(with("innodb_buffer_pool_size", "2097152").is_err());
        assert!(with("key_buffer_size", "402653184").is_err());
        assert!(with("max_connections", "999999999999").is_ok());
    }
}
