//! What a person at the terminal is told: one line per step, with the time it took.
//!
//! # Invariant
//! A terminal that is gone stops nothing: whoever closed it may still want the databases.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Often enough to see that a slow line still moves.
const ADVANCE_EVERY: Duration = Duration::from_secs(2);

/// Writes to standard output. Clones write to the same place and count from the same start.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    started: Instant,
    advance_shown: Arc<Mutex<Instant>>,
}

impl Console {
    /// A console whose clock starts now.
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { started: now, advance_shown: Arc::new(Mutex::new(now)) }
    }

    /// A line with the time since the start in front.
    pub(crate) fn say(&self, sentence: &str) {
        self.plain(&format!("{:>8}  {sentence}", seconds(self.started.elapsed())));
    }

    /// A line as it is.
    pub(crate) fn plain(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        // Nobody can be told that nobody can be told.
        drop(writeln!(out, "{line}").and_then(|()| out.flush()));
    }

    /// A line at the end of a step that began at `since`.
    pub(crate) fn done(&self, since: Instant, sentence: &str) {
        self.say(&format!("{sentence} ({})", seconds(since.elapsed())));
    }
}

/// What the images crate tells goes to the same console.
impl images::Progress for Console {
    fn step(&self, sentence: &str) {
        self.say(&format!("  {sentence}"));
    }

    fn advanced(&self, done_bytes: u64, total_bytes: u64) {
        let mut shown = self.advance_shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.elapsed() > ADVANCE_EVERY {
            *shown = Instant::now();
            let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
            self.say(&format!("    {} of {} MB", megabytes(done_bytes), megabytes(total_bytes)));
        }
    }
}

impl Console {
    /// For [`images::Store`].
    pub(crate) fn as_progress(&self) -> Arc<dyn images::Progress> {
        Arc::new(self.clone())
    }
}

/// Seconds as people read them.
pub(crate) fn seconds(span: Duration) -> String {
    if span < Duration::from_secs(10) {
        format!("{:.2} s", span.as_secs_f64())
    } else {
        format!("{:.0} s", span.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_spans_have_hundredths_and_long_ones_do_not() {
        assert_eq!(seconds(Duration::from_millis(1234)), "1.23 s");
        assert_eq!(seconds(Duration::from_secs(61)), "61 s");
    }
}
