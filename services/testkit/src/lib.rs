//! Contract suites, scenarios and launchers of real servers, for tests only.

pub mod contract;
pub mod history;
pub mod nats;
pub mod samples;
pub mod stack;
