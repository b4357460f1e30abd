//! What the founding documents' commands send, word for word.

use super::*;
use crate::client::tests::{Step, session};
use clap::Parser;
use serde_json::{Value, json};

const D: &str = "11111111-1111-4111-8111-111111111111";
const V: &str = "22222222-2222-4222-8222-222222222222";
const DATASTORE: Step =
    Step::Answer(200, r#"{"datastore": {"id": "11111111-1111-4111-8111-111111111111"}}"#);
const DATASTORES: Step =
    Step::Answer(200, r#"{"datastores": [{"id": "11111111-1111-4111-8111-111111111111"}]}"#);
const VERSION: Step =
    Step::Answer(200, r#"{"version": {"id": "22222222-2222-4222-8222-222222222222"}}"#);
const VERSIONS: Step = Step::Answer(
    200,
    r#"{"versions": [{"id": "22222222-2222-4222-8222-222222222222", "name": "5.5"}]}"#,
);

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// The last request of a command: its first line, and its body.
async fn sent(line: &str, script: &[Step]) -> (String, Value) {
    let line = format!("trove {line}");
    let parsed =
        Line::try_parse_from(line.split_ascii_whitespace()).map_err(|error| error.to_string());
    let (client, mut requests) = session(script).await;
    let mut context = Context { client, output: Output::Programs };
    carry_out(parsed.unwrap().command, &mut context).await.unwrap();
    let mut last = String::new();
    for _ in script {
        last = requests.recv().await.unwrap();
    }
    let (head, body) = last.split_once("\r\n\r\n").unwrap();
    let first = head.lines().next().unwrap().trim_end_matches(" http/1.1").to_owned();
    (first, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn datastores_are_made_and_changed() {
    let (first, body) = sent("datastore-create mysql", &[DATASTORE]).await;
    assert_eq!(first, "post /p/mgmt/datastores");
    assert_eq!(body, json!({"datastore": {"name": "mysql"}}));

    let line = "datastore-update --name other --default_version 5.5 mysql";
    let (first, body) = sent(line, &[DATASTORE, DATASTORE]).await;
    assert_eq!(first, format!("patch /p/mgmt/datastores/{D}"));
    assert_eq!(body, json!({"datastore": {"name": "other", "datastore_version": "5.5"}}));
}

#[tokio::test]
async fn versions_are_made() {
    let line = "datastore-version-create --datastore mysql --manager m --packages mysql-5.5 \
                --image i --active false 5.5";
    let (first, body) = sent(line, &[VERSION]).await;
    assert_eq!(first, "post /p/mgmt/datastores/versions");
    let expected = json!({"version": {
        "name": "5.5", "datastore": "mysql", "manager": "m", "packages": "mysql-5.5",
        "image_id": "i", "active": false,
    }});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn versions_are_changed_with_their_datastore_named_or_not() {
    let line = "datastore-version-update --datastore mysql --active false 5.5";
    let (first, body) = sent(line, &[VERSIONS, DATASTORE, VERSION]).await;
    assert_eq!(first, format!("patch /p/mgmt/datastores/{D}/{V}"));
    assert_eq!(body, json!({"version": {"active": false}}));

    let line = "datastore-version-update --name 5.6 --image i --manager m --packages p 5.5";
    let (first, body) = sent(line, &[DATASTORES, VERSIONS, VERSION]).await;
    assert_eq!(first, format!("patch /p/mgmt/datastores/versions/{V}"));
    let changed = json!({"name": "5.6", "image_id": "i", "manager": "m", "packages": "p"});
    assert_eq!(body, json!({ "version": changed }));

    let line = format!("datastore-version-update --active true {V}");
    let (first, _) = sent(&line, &[VERSION, VERSION]).await;
    assert_eq!(first, format!("patch /p/mgmt/datastores/versions/{V}"));
}

#[tokio::test]
async fn versions_are_deleted() {
    let line = "datastore-version-delete 5.5 --datastore d";
    let (first, _) = sent(line, &[VERSIONS, Step::Answer(202, "")]).await;
    assert_eq!(first, format!("delete /p/mgmt/datastore-versions/{V}"));
}
