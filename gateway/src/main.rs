//! The Trove-compatible REST interface.

fn main() {}
