//! Contract suites: what every adapter of a port must promise, as tests that each one runs.

pub mod event_log;
