//! Datastores and flavors: what is not there.

use crate::databases::active;
use crate::seed::{MYSQL_VERSION, small_creation};
use crate::stack::Stack;
use axum::http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn unknown_datastores_versions_and_flavors_are_not_found() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    for path in [
        "/datastores/oracle",
        "/datastores/versions",
        "/datastores/oracle/versions",
        "/datastores/oracle/versions/1",
        "/datastores/mysql/versions/1",
        "/datastores/mariadb/versions/10.11",
        "/datastores/versions/10.11",
        "/datastores/versions/00000000-0000-0000-0000-000000000099",
        "/flavors/99",
        "/flavors/01",
    ] {
        let answer = member.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.fault().0, "itemNotFound");
    }
}

#[tokio::test]
async fn a_version_that_is_bound_to_flavors_takes_no_others() {
    let stack = Stack::start_with(|config| {
        config.version_flavors.insert("mysql/10.11".to_owned(), vec!["1".into(), "3".into()]);
    })
    .await;
    let member = stack.member().await;
    for version in ["10.11", &MYSQL_VERSION.to_string()] {
        let path = format!("/datastores/mysql/versions/{version}/flavors");
        let listed = member.get(&path).await.json();
        let ids: Vec<_> = listed["flavors"].as_array().unwrap().iter().map(|f| &f["id"]).collect();
        assert_eq!(ids, [1, 3]);
    }
    let mut body = small_creation("n");
    body["instance"]["flavorRef"] = json!("2");
    let refused = member.create("other", &body).await;
    let text = "Flavor 2 is not supported for datastore mysql version 10.11.";
    assert_eq!((refused.status, &*refused.fault().1), (StatusCode::BAD_REQUEST, text));
    let id = active(&stack).await;
    let action = format!("/instances/{id}/action");
    for (flavor, status) in [("2", StatusCode::BAD_REQUEST), ("3", StatusCode::ACCEPTED)] {
        let resize = json!({"resize": {"flavorRef": flavor}});
        assert_eq!(member.send(Method::POST, &action, &resize).await.status, status);
    }
}

#[tokio::test]
async fn an_inactive_version_is_for_administrators() {
    let stack = Stack::start().await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    for path in [
        "/datastores/mysql/versions/10.6",
        "/datastores/mysql/versions/00000000-0000-0000-0000-000000000012",
        "/datastores/versions/00000000-0000-0000-0000-000000000012",
    ] {
        assert_eq!(member.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(admin.get(path).await.json()["version"]["active"], false, "{path}");
    }
}
