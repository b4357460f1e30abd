//! A life as Terraform leads it, through a client as strict as gophercloud: exact statuses, exact
//! types, and no word of `status` that it does not wait for.

mod client;
mod shapes;

use super::newcomer;
use client::Client;
use serde_json::{Value, json};
use shapes::{Config, Database, Datastore, Flavor, Instance, Param, Quota, User};
use testkit::stack::Sql;

/// What a page holds at most.
const PAGE: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_chosen_has_the_types_that_gophercloud_reads() -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    let quotas = format!("/mgmt/quotas/{}", api.project);
    let client = Client(api);
    let flavors: Vec<Flavor> = client.get("/flavors", Some("flavors")).await?;
    let tiny = flavors.iter().find(|flavor| flavor.name == "db.tiny").unwrap();
    assert_eq!((tiny.id, &*tiny.str_id, tiny.ram), (Some(1), "1", 256));
    assert_eq!(tiny.links[0].rel, "self");
    let datastores: Vec<Datastore> = client.get("/datastores", Some("datastores")).await?;
    let mariadb = datastores.iter().find(|datastore| datastore.name == "mariadb").unwrap();
    let version = mariadb.versions.iter().find(|version| version.name == "10.11").unwrap();
    assert_eq!(mariadb.default_version.as_ref(), Some(&version.id));
    assert!(version.links[0].href.ends_with(&version.id), "{version:?}");
    assert!(mariadb.links[0].href.ends_with(&mariadb.id), "{mariadb:?}");

    let path = "/datastores/mariadb/versions/10.11/parameters";
    let params: Vec<Param> = client.get(path, Some("configuration-parameters")).await?;
    let named = |name: &str| params.iter().find(|param| param.name == name).unwrap();
    let waiting = named("wait_timeout");
    assert_eq!((&*waiting.kind, waiting.restart_required), ("integer", false));
    assert!(waiting.min.is_some() && waiting.max.is_some(), "{waiting:?}");
    let one: Param = client.get(&format!("{path}/wait_timeout"), None).await?;
    assert_eq!((one.min, one.max), (waiting.min, waiting.max));
    let quotas: Vec<Quota> = client.get(&quotas, Some("quotas")).await?;
    let volumes = quotas.iter().find(|quota| quota.resource == "volumes").unwrap();
    assert_eq!((volumes.in_use, volumes.reserved), (0, 0));
    assert!(volumes.limit > 0, "{volumes:?}");
    drop(stack);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn terraform_s_life_of_an_instance_sees_only_what_it_waits_for() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let client = Client(api);
    let first = group(&client, "first", &json!({"wait_timeout": "77"})).await?;
    let made = create(&client, &first).await?;
    let path = format!("/instances/{}", made.id);
    let is_active = |seen: Option<&Instance>| seen.is_some_and(|it| it.status == "ACTIVE");
    let active = client.wait(&made.id, &["BUILD"], is_active).await?.unwrap();
    check_types(&active);
    // Whoever waits for ACTIVE works with the database at once.
    let shown = client.0.instance(&made.id).await.unwrap();
    let sql = Sql::to(&shown, "anna", "first-secret")?;
    assert_eq!(sql.run("select @@global.wait_timeout")?, ["77"]);
    sql.run("create table shop.t (a int primary key); insert into shop.t values (7)")?;

    resize(&client, &made.id).await?;
    assert_eq!(sql.run("select a from shop.t")?, ["7"]);
    follow_another(&client, &path, &sql, &first).await?;
    meet_a_fault(&client, &made.id).await?;
    inside(&client, &path, &shown).await?;

    client.post(&format!("{path}/action"), &json!({"restart": {}})).await?;
    client.wait(&made.id, &["REBOOT"], is_active).await?;
    assert_eq!(sql.ready().run("select a from shop.t")?, ["7"]);
    let user: User = client.create(&format!("{path}/root"), "user", None).await?;
    let root = Sql::to(&shown, &user.name, user.password.as_deref().unwrap())?;
    assert_eq!(root.run("select current_user()")?, ["root@%"]);
    let is_enabled: bool = client.get(&format!("{path}/root"), Some("rootEnabled")).await?;
    assert!(is_enabled);

    client.delete(&path).await?;
    client.wait(&made.id, &["ACTIVE", "SHUTDOWN"], |seen| seen.is_none()).await?;
    client.delete(&format!("/configurations/{first}")).await
}

