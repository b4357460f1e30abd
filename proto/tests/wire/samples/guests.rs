//! What taskmanager and guest tell each other.

use super::Sample;
use super::common::{NOW, database, id};
use domain::engine::Manager;
use domain::guest::{
    Action, ActionBody, ActionCause, ActionFailure, ActionOutcome, ActionResult, DatabaseHealth,
    Desired, DesiredAnswer, DesiredRequest, Heartbeat, Query, QueryAnswer, Report, ReportAnswer,
    Revision, UserToMake,
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
    samples.extend(queries());
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
        actions: Vec::new(),
    };
    let document = |desired| DesiredAnswer::Document(Box::new(desired));
    vec![
        Sample::new("guest.desired_request", "trove.guest.v1.DesiredRequest", &request),
        Sample::new("guest.desired_answer.document", ANSWER, &document(full_desired())),
        Sample::new("guest.desired_answer.document.bare", ANSWER, &document(bare)),
        Sample::new("guest.desired_answer.none", ANSWER, &DesiredAnswer::None),
    ]
}

fn full_desired() -> Desired {
    let user = UserToMake {
        name: "app".to_owned(),
        host: "%".to_owned(),
        password: Sealed(vec![0x5E; 56]),
        databases: vec!["shop".to_owned()],
    };
    let prepare = ActionBody::Prepare { databases: vec![database()], users: vec![user] };
    let settings = [("max_connections", "128"), ("innodb_buffer_pool_size", "512M")];
    Desired {
        revision: REVISION,
        fence: 4700,
        manager: Manager::Mariadb,
        version: "10.11.11".to_owned(),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        actions: vec![Action { id: ActionId(id(8)), body: prepare }],
    }
}

fn reports() -> Vec<Sample> {
    const REPORT: &str = "trove.guest.v1.Report";
    let report = |result| Report {
        revision: REVISION,
        health: DatabaseHealth::Starting,
        results: vec![ActionResult { id: ActionId(id(8)), outcome: result }],
    };
    let mut samples = vec![Sample::new("guest.report.done", REPORT, &report(ActionOutcome::Done))];
    for cause in [
        ActionCause::EngineMissing,
        ActionCause::DiskFull,
        ActionCause::ServerWontStart,
        ActionCause::Statement,
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
    };
    samples.push(Sample::new("guest.report.bare", REPORT, &first));
    samples
}

fn queries() -> Vec<Sample> {
    const HEARTBEAT: &str = "trove.guest.v1.Heartbeat";
    let heartbeat = Heartbeat {
        sent: NOW,
        health: DatabaseHealth::Up,
        volume_used_bytes: Some(0),
        volume_size_bytes: Some(5 << 30),
    };
    let bare = Heartbeat {
        health: DatabaseHealth::Down { cause: String::new() },
        volume_used_bytes: None,
        volume_size_bytes: None,
        ..heartbeat.clone()
    };
    let answer = QueryAnswer::Health(heartbeat.clone());
    vec![
        Sample::new("guest.heartbeat", HEARTBEAT, &heartbeat),
        Sample::new("guest.heartbeat.bare", HEARTBEAT, &bare),
        Sample::new("guest.query.health", "trove.guest.v1.Query", &Query::Health),
        Sample::new("guest.query_answer.health", "trove.guest.v1.QueryAnswer", &answer),
    ]
}

fn answer_word(answer: ReportAnswer) -> &'static str {
    match answer {
        ReportAnswer::Recorded => "recorded",
        ReportAnswer::Unknown => "unknown",
        ReportAnswer::TryAgain => "try_again",
    }
}

fn cause_word(cause: ActionCause) -> &'static str {
    match cause {
        ActionCause::EngineMissing => "engine_missing",
        ActionCause::DiskFull => "disk_full",
        ActionCause::ServerWontStart => "server_wont_start",
        ActionCause::Statement => "statement",
    }
}
