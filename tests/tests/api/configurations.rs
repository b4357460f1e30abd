//! Configuration groups with the stock command line: their effect is seen inside the database.

use super::newcomer;
use super::openstack::beside;
use serde_json::{Value, json};
use testkit::each_engine;
use testkit::stack::{Engine, OpenStack, Sql, wait_for};

each_engine!(
    a_group_reaches_its_instances_and_takes_no_database_down,
    an_instance_may_follow_a_group_from_its_creation,
);

fn shown(client: &OpenStack, id: &str) -> Value {
    client.run(&format!("database instance show {id}")).unwrap_or_default()
}

fn status(client: &OpenStack, id: &str, wanted: &str) {
    wait_for(&format!("the instance is {wanted}"), || shown(client, id)["status"] == wanted);
}

/// What an instance's settings are, as its user sees it.
struct Values {
    engine: Engine,
    sql: Sql,
}

impl Values {
    fn of(engine: Engine, instance: &Value) -> anyhow::Result<Self> {
        Ok(Self { engine, sql: Sql::to(instance, "u", "p-w-d")?.within("d") })
    }

    fn value(&self, name: &str) -> String {
        let rows = self.sql.run(&self.engine.shows(name));
        rows.map(|mut rows| rows.remove(0)).unwrap_or_default()
    }

    fn becomes(&self, name: &str, wanted: &str) {
        wait_for(&format!("{name} is {wanted}"), || self.value(name) == wanted);
    }
}

async fn a_group_reaches_its_instances_and_takes_no_database_down(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let instance = api.create_active("tuned", engine.with_user("p-w-d")).await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)?.kept()
    })
    .await?;
    beside(move || {
        let group = made(engine, &client)?;
        work(&client, &id, &group, &Values::of(engine, &instance)?)
    })
    .await
}

/// A group, and some that there will not be.
fn made(engine: Engine, client: &OpenStack) -> anyhow::Result<String> {
    let create = |name: &str, values: &str| {
        format!("database configuration create {name} {values} {}", engine.options())
    };
    let (live, first) = (engine.live.name, engine.live.values[0].0);
    let made = client.run(&create("group", &format!("{{\"{live}\":{first}}}")))?;
    for (bad, why) in engine.settings.bad {
        let refused = client.run_text(&create("bad", bad)).unwrap_err();
        assert!(refused.to_string().contains(why), "{bad}: {refused}");
    }
    Ok(made["id"].as_str().unwrap().to_owned())
}

fn work(client: &OpenStack, id: &str, group: &str, seen: &Values) -> anyhow::Result<()> {
    let (live, at_start) = (seen.engine.live, seen.engine.settings.at_start);
    let [first, second, third] = live.values;
    // What a running server takes is in force when the client is told.
    assert_eq!(seen.value(live.name), live.default);
    client.run_text(&format!("database configuration attach {id} {group}"))?;
    assert_eq!(seen.value(live.name), first.1);
    assert_eq!(shown(client, id)["status"], "ACTIVE");
    assert_eq!(shown(client, id)["configuration"], group);
    let followers = client.run(&format!("database configuration instances {group}"))?;
    assert_eq!(followers[0]["ID"].as_str().or(followers[0]["id"].as_str()), Some(id));
    let in_use = client.run_text(&format!("database configuration delete {group}")).unwrap_err();
    assert!(in_use.to_string().contains("can't be deleted"), "{in_use}");

    // A change of the group is one fact, and reaches whoever follows it.
    let (late, other) = (at_start.name, at_start.values[0]);
    let both = format!("{{\"{}\":{},\"{late}\":{}}}", live.name, second.0, other.0);
    client.run_text(&format!("database configuration set {group} {both}"))?;
    seen.becomes(live.name, second.1);
    status(client, id, "RESTART_REQUIRED");
    assert_eq!(seen.value(late), at_start.default);
    let refused = client.run_text(&format!("database configuration detach {id}")).unwrap_err();
    assert!(refused.to_string().contains("RESTART_REQUIRED"), "{refused}");
    client.run_text(&format!("database instance restart {id}"))?;
    status(client, id, "ACTIVE");
    assert_eq!(seen.value(late), other.1);

    // What the flavor has no room for is within the engine's own limits.
    let (name, much) = seen.engine.settings.too_large;
    let large = format!("{{\"{name}\":{much}}}");
    client.run_text(&format!("database configuration parameter set {group} {large}"))?;
    wait_for("the instance says why it is not in force", || {
        shown(client, id)["fault"].as_str().is_some_and(|fault| fault.contains(name))
    });
    assert_eq!(seen.value(live.name), second.1, "the former values stay");
    let one = format!("{{\"{}\":{}}}", live.name, third.0);
    client.run_text(&format!("database configuration set {group} {one}"))?;
    seen.becomes(live.name, third.1);
    status(client, id, "RESTART_REQUIRED");
    client.run_text(&format!("database instance restart {id}"))?;
    status(client, id, "ACTIVE");

    client.run_text(&format!("database configuration detach {id}"))?;
    assert_eq!(seen.value(live.name), live.default);
    assert_eq!(seen.value(late), at_start.default);
    client.run_text(&format!("database configuration delete {group}"))?;
    let defaults = client.run(&format!("database configuration default {id}"))?;
    assert_eq!(defaults["max_connections"], seen.value("max_connections"));
    client.run_text(&format!("database instance delete {id}")).map(drop)
}

async fn an_instance_may_follow_a_group_from_its_creation(engine: Engine) -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let (value, shown) = engine.live.values[0];
    let group = engine.with(json!({"name": "g", "values": {engine.live.name: value}}));
    let body = json!({ "configuration": group });
    let made = api.ask(reqwest::Method::POST, "/configurations", Some(&body)).await?;
    assert_eq!(made.status, 200, "{made:?}");
    let group = made.json()["configuration"]["id"].as_str().unwrap().to_owned();
    let mut more = engine.with_user("p-w-d");
    more["configuration"] = json!(group);
    let instance = api.create_active("born", more).await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    beside(move || {
        assert_eq!(Values::of(engine, &instance)?.value(engine.live.name), shown);
        Ok(())
    })
    .await?;
    // The group is free as soon as its last follower is gone.
    api.delete(&id).await?;
    let path = format!("/configurations/{group}");
    assert_eq!(api.ask(reqwest::Method::DELETE, &path, None).await?.status, 202);
    Ok(())
}
