//! Datastores and versions, as administrators manage them.

use crate::seed::{MARIADB, MYSQL, MYSQL_OLD, MYSQL_VERSION, id_of, small_creation};
use crate::stack::{Client, Stack};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const IMAGE: &str = "0f3c0000-0000-4000-8000-000000000001";
const VERSIONS: &str = "/mgmt/datastore-versions";

fn described(name: &str, datastore: &str) -> Value {
    json!({"version": {
        "name": name, "datastore_name": datastore, "datastore_manager": "mysql",
        "image_tags": [], "packages": [], "active": true, "default": false, "image": IMAGE
    }})
}

async fn find(admin: &Client<'_>, name: &str) -> Value {
    let listed = admin.get(VERSIONS).await.json();
    let versions = listed["versions"].as_array().unwrap();
    versions.iter().find(|version| version["name"] == name).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_version_of_a_new_datastore_is_made_changed_and_deleted() {
    let stack = Stack::start().await;
    let (admin, member) = (stack.admin().await, stack.member().await);
    let mut body = described("8.4", "percona");
    body["version"]["default"] = json!(true);
    let made = admin.send(Method::POST, VERSIONS, &body).await;
    assert_eq!((made.status, made.bytes.len()), (StatusCode::ACCEPTED, 0), "{made:?}");
    let version = find(&admin, "8.4").await;
    let id = version["id"].as_str().unwrap().to_owned();
    let expected = json!({
        "id": id, "name": "8.4", "version": "8.4", "datastore_id": version["datastore_id"],
        "datastore_name": "percona", "datastore_manager": "mysql", "image": IMAGE,
        "image_tags": [], "packages": [], "active": true, "default": true,
        "registry_ext": null, "repl_strategy": null
    });
    let one = format!("{VERSIONS}/{id}");
    assert_eq!(admin.get(&one).await.json(), json!({"version": expected}));
    let datastore = member.get("/datastores/percona").await.json();
    assert_eq!(datastore["datastore"]["default_version"], json!(id));

    let twice = admin.send(Method::POST, VERSIONS, &body).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST, "{twice:?}");
    let change = json!({
        "name": "8.5", "image_tags": ["trove", "mysql"], "active": false, "default": false,
        "datastore_manager": "mariadb", "packages": ["a", "b"], "registry_ext": "x"
    });
    let changed = admin.send(Method::PATCH, &one, &change).await;
    assert_eq!((changed.status, changed.bytes.len()), (StatusCode::ACCEPTED, 0), "{changed:?}");
    let expected = json!({
        "id": id, "name": "8.5", "version": "8.4", "datastore_id": version["datastore_id"],
        "datastore_name": "percona", "datastore_manager": "mariadb", "image": null,
        "image_tags": ["trove", "mysql"], "packages": ["a", "b"], "active": false,
        "default": false, "registry_ext": "x", "repl_strategy": null
    });
    assert_eq!(admin.get(&one).await.json(), json!({"version": expected}));
    let again = admin.send(Method::POST, VERSIONS, &body).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "the former name is free: {again:?}");
    let other = find(&admin, "8.4").await["id"].as_str().unwrap().to_owned();
    assert_ne!(other, id);

    let kept = admin.delete("/datastores/percona").await;
    assert_eq!(kept.fault().1, "Datastore versions exist for datastore percona.");
    assert_eq!(kept.status, StatusCode::BAD_REQUEST);
    for id in [&id, &other] {
        let deleted = admin.delete(&format!("{VERSIONS}/{id}")).await;
        assert_eq!(deleted.status, StatusCode::ACCEPTED, "{deleted:?}");
    }
    assert_eq!(admin.get(&one).await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin.delete(&one).await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin.delete("/datastores/percona").await.status, StatusCode::ACCEPTED);
    assert_eq!(member.get("/datastores/percona").await.status, StatusCode::NOT_FOUND);
    let back = admin.send(Method::POST, VERSIONS, &body).await;
    assert_eq!(back.status, StatusCode::ACCEPTED, "{back:?}");
}

#[tokio::test]
async fn a_version_that_an_instance_uses_stays() {
    let stack = Stack::start().await;
    let (admin, member) = (stack.admin().await, stack.member().await);
    let made = member.send(Method::POST, "/instances", &small_creation("one")).await;
    id_of(&made.json());
    let one = format!("{VERSIONS}/{MYSQL_VERSION}");
    let refused = admin.delete(&one).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
    assert_eq!(refused.fault().1, "Datastore version is in use by instance.");
    assert_eq!(admin.delete(&format!("{VERSIONS}/{MYSQL_OLD}")).await.status, 202);
}

