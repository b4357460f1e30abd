//! What taskmanager and guest tell each other, without the live questions.

use super::Sample;
use super::common::{account, database, id};
use domain::engine::Manager;
use domain::guest::{
    Action, ActionBody, ActionCause, ActionFailure, ActionOutcome, ActionResult, DatabaseHealth,
    Desired, DesiredAnswer, DesiredRequest, Report, ReportAnswer, Revision, SettingsState,
    UserChange, UserToMake,
};
use domain::ids::ActionId;
use domain::secret::Sealed;
use std::collections::BTreeMap;

const REVISION: Revision = Revision { epoch: 2, sequence: 4711 };

pub(super) fn all() -> Vec<Sample> {
    let mut samples = desired();
    samples.extend(reports());
    samples.extend([ReportAnswer::Recorded, ReportAnswer::Unknown, ReportAnswer::TryAgain].map(
        |answer| {
            let name = format!("guest.report_answer.{}", answer_word(answer));
            Sample::new(name, "trove.guest.v1.ReportAnswer", &answer)
        },
    ));
    samples
}

fn desired() -> Vec<Sample> {
    const ANSWER: &str = "trove.guest.v1.DesiredAnswer";
    let request = DesiredRequest { public_key: [0x42; 32] };
    let bare = Desired {
        revision: Revision::default(),
        fence: 0,
        manager: Manager::Mysql,
        version: "10.11.11".to_owned(),
        settings: BTreeMap::new(),
        memory_mb: None,
        is_stopped: false,
        actions: Vec::new(),
    };
    let document = |desired| DesiredAnswer::Document(Box::new(desired));
    let mut samples = vec![
        Sample::new("guest.desired_request", "trove.guest.v1.DesiredRequest", &request),
        Sample::new("guest.desired_answer.document", ANSWER, &document(full_desired())),
        Sample::new("guest.desired_answer.document.bare", ANSWER, &document(bare)),
        Sample::new("guest.desired_answer.none", ANSWER, &DesiredAnswer::None),
    ];
    let told = Desired { memory_mb: Some(512), ..full_desired() };
    samples.push(Sample::new("guest.desired_answer.document.memory_mb", ANSWER, &document(told)));
    let stopped = Desired { is_stopped: true, ..full_desired() };
    samples.push(Sample::new(
        "guest.desired_answer.document.is_stopped",
        ANSWER,
        &document(stopped),
    ));
    samples.extend(bodies().map(|body| {
        let name = format!("guest.desired_answer.document.{}", body_word(&body));
        let actions = vec![Action { id: ActionId(id(8)), body }];
        Sample::new(name, ANSWER, &document(Desired { actions, ..full_desired() }))
    }));
    samples
}

fn full_desired() -> Desired {
    let prepare = ActionBody::Prepare { databases: vec![database()], users: vec![user_to_make()] };
    let settings = [("max_connections", "128"), ("innodb_buffer_pool_size", "512M")];
    Desired {
        revision: REVISION,
        fence: 4700,
        manager: Manager::Mariadb,
        version: "10.11.11".to_owned(),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        memory_mb: None,
        is_stopped: false,
        actions: vec![Action { id: ActionId(id(8)), body: prepare }],
    }
}

fn user_to_make() -> UserToMake {
    UserToMake {
        name: "app".to_owned(),
        host: "%".to_owned(),
        password: Sealed(vec![0x5E; 56]),
        databases: vec!["shop".to_owned()],
    }
}

fn body_word(body: &ActionBody) -> &'static str {
    match body {
        ActionBody::Prepare { .. } => "prepare",
        ActionBody::CreateDatabases { .. } => "create_databases",
        ActionBody::DeleteDatabase { .. } => "delete_database",
        ActionBody::CreateUsers { .. } => "create_users",
        ActionBody::UpdateUsers { .. } => "update_users",
        ActionBody::DeleteUser { .. } => "delete_user",
        ActionBody::Grant { .. } => "grant",
        ActionBody::Revoke { .. } => "revoke",
        ActionBody::Restart => "restart",
        ActionBody::EnableRoot { .. } => "enable_root",
        ActionBody::DisableRoot => "disable_root",
    }
}

/// All but the order to prepare, which stands in the full document.
fn bodies() -> [ActionBody; 10] {
    let changed = UserChange {
        account: account(),
        name: Some("app2".to_owned()),
        host: Some("%".to_owned()),
        password: Some(Sealed(vec![0x5E; 57])),
    };
    let same = UserChange { account: account(), name: None, host: None, password: None };
    [
        ActionBody::CreateDatabases { databases: vec![database()] },
        ActionBody::DeleteDatabase { name: database().name },
        ActionBody::CreateUsers { users: vec![user_to_make()] },
        ActionBody::UpdateUsers { changes: vec![changed, same] },
        ActionBody::DeleteUser { account: account() },
        ActionBody::Grant { account: account(), databases: vec![database().name, "x".to_owned()] },
        ActionBody::Revoke { account: account(), database: database().name },
        ActionBody::Restart,
        ActionBody::EnableRoot { password: Sealed(vec![0x5E; 52]) },
        ActionBody::DisableRoot,
    ]
}

fn reports() -> Vec<Sample> {
    const REPORT: &str = "trove.guest.v1.Report";
    let report = |result| Report {
        revision: REVISION,
        health: DatabaseHealth::Starting,
        results: vec![ActionResult { id: ActionId(id(8)), outcome: result }],
        settings: None,
    };
    let mut samples = vec![Sample::new("guest.report.done", REPORT, &report(ActionOutcome::Done))];
    for cause in [
        ActionCause::EngineMissing,
        ActionCause::DiskFull,
        ActionCause::ServerWontStart,
        ActionCause::Statement,
        ActionCause::Exists,
        ActionCause::NotFound,
        ActionCause::Overdue,
    ] {
        let detail = "ERROR 1007: database exists".to_owned();
        let failed = ActionOutcome::Failed(ActionFailure { cause, detail });
        let name = format!("guest.report.failed.{}", cause_word(cause));
        samples.push(Sample::new(name, REPORT, &report(failed)));
    }
    let first = Report {
        revision: Revision::default(),
        health: DatabaseHealth::Unknown,
        results: Vec::new(),
        settings: None,
    };
    samples.push(Sample::new("guest.report.bare", REPORT, &first));
    let waits = SettingsState {
        sequence: 4700,
        restart_required: vec!["innodb_log_buffer_size".to_owned()],
        refused: None,
    };
    let detail = "with the new settings (port) the server ended".to_owned();
    let failure = ActionFailure { cause: ActionCause::ServerWontStart, detail };
    let refused = SettingsState { refused: Some(failure), ..waits.clone() };
    for (word, settings) in [("restart_required", waits), ("refused", refused)] {
        let report = Report { settings: Some(settings), ..first.clone() };
        samples.push(Sample::new(format!("guest.report.settings.{word}"), REPORT, &report));
    }
    samples
}

fn answer_word(answer: ReportAnswer) -> &'static str {
    match answer {
        ReportAnswer::Recorded => "recorded",
        ReportAnswer::Unknown => "unknown",
        ReportAnswer::TryAgain => "try_again",
    }
}

/// The cause's word in names of samples.
pub(super) fn cause_word(cause: ActionCause) -> &'static str {
    match cause {
        ActionCause::EngineMissing => "engine_missing",
        ActionCause::DiskFull => "disk_full",
        ActionCause::ServerWontStart => "server_wont_start",
        ActionCause::Statement => "statement",
        ActionCause::Exists => "exists",
        ActionCause::NotFound => "not_found",
        ActionCause::Overdue => "overdue",
    }
}
