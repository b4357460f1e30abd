//! PostgreSQL from its creation to its deletion, with the stock command line: each effect is seen
//! through the client that comes with it.

use super::newcomer;
use super::openstack::{beside, names};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use testkit::stack::{OpenStack, Sql, Stack, wait_for};

const DATASTORE: &str = "--datastore postgresql --datastore-version 15";

/// Has a stock client and a new instance with the database `shop` and its user `anna`; the stack
/// is there for as long as it is held.
async fn started(name: &str) -> anyhow::Result<(Arc<Stack>, OpenStack, Value)> {
    let (stack, person, api) = newcomer().await?;
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)
    })
    .await?;
    let create = format!(
        "database instance create {name} --flavor db.tiny --size 1 --databases shop store \
         --users anna:first-secret {DATASTORE}"
    );
    let created = beside({
        let client = client.clone();
        move || client.run(&create)
    })
    .await?;
    let begun = Instant::now();
    let instance = api.wait_until_up(created["id"].as_str().unwrap()).await;
    assert_eq!(instance["datastore"]["type"], "postgresql");
    assert!(begun.elapsed() < testkit::stack::LIMIT);
    Ok((stack, client, instance))
}

fn anna(instance: &Value, database: &str) -> Sql {
    Sql::to(instance, "anna", "first-secret").unwrap().within(database)
}

fn id(instance: &Value) -> &str {
    instance["id"].as_str().unwrap()
}

fn shown(client: &OpenStack, id: &str) -> Value {
    client.run(&format!("database instance show {id}")).unwrap_or_default()
}

