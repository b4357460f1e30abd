//! Configuration groups with the stock command line: their effect is seen inside the database.

use super::newcomer;
use super::openstack::beside;
use serde_json::{Value, json};
use testkit::stack::{OpenStack, Sql, wait_for};

fn shown(client: &OpenStack, id: &str) -> Value {
    client.run(&format!("database instance show {id}")).unwrap_or_default()
}

fn status(client: &OpenStack, id: &str, wanted: &str) {
    wait_for(&format!("the instance is {wanted}"), || shown(client, id)["status"] == wanted);
}

fn value(sql: &Sql, name: &str) -> String {
    sql.run(&format!("select @@global.{name}")).map(|mut rows| rows.remove(0)).unwrap_or_default()
}

fn becomes(sql: &Sql, name: &str, wanted: &str) {
    wait_for(&format!("{name} is {wanted}"), || value(sql, name) == wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_reaches_its_instances_and_takes_no_database_down() -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let user = json!({"users": [{"name": "app", "password": "pw", "databases": []}]});
    let instance = api.create_active("tuned", user).await?;
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)
    })
    .await?;
    beside(move || work(&client, &instance)).await
}

fn work(client: &OpenStack, instance: &Value) -> anyhow::Result<()> {
    let id = instance["id"].as_str().unwrap();
    let sql = Sql::to(instance, "app", "pw")?;
    let version = instance["datastore"]["version"].as_str().unwrap();
    let name = instance["datastore"]["type"].as_str().unwrap();
    let made = client.run(&format!(
        "database configuration create group {{\"wait_timeout\":77}} --datastore {name} \
         --datastore-version {version}"
    ))?;
    let group = made["id"].as_str().unwrap();
    let refused = client
        .run_text(&format!(
            "database configuration create bad {{\"wait_timeout\":0}} \
                            --datastore {name} --datastore-version {version}"
        ))
        .unwrap_err();
    assert!(refused.to_string().contains("less than the minimum"), "{refused}");

    // What a running server takes is in force when the client is told.
    client.run_text(&format!("database configuration attach {id} {group}"))?;
    assert_eq!(value(&sql, "wait_timeout"), "77");
    assert_eq!(shown(client, id)["status"], "ACTIVE");
    assert_eq!(shown(client, id)["configuration"], group);
    let followers = client.run(&format!("database configuration instances {group}"))?;
    assert_eq!(followers[0]["ID"].as_str().or(followers[0]["id"].as_str()), Some(id));
    let in_use = client.run_text(&format!("database configuration delete {group}")).unwrap_err();
    assert!(in_use.to_string().contains("can't be deleted"), "{in_use}");

    // A change of the group is one fact, and reaches whoever follows it.
    let both = "{\"wait_timeout\":78,\"ft_min_word_len\":3}";
    client.run_text(&format!("database configuration set {group} {both}"))?;
    becomes(&sql, "wait_timeout", "78");
    status(client, id, "RESTART_REQUIRED");
    assert_eq!(value(&sql, "ft_min_word_len"), "4");
    let refused = client.run_text(&format!("database configuration detach {id}")).unwrap_err();
    assert!(refused.to_string().contains("RESTART_REQUIRED"), "{refused}");
    client.run_text(&format!("database instance restart {id}"))?;
    status(client, id, "ACTIVE");
    assert_eq!(value(&sql, "ft_min_word_len"), "3");

    // A pool that the flavor has no room for is within the engine's own limits.
    let pool = "{\"innodb_buffer_pool_size\":10737418240}";
    client.run_text(&format!("database configuration parameter set {group} {pool}"))?;
    wait_for("the instance says why it is not in force", || {
        shown(client, id)["fault"]
            .as_str()
            .is_some_and(|fault| fault.contains("innodb_buffer_pool_size"))
    });
    assert_eq!(value(&sql, "wait_timeout"), "78", "the former values stay");
    client.run_text(&format!("database configuration set {group} {{\"wait_timeout\":79}}"))?;
    becomes(&sql, "wait_timeout", "79");
    status(client, id, "RESTART_REQUIRED");
    client.run_text(&format!("database instance restart {id}"))?;
    status(client, id, "ACTIVE");

    client.run_text(&format!("database configuration detach {id}"))?;
    assert_eq!(value(&sql, "wait_timeout"), "28800");
    client.run_text(&format!("database configuration delete {group}"))?;
    let defaults = client.run(&format!("database configuration default {id}"))?;
    assert_eq!(defaults["max_connections"], value(&sql, "max_connections"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_may_follow_a_group_from_its_creation() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let body = json!({"configuration": {"name": "g", "values": {"wait_timeout": 66}}});
    let made = api.ask(reqwest::Method::POST, "/configurations", Some(&body)).await?;
    assert_eq!(made.status, 200, "{made:?}");
    let group = made.json()["configuration"]["id"].as_str().unwrap().to_owned();
    let more = json!({
        "configuration": group,
        "users": [{"name": "app", "password": "pw", "databases": []}],
    });
    let instance = api.create_active("born", more).await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    beside(move || {
        assert_eq!(value(&Sql::to(&instance, "app", "pw")?, "wait_timeout"), "66");
        Ok(())
    })
    .await?;
    // The group is free as soon as its last follower is gone.
    api.delete(&id).await?;
    let path = format!("/configurations/{group}");
    assert_eq!(api.ask(reqwest::Method::DELETE, &path, None).await?.status, 202);
    Ok(())
}
