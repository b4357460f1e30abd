//! What a fetched image has the stack told, word for word.

use super::*;
use crate::client::tests::{Step, session};
use images::MARIADB_11_8;
use uuid::Uuid;

const NONE: Step = Step::Answer(200, r#"{"versions": []}"#);
const INACTIVE: Step = Step::Answer(
    200,
    r#"{"versions": [
        {"id": "o", "image": "00000000-0000-0000-0000-000000000007", "datastore_name": "other"},
        {"id": "v", "image": "00000000-0000-0000-0000-000000000007", "datastore_name": "mariadb",
         "active": false}]}"#,
);
const DONE: Step = Step::Answer(202, "");
const ROWS: Step = Step::Answer(200, r#"{"configuration-parameters": [{"name": "a"}]}"#);
const NO_ROWS: Step = Step::Answer(200, r#"{"configuration-parameters": []}"#);
const ACTIVE: Step = Step::Answer(200, r#"{"version": {"id": "v", "active": true}}"#);

/// Registers the image; gives the outcome, and of each request the first line and the body.
async fn register(script: &[Step]) -> (Outcome<Value>, Vec<(String, Value)>) {
    let image = EngineImage {
        id: Uuid::from_u128(7),
        engine: "mariadb".to_owned(),
        series: "11.8".to_owned(),
        package_version: "1:11.8.9+ds-0".to_owned(),
        version_number: "11.8.9".to_owned(),
        root: "/r".into(),
    };
    let (client, mut requests) = session(script).await;
    let (recipe, limit) = (&MARIADB_11_8, Duration::from_millis(1));
    let what = "fetch it".to_owned();
    let mut registration = Registration { client, what, recipe, image: &image, limit };
    let outcome = registration.ensure(true).await;
    let mut sent = Vec::new();
    for _ in script {
        let request = requests.recv().await.unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let first = head.lines().next().unwrap().trim_end_matches(" http/1.1");
        sent.push((first.to_owned(), serde_json::from_str(body).unwrap_or_default()));
    }
    (outcome, sent)
}

#[tokio::test]
async fn a_version_becomes_active_once_the_stack_has_found_its_image() {
    let (version, sent) = register(&[NONE, DONE, INACTIVE, ROWS, DONE, ACTIVE]).await;
    assert_eq!(version.unwrap()["active"], true);
    assert_eq!(sent[1].0, "post /p/mgmt/datastore-versions");
    let expected = json!({"version": {
        "name": "11.8", "version": "11.8.9", "datastore_name": "mariadb",
        "datastore_manager": "mariadb", "image": "00000000-0000-0000-0000-000000000007",
        "packages": ["mariadb-server-core=1:11.8.9+ds-0"], "active": false, "default": true,
    }});
    assert_eq!(sent[1].1, expected);
    let path = "/p/mgmt/datastore-versions/v";
    assert_eq!(sent[4], (format!("patch {path}"), json!({"active": true})));
}

#[tokio::test]
async fn a_version_that_is_there_is_not_made_again() {
    let there = r#"{"versions": [{"id": "v", "datastore_name": "mariadb", "active": true,
        "image": "00000000-0000-0000-0000-000000000007"}]}"#;
    let (version, sent) = register(&[Step::Answer(200, there)]).await;
    assert_eq!((version.unwrap()["id"].clone(), sent.len()), (json!("v"), 1));
    // As an interrupted run leaves it.
    let (version, sent) = register(&[INACTIVE, ROWS, DONE, ACTIVE]).await;
    assert_eq!((version.unwrap()["active"].clone(), sent.len()), (json!(true), 4));
}

#[tokio::test]
async fn another_image_of_the_same_series_is_called_by_its_number() {
    let other = r#"{"versions": [{"id": "w", "datastore_name": "mariadb", "name": "11.8",
        "image": "00000000-0000-0000-0000-000000000008"}]}"#;
    let script = [Step::Answer(200, other), DONE, INACTIVE, ROWS, DONE, ACTIVE];
    let (_, sent) = register(&script).await;
    let made = &sent[1].1["version"];
    assert_eq!((&made["name"], &made["default"]), (&json!("11.8.9"), &json!(false)));
}

#[tokio::test]
async fn a_stack_that_does_not_find_the_image_keeps_no_version() {
    let (outcome, sent) = register(&[NONE, DONE, INACTIVE, NO_ROWS, DONE]).await;
    let failure = outcome.unwrap_err().to_string();
    assert!(failure.contains("did not find the image"), "{failure}");
    assert_eq!(sent[4].0, "delete /p/mgmt/datastore-versions/v");
}
