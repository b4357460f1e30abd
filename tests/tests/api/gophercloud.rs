//! A life as Terraform leads it, through a client as strict as gophercloud: exact statuses, exact
//! types, and no word of `status` that it does not wait for.

mod client;
mod shapes;

use super::newcomer;
use client::Client;
use serde_json::{Value, json};
use shapes::{Config, Database, Datastore, Flavor, Instance, Param, Quota, User};
use testkit::each_engine;
use testkit::stack::{Engine, Sql, wait_for_async};

each_engine!(
    what_can_be_chosen_has_the_types_that_gophercloud_reads,
    terraform_s_life_of_an_instance_sees_only_what_it_waits_for,
);

/// What a page holds at most.
const PAGE: usize = 20;

async fn what_can_be_chosen_has_the_types_that_gophercloud_reads(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    let quotas = format!("/mgmt/quotas/{}", api.project);
    let client = Client(api);
    let flavors: Vec<Flavor> = client.get("/flavors", Some("flavors")).await?;
    let tiny = flavors.iter().find(|flavor| flavor.name == "db.tiny").unwrap();
    assert_eq!((tiny.id, &*tiny.str_id, tiny.ram), (Some(1), "1", 256));
    assert_eq!(tiny.links[0].rel, "self");
    let datastores: Vec<Datastore> = client.get("/datastores", Some("datastores")).await?;
    let (name, version) = (engine.datastore, engine.version);
    let datastore = datastores.iter().find(|datastore| datastore.name == name).unwrap();
    let first = datastore.versions.iter().find(|found| found.name == version).unwrap();
    assert_eq!(datastore.default_version.as_ref(), Some(&first.id));
    assert!(first.links[0].href.ends_with(&first.id), "{first:?}");
    assert!(datastore.links[0].href.ends_with(&datastore.id), "{datastore:?}");

    let path = format!("/datastores/{name}/versions/{version}/parameters");
    let params: Vec<Param> = client.get(&path, Some("configuration-parameters")).await?;
    for (setting, is_at_start) in [(engine.live, false), (engine.settings.at_start, true)] {
        let listed = params.iter().find(|param| param.name == setting.name).unwrap();
        assert_eq!((&*listed.kind, listed.restart_required), ("integer", is_at_start));
        assert!(listed.min.is_some() && listed.max.is_some(), "{listed:?}");
        let one: Param = client.get(&format!("{path}/{}", setting.name), None).await?;
        assert_eq!((one.min, one.max), (listed.min, listed.max));
    }
    let quotas: Vec<Quota> = client.get(&quotas, Some("quotas")).await?;
    let volumes = quotas.iter().find(|quota| quota.resource == "volumes").unwrap();
    assert_eq!((volumes.in_use, volumes.reserved), (0, 0));
    assert!(volumes.limit > 0, "{volumes:?}");
    drop(stack);
    Ok(())
}

async fn terraform_s_life_of_an_instance_sees_only_what_it_waits_for(
    engine: Engine,
) -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let client = Client(api);
    let first = waiting_group(engine, &client, 0).await?;
    let made = create(engine, &client, &first).await?;
    let path = format!("/instances/{}", made.id);
    let is_active = |seen: Option<&Instance>| seen.is_some_and(|it| it.status == "ACTIVE");
    let active = client.wait(&made.id, &["BUILD"], is_active).await?.unwrap();
    check_types(engine, &active);
    // Whoever waits for ACTIVE works with the database at once.
    let shown = client.0.instance(&made.id).await.unwrap();
    let sql = Sql::to(&shown, "anna", "first-secret")?.within("shop");
    assert_eq!(sql.run(engine.live.shown_by)?, [engine.live.values[0].1]);
    assert_eq!(sql.run(engine.charset.shown_by)?, [engine.charset.shown]);
    sql.run("create table t (a int primary key); insert into t values (7)")?;

    resize(&client, &made.id).await?;
    assert_eq!(sql.run("select a from t")?, ["7"]);
    follow_another(engine, &client, &path, &sql, &first).await?;
    meet_a_fault(engine, &client, &made.id).await?;
    inside(&client, &path, &shown).await?;

    client.post(&format!("{path}/action"), &json!({"restart": {}})).await?;
    client.wait(&made.id, &["REBOOT"], is_active).await?;
    assert_eq!(sql.ready().run("select a from t")?, ["7"]);
    let user: User = client.create(&format!("{path}/root"), "user", None).await?;
    let root = Sql::to(&shown, &user.name, user.password.as_deref().unwrap())?.within("shop");
    let (who, is_shown) = engine.root.who;
    assert_eq!(root.run(who)?, [is_shown]);
    let is_enabled: bool = client.get(&format!("{path}/root"), Some("rootEnabled")).await?;
    assert!(is_enabled);

    client.delete(&path).await?;
    client.wait(&made.id, &["ACTIVE", "SHUTDOWN"], |seen| seen.is_none()).await?;
    client.delete(&format!("/configurations/{first}")).await
}

