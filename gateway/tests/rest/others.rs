//! Datastores and flavors: what is not there.

use crate::stack::Stack;
use axum::http::StatusCode;

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
