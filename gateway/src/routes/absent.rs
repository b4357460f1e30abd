//! What the interface knows and this service does not hold: clusters, modules, backups and TLS.
//! Lists of them are empty, none of them is found, and none can be made.
//!
//! # Invariants
//! - What a request names is looked up first: an instance that the caller can't see is a 404, and
//!   a body that makes no sense a 400, whatever is not offered.

use super::{Answer, Named, Params, accepted, shown};
use crate::api::{self, OF_OTHERS, Operation, anything, list, on, under};
use crate::call::Call;
use crate::catalogue;
use crate::fault::{Fault, Missing};
use crate::gateway::Gateway;
use crate::request::document::Document;
use crate::request::{absent as request, is_true, page};
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// One route.
struct Route {
    name: &'static str,
    method: Method,
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
    Shape(&'static str, fn() -> Tls),
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

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

const NO_HARDWARE: &str =
    "An error occurred communicating with the guest: guests here don't tell about their machine.";

const ROUTES: &[Route] = &[
    route("listClusters", GET, "/clusters", Who::Project, Says::None("clusters")),
    route("createCluster", POST, "/clusters", Who::Project, Says::Refused(request::cluster)),
    route("showCluster", GET, "/clusters/{id}", Who::Project, Says::Missing(Missing::Cluster)),
    route("actOnCluster", POST, "/clusters/{id}", Who::Project, Says::Missing(Missing::Cluster)),
    route("deleteCluster", DELETE, "/clusters/{id}", Who::Project, Says::Missing(Missing::Cluster)),
    route(
        "showClusterRoot",
        GET,
        "/clusters/{id}/root",
        Who::Project,
        Says::Missing(Missing::Cluster),
    ),
    route(
        "enableClusterRoot",
        POST,
        "/clusters/{id}/root",
        Who::Project,
        Says::Missing(Missing::Cluster),
    ),
    route(
        "disableClusterRoot",
        DELETE,
        "/clusters/{id}/root",
        Who::Project,
        Says::Missing(Missing::Cluster),
    ),
    route(
        "showClusterInstance",
        GET,
        "/clusters/{id}/instances/{of}",
        Who::Project,
        Says::Missing(Missing::Cluster),
    ),
    route("listManagedClusters", GET, "/mgmt/clusters", Who::Admins, Says::None("clusters")),
    route(
        "showManagedCluster",
        GET,
        "/mgmt/clusters/{id}",
        Who::Admins,
        Says::Missing(Missing::Cluster),
    ),
    route(
        "manageCluster",
        POST,
        "/mgmt/clusters/{id}/action",
        Who::Admins,
        Says::Missing(Missing::Cluster),
    ),
    route("listModules", GET, "/modules", Who::Project, Says::None("modules")),
    route("createModule", POST, "/modules", Who::Project, Says::Refused(request::module)),
    route("showModule", GET, "/modules/{id}", Who::Project, Says::Missing(Missing::Resource)),
    route("updateModule", PUT, "/modules/{id}", Who::Project, Says::Missing(Missing::Resource)),
    route("deleteModule", DELETE, "/modules/{id}", Who::Project, Says::Missing(Missing::Resource)),
    route(
        "listModuleInstances",
        GET,
        "/modules/{id}/instances",
        Who::Project,
        Says::Missing(Missing::Resource),
    ),
    route(
        "reapplyModule",
        PUT,
        "/modules/{id}/instances",
        Who::Project,
        Says::Missing(Missing::Resource),
    ),
    route(
        "listAppliedModules",
        GET,
        "/instances/{id}/modules",
        Who::Instance,
        Says::None("modules"),
    ),
    route(
        "applyModules",
        POST,
        "/instances/{id}/modules",
        Who::Instance,
        Says::Refused(request::applied),
    ),
    route(
        "removeModule",
        DELETE,
        "/instances/{id}/modules/{module}",
        Who::Instance,
        Says::Missing(Missing::Resource),
    ),
    route("showTls", GET, "/instances/{id}/ssl", Who::Instance, Says::Shape("ssl", no_tls)),
    route("changeTls", POST, "/instances/{id}/ssl", Who::Instance, Says::Refused(request::tls)),
    route("listBackups", GET, "/backups", Who::Project, Says::None("backups")),
    route("createBackup", POST, "/backups", Who::Project, Says::Refused(request::backup)),
    route("showBackup", GET, "/backups/{id}", Who::Project, Says::Missing(Missing::Backup)),
    route("deleteBackup", DELETE, "/backups/{id}", Who::Project, Says::Missing(Missing::Backup)),
    route(
        "listBackupsOfInstance",
        GET,
        "/instances/{id}/backups",
        Who::Instance,
        Says::None("backups"),
    ),
    route(
        "listStrategies",
        GET,
        "/backup_strategies",
        Who::Project,
        Says::None("backup_strategies"),
    ),
    route(
        "createStrategy",
        POST,
        "/backup_strategies",
        Who::Project,
        Says::Refused(request::strategy),
    ),
    route("deleteStrategy", DELETE, "/backup_strategies", Who::Project, Says::Accepted),
    route(
        "showHardware",
        GET,
        "/mgmt/instances/{id}/hwinfo",
        Who::AdminsOfInstance,
        Says::Invalid(NO_HARDWARE),
    ),
    route(
        "showDiagnostics",
        GET,
        "/mgmt/instances/{id}/diagnostics",
        Who::AdminsOfInstance,
        Says::Invalid(NO_HARDWARE),
    ),
    route(
        "upgradeGuest",
        POST,
        "/mgmt/instances/{id}/upgrade",
        Who::AdminsOfInstance,
        Says::NotOffered("A guest agent is upgraded with its host."),
    ),
];

const fn route(
    name: &'static str,
    method: Method,
    path: &'static str,
    who: Who,
    says: Says,
) -> Route {
    Route { name, method, path, who, says }
}

/// All operations of this kind.
pub(crate) fn operations() -> Vec<Operation> {
    ROUTES.iter().map(operation).collect()
}

fn operation(route: &'static Route) -> Operation {
    let listed = async move |State(gateway): State<Arc<Gateway>>,
                             call: Call,
                             Named(names): Named<HashMap<String, String>>,
                             Params(query): Params| {
        route.admit(&gateway, &call, &names)?;
        check_project(&call, &query)?;
        route.answer(&gateway, &names, &query)
    };
    let plain = || on(route.method.clone(), route.path, listed);
    let described = match route.says {
        Says::None(key) => {
            plain().named(route.name, "Always empty").takes(&OF_OTHERS).gives(list(key))
        }
        Says::Shape(key, _) => plain().named(route.name, "Always off").gives(under::<Tls>(key)),
        Says::Missing(_) => plain().named(route.name, "Always 404: there is none").gives_nothing(),
        Says::Accepted => plain().named(route.name, "Always done: there is none").says(202),
        Says::Invalid(_) => plain().named(route.name, "Always 400").gives_nothing(),
        Says::NotOffered(_) => {
            plain().named(route.name, "Not offered").gives_nothing().refuses(&[501])
        }
        Says::Refused(refuse) => {
            let refused = async move |State(gateway): State<Arc<Gateway>>,
                                      call: Call,
                                      Named(names): Named<HashMap<String, String>>,
                                      document: Document| {
                route.admit(&gateway, &call, &names)?;
                let text = refuse(&gateway, &call, &document)?;
                Answer::Err(Fault::NotOffered(text))
            };
            on(route.method.clone(), route.path, refused)
                .named(route.name, "Not offered; the body is checked all the same")
                .reads(anything())
                .gives_nothing()
                .refuses(&[501])
        }
    };
    match route.who {
        Who::Project | Who::Instance => described,
        Who::Admins | Who::AdminsOfInstance => described.for_(api::Who::Admins),
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

/// What clients print of a server's certificate.
#[derive(Debug, JsonSchema, Serialize)]
struct Tls {
    status: &'static str,
    mode: Option<String>,
    certificate: Option<String>,
}

/// A server without certificate.
fn no_tls() -> Tls {
    Tls { status: "off", mode: None, certificate: None }
}