/// A new group with one of the values of the engine's live parameter; numbers are text, as
/// Terraform often sends them.
async fn waiting_group(engine: Engine, client: &Client, of: usize) -> anyhow::Result<String> {
    let value = engine.live.values[of].0.to_string();
    group(engine, client, &format!("group-{of}"), &json!({engine.live.name: value})).await
}

async fn group(
    engine: Engine,
    client: &Client,
    name: &str,
    values: &Value,
) -> anyhow::Result<String> {
    let body = json!({"configuration": engine.with(json!({
        "name": name, "description": "for a life", "values": values,
    }))});
    let made: Config = client.create("/configurations", "configuration", Some(&body)).await?;
    let shown: Config =
        client.get(&format!("/configurations/{}", made.id), Some("configuration")).await?;
    assert_eq!((&*shown.name, shown.description.as_deref()), (name, Some("for a life")));
    let version = (&*shown.datastore_name, &*shown.datastore_version_name);
    assert_eq!(version, (engine.datastore, engine.version));
    assert_eq!(shown.datastore_version_id, made.datastore_version_id);
    assert_eq!((shown.created, shown.updated), (made.created, made.updated));
    assert_eq!(shown.values.map(|values| values.len()), values.as_object().map(|it| it.len()));
    Ok(made.id)
}

async fn create(engine: Engine, client: &Client, group: &str) -> anyhow::Result<Instance> {
    let network = "a1aeec04-0e2f-4928-b85c-bfb7402cd0ec";
    let (name, collation) = (engine.charset.name, engine.charset.collation);
    let body = json!({"instance": engine.with(json!({
        "name": "life", "flavorRef": "1", "volume": {"size": 1}, "configuration": group,
        "nics": [{
            "net-id": network, "port-id": network,
            "v4-fixed-ip": "10.0.0.7", "v6-fixed-ip": "fd00::7",
        }],
        "databases": [{"name": "shop", "character_set": name, "collate": collation}],
        "users": [{
            "name": "anna", "password": "first-secret", "host": "%",
            "databases": [{"name": "shop"}],
        }],
    }))});
    let made: Instance = client.create("/instances", "instance", Some(&body)).await?;
    assert_eq!((&*made.name, &*made.status), ("life", "BUILD"));
    Ok(made)
}

fn check_types(engine: Engine, active: &Instance) {
    assert_eq!((&*active.flavor.id, active.volume.size), ("1", 1));
    assert!(active.flavor.links[0].href.ends_with("/flavors/1"), "{active:?}");
    assert!(active.links[0].href.ends_with(&active.id), "{active:?}");
    let datastore = (&*active.datastore.kind, &*active.datastore.version);
    assert_eq!(datastore, (engine.datastore, engine.version));
    assert!(active.created.is_some() && active.updated.is_some(), "{active:?}");
    assert!(active.hostname.is_none() && active.fault.is_none(), "{active:?}");
    assert_eq!(active.ip, [active.addresses[0].address.clone()]);
    assert_eq!(active.addresses[0].kind, "private");
}

async fn resize(client: &Client, id: &str) -> anyhow::Result<()> {
    let action = format!("/instances/{id}/action");
    let at_rest = |seen: &Instance| seen.status == "ACTIVE";
    client.post(&action, &json!({"resize": {"volume": {"size": 2}}})).await?;
    let is_larger =
        |seen: Option<&Instance>| seen.is_some_and(|it| at_rest(it) && it.volume.size == 2);
    client.wait(id, &["RESIZE"], is_larger).await?;
    client.post(&action, &json!({"resize": {"flavorRef": "2"}})).await?;
    let is_other =
        |seen: Option<&Instance>| seen.is_some_and(|it| at_rest(it) && it.flavor.id == "2");
    client.wait(id, &["RESIZE"], is_other).await?;
    // How full it is comes with a heartbeat.
    let is_measured = |seen: Option<&Instance>| seen.is_some_and(|it| it.volume.used.is_some());
    client.wait(id, &["ACTIVE"], is_measured).await.map(drop)
}

