//! Root inside an instance, with the stock command line; that it logs in is seen through the
//! engine's own client.

use super::newcomer;
use super::openstack::{beside, names};
use serde_json::Value;
use testkit::each_engine;
use testkit::stack::{Engine, OpenStack, Sql};

each_engine!(root_is_enabled_shown_and_disabled);

async fn root_is_enabled_shown_and_disabled(engine: Engine) -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let instance = api.create_active("rooted", engine.with_user("p-w-d")).await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)?.kept()
    })
    .await?;
    beside(move || work(engine, &client, &instance)).await?;
    api.delete(&id).await
}

fn is_enabled(client: &OpenStack, id: &str) -> anyhow::Result<String> {
    let shown = client.run(&format!("database root show {id}"))?;
    Ok(shown["is_root_enabled"].to_string().to_lowercase().trim_matches('"').to_owned())
}

fn work(engine: Engine, client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = instance["id"].as_str().unwrap();
    let user = Sql::to(instance, "u", "p-w-d")?.within("d");
    user.run("create table t (a int)")?;
    assert_eq!(is_enabled(client, id)?, "false");
    let refused = client.run_text(&format!("database root disable {id}")).unwrap_err();
    assert!(refused.to_string().contains("has never been enabled"), "{refused}");

    let made = client.run(&format!("database root enable {id}"))?;
    assert_eq!(made["name"], engine.root.name);
    let password = made["password"].as_str().unwrap();
    let root = Sql::to(instance, engine.root.name, password)?.within("d");
    let (who, shown) = engine.root.who;
    assert_eq!(root.run(who)?, [shown]);
    root.run("create database mine")?;
    root.clone().within("mine").run("create table t (a int primary key)")?;
    assert_eq!(names(&client.run(&format!("database db list {id}"))?), ["d", "mine"]);
    for statement in engine.root.may {
        root.run(statement)?;
    }
    for statement in engine.root.may_not {
        assert!(root.run(statement).is_err(), "{statement}");
    }
    assert_eq!(user.run("select count(*) from t")?, ["1"], "the server serves as before");
    assert_eq!(is_enabled(client, id)?, "true");

    let own = format!("database root enable {id} --root_password an-own-one");
    assert_eq!(client.run(&own)?["password"], "an-own-one");
    assert!(root.run("select 1").is_err(), "the old password is gone");
    let root = Sql::to(instance, engine.root.name, "an-own-one")?.within("d");
    root.run("select 1")?;

    client.run_text(&format!("database root disable {id}"))?;
    assert!(root.run("select 1").is_err(), "nobody goes by that name");
    assert_eq!(is_enabled(client, id)?, "false");
    Ok(())
}
