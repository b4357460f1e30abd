//! Version documents, and the links in them.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::harness::{ROOT, Stack};

#[tokio::test]
async fn the_root_lists_the_one_version_with_and_without_a_slash() {
    let stack = Stack::start();
    for path in ["/identity", "/identity/"] {
        let answer = stack.call(Method::GET, path, &[]).await;
        assert_eq!(answer.status, 300);
        assert_eq!(answer.header("location"), format!("{ROOT}/v3/"));
        assert_eq!(answer.header("vary"), "X-Auth-Token");
        let entry = json!({
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{ "rel": "self", "href": format!("{ROOT}/v3/") }],
            "media-types": [{
                "base": "application/json",
                "type": "application/vnd.openstack.identity-v3+json",
            }],
        });
        assert_eq!(answer.body, json!({ "versions": { "values": [entry] } }));
    }
}

#[tokio::test]
async fn version_three_describes_itself_with_and_without_a_slash() {
    let stack = Stack::start();
    for path in ["/identity/v3", "/identity/v3/"] {
        let answer = stack.call(Method::GET, path, &[]).await;
        let version = &answer.ok()["version"];
        assert_eq!(version["id"], "v3.14");
        assert_eq!(version["links"][0]["href"], format!("{ROOT}/v3/"));
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let stack = Stack::start();
    for (path, status) in [("/identity", 300), ("/identity/", 300), ("/identity/v3", 200)] {
        let answer = stack.call(Method::HEAD, path, &[]).await;
        assert_eq!(answer.status, status);
        assert!(answer.body.is_null());
    }
}

#[tokio::test]
async fn a_configured_public_url_takes_the_place_of_the_host() {
    let stack = Stack::start().with_public_url("https://cloud.example");
    let answer = stack.call(Method::GET, "/identity/v3", &[]).await;
    let href = &answer.ok()["version"]["links"][0]["href"];
    assert_eq!(href, "https://cloud.example/identity/v3/");
    let refused = stack.call(Method::GET, "/identity/v3/projects", &[]).await;
    let challenge = "Keystone uri=\"https://cloud.example/identity/v3\"";
    assert_eq!(refused.header("www-authenticate"), challenge);
}

#[tokio::test]
async fn a_request_without_a_usable_host_is_malformed() {
    let stack = Stack::start();
    let request = Request::get("/identity/v3").body(Body::empty()).unwrap();
    stack.ask(request).await.refused(400);
    let request =
        Request::get("/identity/v3").header("host", "evil\"host").body(Body::empty()).unwrap();
    stack.ask(request).await.refused(400);
}
