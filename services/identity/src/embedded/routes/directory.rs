//! Looking up users, projects and the rest: for admins, and for everyone about themselves.

use axum::Json;
use serde_json::{Value, json};

use super::{Answer, Id, Page};
use crate::Role;
use crate::embedded::catalog;
use crate::embedded::fault::Fault;
use crate::embedded::session::Session;
use crate::embedded::view::{self, Naming};
use crate::ids;

/// `GET /v3/projects`.
pub(in crate::embedded) async fn projects(session: Session, page: Page) -> Answer {
    session.require_admin()?;
    let projects = session.directory.projects.iter();
    Ok(page.list("projects", projects.map(|project| view::project(project, &page.place))))
}

/// `GET /v3/projects/{id}`. A name is not found, and then clients ask for `?name=`.
pub(in crate::embedded) async fn project(session: Session, Id(id): Id, page: Page) -> Answer {
    let is_own = session.scope.as_ref().is_some_and(|(project, _)| project.id.as_str() == id);
    if !is_own {
        session.require_admin()?;
    }
    let project = ids::parse(&id)
        .and_then(|uuid| session.directory.project(uuid))
        .ok_or_else(|| Fault::no_such("project", &id))?;
    Ok(Json(json!({ "project": view::project(project, &page.place) })))
}

/// `GET /v3/users`.
pub(in crate::embedded) async fn users(session: Session, page: Page) -> Answer {
    session.require_admin()?;
    let users = session.directory.users.iter();
    Ok(page.list("users", users.map(|user| view::user(user, &page.place))))
}

/// `GET /v3/users/{id}`.
pub(in crate::embedded) async fn user(session: Session, Id(id): Id, page: Page) -> Answer {
    if id != session.user.id.as_str() {
        session.require_admin()?;
    }
    let user = ids::parse(&id)
        .and_then(|uuid| session.directory.user(uuid))
        .ok_or_else(|| Fault::no_such("user", &id))?;
    Ok(Json(json!({ "user": view::user(user, &page.place) })))
}

/// `GET /v3/roles`.
pub(in crate::embedded) async fn roles(session: Session, page: Page) -> Answer {
    session.require_admin()?;
    Ok(page.list("roles", all_roles(&page)))
}

/// `GET /v3/roles/{id}`.
pub(in crate::embedded) async fn role(session: Session, Id(id): Id, page: Page) -> Answer {
    session.require_admin()?;
    one("role", &id, all_roles(&page))
}

fn all_roles(page: &Page) -> Vec<Value> {
    Role::ALL.map(|role| view::role(role, &page.place)).to_vec()
}

/// `GET /v3/domains`.
pub(in crate::embedded) async fn domains(session: Session, page: Page) -> Answer {
    session.require_admin()?;
    Ok(page.list("domains", [view::domain(&page.place)]))
}

/// `GET /v3/domains/{id}`. Whoever works in a project of the domain may look at it.
pub(in crate::embedded) async fn domain(session: Session, Id(id): Id, page: Page) -> Answer {
    if session.scope.is_none() || id != view::DOMAIN_ID {
        session.require_admin()?;
    }
    one("domain", &id, vec![view::domain(&page.place)])
}

/// `GET /v3/services`.
pub(in crate::embedded) async fn services(session: Session, page: Page) -> Answer {
    session.require_admin()?;
    Ok(page.list("services", catalog::services(&page.place)))
}

/// `GET /v3/services/{id}`.
pub(in crate::embedded) async fn service(session: Session, Id(id): Id, page: Page) -> Answer {
    session.require_admin()?;
    one("service", &id, catalog::services(&page.place))
}

/// `GET /v3/endpoints`.
pub(in crate::embedded) async fn endpoints(session: Session, page: Page) -> Answer {
    session.require_admin()?;
    Ok(page.list("endpoints", catalog::endpoints(&page.place)))
}

/// `GET /v3/endpoints/{id}`.
pub(in crate::embedded) async fn endpoint(session: Session, Id(id): Id, page: Page) -> Answer {
    session.require_admin()?;
    one("endpoint", &id, catalog::endpoints(&page.place))
}

/// `GET /v3/regions`.
pub(in crate::embedded) async fn regions(session: Session, page: Page) -> Answer {
    session.require_admin()?;
    Ok(page.list("regions", catalog::regions(&page.place)))
}

/// `GET /v3/regions/{id}`.
pub(in crate::embedded) async fn region(session: Session, Id(id): Id, page: Page) -> Answer {
    session.require_admin()?;
    one("region", &id, catalog::regions(&page.place))
}

/// `GET /v3/role_assignments`: as granted, or with `effective` also what that implies.
pub(in crate::embedded) async fn role_assignments(session: Session, page: Page) -> Answer {
    session.require_admin()?;
    let directory = &session.directory;
    let naming = if page.has("include_names") { Naming::Names } else { Naming::Ids };
    let is_effective = page.has("effective");
    let assignments = directory.grants.iter().flat_map(|grant| {
        let user = directory.user(grant.user);
        let project = directory.project(grant.project);
        let roles = if is_effective { grant.roles.expanded() } else { grant.roles };
        user.zip(project).map_or_else(Vec::new, |(user, project)| {
            view::role_assignments(user, project, roles, naming, &page.place)
        })
    });
    Ok(page.list("role_assignments", assignments))
}

/// The item of that id.
fn one(kind: &str, id: &str, items: Vec<Value>) -> Answer {
    items
        .into_iter()
        .find(|item| item["id"] == id)
        .map(|item| Json(json!({ kind: item })))
        .ok_or_else(|| Fault::no_such(kind, id))
}
