//! How long work tells a person what it is doing; the caller decides where that is shown.

/// Hears about the steps of long work.
pub trait Progress: Send + Sync {
    /// A new step begins; `sentence` is for people, complete with its full stop.
    fn step(&self, sentence: &str);

    /// Of the step under way, so many bytes of so many have arrived. Called a few times a second,
    /// only where a size is known in advance.
    fn advanced(&self, _done_bytes: u64, _total_bytes: u64) {}
}

/// Nobody is looking.
impl Progress for () {
    fn step(&self, _sentence: &str) {}
}

/// A size as people read it: decimal megabytes, or kilobytes below one.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1_000_000 {
        format!("{} kB", bytes.div_ceil(1_000))
    } else {
        format!("{} MB", bytes.div_ceil(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_rounded_up_to_what_people_read() {
        assert_eq!(size(25_400_001), "26 MB");
        assert_eq!(size(92_001), "93 kB");
    }
}
