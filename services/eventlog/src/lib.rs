//! The append-only event log: port, adapters, tailer and command handler.
