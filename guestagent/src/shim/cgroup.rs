//! What the kernel tells about the server's control groups.

use std::fs;
use std::path::PathBuf;

/// How many processes of these groups the kernel has ended for lack of memory so far.
pub(crate) fn kills(cgroups: &[PathBuf]) -> u64 {
    // The second version of the interface has the first file, the first version the second.
    cgroups
        .iter()
        .flat_map(|cgroup| ["memory.events", "memory.oom_control"].map(|name| cgroup.join(name)))
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|text| figure(&text, "oom_kill"))
        .sum()
}

fn figure(text: &str, name: &str) -> u64 {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(word, _)| *word == name)
        .and_then(|(_, figure)| figure.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_read_from_both_versions_of_the_interface() {
        let directory = tempfile::tempdir().unwrap();
        let groups = ["first", "second"].map(|name| directory.path().join(name));
        for group in &groups {
            fs::create_dir(group).unwrap();
        }
        let v1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n";
        fs::write(groups[0].join("memory.oom_control"), v1).unwrap();
        fs::write(groups[1].join("memory.events"), "oom 9\noom_kill 1\n").unwrap();
        assert_eq!(kills(&groups), 3);
        assert_eq!(kills(&[]), 0);
    }
}
