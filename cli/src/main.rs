//! The trove command line.

fn main() {}
