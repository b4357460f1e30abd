//! Databases, users and grants inside an instance, with the stock command line: each effect is
//! seen through the engine's own client. And the restart, which it survives.

use super::newcomer;
use super::openstack::{beside, names};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use testkit::each_engine;
use testkit::stack::{Engine, OpenStack, Sql, wait_for, wait_for_async};

each_engine!(
    databases_users_and_grants_are_made_changed_and_removed,
    a_restart_is_a_new_server_with_the_same_data,
);

async fn databases_users_and_grants_are_made_changed_and_removed(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let instance = api.create_active("inside", engine.with(json!({}))).await?;
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)?.kept()
    })
    .await?;
    beside({
        let (client, instance) = (client.clone(), instance.clone());
        move || databases(engine, &client, &instance)
    })
    .await?;
    beside({
        let instance = instance.clone();
        move || users(&client, &instance)
    })
    .await?;
    api.delete(instance["id"].as_str().unwrap()).await
}

fn databases(engine: Engine, client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = instance["id"].as_str().unwrap();
    let charset = engine.charset;
    client.run_text(&format!("database db create {id} shop"))?;
    client.run_text(&format!(
        "database db create {id} store --character_set {} --collate {}",
        charset.name, charset.collation
    ))?;
    assert_eq!(names(&client.run(&format!("database db list {id}"))?), ["shop", "store"]);
    let refused = client.run_text(&format!("database db create {id} shop")).unwrap_err();
    assert!(refused.to_string().contains("already exists"), "{refused}");
    let reserved = engine.root.reserved;
    let refused = client.run_text(&format!("database db create {id} {reserved}")).unwrap_err();
    assert!(refused.to_string().contains("reserved"), "{refused}");

    client
        .run_text(&format!("database user create {id} eve eves-secret --databases shop store"))?;
    let eve = Sql::to(instance, "eve", "eves-secret")?;
    assert_eq!(eve.clone().within("shop").run(charset.shown_by)?, [charset.default]);
    assert_eq!(eve.clone().within("store").run(charset.shown_by)?, [charset.shown]);
    client.run_text(&format!("database user delete {id} eve"))?;
    assert!(eve.within("shop").run("select 1").is_err());
    Ok(())
}

fn users(client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = instance["id"].as_str().unwrap();
    client.run_text(&format!("database user create {id} anna first-secret --databases shop"))?;
    assert_eq!(names(&client.run(&format!("database user list {id}"))?), ["anna"]);
    let shown = client.run(&format!("database user show {id} anna"))?;
    assert_eq!((&shown["name"], &shown["host"]), (&json!("anna"), &json!("%")));
    let anna = Sql::to(instance, "anna", "first-secret")?;
    let (shop, store) = (anna.clone().within("shop"), anna.within("store"));
    shop.run("create table t (a int primary key); insert into t values (1), (2)")?;
    assert!(store.run("select 1").is_err(), "granted on one database only");

    client.run_text(&format!("database user grant access {id} anna store"))?;
    store.run("create table t (a int)")?;
    let access = client.run(&format!("database user show access {id} anna"))?;
    assert_eq!(names(&access), ["shop", "store"]);
    // What one has made is the others' as well, and no longer one's own.
    client.run_text(&format!("database user create {id} bob b0b-secret --databases store"))?;
    let bob = Sql::to(instance, "bob", "b0b-secret")?.within("store");
    bob.run("insert into t values (3)")?;
    client.run_text(&format!("database user revoke access {id} anna store"))?;
    assert!(store.run("insert into t values (1)").is_err(), "revoked");
    assert_eq!(bob.run("select sum(a) from t")?, ["3"]);
    let access = client.run(&format!("database user show access {id} anna"))?;
    assert_eq!(names(&access), ["shop"]);

    client.run_text(&format!(
        "database user update attributes {id} anna --new_name bella --new_password second-secret"
    ))?;
    assert!(shop.run("select 1").is_err(), "the old name and password are gone");
    let bella = Sql::to(instance, "bella", "second-secret")?.within("shop");
    assert_eq!(bella.run("select count(*) from t")?, ["2"], "the grants went along");
    bella.run("insert into t values (3)")?;

    client.run_text(&format!("database user delete {id} bella"))?;
    assert!(bella.run("select 1").is_err());
    assert_eq!(names(&client.run(&format!("database user list {id}"))?), ["bob"]);
    let refused = client.run_text(&format!("database user delete {id} bella")).unwrap_err();
    assert!(refused.to_string().contains("cannot be found"), "{refused}");
    client.run_text(&format!("database db delete {id} shop"))?;
    // What takes long is answered before it is done.
    wait_for("the database is gone", || {
        client.run(&format!("database db list {id}")).is_ok_and(|found| names(&found) == ["store"])
    });
    Ok(())
}

async fn a_restart_is_a_new_server_with_the_same_data(engine: Engine) -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let instance = api.create_active("again", engine.with_user("p-w-d")).await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    let sql = Sql::to(&instance, "u", "p-w-d")?.within("d");
    sql.run("create table t (a int primary key); insert into t values (7)")?;
    let started =
        |sql: &Sql| -> anyhow::Result<u64> { Ok(sql.run(engine.statements.started)?[0].parse()?) };
    let first = started(&sql)?;
    wait_for("another start shows", || {
        UNIX_EPOCH + std::time::Duration::from_secs(first + 1) < SystemTime::now()
    });

    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)
    })
    .await?;
    beside({
        let id = id.clone();
        move || client.run_text(&format!("database instance restart {id}"))
    })
    .await?;
    wait_for_async("a younger server answers", async || {
        started(&sql).is_ok_and(|started| started > first).then_some(())
    })
    .await;
    assert_eq!(sql.run("select a from t")?, ["7"]);
    assert_eq!(api.wait_until_up(&id).await["status"], "ACTIVE");
    api.delete(&id).await
}
