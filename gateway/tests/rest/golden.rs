//! Answers as clients see them, compared with files. `UPDATE_GOLDEN=1` rewrites the files.
//!
//! Everything in them is fixed: time, ids (by idempotency key), host.

use crate::desk::NOW;
use crate::management::delete;
use crate::seed::{activate, fail, full_creation, id_of, small_creation};
use crate::stack::{DEMO, Stack};
use axum::http::{Method, StatusCode};
use domain::guest::{DatabaseHealth, Heartbeat};
use domain::instance::Command;
use gateway::Heard;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn check(name: &str, body: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json"));
    let text = serde_json::to_string_pretty(body).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name}: see UPDATE_GOLDEN");
}

/// Rates without what follows from the real clock.
fn timeless(mut limits: Value) -> Value {
    for rate in limits["limits"].as_array_mut().unwrap().iter_mut().skip(1) {
        let next = rate["nextAvailable"].take();
        assert!(next.as_str().unwrap().ends_with('Z'), "{next}");
        assert!(rate["remaining"].take().is_u64());
    }
    limits
}

#[tokio::test]
async fn an_instance_through_its_life() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let created = member.create("life", &full_creation()).await;
    assert_eq!(created.status, StatusCode::OK, "{created:?}");
    check("instance_created", &created.json());
    let id = id_of(&created.json());
    let path = format!("/instances/{id}");
    activate(&stack, id).await;
    check("instance_active", &member.get(&path).await.json());
    check("instances", &member.get("/instances").await.json());
    check("instances_detail", &member.get("/instances/detail").await.json());
    check("instance_active_admin", &stack.admin().await.get(&path).await.json());
    stack.advance(id, Command::NoteSilence).await;
    check("instance_silent", &member.get(&path).await.json());
    let deleted = member.delete(&path).await;
    assert_eq!((deleted.status, deleted.bytes.len()), (StatusCode::ACCEPTED, 0));
    check("instance_deleting", &member.get(&path).await.json());
}

#[tokio::test]
async fn an_instance_through_its_life_as_administrators_see_it() {
    let stack = Stack::start().await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    let id = id_of(&member.create("life", &full_creation()).await.json());
    let path = format!("/mgmt/instances/{id}");
    check("managed_building", &admin.get(&path).await.json());
    activate(&stack, id).await;
    check("managed_active", &admin.get(&path).await.json());
    check("managed_list", &admin.get("/mgmt/instances?deleted=False").await.json());
    delete(&stack, id).await;
    check("managed_deleted", &admin.get(&format!("{path}?deleted=true")).await.json());
    check("managed_deleted_list", &admin.get("/mgmt/instances?deleted=true").await.json());
}

#[tokio::test]
async fn a_failed_creation_says_why() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let id = id_of(&member.create("failed", &small_creation("broken")).await.json());
    fail(&stack, id).await;
    let path = format!("/instances/{id}");
    check("instance_failed", &member.get(&path).await.json());
    check("instance_failed_admin", &stack.admin().await.get(&path).await.json());
}

#[tokio::test]
async fn a_fresh_heartbeat_is_shown_and_an_old_one_only_dated() {
    let stack = Stack::start().await;
    let member = stack.member().await;
    let id = id_of(&member.create("beat", &small_creation("beat")).await.json());
    activate(&stack, id).await;
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let now = domain::time::Timestamp(i64::try_from(elapsed).unwrap());
    let beat = Heartbeat {
        sent: NOW,
        health: DatabaseHealth::Up,
        volume_used_bytes: Some(268_435_456),
        volume_size_bytes: Some(1_073_741_824),
    };
    let path = format!("/instances/{id}");
    stack.heartbeats.keep(id, Heard { at: now, beat: beat.clone() });
    let volume = member.get(&path).await.json()["instance"]["volume"].clone();
    assert_eq!(volume, serde_json::json!({"size": 1, "used": 0.25, "used_percent": 25.0}));
    let old = domain::time::Timestamp(now.0 - 3_600_000);
    stack.heartbeats.keep(id, Heard { at: old, beat });
    let instance = member.get(&path).await.json()["instance"].clone();
    assert_eq!(instance["volume"], serde_json::json!({"size": 1}));
    assert!(instance["service_status_updated"].is_string());
    stack.heartbeats.retain(|_| false);
    let instance = member.get(&path).await.json()["instance"].clone();
    assert!(instance["service_status_updated"].is_null());
}

#[tokio::test]
async fn quotas_of_a_project_at_work() {
    let stack = Stack::start().await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    let kept = id_of(&member.create("kept", &full_creation()).await.json());
    let commit = domain::project::Command::Commit { instance: kept };
    stack.desk.project(&DEMO.into(), commit).await;
    member.create("waiting", &small_creation("waiting")).await;
    let path = format!("/mgmt/quotas/{DEMO}");
    check("quotas", &member.get(&path).await.json());
    let body = serde_json::json!({"quotas": {"instances": 5, "volumes": null, "backups": -1}});
    let changed = admin.send(Method::PUT, &path, &body).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    check("quotas_changed", &changed.json());
    check("quotas_own", &admin.get(&path).await.json());
    check("limits_own", &timeless(member.get("/limits").await.json()));
}

#[tokio::test]
async fn datastores_flavors_and_limits() {
    let stack = Stack::start().await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    for (name, path) in [
        ("datastores", "/datastores"),
        ("datastore", "/datastores/mysql"),
        ("versions", "/datastores/mysql/versions"),
        ("version", "/datastores/mysql/versions/10.11"),
        ("parameters", "/datastores/mysql/versions/10.11/parameters"),
        ("parameter", "/datastores/mysql/versions/10.11/parameters/Wait-Timeout"),
        ("flavors", "/datastores/mysql/versions/10.11/flavors"),
        ("flavors", "/flavors"),
        ("flavor", "/flavors/3"),
    ] {
        check(name, &member.get(path).await.json());
    }
    check("limits", &timeless(member.get("/limits").await.json()));
    check("datastores_admin", &admin.get("/datastores").await.json());
    check("versions_admin", &admin.get("/datastores/mysql/versions").await.json());
}
