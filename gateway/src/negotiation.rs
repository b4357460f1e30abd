//! Which version of the interface a request without one in its path asks for: by
//! `Accept: application/vnd.openstack.trove+json;version=1.0`. Such a request is answered as if
//! the version stood in its path.

use crate::fault::Fault;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const MEDIA_TYPE: &str = "application/vnd.openstack.trove+json";
const VERSION: &str = "1.0";

/// Where no version is looked for: those of the interface itself, and what has none.
const OTHERS: [&str; 4] = ["/v1.0", "/identity", "/healthcheck", "/openapi.json"];

/// Sends a request to the version that it asks for.
pub(crate) async fn negotiate(mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_placed = OTHERS.iter().any(|other| {
        path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    match asked(request.headers()).filter(|_| !is_placed) {
        None => {}
        Some(version) if version == VERSION => {
            let Some(uri) = versioned(request.uri()) else { return Fault::NoRoute.into_response() };
            *request.uri_mut() = uri;
        }
        Some(_) => return Fault::NotAcceptable.into_response(),
    }
    next.run(request).await
}

/// The version in `Accept`, if it asks for one.
fn asked(headers: &HeaderMap) -> Option<String> {
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ours = ranges.flat_map(|text| text.split(',')).map(str::trim).find_map(|range| {
        let (media_type, parameters) = range.split_once(';')?;
        media_type.trim().eq_ignore_ascii_case(MEDIA_TYPE).then_some(parameters)
    })?;
    ours.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"').to_owned();
        name.trim().eq_ignore_ascii_case("version").then_some(value)
    })
}

fn versioned(uri: &Uri) -> Option<Uri> {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("/v{VERSION}{path}").parse().ok()?);
    Uri::from_parts(parts).ok()
}
