//! Tracing set-up, error chains and graceful stop.
