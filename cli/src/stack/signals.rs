//! What the person at the terminal asks for by Ctrl-C: once to stop, twice to stop waiting.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancelled by the first and by the second signal.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    pub(crate) stop: CancellationToken,
    pub(crate) force: CancellationToken,
}

impl Signals {
    /// Listens from now on. The end of the terminal counts as Ctrl-C.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let signals = Self { stop: CancellationToken::new(), force: CancellationToken::new() };
        let heard = signals.clone();
        tokio::spawn(async move {
            for token in [heard.stop, heard.force] {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(signals)
    }
}
