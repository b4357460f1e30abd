//! The Trove-compatible REST interface.
