//! Live questions to a guest, their answers, and heartbeats.

use super::Sample;
use super::common::{NOW, account};
use domain::engine::{Log, UserLog};
use domain::guest::{DatabaseHealth, Heartbeat, LogSize, Page, Query, QueryAnswer, UserSeen};

pub(super) fn all() -> Vec<Sample> {
    let mut samples = heartbeats();
    samples.extend(questions());
    samples.extend(answers());
    samples
}

fn heartbeat() -> Heartbeat {
    Heartbeat {
        sent: NOW,
        health: DatabaseHealth::Up,
        volume_used_bytes: Some(0),
        volume_size_bytes: Some(5 << 30),
    }
}

fn heartbeats() -> Vec<Sample> {
    const HEARTBEAT: &str = "trove.guest.v1.Heartbeat";
    let bare = Heartbeat {
        health: DatabaseHealth::Down { cause: String::new() },
        volume_used_bytes: None,
        volume_size_bytes: None,
        ..heartbeat()
    };
    vec![
        Sample::new("guest.heartbeat", HEARTBEAT, &heartbeat()),
        Sample::new("guest.heartbeat.bare", HEARTBEAT, &bare),
    ]
}

fn questions() -> Vec<Sample> {
    const QUERY: &str = "trove.guest.v1.Query";
    let page = |after: &str| Page { after: Some(after.to_owned()), limit: 20 };
    let first = Query::Databases(Page { after: None, limit: 20 });
    let mut samples: Vec<Sample> = [
        Query::Health,
        Query::Databases(page("shop")),
        Query::Users(page("app@10.0.0.%")),
        Query::User(account()),
        Query::Logs,
        Query::LogTail { log: Log::Error, lines: 50 },
    ]
    .iter()
    .map(|query| Sample::new(format!("guest.query.{}", query_word(query)), QUERY, query))
    .collect();
    samples.push(Sample::new("guest.query.databases.bare", QUERY, &first));
    samples
}

fn query_word(query: &Query) -> &'static str {
    match query {
        Query::Health => "health",
        Query::Databases(_) => "databases",
        Query::Users(_) => "users",
        Query::User(_) => "user",
        Query::Logs => "logs",
        Query::LogTail { .. } => "log_tail",
    }
}

fn answers() -> Vec<Sample> {
    const ANSWER: &str = "trove.guest.v1.QueryAnswer";
    let user = UserSeen { account: account(), databases: vec!["shop".to_owned()] };
    let names = vec!["shop".to_owned(), "x".to_owned()];
    let logs = [Log::User(UserLog::SlowQuery), Log::Guest];
    let sizes = logs.map(|log| LogSize { log, bytes: 4096 });
    let mut samples: Vec<Sample> = [
        QueryAnswer::Health(heartbeat()),
        QueryAnswer::Databases { names, has_more: true },
        QueryAnswer::Users { users: vec![user.clone()], has_more: true },
        QueryAnswer::User(Some(user)),
        QueryAnswer::Unavailable { detail: "connection refused".to_owned() },
        QueryAnswer::Logs(sizes.to_vec()),
        QueryAnswer::LogTail(vec!["one".to_owned(), String::new()]),
    ]
    .iter()
    .map(|answer| {
        Sample::new(format!("guest.query_answer.{}", answer_word(answer)), ANSWER, answer)
    })
    .collect();
    samples.extend(
        [
            QueryAnswer::Databases { names: Vec::new(), has_more: false },
            QueryAnswer::Users { users: Vec::new(), has_more: false },
            QueryAnswer::User(None),
            QueryAnswer::Logs(Vec::new()),
            QueryAnswer::LogTail(Vec::new()),
        ]
        .iter()
        .map(|answer| {
            let name = format!("guest.query_answer.{}.bare", answer_word(answer));
            Sample::new(name, ANSWER, answer)
        }),
    );
    samples
}

fn answer_word(answer: &QueryAnswer) -> &'static str {
    match answer {
        QueryAnswer::Health(_) => "health",
        QueryAnswer::Databases { .. } => "databases",
        QueryAnswer::Users { .. } => "users",
        QueryAnswer::User(_) => "user",
        QueryAnswer::Unavailable { .. } => "unavailable",
        QueryAnswer::Logs(_) => "logs",
        QueryAnswer::LogTail(_) => "log_tail",
    }
}
