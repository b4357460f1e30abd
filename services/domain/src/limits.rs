//! How long each step may take: one table, set by the taskmanager's configuration.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Deadlines and periods, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Finding a place on a host.
    pub place_ms: u64,
    /// Making the volume.
    pub volume_ms: u64,
    /// Starting shim and agent.
    pub guest_ms: u64,
    /// From the agent's start to its first report.
    pub agent_report_ms: u64,
    /// From the first report to a running server with its databases and users.
    pub prepare_ms: u64,
    /// An action inside the database, from the request to the guest's report.
    pub action_ms: u64,
    /// How long the caller of an action is told its result; one that comes later is a fault of
    /// the instance.
    pub action_answer_ms: u64,
    /// A restart of the server.
    pub restart_ms: u64,
    /// Claiming what a resize needs of quota and host.
    pub resize_room_ms: u64,
    /// Making a volume larger.
    pub resize_grow_ms: u64,
    /// From a new size to a server that runs with it: twice what a guest gives a restart, since it
    /// may have to go back.
    pub resize_apply_ms: u64,
    /// Giving back what a resize needs no more.
    pub resize_settle_ms: u64,
    /// Each step of a deletion.
    pub delete_step_ms: u64,
    /// A claim on an effect; renewed while the call runs.
    pub claim_ms: u64,
    /// A quota reservation whose instance was never created.
    pub reservation_ms: u64,
    /// Between two heartbeats of a guest.
    pub heartbeat_ms: u64,
    /// Without a heartbeat until the agent counts as unreachable.
    pub silence_ms: u64,
    /// Between two unprompted looks of a guest at its desired document.
    pub desired_poll_ms: u64,
}

impl Limits {
    /// The figures of production, which the example configuration repeats.
    pub const PRODUCTION: Self = Self {
        place_ms: 30_000,
        volume_ms: 30_000,
        guest_ms: 30_000,
        agent_report_ms: 60_000,
        prepare_ms: 120_000,
        action_ms: 120_000,
        action_answer_ms: 10_000,
        restart_ms: 120_000,
        resize_room_ms: 30_000,
        resize_grow_ms: 300_000,
        resize_apply_ms: 300_000,
        resize_settle_ms: 60_000,
        delete_step_ms: 60_000,
        claim_ms: 15_000,
        reservation_ms: 30_000,
        heartbeat_ms: 10_000,
        silence_ms: 60_000,
        desired_poll_ms: 300_000,
    };

    /// `ms` of this table as a span.
    pub fn span(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }
}
