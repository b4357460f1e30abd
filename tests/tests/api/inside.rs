//! Databases, users and grants inside an instance, with the stock command line: each effect is
//! seen through a MySQL client. And the restart, which it survives.

use super::newcomer;
use super::openstack::{beside, names};
use serde_json::{Value, json};
use testkit::stack::{OpenStack, Sql, wait_for_async};

#[tokio::test(flavor = "multi_thread")]
async fn databases_users_and_grants_are_made_changed_and_removed() -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let instance = api.create_active("inside", json!({})).await?;
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)
    })
    .await?;
    beside(move || work(&client, &instance)).await
}

fn work(client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = instance["id"].as_str().unwrap();
    client.run_text(&format!("database db create {id} shop --character_set utf8mb4"))?;
    client.run_text(&format!("database db create {id} store"))?;
    assert_eq!(names(&client.run(&format!("database db list {id}"))?), ["shop", "store"]);
    let refused = client.run_text(&format!("database db create {id} shop")).unwrap_err();
    assert!(refused.to_string().contains("already exists"), "{refused}");

    client.run_text(&format!("database user create {id} anna first-secret --databases shop"))?;
    assert_eq!(names(&client.run(&format!("database user list {id}"))?), ["anna"]);
    let shown = client.run(&format!("database user show {id} anna"))?;
    assert_eq!((&shown["name"], &shown["host"]), (&json!("anna"), &json!("%")));
    let anna = Sql::to(instance, "anna", "first-secret")?;
    anna.run("create table shop.t (a int primary key); insert into shop.t values (1)")?;
    assert!(anna.run("create table store.t (a int)").is_err(), "granted on one database only");

    client.run_text(&format!("database user grant access {id} anna store"))?;
    anna.run("create table store.t (a int)")?;
    client.run_text(&format!("database user revoke access {id} anna store"))?;
    assert!(anna.run("insert into store.t values (1)").is_err(), "revoked");
    let shown = client.run(&format!("database user show access {id} anna"))?;
    assert_eq!(names(&shown), ["shop"]);

    client.run_text(&format!(
        "database user update attributes {id} anna --new_name bella --new_password second-secret"
    ))?;
    assert!(anna.run("select 1").is_err(), "the old name and password are gone");
    let bella = Sql::to(instance, "bella", "second-secret")?;
    assert_eq!(bella.run("select count(*) from shop.t")?, ["1"], "the grants went along");

    client.run_text(&format!("database user delete {id} bella"))?;
    assert!(bella.run("select 1").is_err());
    let refused = client.run_text(&format!("database user delete {id} bella")).unwrap_err();
    assert!(refused.to_string().contains("cannot be found"), "{refused}");
    client.run_text(&format!("database db delete {id} shop"))?;
    assert_eq!(names(&client.run(&format!("database db list {id}"))?), ["store"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_a_new_server_with_the_same_data() -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let more = json!({
        "databases": [{"name": "d"}],
        "users": [{"name": "u", "password": "p-w-d", "databases": [{"name": "d"}]}],
    });
    let instance = api.create_active("again", more).await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    let sql = Sql::to(&instance, "u", "p-w-d")?;
    sql.run("create table d.t (a int primary key); insert into d.t values (7)")?;
    let started = "select variable_value from information_schema.global_status \
                   where variable_name = 'uptime'";
    wait_for_async("the first server is some seconds old", async || {
        let uptime: u64 = sql.run(started).ok()?.first()?.parse().ok()?;
        (uptime >= 2).then_some(())
    })
    .await;

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
    let sql = wait_for_async("a younger server answers", async || {
        let uptime: u64 = sql.run(started).ok()?.first()?.parse().ok()?;
        (uptime < 2).then(|| sql.clone())
    })
    .await;
    assert_eq!(sql.run("select a from d.t")?, ["7"]);
    assert_eq!(api.wait_until_up(&id).await["status"], "ACTIVE");
    Ok(())
}