/// A new group; numbers are text, as Terraform often sends them.
async fn group(client: &Client, name: &str, values: &Value) -> anyhow::Result<String> {
    let body = json!({"configuration": {
        "name": name, "description": "for a life", "values": values,
        "datastore": {"type": "mariadb", "version": "10.11"},
    }});
    let made: Config = client.create("/configurations", "configuration", Some(&body)).await?;
    let shown: Config =
        client.get(&format!("/configurations/{}", made.id), Some("configuration")).await?;
    assert_eq!((&*shown.name, shown.description.as_deref()), (name, Some("for a life")));
    assert_eq!((&*shown.datastore_name, &*shown.datastore_version_name), ("mariadb", "10.11"));
    assert_eq!(shown.datastore_version_id, made.datastore_version_id);
    assert_eq!((shown.created, shown.updated), (made.created, made.updated));
    assert_eq!(shown.values.map(|values| values.len()), values.as_object().map(|it| it.len()));
    Ok(made.id)
}

async fn create(client: &Client, group: &str) -> anyhow::Result<Instance> {
    let network = "a1aeec04-0e2f-4928-b85c-bfb7402cd0ec";
    let body = json!({"instance": {
        "name": "life", "flavorRef": "1", "volume": {"size": 1}, "configuration": group,
        "datastore": {"type": "mariadb", "version": "10.11"},
        "nics": [{
            "net-id": network, "port-id": network,
            "v4-fixed-ip": "10.0.0.7", "v6-fixed-ip": "fd00::7",
        }],
        "databases": [{"name": "shop", "character_set": "utf8", "collate": "utf8_general_ci"}],
        "users": [{
            "name": "anna", "password": "first-secret", "host": "%",
            "databases": [{"name": "shop"}],
        }],
    }});
    let made: Instance = client.create("/instances", "instance", Some(&body)).await?;
    assert_eq!((&*made.name, &*made.status), ("life", "BUILD"));
    Ok(made)
}

fn check_types(active: &Instance) {
    assert_eq!((&*active.flavor.id, active.volume.size), ("1", 1));
    assert!(active.flavor.links[0].href.ends_with("/flavors/1"), "{active:?}");
    assert!(active.links[0].href.ends_with(&active.id), "{active:?}");
    assert_eq!((&*active.datastore.kind, &*active.datastore.version), ("mariadb", "10.11"));
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
async fn follow_another(client: &Client, path: &str, sql: &Sql, first: &str) -> anyhow::Result<()> {
    let second = group(client, "second", &json!({"wait_timeout": "88"})).await?;
    for (group, waiting) in [(second.as_str(), "88"), (first, "77")] {
        client.follow(path, &json!({"instance": {}})).await?;
        client.follow(path, &json!({"instance": {"configuration": group}})).await?;
        assert_eq!(sql.run("select @@global.wait_timeout")?, [waiting]);
    }
    let groups: Vec<Config> = client.get("/configurations", Some("configurations")).await?;
    assert_eq!(groups.len(), 2, "{groups:?}");
    client.delete(&format!("/configurations/{second}")).await
}

/// A group whose values are fine, but not for this flavor.
async fn meet_a_fault(client: &Client, id: &str) -> anyhow::Result<()> {
    let path = format!("/instances/{id}");
    let pool = json!({"innodb_buffer_pool_size": "10737418240"});
    let large = group(client, "large", &pool).await?;
    client.follow(&path, &json!({"instance": {}})).await?;
    client.follow(&path, &json!({"instance": {"configuration": large}})).await?;
    let has_fault = |seen: Option<&Instance>| seen.is_some_and(|it| it.fault.is_some());
    let fault = client.wait(id, &["ACTIVE"], has_fault).await?.unwrap().fault.unwrap();
    assert!(fault.message.contains("innodb_buffer_pool_size"), "{fault:?}");
    assert!(fault.details.is_none() && !fault.created.0.is_empty(), "{fault:?}");
    client.follow(&path, &json!({"instance": {}})).await?;
    client.delete(&format!("/configurations/{large}")).await
}

/// Databases and users, more of both than a page holds.
async fn inside(client: &Client, path: &str, shown: &Value) -> anyhow::Result<()> {
    let databases: Vec<Value> = (0..=PAGE).map(|n| json!({"name": format!("d{n:02}")})).collect();
    client.post(&format!("{path}/databases"), &json!({ "databases": databases })).await?;
    let found: Vec<Database> = client.all(&format!("{path}/databases"), "databases").await?;
    assert_eq!(found.len(), databases.len() + 1, "{found:?}");
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
    let sql = Sql::to(shown, "u20", "u-secret")?;
    sql.run("create table d20.t (a int primary key)")?;

    let password = json!({"users": [{"name": "u20", "password": "u-other"}]});
    client.put(&format!("{path}/users"), &password).await?;
    assert!(sql.run("select 1").is_err(), "the former password is gone");
    client.delete(&format!("{path}/users/u20")).await?;
    assert!(Sql::to(shown, "u20", "u-other")?.run("select 1").is_err());
    client.delete(&format!("{path}/databases/d20")).await?;
    let found: Vec<Database> = client.all(&format!("{path}/databases"), "databases").await?;
    assert!(found.iter().all(|database| database.name != "d20"), "{found:?}");
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
