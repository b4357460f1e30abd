//! End-to-end tests against real processes, one file per subject in `tests/`.
