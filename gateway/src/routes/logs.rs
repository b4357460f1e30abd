//! Logs of an instance: which there are, which are written, and what they end with.
//!
//! # Invariants
//! - What statements hold, passwords too, stands in the logs of type USER: nobody reads one who is
//!   not a member of the instance's own project.
//! - Logs of type SYS tell about the host: they are there for administrators only.

use super::{Answer, Named, Params, shown};
use crate::call::{Call, POSITION};
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use crate::request::log::{self as request, LogRequest};
use crate::view::log::{LogEnd, LogView};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::IntoResponse as _;
use domain::command::{Body, Rejection};
use domain::configuration::Configuration;
use domain::engine::Log;
use domain::guest::{LogSize, Query, QueryAnswer};
use domain::instance::{Live, Phase};
use std::sync::Arc;

/// `GET /instances/{id}/log`.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
) -> Answer {
    let live = gateway.instance(&call, &id)?;
    check_has_guest(&live)?;
    let views = views(&gateway, &live).await?;
    let of_caller = views.into_iter().filter(|(log, _)| may_see(&call, *log));
    let logs: Vec<LogView> = of_caller.map(|(_, view)| view).collect();
    Ok(shown("logs", &logs))
}

/// `POST /instances/{id}/log`: shows a log, or switches it first.
pub(crate) async fn act(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let live = gateway.instance(&call, &id)?;
    let asked = LogRequest::parse(&document)?;
    if asked.is_change() {
        call.check_may_write("instance:guest_log_list")?;
    }
    let log = request::named(live.spec.version.manager, &asked.name)?;
    check_may_see(&call, log)?;
    let switch = asked.switch(log)?;
    check_has_guest(&live)?;
    let mut position = gateway.read_model.position();
    if let Some((log, is_on)) = switch {
        let route = format!("POST /instances/{}/log", live.id);
        let hashed = Some((&document, &gateway.hash_key));
        let command = command_id(&headers, (&call.project, &route), hashed)?;
        let body = Body::SwitchLog { id: live.id, log, is_on };
        position = gateway.change_settings(&call, &live, (command, body)).await?;
    }
    // As it is now.
    let live = gateway.instance(&call, &id)?;
    let view = views(&gateway, &live).await?.into_iter().find(|(found, _)| *found == log);
    let (_, view) = view.expect("the log was found among these");
    Ok(([(POSITION, HeaderValue::from(position))], shown("log", &view)).into_response())
}

/// `GET /instances/{id}/log/{name}?lines=N`: the last lines. Other clients than ours don't know it.
pub(crate) async fn tail(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, name)): Named<(String, String, String)>,
    Params(query): Params,
) -> Answer {
    let live = gateway.instance(&call, &id)?;
    let log = request::named(live.spec.version.manager, &name)?;
    check_may_see(&call, log)?;
    check_may_read(&call, &live, log)?;
    let lines = request::lines(&query)?;
    check_has_guest(&live)?;
    let limit = gateway.config.limits.guest_query();
    match gateway.guests.ask(live.id, Query::LogTail { log, lines }, limit).await {
        Some(QueryAnswer::LogTail(lines)) => {
            Ok(shown("log", &LogEnd { name: log.as_str(), lines }))
        }
        Some(
            QueryAnswer::Health(_)
            | QueryAnswer::Databases { .. }
            | QueryAnswer::Users { .. }
            | QueryAnswer::User(_)
            | QueryAnswer::Logs(_)
            | QueryAnswer::Unavailable { .. },
        )
        | None => Err(Fault::LogSilent { instance: live.id }),
    }
}

/// All logs of an instance. What its guest does not tell is shown as unavailable.
async fn views(gateway: &Gateway, live: &Live) -> Result<Vec<(Log, LogView)>, Fault> {
    let group = match live.configuration.map(|id| gateway.read_model.configuration(id)) {
        Some(Ok(Configuration::Live(group))) => Some(group),
        Some(Ok(Configuration::Absent | Configuration::Deleted { .. })) | None => None,
        Some(Err(error)) => return Err(error.into()),
    };
    let settings = live.wanted_settings(group.as_ref().map(|group| &group.spec.values));
    let limit = gateway.config.limits.guest_query();
    let sizes = match gateway.guests.ask(live.id, Query::Logs, limit).await {
        Some(QueryAnswer::Logs(sizes)) => sizes,
        Some(
            QueryAnswer::Health(_)
            | QueryAnswer::Databases { .. }
            | QueryAnswer::Users { .. }
            | QueryAnswer::User(_)
            | QueryAnswer::LogTail(_)
            | QueryAnswer::Unavailable { .. },
        )
        | None => Vec::new(),
    };
    let manager = live.spec.version.manager;
    let view = |log: &Log| {
        let size = |size: &&LogSize| size.log == *log;
        let bytes = sizes.iter().find(size).map(|size| size.bytes);
        let is_on = log.of_user().is_none_or(|log| manager.is_log_on(&settings, log));
        (*log, LogView::of(*log, is_on, bytes))
    };
    Ok(manager.logs().iter().map(view).collect())
}

/// What has no guest has no logs.
fn check_has_guest(live: &Live) -> Result<(), Fault> {
    match live.phase {
        Phase::Active | Phase::Restarting | Phase::Resizing(_) => Ok(()),
        Phase::Provisioning(_) | Phase::Undoing(_) | Phase::Failed | Phase::Deleting(_) => {
            Err(Fault::refused(live, Rejection::DatabaseDown))
        }
    }
}

fn may_see(call: &Call, log: Log) -> bool {
    call.is_admin || log.of_user().is_some()
}

fn check_may_see(call: &Call, log: Log) -> Result<(), Fault> {
    if may_see(call, log) {
        return Ok(());
    }
    let text = format!("Log '{}' is for administrators only.", log.as_str());
    Err(Fault::LogDenied(text))
}

fn check_may_read(call: &Call, live: &Live, log: Log) -> Result<(), Fault> {
    if log.of_user().is_none() {
        return Ok(());
    }
    call.check_may_write("instance:guest_log_list")?;
    if call.project == live.spec.project {
        return Ok(());
    }
    let text = format!(
        "Log '{}' may hold passwords: only members of the instance's own project read it.",
        log.as_str()
    );
    Err(Fault::LogDenied(text))
}
