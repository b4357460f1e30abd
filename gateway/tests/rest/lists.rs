//! Pages of instances, and whose instances are in them.

use crate::seed::{id_of, small_creation};
use crate::stack::{DEMO, OTHER, Stack};
use axum::http::{Method, StatusCode};
use serde_json::Value;

fn ids(body: &Value) -> Vec<String> {
    let instances = body["instances"].as_array().unwrap();
    instances.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

/// Three in project `demo`, one in `other`.
async fn four(stack: &Stack) -> (Vec<String>, String) {
    let member = stack.member().await;
    let mut demo = Vec::new();
    for name in ["a", "b", "c"] {
        let answer = member.send(Method::POST, "/instances", &small_creation(name)).await;
        demo.push(id_of(&answer.json()).to_string());
    }
    demo.sort();
    let client = stack.client("demo", OTHER).await;
    let answer = client.send(Method::POST, "/instances", &small_creation("d")).await;
    (demo, id_of(&answer.json()).to_string())
}

#[tokio::test]
async fn pages_follow_each_other_until_there_is_no_next() {
    let stack = Stack::start().await;
    let (demo, _) = four(&stack).await;
    let member = stack.member().await;
    let mut path = "/instances?limit=1&include_clustered=False".to_owned();
    let mut seen = Vec::new();
    loop {
        let body = member.get(&path).await.json();
        seen.extend(ids(&body));
        let Some(links) = body.get("links") else { break };
        assert_eq!(body["instances_links"], *links);
        assert_eq!(links[0]["rel"], "next");
        let href = links[0]["href"].as_str().unwrap();
        let prefix = format!("http://db.example:8779/v1.0/{DEMO}");
        href.strip_prefix(&prefix).expect(href).clone_into(&mut path);
        assert!(path.contains("include_clustered=False") && path.contains("limit=1"), "{path}");
    }
    assert_eq!(seen, demo);
}

#[tokio::test]
async fn a_page_has_at_most_the_configured_size_and_exactly_full_is_the_last() {
    let stack = Stack::start().await;
    let (demo, _) = four(&stack).await;
    let query = "limit=1000&include_clustered=banana&deleted=x&unknown=1";
    let body = stack.member().await.get(&format!("/instances?{query}")).await.json();
    assert_eq!(ids(&body), demo);
    assert!(body.get("links").is_none(), "the page size is 3, and there are 3");
}

#[tokio::test]
async fn only_administrators_list_all_projects() {
    let stack = Stack::start().await;
    let (demo, other) = four(&stack).await;
    for word in ["1", "True"] {
        let path = format!("/instances?all_tenants={word}");
        let refused = stack.member().await.get(&path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let admin = stack.admin().await;
    assert_eq!(ids(&admin.get("/instances").await.json()), Vec::<String>::new());
    let first = admin.get("/instances/detail?all_tenants=1").await.json();
    for entry in first["instances"].as_array().unwrap() {
        assert!(entry["tenant_id"].is_string() && entry["user_id"].is_string(), "{entry}");
    }
    let marker = ids(&first).pop().unwrap();
    let path = format!("/instances?all_tenants=1&marker={marker}");
    let second = admin.get(&path).await.json();
    let mut seen = [ids(&first), ids(&second)].concat();
    seen.sort();
    let mut all = [demo, vec![other]].concat();
    all.sort();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn another_project_s_instance_is_not_found_but_an_administrator_sees_it() {
    let stack = Stack::start().await;
    let (_, other) = four(&stack).await;
    let path = format!("/instances/{other}");
    let member = stack.member().await;
    let hidden = member.get(&path).await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    let unknown = "0f3c0000-0000-4000-8000-000000000001";
    let missing = member.get(&format!("/instances/{unknown}")).await;
    let text = hidden.fault().1.replace(&other, unknown);
    assert_eq!(missing.fault(), ("itemNotFound".to_owned(), text));
    assert_eq!(member.delete(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stack.admin().await.get(&path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_name_is_no_id() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    for name in ["orders", "0f3c0000000040008000000000000001", "%2e%2e", "x%2Fy"] {
        let answer = member.get(&format!("/instances/{name}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn a_page_that_makes_no_sense_is_a_bad_request() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    for query in ["limit=ten", "limit=-1", "limit=0", "limit=", "limit=1.5", "marker=orders"] {
        for list in ["/instances", "/instances/detail"] {
            let answer = member.get(&format!("{list}?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{list} {query}");
        }
    }
}
