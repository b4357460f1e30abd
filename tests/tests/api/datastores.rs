//! Datastores and their versions with the stock command line.

use super::newcomer;
use super::openstack::beside;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::each_engine;
use testkit::stack::{Api, Engine, OpenStack, Sql};

each_engine!(a_version_is_registered_used_and_taken_away);

async fn version_of(api: &Api, datastore: &str, name: &str) -> Option<Value> {
    let shown = api.get(&format!("/datastores/{datastore}/versions")).await.ok()?.json();
    shown["versions"].as_array()?.iter().find(|version| version["name"] == name).cloned()
}

async fn a_version_is_registered_used_and_taken_away(engine: Engine) -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let known = version_of(&admin, engine.datastore, engine.version).await.unwrap();
    let image = known["image"].as_str().unwrap().to_owned();
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&stack.first_person("admin")?)?.kept()
    })
    .await?;
    let client = beside(move || register(engine, client, &image)).await?;
    let made = version_of(&admin, engine.datastore, "mine").await.unwrap();
    let id = made["id"].as_str().unwrap().to_owned();

    let mine = Engine { version: "mine", ..engine };
    let more = mine.with_user("p-w-d");
    let instance = api.create_active("of-mine", more.clone()).await?;
    assert_eq!(instance["datastore"]["version"], "mine");
    assert_eq!(Sql::to(&instance, "u", "p-w-d")?.within("d").run("select 1")?, ["1"]);
    let in_use = admin.ask(Method::DELETE, &format!("/mgmt/datastore-versions/{id}"), None).await?;
    assert_eq!((in_use.status, &*in_use.fault().unwrap().0), (400, "badRequest"), "{in_use:?}");

    let body = json!({"version": {"active": false}});
    let path = format!("/mgmt/datastores/versions/{id}");
    let denied = api.ask(Method::PATCH, &path, Some(&body)).await?;
    assert_eq!(denied.status, 403);
    let updated = admin.ask(Method::PATCH, &path, Some(&body)).await?;
    assert_eq!((updated.status, &updated.json()["version"]["active"]), (200, &json!(false)));
    assert_eq!(api.create("none", more).await?.status, 400, "it is not active");
    assert!(version_of(&api, engine.datastore, "mine").await.is_none(), "nobody else sees it");
    let shown = api.get(&format!("/instances/{}", instance["id"].as_str().unwrap())).await?;
    assert_eq!(shown.json()["instance"]["status"], "ACTIVE");

    let instance = instance["id"].as_str().unwrap();
    api.delete(instance).await?;
    beside(move || client.run_text(&format!("datastore version delete {id}"))).await?;
    assert!(version_of(&admin, engine.datastore, "mine").await.is_none());
    Ok(())
}

fn register(engine: Engine, client: OpenStack, image: &str) -> anyhow::Result<OpenStack> {
    // The engine's own name is that of who manages it.
    let (name, version) = (engine.datastore, engine.version);
    let create = format!(
        "datastore version create mine {name} {name} {image} --active --version-number {version}.0"
    );
    client.run_text(&create)?;
    let again = client.run_text(&create).unwrap_err();
    assert!(again.to_string().contains("400"), "{again}");
    Ok(client)
}
