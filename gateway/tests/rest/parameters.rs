//! Parameters of versions, as tenants see them.

use crate::seed::{MYSQL_OLD, MYSQL_VERSION};
use crate::stack::Stack;
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_version_s_parameters_are_found_by_its_names_and_by_its_id() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let named = member.get("/datastores/mysql/versions/10.11/parameters").await.json();
    let path = format!("/datastores/versions/{MYSQL_VERSION}/parameters");
    assert_eq!(member.get(&path).await.json(), named);
    let one = member.get("/datastores/mysql/versions/10.11/parameters/wait_timeout").await.json();
    assert_eq!(member.get(&format!("{path}/wait_timeout")).await.json(), one);
    assert_eq!(one["max"], json!(31_536_000));
    let listed = named["configuration-parameters"].as_array().unwrap();
    assert!(listed.contains(&one) && listed.len() == 5);
}

#[tokio::test]
async fn a_parameter_shows_all_that_the_engine_says_of_it() {
    let stack = Stack::start().await;
    let path = format!("/datastores/versions/{MYSQL_VERSION}/parameters");
    let member = stack.member().await;
    let timeout = member.get(&format!("{path}/wait_timeout")).await.json();
    assert_eq!((&timeout["default"], &timeout["unit"]), (&json!("28800"), &json!("s")));
    assert_eq!(timeout.get("values"), None);
    let format = member.get(&format!("{path}/binlog_format")).await.json();
    assert_eq!(format["values"], json!(["MIXED", "ROW"]));
    assert_eq!((format.get("default"), format.get("unit")), (None, None));
}

#[tokio::test]
async fn a_version_of_which_nothing_is_known_has_no_parameters() {
    let stack = Stack::start().await;
    let path = format!("/datastores/versions/{MYSQL_OLD}/parameters");
    let body = stack.member().await.get(&path).await.json();
    assert_eq!(body, json!({"configuration-parameters": []}));
}

#[tokio::test]
async fn what_is_unknown_or_forbidden_is_not_found() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    for path in [
        "/datastores/mysql/versions/10.11/parameters/port",
        "/datastores/mysql/versions/10.11/parameters/nonsense",
        "/datastores/mysql/versions/9.9/parameters",
        "/datastores/mysql/versions/9.9/flavors",
        "/datastores/oracle/versions/10.11/parameters",
        "/datastores/oracle/versions/10.11/volume-types",
        "/datastores/versions/0f3c0000-0000-4000-8000-000000000001/parameters",
    ] {
        let answer = member.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.fault().0, "itemNotFound");
    }
}

#[tokio::test]
async fn there_are_no_volume_types_to_choose_from() {
    let stack = Stack::start().await;
    let answer = stack.member().await.get("/datastores/mysql/versions/10.11/volume-types").await;
    assert_eq!(answer.json(), json!({"volume_types": []}));
}