#[tokio::test]
async fn a_version_that_a_group_is_for_stays_until_the_group_goes() {
    let stack = Stack::start().await;
    let (admin, member) = (stack.admin().await, stack.member().await);
    let group = json!({"configuration": {"name": "g", "values": {"wait_timeout": 100}}});
    let made = member.send(Method::POST, "/configurations", &group).await.json();
    let version = made["configuration"]["datastore_version_id"].as_str().unwrap();
    let one = format!("{VERSIONS}/{version}");
    let refused = admin.delete(&one).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
    assert_eq!(refused.fault().1, "Datastore version is in use by configuration.");
    let group = format!("/configurations/{}", made["configuration"]["id"].as_str().unwrap());
    assert_eq!(member.delete(&group).await.status, StatusCode::ACCEPTED);
    assert_eq!(admin.delete(&one).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn the_founding_proposal_s_requests_are_answered_with_bodies() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let body = json!({"datastore": {"name": "Mysql"}});
    let made = admin.send(Method::POST, "/mgmt/datastores", &body).await;
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    let datastore = made.json()["datastore"]["id"].as_str().unwrap().to_owned();
    let expected = json!({"datastore": {"id": datastore, "name": "Mysql", "versions": []}});
    assert_eq!(made.json(), expected);
    let twice = admin.send(Method::POST, "/mgmt/datastores", &body).await;
    assert_eq!(twice.fault().1, "There is a datastore Mysql already.");

    let body = json!({"version": {
        "name": "5.5", "manager": "mysql", "packages": "mysql-server-5.5 bc", "image_id": IMAGE
    }});
    let path = "/mgmt/datastores/versions";
    let unnamed = admin.send(Method::POST, path, &body).await;
    assert_eq!(unnamed.fault().1, "There are several datastores: name one.");
    let mut beside = body.clone();
    beside["datastore"] = json!(datastore);
    let made = admin.send(Method::POST, path, &beside).await;
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    let version = made.json()["version"]["id"].as_str().unwrap().to_owned();
    let mut expected = json!({"version": {
        "id": version, "name": "5.5", "manager": "mysql", "packages": "mysql-server-5.5 bc",
        "image_id": IMAGE, "active": true
    }});
    assert_eq!(made.json(), expected);
    let mut inside = body;
    inside["version"]["datastore"] = json!("Mysql");
    assert_eq!(admin.send(Method::POST, path, &inside).await.status, StatusCode::BAD_REQUEST);

    let off = json!({"version": {"active": false}});
    expected["version"]["active"] = json!(false);
    for path in [format!("{path}/{version}"), "/mgmt/datastores/Mysql/5.5".to_owned()] {
        let changed = admin.send(Method::PATCH, &path, &off).await;
        assert_eq!((changed.status, changed.json()), (StatusCode::OK, expected.clone()));
    }
    let body = json!({"datastore": {"name": "Other", "datastore_version": "5.5"}});
    let one = format!("/mgmt/datastores/{datastore}");
    let changed = admin.send(Method::PATCH, &one, &body).await;
    let base = "http://db.example:8779";
    let shown = changed.json();
    let link = shown["datastore"]["datastore_version"][0]["links"][1]["href"].clone();
    assert_eq!(link, format!("{base}/datastores/versions/{version}"), "{shown}");
    assert_eq!(shown["datastore"]["name"], "Other");
    assert_eq!(shown["datastore"]["default_version"], json!(version));
    assert_eq!(shown["datastore"]["datastore_version"][0]["packages"], "mysql-server-5.5 bc");
    let taken = json!({"datastore": {"name": "mariadb"}});
    assert_eq!(admin.send(Method::PATCH, &one, &taken).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_no_version_can_be_is_a_bad_request() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    for (key, value) in [
        ("name", json!(7)),
        ("name", Value::Null),
        ("datastore_manager", json!("oracle")),
        ("active", json!("true")),
        ("image", json!("7")),
        ("image", Value::Null),
        ("image_tags", json!(["a", "b", "c", "d", "e", "f"])),
        ("image_tags", json!(["a".repeat(21)])),
        ("packages", json!("a")),
        ("surprise", json!(1)),
    ] {
        let mut body = described("9.0", "mysql");
        body["version"][key] = value;
        let answer = admin.send(Method::POST, VERSIONS, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {answer:?}");
    }
    for body in [
        json!({"version": {"active": false}}),
        json!({"version": "1"}),
        json!({"active": 1}),
        json!([]),
    ] {
        let one = format!("{VERSIONS}/{MYSQL_VERSION}");
        let answer = admin.send(Method::PATCH, &one, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {answer:?}");
    }
    let body = json!({"datastore": {"datastore_version": "10.11"}});
    let other = format!("/mgmt/datastores/{MARIADB}");
    assert_eq!(admin.send(Method::PATCH, &other, &body).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn only_administrators_manage_datastores_and_versions() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let body = json!({});
    let one = format!("{VERSIONS}/{MYSQL_VERSION}");
    for (method, path) in [
        (Method::GET, VERSIONS),
        (Method::POST, VERSIONS),
        (Method::GET, &one),
        (Method::PATCH, &one),
        (Method::DELETE, &one),
        (Method::POST, "/mgmt/datastores"),
        (Method::PATCH, "/mgmt/datastores/mysql"),
        (Method::POST, "/mgmt/datastores/versions"),
        (Method::PATCH, &format!("/mgmt/datastores/versions/{MYSQL_VERSION}")),
        (Method::PATCH, "/mgmt/datastores/mysql/10.11"),
        (Method::DELETE, &format!("/datastores/{MYSQL}")),
    ] {
        let answer = member.send(method.clone(), path, &body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}: {answer:?}");
    }
    assert!(stack.desk.seen.lock().unwrap().is_empty());
}
