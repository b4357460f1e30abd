//! The JSON shapes of the identity interface.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::directory::{Project, User};
use super::place::Place;
use super::session::Session;
use super::token::audit_id;
use crate::Role;
use crate::ids::{self, Kind};
use crate::roles::RoleSet;

pub(super) const DOMAIN_ID: &str = "default";
pub(super) const DOMAIN_NAME: &str = "Default";

/// Microseconds are always zero: tokens know whole seconds.
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000000Z");

/// The body of an answer about a token. `catalog` is left out where it is `None`.
pub(super) fn token(session: &Session, catalog: Option<Value>) -> Value {
    let claims = &session.claims;
    let audit_ids: Vec<_> = [Some(claims.audit), claims.chain]
        .into_iter()
        .flatten()
        .map(|id| Value::from(audit_id(id).as_str()))
        .collect();
    let mut token = Map::new();
    let mut put = |key: &str, value: Value| token.insert(key.to_owned(), value);
    put("methods", json!(claims.methods.names()));
    put(
        "user",
        json!({
            "id": session.user.id.as_str(),
            "name": session.user.name,
            "domain": domain_reference(),
            "password_expires_at": null,
        }),
    );
    put("audit_ids", json!(audit_ids));
    put("issued_at", json!(timestamp(claims.issued_secs)));
    put("expires_at", json!(timestamp(claims.expires_secs)));
    if let Some((project, roles)) = &session.scope {
        let project = json!({
            "id": project.id.as_str(),
            "name": project.name,
            "domain": domain_reference(),
        });
        put("project", project);
        put("is_domain", json!(false));
        put("roles", roles.iter().map(role_reference).collect());
    }
    if let Some(credential) = &session.credential {
        let credential = json!({
            "id": ids::text(credential.uuid),
            "name": credential.name,
            "restricted": true,
        });
        put("application_credential", credential);
    }
    if let Some(catalog) = catalog {
        put("catalog", catalog);
    }
    json!({ "token": token })
}

fn timestamp(secs: u64) -> String {
    i64::try_from(secs)
        .ok()
        .and_then(|secs| OffsetDateTime::from_unix_timestamp(secs).ok())
        .and_then(|time| time.format(TIME).ok())
        .expect("tokens are issued at times of a clock, which are in years of four digits")
}

fn domain_reference() -> Value {
    json!({ "id": DOMAIN_ID, "name": DOMAIN_NAME })
}

fn role_id(role: Role) -> String {
    ids::text(ids::derived(Kind::Role, role.name()))
}

fn role_reference(role: Role) -> Value {
    json!({ "id": role_id(role), "name": role.name() })
}

pub(super) fn project(project: &Project, place: &Place) -> Value {
    let id = project.id.as_str();
    json!({
        "id": id,
        "name": project.name,
        "domain_id": DOMAIN_ID,
        "description": project.description,
        "enabled": project.is_enabled,
        "parent_id": DOMAIN_ID,
        "is_domain": false,
        "tags": [],
        "options": {},
        "links": { "self": place.v3(&format!("projects/{id}")) },
    })
}

pub(super) fn user(user: &User, place: &Place) -> Value {
    let id = user.id.as_str();
    let mut view = json!({
        "id": id,
        "name": user.name,
        "domain_id": DOMAIN_ID,
        "enabled": user.is_enabled,
        "password_expires_at": null,
        "options": {},
        "links": { "self": place.v3(&format!("users/{id}")) },
    });
    if let Some(project) = user.default_project {
        view["default_project_id"] = json!(ids::text(project));
    }
    view
}

pub(super) fn role(role: Role, place: &Place) -> Value {
    let id = role_id(role);
    json!({
        "links": { "self": place.v3(&format!("roles/{id}")) },
        "id": id,
        "name": role.name(),
        "domain_id": null,
        "description": null,
        "options": {},
    })
}

pub(super) fn domain(place: &Place) -> Value {
    json!({
        "id": DOMAIN_ID,
        "name": DOMAIN_NAME,
        "description": "The one domain.",
        "enabled": true,
        "tags": [],
        "options": {},
        "links": { "self": place.v3(&format!("domains/{DOMAIN_ID}")) },
    })
}

/// Whether a role assignment names its parts or only gives their ids.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    Ids,
    Names,
}

/// The role assignments of a user on a project, one for each of `roles`.
pub(super) fn role_assignments(
    user: &User,
    project: &Project,
    roles: RoleSet,
    naming: Naming,
    place: &Place,
) -> Vec<Value> {
    roles
        .iter()
        .map(|role| {
            let role_id = role_id(role);
            let user_id = user.id.as_str();
            let project_id = project.id.as_str();
            let link = format!("projects/{project_id}/users/{user_id}/roles/{role_id}");
            let mut view = json!({
                "user": { "id": user_id },
                "scope": { "project": { "id": project_id } },
                "role": { "id": role_id },
                "links": { "assignment": place.v3(&link) },
            });
            if naming == Naming::Names {
                view["user"]["name"] = json!(user.name);
                view["user"]["domain"] = domain_reference();
                view["scope"]["project"]["name"] = json!(project.name);
                view["scope"]["project"]["domain"] = domain_reference();
                view["role"]["name"] = json!(role.name());
            }
            view
        })
        .collect()
}

/// The entry of the version list.
pub(super) fn version(place: &Place) -> Value {
    json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{ "rel": "self", "href": place.v3("") }],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v3+json",
        }],
    })
}
