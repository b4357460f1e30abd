//! What the interface knows and this service does not hold: clusters, modules, backups, TLS and
//! logs. Lists of them are empty, none of them is found, and none can be made.
//!
//! # Invariants
//! - What a request names is looked up first: an instance that the caller can't see is a 404, and
//!   a body that makes no sense a 400, whatever is not offered.

use super::{Answer, Named, Params, accepted, shown};
use crate::call::Call;
use crate::catalogue;
use crate::fault::{Fault, Missing};
use crate::gateway::Gateway;
use crate::request::document::Document;
use crate::request::{absent as request, is_true, page};
use axum::Router;
use axum::extract::State;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// One route.
struct Route {
    method: MethodFilter,
    path: &'static str,
    who: Who,
    says: Says,
}

/// Who may ask, and about what.
#[derive(Clone, Copy)]
enum Who {
    /// Everybody, about the project.
    Project,
    /// Whoever sees the instance `{id}`, about it.
    Instance,
    /// Administrators.
    Admins,
    /// Administrators, about the instance `{id}`.
    AdminsOfInstance,
}

/// What is answered.
#[derive(Clone, Copy)]
enum Says {
    /// An empty list under this key, to a query that makes sense.
    None(&'static str),
    /// What this gives.
    Shape(&'static str, fn() -> Value),
    /// 404 for what the last part of the path names.
    Missing(fn(String) -> Missing),
    /// 202: there was nothing to be done.
    Accepted,
    /// 400 with this text.
    Invalid(&'static str),
    /// 501 with this text.
    NotOffered(&'static str),
    /// 501 with the text that this gives for a body that makes sense.
    Refused(fn(&Gateway, &Call, &Document) -> Result<String, Fault>),
}

const GET: MethodFilter = MethodFilter::GET;
const POST: MethodFilter = MethodFilter::POST;
const PUT: MethodFilter = MethodFilter::PUT;
const DELETE: MethodFilter = MethodFilter::DELETE;

const NO_LOGS: &str = "Log actions are not supported.";
const NO_HARDWARE: &str =
    "An error occurred communicating with the guest: guests here don't tell about their machine.";

const ROUTES: &[Route] = &[
    route(GET, "/clusters", Who::Project, Says::None("clusters")),
    route(POST, "/clusters", Who::Project, Says::Refused(request::cluster)),
    route(GET, "/clusters/{id}", Who::Project, Says::Missing(Missing::Cluster)),
    route(POST, "/clusters/{id}", Who::Project, Says::Missing(Missing::Cluster)),
    route(DELETE, "/clusters/{id}", Who::Project, Says::Missing(Missing::Cluster)),
    route(GET, "/clusters/{id}/root", Who::Project, Says::Missing(Missing::Cluster)),
    route(POST, "/clusters/{id}/root", Who::Project, Says::Missing(Missing::Cluster)),
    route(DELETE, "/clusters/{id}/root", Who::Project, Says::Missing(Missing::Cluster)),
    route(GET, "/clusters/{id}/instances/{of}", Who::Project, Says::Missing(Missing::Cluster)),
    route(GET, "/mgmt/clusters", Who::Admins, Says::None("clusters")),
    route(GET, "/mgmt/clusters/{id}", Who::Admins, Says::Missing(Missing::Cluster)),
    route(POST, "/mgmt/clusters/{id}/action", Who::Admins, Says::Missing(Missing::Cluster)),
    route(GET, "/modules", Who::Project, Says::None("modules")),
    route(POST, "/modules", Who::Project, Says::Refused(request::module)),
    route(GET, "/modules/{id}", Who::Project, Says::Missing(Missing::Resource)),
    route(PUT, "/modules/{id}", Who::Project, Says::Missing(Missing::Resource)),
    route(DELETE, "/modules/{id}", Who::Project, Says::Missing(Missing::Resource)),
    route(GET, "/modules/{id}/instances", Who::Project, Says::Missing(Missing::Resource)),
    route(PUT, "/modules/{id}/instances", Who::Project, Says::Missing(Missing::Resource)),
    route(GET, "/instances/{id}/modules", Who::Instance, Says::None("modules")),
    route(POST, "/instances/{id}/modules", Who::Instance, Says::Refused(request::applied)),
    route(
        DELETE,
        "/instances/{id}/modules/{module}",
        Who::Instance,
        Says::Missing(Missing::Resource),
    ),
    route(GET, "/instances/{id}/ssl", Who::Instance, Says::Shape("ssl", no_tls)),
    route(POST, "/instances/{id}/ssl", Who::Instance, Says::Refused(request::tls)),
    route(GET, "/instances/{id}/log", Who::Instance, Says::NotOffered(NO_LOGS)),
    route(POST, "/instances/{id}/log", Who::Instance, Says::NotOffered(NO_LOGS)),
    route(GET, "/backups", Who::Project, Says::None("backups")),
    route(POST, "/backups", Who::Project, Says::Refused(request::backup)),
    route(GET, "/backups/{id}", Who::Project, Says::Missing(Missing::Backup)),
    route(DELETE, "/backups/{id}", Who::Project, Says::Missing(Missing::Backup)),
    route(GET, "/instances/{id}/backups", Who::Instance, Says::None("backups")),
    route(GET, "/backup_strategies", Who::Project, Says::None("backup_strategies")),
    route(POST, "/backup_strategies", Who::Project, Says::Refused(request::strategy)),
    route(DELETE, "/backup_strategies", Who::Project, Says::Accepted),
    route(GET, "/mgmt/instances/{id}/hwinfo", Who::AdminsOfInstance, Says::Invalid(NO_HARDWARE)),
    route(
        GET,
        "/mgmt/instances/{id}/diagnostics",
        Who::AdminsOfInstance,
        Says::Invalid(NO_HARDWARE),
    ),
    route(
        POST,
        "/mgmt/instances/{id}/upgrade",
        Who::AdminsOfInstance,
        Says::NotOffered("A guest agent is upgraded with its host."),
    ),
];

const fn route(method: MethodFilter, path: &'static str, who: Who, says: Says) -> Route {
    Route { method, path, who, says }
}

/// All routes of this kind.
pub(crate) fn routes() -> Router<Arc<Gateway>> {
    ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, handler(route)))
}

fn handler(route: &'static Route) -> MethodRouter<Arc<Gateway>> {
    match route.says {
        Says::Refused(refuse) => {
            let answer = move |State(gateway): State<Arc<Gateway>>,
                               call: Call,
                               Named(names): Named<HashMap<String, String>>,
                               document: Document| async move {
                route.admit(&gateway, &call, &names)?;
                let text = refuse(&gateway, &call, &document)?;
                Answer::Err(Fault::NotOffered(text))
            };
            on(route.method, answer)
        }
        Says::None(_)
        | Says::Shape(..)
        | Says::Missing(_)
        | Says::Accepted
        | Says::Invalid(_)
        | Says::NotOffered(_) => {
            let answer = move |State(gateway): State<Arc<Gateway>>,
                               call: Call,
                               Named(names): Named<HashMap<String, String>>,
                               Params(query): Params| async move {
                route.admit(&gateway, &call, &names)?;
                check_project(&call, &query)?;
                route.answer(&gateway, &names, &query)
            };
            on(route.method, answer)
        }
    }
}

impl Route {
    /// Refuses callers who may not ask, and instances that they don't see.
    fn admit(
        &self,
        gateway: &Gateway,
        call: &Call,
        names: &HashMap<String, String>,
    ) -> Result<(), Fault> {
        let of_instance = match self.who {
            Who::Project => false,
            Who::Instance => true,
            Who::Admins | Who::AdminsOfInstance => {
                call.check_manages()?;
                matches!(self.who, Who::AdminsOfInstance)
            }
        };
        if self.method != GET {
            call.check_may_write(self.rule())?;
        }
        if of_instance {
            gateway.instance(call, names.get("id").map_or("", String::as_str))?;
        }
        Ok(())
    }

    fn answer(
        &self,
        gateway: &Gateway,
        names: &HashMap<String, String>,
        query: &HashMap<String, String>,
    ) -> Answer {
        match self.says {
            Says::None(key) => {
                page::limit(query, gateway.config.page_size)?;
                let none: [Value; 0] = [];
                Ok(shown(key, &none))
            }
            Says::Shape(key, shape) => Ok(shown(key, &shape())),
            Says::Missing(what) => Err(Fault::NotFound(what(self.wanted(names)))),
            Says::Accepted => Ok(accepted(gateway.read_model.position())),
            Says::Invalid(text) => Err(Fault::invalid(text)),
            Says::NotOffered(text) => Err(Fault::NotOffered(text.to_owned())),
            Says::Refused(_) => Err(Fault::NoRoute),
        }
    }

    /// The collection that a change is about names the policy's rule.
    fn rule(&self) -> &'static str {
        self.path.trim_start_matches('/').split('/').next().unwrap_or(self.path)
    }

    /// What is missing: the module of an instance, else whatever has the id.
    fn wanted(&self, names: &HashMap<String, String>) -> String {
        let name = names.get("module").or_else(|| names.get("id"));
        catalogue::shown(name.map_or("", String::as_str))
    }
}

/// Other projects' lists are for administrators, empty or not.
fn check_project(call: &Call, query: &HashMap<String, String>) -> Result<(), Fault> {
    let of_another = query.get("project_id").is_some_and(|project| *project != call.project.0);
    let of_all = query.get("all_projects").is_some_and(|word| is_true(word));
    if of_another || of_all { call.check_is_admin("backup:index:all_projects") } else { Ok(()) }
}

/// What clients print, for a server without certificate.
fn no_tls() -> Value {
    json!({ "status": "off", "mode": null, "certificate": null })
}
