//! How the work on an image is told: on standard error, since standard output has the result.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Often enough to see that a slow line still moves.
const ADVANCE_EVERY: Duration = Duration::from_secs(2);

/// Tells each step in a line.
pub(super) struct Told(Mutex<Instant>);

impl Told {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl images::Progress for Told {
    fn step(&self, sentence: &str) {
        line(sentence);
    }

    fn advanced(&self, done_bytes: u64, total_bytes: u64) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.elapsed() > ADVANCE_EVERY {
            *shown = Instant::now();
            line(&format!("  {} of {} MB", megabytes(done_bytes), megabytes(total_bytes)));
        }
    }
}

/// Decimal megabytes, rounded up.
pub(super) fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

fn line(text: &str) {
    // Nobody can be told that nobody can be told.
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}
