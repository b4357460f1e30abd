//! Tokens, projects, roles, unknown routes, and what every answer carries.

use crate::desk::Mood;
use crate::seed::small_creation;
use crate::stack::{DEMO, OTHER, Stack};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

/// Every route behind the gate.
const ROUTES: [(Method, &str); 31] = [
    (Method::GET, "/instances"),
    (Method::POST, "/instances"),
    (Method::GET, "/instances/detail"),
    (Method::GET, "/instances/0f3c0000-0000-4000-8000-000000000001"),
    (Method::PUT, "/instances/0f3c0000-0000-4000-8000-000000000001"),
    (Method::PATCH, "/instances/0f3c0000-0000-4000-8000-000000000001"),
    (Method::DELETE, "/instances/0f3c0000-0000-4000-8000-000000000001"),
    (Method::POST, "/instances/0f3c0000-0000-4000-8000-000000000001/action"),
    (Method::GET, "/instances/0f3c0000-0000-4000-8000-000000000001/databases"),
    (Method::POST, "/instances/0f3c0000-0000-4000-8000-000000000001/databases"),
    (Method::GET, "/instances/0f3c0000-0000-4000-8000-000000000001/databases/d"),
    (Method::DELETE, "/instances/0f3c0000-0000-4000-8000-000000000001/databases/d"),
    (Method::GET, "/instances/0f3c0000-0000-4000-8000-000000000001/users"),
    (Method::POST, "/instances/0f3c0000-0000-4000-8000-000000000001/users"),
    (Method::PUT, "/instances/0f3c0000-0000-4000-8000-000000000001/users"),
    (Method::GET, "/instances/0f3c0000-0000-4000-8000-000000000001/users/u"),
    (Method::POST, "/instances/0f3c0000-0000-4000-8000-000000000001/users/u"),
    (Method::PUT, "/instances/0f3c0000-0000-4000-8000-000000000001/users/u"),
    (Method::DELETE, "/instances/0f3c0000-0000-4000-8000-000000000001/users/u"),
    (Method::GET, "/instances/0f3c0000-0000-4000-8000-000000000001/users/u/databases"),
    (Method::PUT, "/instances/0f3c0000-0000-4000-8000-000000000001/users/u/databases"),
    (Method::DELETE, "/instances/0f3c0000-0000-4000-8000-000000000001/users/u/databases/d"),
    (Method::GET, "/datastores"),
    (Method::GET, "/datastores/mysql"),
    (Method::GET, "/datastores/mysql/versions"),
    (Method::GET, "/datastores/mysql/versions/10.11"),
    (Method::GET, "/datastores/versions/00000000-0000-0000-0000-000000000011"),
    (Method::GET, "/flavors"),
    (Method::GET, "/flavors/1"),
    (Method::GET, "/limits"),
    (Method::GET, "/no/such/route"),
];

#[tokio::test]
async fn no_route_is_reached_without_a_token() {
    let stack = Stack::start().await;
    for (method, path) in ROUTES {
        for token in [None, Some(""), Some("garbage")] {
            let mut request = Request::builder()
                .method(method.clone())
                .uri(format!("/v1.0/{DEMO}{path}"))
                .header("host", "db.example:8779");
            if let Some(token) = token {
                request = request.header("x-auth-token", token);
            }
            let answer = stack.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} {token:?}");
            assert_eq!(answer.fault().0, "unauthorized");
            assert!(!answer.headers.contains_key("x-trove-position"));
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            assert_eq!(challenge, "Keystone uri=\"http://db.example:8779/identity/v3\"");
        }
    }
}

#[tokio::test]
async fn the_path_names_the_token_s_project_also_for_administrators() {
    let stack = Stack::start().await;
    for client in [stack.member().await, stack.admin().await] {
        for (method, path) in ROUTES {
            let request = Request::builder()
                .method(method.clone())
                .uri(format!("/v1.0/{OTHER}{path}"))
                .header("host", "db.example:8779")
                .header("x-auth-token", &client.token);
            let answer = stack.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
            assert_eq!(answer.fault().0, "forbidden");
        }
    }
}

