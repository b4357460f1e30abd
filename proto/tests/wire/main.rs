//! The bytes of every message: what they are, that they stay so, and that no others do harm.

mod golden;
mod hostile;
mod presence;
mod samples;
mod schema;
