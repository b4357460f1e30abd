//! Projections of the log, kept in sled.
