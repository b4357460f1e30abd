//! What the interface knows and this service does not hold.

use crate::databases::active;
use crate::stack::{DEMO, OTHER, Stack};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const UNKNOWN: &str = "0f3c0000-0000-4000-8000-000000000001";

fn cluster(datastore: &str, version: &str) -> Value {
    json!({"cluster": {
        "name": "c", "datastore": {"type": datastore, "version": version},
        "instances": [{"flavorRef": "1", "volume": {"size": 1}}]
    }})
}

#[tokio::test]
async fn lists_of_what_is_not_held_are_empty() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    for (path, expected) in [
        ("/clusters".to_owned(), json!({"clusters": []})),
        ("/clusters?limit=2&marker=x&include_clustered=False".to_owned(), json!({"clusters": []})),
        ("/modules".to_owned(), json!({"modules": []})),
        (format!("/instances/{id}/modules?from_guest=true"), json!({"modules": []})),
        ("/backups".to_owned(), json!({"backups": []})),
        (format!("/backups?project_id={DEMO}"), json!({"backups": []})),
        (format!("/instances/{id}/backups?limit=5"), json!({"backups": []})),
        (format!("/backup_strategies?instance_id={id}"), json!({"backup_strategies": []})),
        (
            format!("/instances/{id}/ssl?include_certificate=true"),
            json!({"ssl": {"status": "off", "mode": null, "certificate": null}}),
        ),
    ] {
        let answer = member.get(&path).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, expected), "{path}");
    }
    assert_eq!(admin.get("/mgmt/clusters?deleted=false").await.json(), json!({"clusters": []}));
    for path in ["/backups?project_id=p", "/backups?all_projects=True", "/mgmt/clusters"] {
        assert_eq!(member.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(admin.get("/backups?all_projects=True").await.json(), json!({"backups": []}));
    for path in ["/backups?limit=ten", "/clusters?limit=0", "/modules?limit=-1"] {
        assert_eq!(member.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn nothing_of_what_is_not_held_is_found() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let admin = stack.admin().await;
    let no_cluster = format!("Cluster '{UNKNOWN}' cannot be found.");
    let no_backup = format!("Backup {UNKNOWN} cannot be found.");
    let no_module = format!("Resource {UNKNOWN} cannot be found.");
    for (method, path, text) in [
        (Method::GET, format!("/clusters/{UNKNOWN}"), &no_cluster),
        (Method::POST, format!("/clusters/{UNKNOWN}"), &no_cluster),
        (Method::DELETE, format!("/clusters/{UNKNOWN}"), &no_cluster),
        (Method::GET, format!("/clusters/{UNKNOWN}/root"), &no_cluster),
        (Method::POST, format!("/clusters/{UNKNOWN}/root"), &no_cluster),
        (Method::GET, format!("/clusters/{UNKNOWN}/instances/{id}"), &no_cluster),
        (Method::GET, format!("/mgmt/clusters/{UNKNOWN}"), &no_cluster),
        (Method::POST, format!("/mgmt/clusters/{UNKNOWN}/action"), &no_cluster),
        (Method::GET, format!("/backups/{UNKNOWN}"), &no_backup),
        (Method::DELETE, format!("/backups/{UNKNOWN}"), &no_backup),
        (Method::GET, format!("/modules/{UNKNOWN}"), &no_module),
        (Method::PUT, format!("/modules/{UNKNOWN}"), &no_module),
        (Method::DELETE, format!("/modules/{UNKNOWN}"), &no_module),
        (Method::GET, format!("/modules/{UNKNOWN}/instances"), &no_module),
        (Method::DELETE, format!("/instances/{id}/modules/{UNKNOWN}"), &no_module),
    ] {
        let answer = admin.send(method.clone(), &path, &json!({})).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.fault(), ("itemNotFound".to_owned(), text.clone()), "{method} {path}");
    }
}

#[tokio::test]
async fn routes_that_are_gone_are_not_found() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let admin = stack.admin().await;
    for path in [
        "/mgmt/hosts",
        "/mgmt/accounts",
        "/mgmt/storage",
        "/mgmt/flavors",
        "/security-groups",
        "/security-group-rules",
        "/volume-types",
        &format!("/instances/{id}/metadata"),
        &format!("/mgmt/datastores/mysql/versions/{UNKNOWN}/members"),
    ] {
        assert_eq!(admin.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_offered_says_so_once_the_request_makes_sense() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let of = |path: &str| format!("/instances/{id}{path}");
    let backup = |more: Value| {
        let mut body = json!({"backup": {"name": "b1", "incremental": 0}});
        body["backup"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (path, body, status, word) in [
        ("/clusters".to_owned(), cluster("mysql", "10.11"), 501, "for mysql-10.11."),
        ("/clusters".to_owned(), cluster("oracle", "1"), 404, "oracle"),
        ("/clusters".to_owned(), cluster("mysql", "1"), 400, "version '1'"),
        ("/clusters".to_owned(), json!({"cluster": {"name": "c"}}), 400, "datastore"),
        ("/backups".to_owned(), backup(json!({"instance": id.0})), 501, "Backups"),
        ("/backups".to_owned(), backup(json!({"instance": UNKNOWN})), 404, UNKNOWN),
        ("/backups".to_owned(), backup(json!({})), 400, "instance"),
        ("/backups".to_owned(), backup(json!({"incremental": 2, "instance": id.0})), 400, "incr"),
        ("/backups".to_owned(), backup(json!({"restore_from": {}})), 400, "remote_location"),
        (
            "/backup_strategies".to_owned(),
            json!({"backup_strategy": {"swift_container": "c1"}}),
            501,
            "strategies",
        ),
        (
            "/backup_strategies".to_owned(),
            json!({"backup_strategy": {"swift_container": "c1", "x": 1}}),
            400,
            "'x'",
        ),
        ("/modules".to_owned(), json!({"module": {"name": "m"}}), 400, "module_type"),
        (
            "/modules".to_owned(),
            json!({"module": {"name": "m", "module_type": "ping", "contents": "eA=="}}),
            501,
            "Modules",
        ),
        (of("/modules"), json!({"modules": [{"id": UNKNOWN}]}), 501, "Modules"),
        (of("/modules"), json!({"modules": []}), 400, "too short"),
        (of("/ssl"), json!({"ssl": {"enable": true, "container_ref": "c"}}), 501, "TLS"),
        (of("/ssl"), json!({"ssl": {"enable": true}}), 400, "container_ref"),
        (of("/ssl"), json!({"ssl": {"enable": true, "disable": true}}), 400, "exactly one"),
        (
            of("/ssl"),
            json!({"ssl": {"enable": true, "container_ref": "c", "mode": "x"}}),
            400,
            "mode",
        ),
        (of("/ssl"), json!({"ssl": {"disable": true}}), 501, "TLS"),
    ] {
        let answer = member.send(Method::POST, &path, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {body} {answer:?}");
        assert!(answer.fault().1.contains(word), "{path} {body} {answer:?}");
    }
    let deleted = member.delete("/backup_strategies").await;
    assert_eq!((deleted.status, deleted.bytes.len()), (StatusCode::ACCEPTED, 0));
    let looker = stack.client("looker", DEMO).await;
    let refused = looker.send(Method::POST, "/clusters", &cluster("mysql", "10.11")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_instance_of_another_project_is_not_found_first() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let stranger = stack.client("demo", OTHER).await;
    for (method, path) in [
        (Method::GET, "/modules"),
        (Method::POST, "/modules"),
        (Method::DELETE, "/modules/m"),
        (Method::GET, "/ssl"),
        (Method::POST, "/ssl"),
        (Method::GET, "/log"),
        (Method::POST, "/log"),
        (Method::GET, "/backups"),
    ] {
        let path = format!("/instances/{id}{path}");
        let answer = stranger.send(method.clone(), &path, &json!({})).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert!(answer.fault().1.contains(&id.to_string()), "{method} {path}: {answer:?}");
    }
}

#[tokio::test]
async fn guests_tell_no_administrator_about_their_machine() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    for (method, word, status) in [
        (Method::GET, "hwinfo", StatusCode::BAD_REQUEST),
        (Method::GET, "diagnostics", StatusCode::BAD_REQUEST),
        (Method::POST, "upgrade", StatusCode::NOT_IMPLEMENTED),
    ] {
        let path = format!("/mgmt/instances/{id}/{word}");
        let answer = admin.send(method.clone(), &path, &json!({"upgrade": {}})).await;
        assert_eq!(answer.status, status, "{path}");
        let refused = member.send(method.clone(), &path, &json!({})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(refused.fault().1, "User does not have admin privileges.");
        let path = format!("/mgmt/instances/{UNKNOWN}/{word}");
        let unknown = admin.send(method, &path, &json!({})).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{path}");
    }
}
