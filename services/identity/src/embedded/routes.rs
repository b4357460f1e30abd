//! The handlers, one file per part of the interface, and what they read from a request.

pub(super) mod directory;
pub(super) mod discovery;
pub(super) mod own;
pub(super) mod tokens;

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde_json::{Value, json};

use super::Embedded;
use super::fault::Fault;
use super::place::Place;
use super::router::AUTH_TOKEN;
use super::session::Session;

/// What most handlers answer.
type Answer = Result<Json<Value>, Fault>;

/// The token of the request must hold; what it is good for is the handler's business.
impl FromRequestParts<Arc<Embedded>> for Session {
    type Rejection = Fault;

    async fn from_request_parts(
        parts: &mut Parts,
        embedded: &Arc<Embedded>,
    ) -> Result<Self, Fault> {
        parts
            .headers
            .get(AUTH_TOKEN)
            .and_then(|token| token.to_str().ok())
            .and_then(|token| embedded.session(token))
            .ok_or(Fault::Unauthorized)
    }
}

impl Session {
    fn require_admin(&self) -> Result<(), Fault> {
        if self.is_admin() { Ok(()) } else { Err(Fault::Forbidden) }
    }
}

/// The one parameter of a path.
pub(super) struct Id(String);

impl FromRequestParts<Arc<Embedded>> for Id {
    type Rejection = Fault;

    async fn from_request_parts(
        parts: &mut Parts,
        embedded: &Arc<Embedded>,
    ) -> Result<Self, Fault> {
        match Path::from_request_parts(parts, embedded).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Fault::BadRequest("The path is not valid.".to_owned())),
        }
    }
}

/// The URL of the request with its query.
pub(super) struct Page {
    place: Place,
    query: Vec<(String, String)>,
}

impl FromRequestParts<Arc<Embedded>> for Page {
    type Rejection = Fault;

    async fn from_request_parts(
        parts: &mut Parts,
        embedded: &Arc<Embedded>,
    ) -> Result<Self, Fault> {
        let Query(query) = Query::from_request_parts(parts, embedded)
            .await
            .map_err(|_| Fault::BadRequest("The query is not valid.".to_owned()))?;
        let place = parts
            .extensions
            .get::<Place>()
            .cloned()
            .expect("the router puts the place into every request");
        Ok(Self { place, query })
    }
}

impl Page {
    /// Whether the query turns on the flag: bare, or with anything but a word for no.
    fn has(&self, flag: &str) -> bool {
        self.query.iter().any(|(key, value)| key == flag && is_yes(value))
    }

    /// The list, less what the query does not ask for.
    fn list(&self, key: &str, items: impl IntoIterator<Item = Value>) -> Json<Value> {
        let items: Vec<_> = items
            .into_iter()
            .filter(|item| self.query.iter().all(|(key, wanted)| matches(item, key, wanted)))
            .collect();
        let links = json!({ "self": self.place.url, "next": null, "previous": null });
        Json(json!({ key: items, "links": links }))
    }
}

fn is_yes(word: &str) -> bool {
    word != "0" && !word.eq_ignore_ascii_case("false")
}

/// Whether the item passes one filter of the query, as `name=demo` or `user.id=...`.
fn matches(item: &Value, key: &str, wanted: &str) -> bool {
    match item.pointer(&format!("/{}", key.replace('.', "/"))) {
        Some(Value::String(text)) => text == wanted,
        Some(Value::Bool(flag)) => *flag == is_yes(wanted),
        Some(Value::Null | Value::Array(_) | Value::Number(_)) => false,
        // Not something to filter by.
        Some(Value::Object(_)) => true,
        // A part that the item has not (`group.id`) excludes it; any other word of the query
        // means something else, or nothing.
        None => !key.contains('.'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_compare_exactly_and_reach_into_parts() {
        let item = json!({"name": "demo", "enabled": true, "parent": null, "tags": [],
                          "links": {"self": "x"}, "user": {"id": "u"}});
        for (key, wanted) in [
            ("name", "demo"),
            ("enabled", "True"),
            ("enabled", ""),
            ("user.id", "u"),
            ("links", "anything"),
            ("include_names", "True"),
        ] {
            assert!(matches(&item, key, wanted), "{key}={wanted}");
        }
        for (key, wanted) in [
            ("name", "Demo"),
            ("enabled", "false"),
            ("enabled", "0"),
            ("parent", "x"),
            ("tags", "x"),
            ("user.id", "v"),
            ("group.id", "u"),
        ] {
            assert!(!matches(&item, key, wanted), "{key}={wanted}");
        }
    }
}