#[tokio::test]
async fn a_reader_looks_and_changes_nothing() {
    let stack = Stack::start().await;
    let reader = stack.client("looker", DEMO).await;
    assert_eq!(reader.get("/instances").await.status, StatusCode::OK);
    let created = reader.send(Method::POST, "/instances", &small_creation("n")).await;
    assert_eq!(created.status, StatusCode::FORBIDDEN);
    assert_eq!(created.fault().1, "Policy doesn't allow instance:create to be performed.");
    let path = "/instances/0f3c0000-0000-4000-8000-000000000001";
    assert_eq!(reader.delete(path).await.status, StatusCode::FORBIDDEN);
    let changes = ROUTES
        .iter()
        .filter(|(method, path)| *method != Method::GET && path.starts_with("/instances/"));
    for (method, path) in changes {
        let answer = reader.send(method.clone(), path, &small_creation("n")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    assert!(stack.desk.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_are_not_found() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    for (method, path) in [
        (Method::GET, ""),
        (Method::GET, "/"),
        (Method::GET, "/nothing"),
        (Method::POST, "/flavors"),
        (Method::DELETE, "/instances"),
        (Method::POST, "/instances/0f3c0000-0000-4000-8000-000000000001"),
        (Method::GET, "/instances/0f3c0000-0000-4000-8000-000000000001/action"),
        (Method::PUT, "/instances/0f3c0000-0000-4000-8000-000000000001/databases"),
        (Method::GET, "/instances/0f3c0000-0000-4000-8000-000000000001/users/u/databases/d"),
        (Method::GET, "/instances/0f3c0000-0000-4000-8000-000000000001/users/%ff"),
        (Method::POST, "/mgmt/instances/0f3c0000-0000-4000-8000-000000000001"),
        (Method::PATCH, "/limits"),
        (Method::GET, "/datastores/%ff"),
        (Method::GET, "/instances/detail/x/y"),
    ] {
        let request = member.request(method.clone(), path).body(Body::empty()).unwrap();
        let answer = stack.send(request).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.fault().0, "itemNotFound");
    }
    for (method, path) in [(Method::GET, "/v2.0"), (Method::POST, "/"), (Method::PUT, "/v1.0")] {
        let request = Request::builder().method(method.clone()).uri(path);
        let answer = stack.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
    }
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let request = member.request(Method::HEAD, "/instances").body(Body::empty()).unwrap();
    let answer = stack.send(request).await;
    assert_eq!((answer.status, answer.bytes.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let mut ids = Vec::new();
    for path in ["/instances", "/nothing", "/flavors"] {
        let answer = member.get(path).await;
        ids.push(answer.headers["x-openstack-request-id"].to_str().unwrap().to_owned());
    }
    for path in ["/", "/healthcheck", "/nowhere", "/identity/v3"] {
        let request = Request::get(path).header("host", "db").body(Body::empty()).unwrap();
        let answer = stack.send(request).await;
        ids.push(answer.headers["x-openstack-request-id"].to_str().unwrap().to_owned());
    }
    assert!(ids.iter().all(|id| id.starts_with("req-") && id.len() == 40), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
}

#[tokio::test]
async fn a_request_may_ask_for_a_position_and_gets_no_older_answer() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let position = member.get("/instances").await.position();
    assert_eq!(position, stack.read_model.position());
    let at = |position: String| {
        let request = member.request(Method::GET, "/instances");
        stack.send(request.header("x-trove-position", position).body(Body::empty()).unwrap())
    };
    assert_eq!(at(position.to_string()).await.status, StatusCode::OK);
    let ahead = at((position + 1).to_string()).await;
    assert_eq!(ahead.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ahead.fault().0, "serviceUnavailable");
    for senseless in ["-1", "x", "99999999999999999999"] {
        assert_eq!(at(senseless.to_owned()).await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_gateway_that_has_not_caught_up_says_so() {
    let stack = Stack::start_empty(|_| {});
    stack.log.go_down();
    let request = || Request::get("/healthcheck").body(Body::empty()).unwrap();
    let health = stack.send(request()).await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(health.json()["log"]["reachable"], false);
    let request = Request::get(format!("/v1.0/{DEMO}/instances")).header("host", "db");
    let answer = stack.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_caught_up_gateway_is_healthy() {
    let stack = Stack::start().await;
    stack.member().await.get("/instances").await;
    let health = stack.send(Request::get("/healthcheck").body(Body::empty()).unwrap()).await;
    assert_eq!(health.status, StatusCode::OK, "{health:?}");
    assert_eq!(health.json()["damaged"], serde_json::json!([]));
}

#[tokio::test]
async fn too_many_requests_at_once_are_refused() {
    let stack = Stack::start_empty(|config| config.limits.requests_max = 1);
    let ask = async || {
        let request = Request::get(format!("/v1.0/{DEMO}/instances")).header("host", "db");
        stack.send(request.body(Body::empty()).unwrap()).await
    };
    stack.log.go_down();
    // The first waits for the read model, and so is still there when the second comes.
    let (first, second) = tokio::join!(ask(), ask());
    assert_eq!(first.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(second.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(first.fault().1.starts_with("The service is catching up"), "{first:?}");
    assert!(second.fault().1.starts_with("Too many requests"), "{second:?}");
    let third = stack.send(Request::get("/").header("host", "db").body(Body::empty()).unwrap());
    assert_eq!(third.await.status, StatusCode::OK, "places are given back");
}

#[tokio::test]
async fn a_path_without_a_version_may_ask_for_one() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let ask = async |path: &str, accept: &str| {
        let request = Request::get(path)
            .header("host", "db.example:8779")
            .header("x-auth-token", &member.token)
            .header("accept", accept);
        stack.send(request.body(Body::empty()).unwrap()).await
    };
    let ours = "application/json, application/vnd.openstack.trove+json; version=1.0";
    let listed = ask(&format!("/{DEMO}/flavors?x=1"), ours).await;
    assert_eq!(listed.status, StatusCode::OK, "{listed:?}");
    assert_eq!(listed.json(), member.get("/flavors").await.json());
    assert_eq!(ask("/", ours).await.json()["version"]["id"], "v1.0");
    let other = "application/vnd.openstack.trove+json;version=2.0";
    let refused = ask(&format!("/{DEMO}/flavors"), other).await;
    let fault = ("notAcceptable".to_owned(), "version not supported".to_owned());
    assert_eq!((refused.status, refused.fault()), (StatusCode::NOT_ACCEPTABLE, fault));
    // A path that names its version is answered by it, whatever else is asked for.
    assert_eq!(ask(&format!("/v1.0/{DEMO}/flavors"), other).await.status, StatusCode::OK);
    assert_eq!(ask("/healthcheck", other).await.status, StatusCode::OK);
    let unasked = ask(&format!("/{DEMO}/flavors"), "application/json").await;
    assert_eq!(unasked.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn versions_are_told_without_a_token() {
    let stack = Stack::start().await;
    for (path, pointer) in [("/", "/versions/0"), ("/v1.0", "/version"), ("/v1.0/", "/version")] {
        let request = Request::get(path).header("host", "db.example:8779");
        let answer = stack.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let body = answer.json();
        let entry = body.pointer(pointer).unwrap();
        assert_eq!(entry["id"], "v1.0");
        assert_eq!(entry["links"][0]["href"], "http://db.example:8779/v1.0/");
    }
}

#[tokio::test]
async fn links_follow_the_configured_endpoint() {
    let stack = Stack::start_empty(|config| {
        config.public_endpoint = Some("https://cloud.example".parse().unwrap());
    });
    let request = Request::get("/").header("host", "inside:1").body(Body::empty()).unwrap();
    let body = stack.send(request).await.json();
    assert_eq!(body["versions"][0]["links"][0]["href"], "https://cloud.example/v1.0/");
}

/// Sends a client's own token to its end.
async fn revoke(stack: &Stack, token: &str) -> StatusCode {
    let request = Request::delete("/identity/v3/auth/tokens")
        .header("host", "db.example:8779")
        .header("x-auth-token", token)
        .header("x-subject-token", token);
    stack.send(request.body(Body::empty()).unwrap()).await.status
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_any_more() {
    let stack = Stack::start().await;
    let (member, other) = (stack.member().await, stack.member().await);
    assert_eq!(member.get("/instances").await.status, StatusCode::OK);
    assert_eq!(revoke(&stack, &member.token).await, StatusCode::NO_CONTENT);
    assert_eq!(member.get("/instances").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(other.get("/instances").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_revocation_that_was_not_recorded_is_not_confirmed() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    for mood in [Mood::Silent, Mood::Ahead] {
        *stack.desk.mood.lock().unwrap() = mood;
        let status = revoke(&stack, &member.token).await;
        assert!(status.is_server_error(), "{mood:?} {status}");
    }
}
