//! How long to wait before something that ended is started again.

use std::time::Duration;

/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Who ran this long has recovered.
const RECOVERED: Duration = Duration::from_secs(60);

/// Waits that double from one end to the next.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    next: Duration,
}

impl Backoff {
    /// The first wait is `first`.
    pub(crate) fn new(first: Duration) -> Self {
        Self { first, next: first }
    }

    /// The wait after an end that came after running for `ran`.
    pub(crate) fn after(&mut self, ran: Duration) -> Duration {
        if ran >= RECOVERED {
            self.next = self.first;
        }
        let wait = self.next;
        self.next = (wait * 2).min(WAIT_MAX);
        wait
    }

    /// Forgets what was before.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_start_over_after_a_long_run() {
        let mut backoff = Backoff::new(Duration::from_secs(1));
        let waits: Vec<_> = (0..7).map(|_| backoff.after(Duration::ZERO).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(backoff.after(RECOVERED).as_secs(), 1);
    }
}
