//! Events of an instance, without those of its actions.

use super::super::common::{LATER, NOW, bare_spec, id, spec};
use domain::commit::Events;
use domain::engine::UserLog;
use domain::guest::{ActionCause, ActionFailure, DatabaseHealth, SettingsState};
use domain::host::Place;
use domain::ids::{ConfigurationId, HostId, InstanceId, WorkerId};
use domain::instance::{Event, Fault, FaultCause, Resize, Spec, Step};

pub(super) fn all() -> Vec<(String, Events)> {
    let mut all: Vec<(String, Event)> =
        life().into_iter().map(|event| (word(&event).to_owned(), event)).collect();
    all.extend(healths());
    all.extend(faults());
    all.extend(optional_parts());
    all.extend(resizes());
    all.into_iter()
        .map(|(name, event)| (format!("instance.{name}"), Events::Instance(vec![event])))
        .collect()
}

/// The golden file's name of each variant.
fn word(event: &Event) -> &'static str {
    match event {
        Event::CreationRequested { .. } => "creation_requested",
        Event::CreationAbandoned { .. } => "creation_abandoned",
        Event::Renamed { .. } => "renamed",
        Event::EffectClaimed { .. } => "effect_claimed",
        Event::ClaimRenewed { .. } => "claim_renewed",
        Event::Placed { .. } => "placed",
        Event::VolumeMade { .. } => "volume_made",
        Event::GuestStarted { .. } => "guest_started",
        Event::AgentReported { .. } => "agent_reported",
        Event::Prepared => "prepared",
        Event::CreationFailed { .. } => "creation_failed",
        Event::StepRestarted { .. } => "step_restarted",
        Event::DeletionRequested { .. } => "deletion_requested",
        Event::GuestRemoved { .. } => "guest_removed",
        Event::VolumeRemoved { .. } => "volume_removed",
        Event::Undone => "undone",
        Event::Deleted => "deleted",
        Event::HealthChanged { .. } => "health_changed",
        Event::AgentFellSilent => "agent_fell_silent",
        Event::AgentReturned => "agent_returned",
        Event::ActionRequested { .. } => "action_requested",
        Event::ActionCompleted { .. } => "action_completed",
        Event::ActionFailed { .. } => "action_failed",
        Event::StatusReset => "status_reset",
        Event::ResizeRequested { .. } => "resize_requested",
        Event::RoomMade { .. } => "room_made",
        Event::VolumeGrown { .. } => "volume_grown",
        Event::ResizeApplied { .. } => "resize_applied",
        Event::ResizeFailed { .. } => "resize_failed",
        Event::ResizeReverted { .. } => "resize_reverted",
        Event::ResizeSettled { .. } => "resize_settled",
        Event::ConfigurationAttached { .. } => "configuration_attached",
        Event::ConfigurationDetached => "configuration_detached",
        Event::SettingsSettled { .. } => "settings_settled",
        Event::LogSwitched { .. } => "log_switched",
        Event::Stopped => "stopped",
    }
}

fn life() -> Vec<Event> {
    let deadline = LATER;
    let place = Place {
        host: HostId(id(6)),
        address: [127, 9, 16, 4].into(),
        port: 3306,
        uid: Some(70_002),
        memory_mb: 1024,
        disk_mb: 5120,
    };
    let cause = "connection refused".to_owned();
    let unsettled = fault(Step::Configure, FaultCause::Statement);
    vec![
        Event::CreationRequested { id: InstanceId(id(1)), spec: Box::new(spec()), deadline },
        Event::CreationAbandoned { project: "a11ce".into() },
        Event::Renamed { name: "заказы".to_owned() },
        Event::EffectClaimed { worker: WorkerId(id(7)), until: LATER },
        Event::ClaimRenewed { until: LATER },
        Event::Placed { place, deadline },
        Event::VolumeMade { deadline },
        Event::GuestStarted { deadline },
        Event::AgentReported { deadline },
        Event::Prepared,
        Event::CreationFailed {
            fault: fault(Step::Volume, FaultCause::NoDisk),
            deadline: Some(deadline),
        },
        Event::StepRestarted {
            attempt: 2,
            deadline,
            fault: Some(fault(Step::NoGuest, FaultCause::Overdue)),
        },
        Event::DeletionRequested { deadline },
        Event::GuestRemoved { deadline },
        Event::VolumeRemoved { deadline },
        Event::Undone,
        Event::Deleted,
        Event::HealthChanged { health: DatabaseHealth::Down { cause } },
        Event::AgentFellSilent,
        Event::AgentReturned,
        Event::ConfigurationAttached { configuration: ConfigurationId(id(12)) },
        Event::ConfigurationDetached,
        Event::SettingsSettled { state: refused_settings(), fault: Some(unsettled) },
        Event::LogSwitched { log: UserLog::SlowQuery, is_on: true },
        Event::Stopped,
    ]
}

