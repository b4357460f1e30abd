//! Root inside an instance, with the stock command line; that it logs in is seen through a MySQL
//! client.

use super::newcomer;
use super::openstack::beside;
use serde_json::{Value, json};
use testkit::stack::{OpenStack, Sql};

#[tokio::test(flavor = "multi_thread")]
async fn root_is_enabled_shown_and_disabled() -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let instance = api.create_active("rooted", json!({})).await?;
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)
    })
    .await?;
    beside(move || work(&client, &instance)).await
}

fn is_enabled(client: &OpenStack, id: &str) -> anyhow::Result<Value> {
    let mut shown = client.run(&format!("database root show {id}"))?;
    Ok(shown["is_root_enabled"].take())
}

fn work(client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = instance["id"].as_str().unwrap();
    assert_eq!(is_enabled(client, id)?.to_string().to_lowercase().trim_matches('"'), "false");
    let refused = client.run_text(&format!("database root disable {id}")).unwrap_err();
    assert!(refused.to_string().contains("has never been enabled"), "{refused}");

    let made = client.run(&format!("database root enable {id}"))?;
    assert_eq!(made["name"], "root");
    let password = made["password"].as_str().unwrap();
    let root = Sql::to(instance, "root", password)?;
    root.run("create database mine; create table mine.t (a int primary key)")?;
    assert!(root.run("shutdown").is_err(), "its end is not root's to give");
    assert_eq!(is_enabled(client, id)?.to_string().to_lowercase().trim_matches('"'), "true");

    let own = format!("database root enable {id} --root_password an-own-one");
    assert_eq!(client.run(&own)?["password"], "an-own-one");
    assert!(root.run("select 1").is_err(), "the old password is gone");
    let root = Sql::to(instance, "root", "an-own-one")?;
    root.run("select 1")?;

    client.run_text(&format!("database root disable {id}"))?;
    assert!(root.run("select 1").is_err(), "nobody goes by that name");
    assert_eq!(is_enabled(client, id)?.to_string().to_lowercase().trim_matches('"'), "false");
    Ok(())
}
