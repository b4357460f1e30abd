//! What a killed server leaves to the host where nothing but its user keeps it apart.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Removes this user's System V shared memory whose maker is dead and that nobody uses: the
/// kernel allows some thousand pieces, and keeps them until it is told otherwise.
pub(crate) fn remove_shared_memory(uid: u32) {
    let listed = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    for line in listed.lines() {
        let columns: Vec<i64> =
            line.split_whitespace().map_while(|column| column.parse().ok()).collect();
        let [_, id, _, _, maker, _, users, owner, ..] = columns[..] else { continue };
        let is_left = users == 0 && !Path::new(&format!("/proc/{maker}")).exists();
        if owner == i64::from(uid) && is_left {
            // Another test may be faster.
            let removed =
                Command::new("ipcrm").args(["-m", &id.to_string()]).stderr(Stdio::null()).status();
            assert!(removed.is_ok(), "{removed:?}");
        }
    }
}
