//! Runs one database server, and the shim that keeps it alive.

fn main() {}