fn status(client: &OpenStack, id: &str, wanted: &str) {
    wait_for(&format!("the instance is {wanted}"), || shown(client, id)["status"] == wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_users_and_grants_are_made_changed_and_removed() -> anyhow::Result<()> {
    let (_stack, client, instance) = started("pg-inside").await?;
    beside(move || inside(&client, &instance)).await
}

fn inside(client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = id(instance);
    let shop = anna(instance, "shop");
    shop.run("create table t (a int primary key); insert into t values (1), (2)")?;
    assert_eq!(shop.run("select sum(a) from t")?, ["3"]);
    assert_eq!(shop.run("show server_encoding")?, ["UTF8"]);

    client.run_text(&format!("database db create {id} extra --character_set utf8 --collate C"))?;
    let listed = client.run(&format!("database db list {id}"))?;
    assert_eq!(names(&listed), ["extra", "shop", "store"]);
    let refused = client.run_text(&format!("database db create {id} shop")).unwrap_err();
    assert!(refused.to_string().contains("already exists"), "{refused}");
    let refused = client.run_text(&format!("database db create {id} postgres")).unwrap_err();
    assert!(refused.to_string().contains("reserved"), "{refused}");

    client.run_text(&format!("database user create {id} bob b0b-secret --databases extra"))?;
    let bob = |database| Sql::to(instance, "bob", "b0b-secret").map(|sql| sql.within(database));
    bob("extra")?.run("create table t (a int)")?;
    assert!(bob("shop")?.run("select 1").is_err(), "granted on one database only");
    client.run_text(&format!("database user grant access {id} bob shop"))?;
    bob("shop")?.run("insert into t values (3)")?;
    let access = client.run(&format!("database user show access {id} bob"))?;
    assert_eq!(names(&access), ["extra", "shop"]);
    client.run_text(&format!("database user revoke access {id} bob shop"))?;
    assert!(bob("shop")?.run("select 1").is_err(), "revoked");

    client.run_text(&format!(
        "database user update attributes {id} bob --new_name bella --new_password second-secret"
    ))?;
    assert!(bob("extra")?.run("select 1").is_err(), "the old name and password are gone");
    let bella = Sql::to(instance, "bella", "second-secret")?.within("extra");
    bella.run("insert into t values (1)")?;
    client.run_text(&format!("database user delete {id} bella"))?;
    assert!(bella.run("select 1").is_err());
    let listed = client.run(&format!("database user list {id}"))?;
    assert_eq!(names(&listed), ["anna"]);
    client.run_text(&format!("database db delete {id} extra"))?;
    assert_eq!(names(&client.run(&format!("database db list {id}"))?), ["shop", "store"]);

    let before = shop.run("select pg_postmaster_start_time()")?;
    client.run_text(&format!("database instance restart {id}"))?;
    wait_for("another server answers", || {
        shop.run("select pg_postmaster_start_time()").is_ok_and(|started| started != before)
    });
    status(client, id, "ACTIVE");
    assert_eq!(shop.run("select sum(a) from t")?, ["6"]);
    client.run_text(&format!("database instance delete {id}"))?;
    wait_for("the instance is gone", || {
        client.run("database instance list").is_ok_and(|listed| names(&listed).is_empty())
    });
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_reaches_its_instances_and_takes_no_database_down() -> anyhow::Result<()> {
    let (_stack, client, instance) = started("pg-tuned").await?;
    beside(move || tuned(&client, &instance)).await
}

fn tuned(client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = id(instance);
    let sql = anna(instance, "shop");
    let value = |name: &str| sql.run(&format!("show {name}")).unwrap_or_default().join("");
    let create = "database configuration create";
    let made = client.run(&format!("{create} pg-group {{\"work_mem\":8192}} {DATASTORE}"))?;
    let group = made["id"].as_str().unwrap();
    for (bad, why) in [
        ("{\"work_mem\":1}", "less than the minimum"),
        ("{\"archive_command\":\"id\"}", "not supported"),
        ("{\"shared_preload_libraries\":\"x\"}", "not supported"),
        ("{\"wait_timeout\":77}", "not supported"),
        ("{\"log_statement\":\"some\"}", "not one of"),
    ] {
        let refused = client.run_text(&format!("{create} bad {bad} {DATASTORE}")).unwrap_err();
        assert!(refused.to_string().contains(why), "{bad}: {refused}");
    }
    assert_eq!(value("work_mem"), "4MB");
    client.run_text(&format!("database configuration attach {id} {group}"))?;
    assert_eq!(value("work_mem"), "8MB");

    let both = "{\"work_mem\":16384,\"max_locks_per_transaction\":128}";
    client.run_text(&format!("database configuration set {group} {both}"))?;
    wait_for("it is in force", || value("work_mem") == "16MB");
    status(client, id, "RESTART_REQUIRED");
    assert_eq!(value("max_locks_per_transaction"), "64");
    client.run_text(&format!("database instance restart {id}"))?;
    status(client, id, "ACTIVE");
    wait_for("it is in force", || value("max_locks_per_transaction") == "128");

    // More than the flavor has room for is within the engine's own limits.
    let buffers = "{\"shared_buffers\":10000000}";
    client.run_text(&format!("database configuration parameter set {group} {buffers}"))?;
    wait_for("the instance says why it is not in force", || {
        shown(client, id)["fault"].as_str().is_some_and(|fault| fault.contains("shared_buffers"))
    });
    assert_eq!(value("work_mem"), "16MB", "the former values stay");
    client.run_text(&format!("database configuration set {group} {{\"work_mem\":8192}}"))?;
    wait_for("it is in force", || value("work_mem") == "8MB");
    client.run_text(&format!("database instance restart {id}"))?;
    status(client, id, "ACTIVE");
    client.run_text(&format!("database configuration detach {id}"))?;
    wait_for("the default is back", || value("work_mem") == "4MB");
    client.run_text(&format!("database configuration delete {group}"))?;
    let defaults = client.run(&format!("database configuration default {id}"))?;
    assert_eq!(defaults["max_connections"], value("max_connections"));
    client.run_text(&format!("database instance delete {id}")).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn root_is_let_in_sees_its_databases_and_runs_no_programs() -> anyhow::Result<()> {
    let (_stack, client, instance) = started("pg-rooted").await?;
    beside(move || rooted(&client, &instance)).await
}

fn rooted(client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = id(instance);
    let made = client.run(&format!("database root enable {id}"))?;
    assert_eq!(made["name"], "postgres");
    let password = made["password"].as_str().unwrap();
    let root = Sql::to(instance, "postgres", password)?.within("shop");
    root.run("create table mine (a text)")?;
    root.run("create database made_by_root")?;
    let listed = client.run(&format!("database db list {id}"))?;
    assert_eq!(names(&listed), ["made_by_root", "shop", "store"]);
    for statement in [
        "copy mine from program 'id'",
        "select pg_read_file('/etc/passwd')",
        "alter system set archive_command = 'id'",
        "create role more",
        "create extension file_fdw",
    ] {
        assert!(root.run(statement).is_err(), "{statement}");
    }
    client.run_text(&format!("database root disable {id}"))?;
    assert!(root.run("select 1").is_err(), "nobody goes by that name");
    client.run_text(&format!("database instance delete {id}")).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resize_gives_other_settings_and_more_room_and_keeps_the_rows() -> anyhow::Result<()> {
    let (_stack, client, instance) = started("pg-sized").await?;
    beside(move || sized(&client, &instance)).await
}

fn sized(client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = id(instance);
    let sql = anna(instance, "shop");
    sql.run("create table t as select generate_series(1, 1000) a")?;
    assert_eq!(sql.run("show shared_buffers")?, ["64MB"]);
    client.run_text(&format!("database instance resize flavor {id} db.medium"))?;
    wait_for("it has the flavor's settings", || {
        sql.run("show shared_buffers").is_ok_and(|shown| shown == ["256MB"])
    });
    status(client, id, "ACTIVE");
    client.run_text(&format!("database instance resize volume {id} 2"))?;
    wait_for("the volume is larger", || shown(client, id)["volume"] == 2);
    status(client, id, "ACTIVE");
    assert_eq!(sql.ready().run("select count(*) from t")?, ["1000"]);
    client.run_text(&format!("database instance delete {id}")).map(drop)
}

/// A log of statements, read through the API: the one log that this engine lets owners switch.
#[tokio::test(flavor = "multi_thread")]
async fn its_log_of_statements_is_its_owners() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let more = json!({
        "datastore": {"type": "postgresql", "version": "15"},
        "databases": [{"name": "shop"}],
        "users": [{"name": "anna", "password": "first-secret", "databases": [{"name": "shop"}]}],
    });
    let instance = api.create_active("pg-logged", more).await?;
    let path = format!("/instances/{}/log", id(&instance));
    let listed = api.get(&path).await?.json();
    let logs: Vec<&str> = listed["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| log["name"].as_str().unwrap())
        .collect();
    assert_eq!(logs, ["general"], "{listed}");
    let body = json!({"name": "general", "enable": 1});
    let answer = api.ask(reqwest::Method::POST, &path, Some(&body)).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    let sql = anna(&instance, "shop");
    testkit::stack::wait_for_async("it is written down", async || {
        sql.run("select 'written down'").ok()?;
        let lines = api.get(&format!("{path}/general?lines=50")).await.ok()?;
        lines.text.contains("written down").then_some(())
    })
    .await;
    api.delete(id(&instance)).await
}
