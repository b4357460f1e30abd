//! What the holder of a token has: projects, and a catalog. Unscoped tokens may ask, too.

use axum::Json;
use serde_json::json;

use super::{Answer, Id, Page};
use crate::embedded::catalog;
use crate::embedded::fault::Fault;
use crate::embedded::session::Session;
use crate::embedded::view;
use crate::ids;

/// `GET /v3/auth/projects`: where the caller could get a token for.
pub(in crate::embedded) async fn projects(session: Session, page: Page) -> Answer {
    let projects = session.directory.projects_of(session.user.uuid);
    Ok(page.list("projects", projects.map(|project| view::project(project, &page.place))))
}

/// `GET /v3/users/{id}/projects`: the same, asked by Horizon; an admin may ask for anyone.
pub(in crate::embedded) async fn projects_of_user(
    session: Session,
    Id(id): Id,
    page: Page,
) -> Answer {
    if id != session.user.id.as_str() {
        session.require_admin()?;
    }
    let user = ids::parse(&id)
        .and_then(|uuid| session.directory.user(uuid))
        .ok_or_else(|| Fault::no_such("user", &id))?;
    let projects = session.directory.projects_of(user.uuid);
    Ok(page.list("projects", projects.map(|project| view::project(project, &page.place))))
}

/// `GET /v3/auth/domains`: nobody has a role on the domain.
pub(in crate::embedded) async fn domains(_: Session, page: Page) -> Answer {
    Ok(page.list("domains", []))
}

/// `GET /v3/auth/system`: nobody has a role on the system.
pub(in crate::embedded) async fn system(_: Session, page: Page) -> Answer {
    Ok(page.list("system", []))
}

/// `GET /v3/auth/catalog`: the catalog of the caller's token.
pub(in crate::embedded) async fn catalog(session: Session, page: Page) -> Answer {
    let (project, _) = session.scope.as_ref().ok_or(Fault::Forbidden)?;
    let links = json!({ "self": page.place.url });
    let catalog = catalog::catalog(&page.place, project.id.as_str());
    Ok(Json(json!({ "catalog": catalog, "links": links })))
}
