//! Which versions of the interface there are; no token needed.

use super::{Answer, shown};
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::view::links::Link;
use axum::extract::{Request, State};
use identity::embedded::PublicUrl;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// The one version.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Version {
    id: &'static str,
    status: &'static str,
    updated: &'static str,
    links: [Link; 1],
}

/// `GET /`.
pub(crate) async fn versions(State(gateway): State<Arc<Gateway>>, request: Request) -> Answer {
    Ok(shown("versions", &[entry(&gateway, &request)?]))
}

/// `GET /v1.0`.
pub(crate) async fn version(State(gateway): State<Arc<Gateway>>, request: Request) -> Answer {
    Ok(shown("version", &entry(&gateway, &request)?))
}

fn entry(gateway: &Gateway, request: &Request) -> Result<Version, Fault> {
    let configured = gateway.config.public_endpoint.as_ref();
    let base = PublicUrl::of_request(configured, request.uri(), request.headers())
        .map_err(|error| Fault::Invalid(format!("The {error}.")))?;
    Ok(Version {
        id: "v1.0",
        status: "CURRENT",
        updated: "2012-08-01T00:00:00Z",
        links: [Link::itself(format!("{}/v1.0/", base.as_str()))],
    })
}