/// Another group in the place of the first, and back, as an update of `configuration_id` is sent.
async fn follow_another(
    engine: Engine,
    client: &Client,
    path: &str,
    sql: &Sql,
    first: &str,
) -> anyhow::Result<()> {
    let second = waiting_group(engine, client, 1).await?;
    for (group, of) in [(second.as_str(), 1), (first, 0)] {
        client.follow(path, &json!({"instance": {}})).await?;
        client.follow(path, &json!({"instance": {"configuration": group}})).await?;
        assert_eq!(sql.run(engine.live.shown_by)?, [engine.live.values[of].1]);
    }
    let groups: Vec<Config> = client.get("/configurations", Some("configurations")).await?;
    assert_eq!(groups.len(), 2, "{groups:?}");
    client.delete(&format!("/configurations/{second}")).await
}

/// A group whose values are fine, but not for this flavor.
async fn meet_a_fault(engine: Engine, client: &Client, id: &str) -> anyhow::Result<()> {
    let path = format!("/instances/{id}");
    let (name, much) = engine.settings.too_large;
    let large = group(engine, client, "large", &json!({name: much.to_string()})).await?;
    client.follow(&path, &json!({"instance": {}})).await?;
    client.follow(&path, &json!({"instance": {"configuration": large}})).await?;
    let has_fault = |seen: Option<&Instance>| seen.is_some_and(|it| it.fault.is_some());
    let fault = client.wait(id, &["ACTIVE"], has_fault).await?.unwrap().fault.unwrap();
    assert!(fault.message.contains(name), "{fault:?}");
    assert!(fault.details.is_none() && !fault.created.0.is_empty(), "{fault:?}");
    client.follow(&path, &json!({"instance": {}})).await?;
    client.delete(&format!("/configurations/{large}")).await
}

/// Databases and users, more of both than a page holds.
async fn inside(client: &Client, path: &str, shown: &Value) -> anyhow::Result<()> {
    let databases: Vec<Value> = (0..=PAGE).map(|n| json!({"name": format!("d{n:02}")})).collect();
    client.post(&format!("{path}/databases"), &json!({ "databases": databases })).await?;
    // What takes long is answered before it is done.
    let found = wait_for_async("all are there", async || {
        let list = format!("{path}/databases");
        let found: Vec<Database> = client.all(&list, "databases").await.ok()?;
        (found.len() == databases.len() + 1).then_some(found)
    })
    .await;
    assert!(found.iter().all(|it| it.character_set.is_none() && it.collate.is_none()));
    let users: Vec<Value> = (0..=PAGE)
        .map(|n| {
            let databases = json!([{"name": format!("d{n:02}")}]);
            json!({"name": format!("u{n:02}"), "password": "u-secret", "databases": databases})
        })
        .collect();
    client.post(&format!("{path}/users"), &json!({ "users": users })).await?;
    let found: Vec<User> = client.all(&format!("{path}/users"), "users").await?;
    assert_eq!(found.len(), users.len() + 1, "{found:?}");
    let last = found.iter().find(|user| user.name == "u20").unwrap();
    assert_eq!((last.databases.len(), &*last.databases[0].name), (1, "d20"));
    let sql = Sql::to(shown, "u20", "u-secret")?.within("d20");
    sql.run("create table t (a int primary key)")?;

    let password = json!({"users": [{"name": "u20", "password": "u-other"}]});
    client.put(&format!("{path}/users"), &password).await?;
    assert!(sql.run("select 1").is_err(), "the former password is gone");
    Sql::to(shown, "u20", "u-other")?.within("d20").run("select 1")?;
    client.delete(&format!("{path}/users/u20")).await?;
    assert!(Sql::to(shown, "u20", "u-other")?.within("d20").run("select 1").is_err());
    client.delete(&format!("{path}/databases/d20")).await?;
    wait_for_async("the database is gone", async || {
        let found: Vec<Database> =
            client.all(&format!("{path}/databases"), "databases").await.ok()?;
        found.iter().all(|database| database.name != "d20").then_some(())
    })
    .await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_instances_are_followed_to_their_end() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let mut made = Vec::new();
    for number in 0..3 {
        let created = api.create(&format!("n{number}"), json!({})).await?.json();
        made.push(created["instance"]["id"].as_str().unwrap().to_owned());
    }
    made.sort();
    let client = Client(api);
    let found: Vec<Instance> = client.all("/instances?limit=2", "instances").await?;
    let found: Vec<&str> = found.iter().map(|instance| &*instance.id).collect();
    assert_eq!(found, made);
    for id in &made {
        client.delete(&format!("/instances/{id}")).await?;
        client.wait(id, &["ACTIVE", "SHUTDOWN"], |seen| seen.is_none()).await?;
    }
    Ok(())
}
