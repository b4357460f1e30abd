//! Unknown routes and everything that would change something.

use axum::http::Method;

use crate::harness::{DEMO_PROJECT, DEMO_USER, Stack};

#[tokio::test]
async fn an_unknown_route_is_a_404_in_the_error_shape() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    for path in [
        "/identity/v2.0",
        "/identity/v3/groups",
        "/identity/v3/auth",
        "/identity/v3/users/a/b/c",
        "/identity/nothing",
        "/identity/v3/OS-REVOKE/events",
        "/identity/v3//projects",
    ] {
        stack.get(path, &admin).await.refused(404);
        stack.call(Method::GET, path, &[]).await.refused(404);
        assert_eq!(stack.call(Method::HEAD, path, &[]).await.status, 404);
    }
}

#[tokio::test]
async fn a_change_is_refused_to_everyone() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    let demo = stack.token("demo", "demo").await;
    let user = format!("/identity/v3/users/{DEMO_USER}");
    let grant = format!("/identity/v3/projects/{DEMO_PROJECT}/users/{DEMO_USER}/roles/x");
    for (method, path) in [
        (Method::POST, "/identity/v3/projects"),
        (Method::POST, "/identity/v3/users"),
        (Method::POST, "/identity/v3/services"),
        (Method::PATCH, &user),
        (Method::DELETE, &user),
        (Method::POST, &format!("{user}/password")),
        (Method::POST, &format!("{user}/application_credentials")),
        (Method::PUT, &grant),
        (Method::PUT, "/identity/v3/auth/tokens"),
        (Method::DELETE, "/identity/v3"),
    ] {
        stack.call(method.clone(), path, &[]).await.refused(401);
        stack.call(method.clone(), path, &[("x-auth-token", &demo)]).await.refused(403);
        stack.call(method, path, &[("x-auth-token", &admin)]).await.refused(501);
    }
}

#[tokio::test]
async fn a_path_or_query_that_is_not_text_is_answered_in_the_error_shape() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    stack.get("/identity/v3/projects/%ff", &admin).await.refused(400);
    let answer = stack.get("/identity/v3/projects?name=%ff", &admin).await;
    assert_eq!(answer.ok()["projects"].as_array().unwrap().len(), 0);
}