fn refused_settings() -> SettingsState {
    let detail = "the server does not take 'max_connections'".to_owned();
    SettingsState {
        sequence: 4711,
        restart_required: vec!["back_log".to_owned()],
        refused: Some(ActionFailure { cause: ActionCause::Statement, detail }),
    }
}

/// The same events without what may be absent.
fn optional_parts() -> Vec<(String, Event)> {
    let fault = fault(Step::Place, FaultCause::NoMemory);
    let place = Place {
        host: HostId(id(6)),
        address: [127, 9, 16, 5].into(),
        port: 13_306,
        uid: None,
        memory_mb: 0,
        disk_mb: 0,
    };
    [
        Event::CreationRequested {
            id: InstanceId(id(1)),
            spec: Box::new(bare_spec()),
            deadline: LATER,
        },
        Event::Placed { place, deadline: LATER },
        Event::CreationFailed { fault, deadline: None },
        Event::StepRestarted { attempt: 1, deadline: LATER, fault: None },
        Event::SettingsSettled { state: SettingsState::default(), fault: None },
        Event::LogSwitched { log: UserLog::General, is_on: false },
    ]
    .into_iter()
    .map(|event| (format!("{}.bare", word(&event)), event))
    .chain([following()])
    .collect()
}

/// The events of both kinds of resize, and a failure at each of their steps.
fn resizes() -> Vec<(String, Event)> {
    let deadline = LATER;
    let named = |name: &str, event| (format!("{}{name}", word(&event)), event);
    let mut all = vec![
        named("", Event::ResizeRequested { to: Resize::Flavor(spec().flavor), deadline }),
        named(".volume_gib", Event::ResizeRequested { to: Resize::Volume { gib: 8 }, deadline }),
        named("", Event::RoomMade { deadline }),
        named("", Event::VolumeGrown { deadline }),
        named("", Event::ResizeApplied { deadline }),
        named("", Event::ResizeReverted { deadline }),
        named("", Event::ResizeSettled { volume_gib: 8 }),
    ];
    let steps = [
        (".room", Step::Room),
        (".grow", Step::Grow),
        (".apply", Step::Apply),
        (".revert", Step::Revert),
        (".settle", Step::Settle),
    ];
    all.extend(steps.map(|(name, step)| {
        let must_revert = step == Step::Apply;
        let fault = fault(step, FaultCause::Overdue);
        named(name, Event::ResizeFailed { fault, must_revert, deadline })
    }));
    all
}

/// A creation that names a configuration group.
fn following() -> (String, Event) {
    let spec = Spec { configuration: Some(ConfigurationId(id(12))), ..bare_spec() };
    let (id, deadline) = (InstanceId(id(1)), LATER);
    let event = Event::CreationRequested { id, spec: Box::new(spec), deadline };
    ("creation_requested.configuration_id".to_owned(), event)
}

fn healths() -> Vec<(String, Event)> {
    [
        ("unknown", DatabaseHealth::Unknown),
        ("starting", DatabaseHealth::Starting),
        ("up", DatabaseHealth::Up),
        ("full", DatabaseHealth::Full),
    ]
    .into_iter()
    .map(|(name, health)| (format!("health_changed.{name}"), Event::HealthChanged { health }))
    .collect()
}

/// One event for each pair of step and cause; the longer list decides how many.
fn faults() -> Vec<(String, Event)> {
    const STEPS: [Step; 8] = [
        Step::Place,
        Step::Volume,
        Step::Guest,
        Step::AgentReport,
        Step::Prepare,
        Step::NoGuest,
        Step::NoVolume,
        Step::Release,
    ];
    const CAUSES: [FaultCause; 10] = [
        FaultCause::EngineMissing,
        FaultCause::NoAddress,
        FaultCause::NoMemory,
        FaultCause::NoDisk,
        FaultCause::DiskFull,
        FaultCause::AgentSilent,
        FaultCause::ServerWontStart,
        FaultCause::Statement,
        FaultCause::Overdue,
        FaultCause::Refused,
    ];
    CAUSES
        .into_iter()
        .zip(STEPS.into_iter().cycle())
        .map(|(cause, step)| {
            let event = Event::CreationFailed { fault: fault(step, cause), deadline: Some(LATER) };
            (format!("creation_failed.{}", cause_word(cause)), event)
        })
        .collect()
}

fn cause_word(cause: FaultCause) -> &'static str {
    match cause {
        FaultCause::EngineMissing => "engine_missing",
        FaultCause::NoAddress => "no_address",
        FaultCause::NoMemory => "no_memory",
        FaultCause::NoDisk => "no_disk",
        FaultCause::DiskFull => "disk_full",
        FaultCause::AgentSilent => "agent_silent",
        FaultCause::ServerWontStart => "server_wont_start",
        FaultCause::Statement => "statement",
        FaultCause::Overdue => "overdue",
        FaultCause::Refused => "refused",
    }
}

fn fault(step: Step, cause: FaultCause) -> Fault {
    Fault { step, cause, detail: "the disk is full".to_owned(), created: NOW }
}
