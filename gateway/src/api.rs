//! The one table of operations: each with its handler and with what there is to say of it.
//!
//! # Invariants
//! - The router and the OpenAPI document are made of the same rows, so that neither has an
//!   operation that the other has not.
//! - Shapes of answers are those of the views' own types.

mod bodies;
mod document;
mod inside;
mod management;
mod operation;
mod project;
mod query;
mod schema;

pub(crate) use document::document;
pub(crate) use operation::{Operation, Who, on};
pub(crate) use query::OF_OTHERS;
pub(crate) use schema::{anything, list, under};

use crate::gateway::Gateway;
use crate::routes::{absent, discovery, health, openapi};
use axum::Router;
use schema::{listed, plain};
use std::sync::Arc;

/// What stands under `/v1.0/{project_id}`, behind the gate.
pub(crate) fn gated() -> Vec<Operation> {
    let mut operations = project::operations();
    operations.extend(inside::operations());
    operations.extend(management::operations());
    operations.extend(absent::operations());
    operations
}

/// What needs no token.
pub(crate) fn open() -> Vec<Operation> {
    use operation::get;
    let version = || under::<discovery::Version>("version");
    vec![
        get("/", discovery::versions)
            .named("listVersions", "Versions of the interface")
            .refuses(&[406])
            .gives(listed::<discovery::Version>("versions")),
        get("/v1.0", discovery::version)
            .named("showVersion", "The version of the interface")
            .gives(version()),
        get("/v1.0/", discovery::version)
            .named("showVersionBySlash", "The version of the interface")
            .gives(version()),
        get("/healthcheck", health::show)
            .named("showHealth", "Whether this gateway can serve, and why not")
            .gives(plain::<health::Health>())
            .may_give(503, plain::<health::Health>()),
        get("/openapi.json", openapi::show)
            .named("showDocument", "This document")
            .gives(anything()),
    ]
}

/// A router with these operations.
pub(crate) fn routed(operations: Vec<Operation>) -> Router<Arc<Gateway>> {
    operations
        .into_iter()
        .fold(Router::new(), |router, operation| router.route(operation.path, operation.route))
}
