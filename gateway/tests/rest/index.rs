//! Every operation of the interface, by hand: what Trove's API and the two founding documents
//! have, and what is ours. The document and the router are made of one table; here it is held
//! against a second one.

use crate::stack::{ADMIN, Stack};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;

/// Below `/v1.0/{project_id}`: a path, and its methods.
const GATED: [(&str, &str); 66] = [
    ("/backup_strategies", "GET POST DELETE"),
    ("/backups", "GET POST"),
    ("/backups/{id}", "GET DELETE"),
    ("/clusters", "GET POST"),
    ("/clusters/{id}", "GET POST DELETE"),
    ("/clusters/{id}/instances/{of}", "GET"),
    ("/clusters/{id}/root", "GET POST DELETE"),
    ("/configurations", "GET POST"),
    ("/configurations/{id}", "GET PUT PATCH DELETE"),
    ("/configurations/{id}/instances", "GET"),
    ("/datastores", "GET"),
    ("/datastores/versions/{version}", "GET"),
    ("/datastores/versions/{version}/parameters", "GET"),
    ("/datastores/versions/{version}/parameters/{name}", "GET"),
    ("/datastores/{datastore}", "GET DELETE"),
    ("/datastores/{datastore}/versions", "GET"),
    ("/datastores/{datastore}/versions/{version}", "GET"),
    ("/datastores/{datastore}/versions/{version}/flavors", "GET"),
    ("/datastores/{datastore}/versions/{version}/parameters", "GET"),
    ("/datastores/{datastore}/versions/{version}/parameters/{name}", "GET"),
    ("/datastores/{datastore}/versions/{version}/volume-types", "GET"),
    ("/flavors", "GET"),
    ("/flavors/{id}", "GET"),
    ("/instances", "GET POST"),
    ("/instances/detail", "GET"),
    ("/instances/{id}", "GET PUT PATCH DELETE"),
    ("/instances/{id}/action", "POST"),
    ("/instances/{id}/backups", "GET"),
    ("/instances/{id}/configuration", "GET"),
    ("/instances/{id}/databases", "GET POST"),
    ("/instances/{id}/databases/{database}", "GET DELETE"),
    ("/instances/{id}/log", "GET POST"),
    ("/instances/{id}/log/{log}", "GET"),
    ("/instances/{id}/modules", "GET POST"),
    ("/instances/{id}/modules/{module}", "DELETE"),
    ("/instances/{id}/root", "GET POST DELETE"),
    ("/instances/{id}/ssl", "GET POST"),
    ("/instances/{id}/users", "GET POST PUT"),
    ("/instances/{id}/users/{user}", "GET POST PUT DELETE"),
    ("/instances/{id}/users/{user}/databases", "GET PUT"),
    ("/instances/{id}/users/{user}/databases/{database}", "DELETE"),
    ("/limits", "GET"),
    ("/mgmt/clusters", "GET"),
    ("/mgmt/clusters/{id}", "GET"),
    ("/mgmt/clusters/{id}/action", "POST"),
    ("/mgmt/datastore-versions", "GET POST"),
    ("/mgmt/datastore-versions/{version}", "GET PATCH DELETE"),
    ("/mgmt/datastores", "POST"),
    ("/mgmt/datastores/versions", "POST"),
    ("/mgmt/datastores/versions/{version}", "PATCH"),
    ("/mgmt/datastores/versions/{version}/parameters", "GET POST"),
    ("/mgmt/datastores/versions/{version}/parameters/{name}", "GET PUT DELETE"),
    ("/mgmt/datastores/{datastore}", "PATCH"),
    ("/mgmt/datastores/{datastore}/{version}", "PATCH"),
    ("/mgmt/instances", "GET"),
    ("/mgmt/instances/{id}", "GET"),
    ("/mgmt/instances/{id}/action", "POST"),
    ("/mgmt/instances/{id}/diagnostics", "GET"),
    ("/mgmt/instances/{id}/hwinfo", "GET"),
    ("/mgmt/instances/{id}/root", "GET"),
    ("/mgmt/instances/{id}/rpc_ping", "GET"),
    ("/mgmt/instances/{id}/upgrade", "POST"),
    ("/mgmt/quotas/{project}", "GET PUT"),
    ("/modules", "GET POST"),
    ("/modules/{id}", "GET PUT DELETE"),
    ("/modules/{id}/instances", "GET PUT"),
];

/// Without a token.
const OPEN: [(&str, &str); 5] = [
    ("/", "GET"),
    ("/v1.0", "GET"),
    ("/v1.0/", "GET"),
    ("/healthcheck", "GET"),
    ("/openapi.json", "GET"),
];

const OPERATIONS: usize = 113;

fn listed() -> BTreeSet<(String, String)> {
    let gated =
        GATED.iter().map(|(path, methods)| (format!("/v1.0/{{project_id}}{path}"), methods));
    let open = OPEN.iter().map(|(path, methods)| ((*path).to_owned(), methods));
    let each = |(path, methods): (String, &&str)| {
        let methods: Vec<String> = methods.split(' ').map(str::to_owned).collect();
        methods.into_iter().map(move |method| (method, path.clone())).collect::<Vec<_>>()
    };
    gated.chain(open).flat_map(each).collect()
}

async fn document(stack: &Stack) -> Value {
    let request = Request::get("/openapi.json").header("host", "db.example:8779");
    let answer = stack.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.json()
}

fn described(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let each = |(path, operations): (&String, &Value)| {
        let path = path.clone();
        let methods: Vec<String> = operations.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(move |method| (method.to_ascii_uppercase(), path.clone()))
    };
    paths.iter().flat_map(each).collect()
}

#[tokio::test]
async fn the_gateway_has_these_operations_and_no_others() {
    let stack = Stack::start().await;
    let (listed, described) = (listed(), described(&document(&stack).await));
    assert_eq!(described.difference(&listed).collect::<Vec<_>>(), Vec::<&_>::new(), "not listed");
    assert_eq!(listed.difference(&described).collect::<Vec<_>>(), Vec::<&_>::new(), "not there");
    assert_eq!(listed.len(), OPERATIONS);
}

#[tokio::test]
async fn every_operation_is_named_once_and_says_what_it_does() {
    let document = document(&Stack::start().await).await;
    let mut names = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(!name.is_empty() && names.insert(name), "{method} {path}: {name}");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
        }
    }
    assert_eq!(names.len(), OPERATIONS);
}

/// No route at all and a known route with another method are refused in these words.
const NO_ROUTE: &str = "The resource could not be found.";

#[tokio::test]
async fn every_operation_is_routed_and_no_other_method_is() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    for (path, known) in GATED {
        let path = path.replace("{project_id}", ADMIN).replace(['{', '}'], "");
        for method in &methods {
            let answer = admin.send(method.clone(), &path, &serde_json::json!({})).await;
            let is_routed = answer.status.is_success() || answer.fault().1 != NO_ROUTE;
            let is_known = known.split(' ').any(|known| known == method.as_str());
            assert_eq!(is_routed, is_known, "{method} {path}: {answer:?}");
        }
    }
}
