//! Datastores and their versions with the stock command line and as the founding document asks.

use super::newcomer;
use super::openstack::beside;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::stack::{Api, OpenStack};

async fn version_of(api: &Api, datastore: &str, name: &str) -> Option<Value> {
    let shown = api.get(&format!("/datastores/{datastore}/versions")).await.ok()?.json();
    shown["versions"].as_array()?.iter().find(|version| version["name"] == name).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_registered_used_and_taken_away() -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let known = version_of(&admin, "mariadb", "10.11").await.unwrap();
    let image = known["image"].as_str().unwrap().to_owned();
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&stack.first_person("admin")?)
    })
    .await?;
    let client = beside(move || register(client, &image)).await?;
    let made = version_of(&admin, "mariadb", "mine").await.unwrap();
    let id = made["id"].as_str().unwrap().to_owned();

    let more = json!({"datastore": {"type": "mariadb", "version": "mine"}});
    let instance = api.create_active("of-mine", more.clone()).await?;
    let in_use = admin.ask(Method::DELETE, &format!("/mgmt/datastore-versions/{id}"), None).await?;
    assert_eq!((in_use.status, &*in_use.fault().unwrap().0), (400, "badRequest"), "{in_use:?}");

    let body = json!({"version": {"active": false}});
    let path = format!("/mgmt/datastores/versions/{id}");
    let denied = api.ask(Method::PATCH, &path, Some(&body)).await?;
    assert_eq!(denied.status, 403);
    let updated = admin.ask(Method::PATCH, &path, Some(&body)).await?;
    assert_eq!((updated.status, &updated.json()["version"]["active"]), (200, &json!(false)));
    assert_eq!(api.create("none", more).await?.status, 400, "it is not active");
    assert!(version_of(&api, "mariadb", "mine").await.is_none(), "nobody else sees it");
    let shown = api.get(&format!("/instances/{}", instance["id"].as_str().unwrap())).await?;
    assert_eq!(shown.json()["instance"]["status"], "ACTIVE");

    let instance = instance["id"].as_str().unwrap();
    api.delete(instance).await?;
    beside(move || client.run_text(&format!("datastore version delete {id}"))).await?;
    assert!(version_of(&admin, "mariadb", "mine").await.is_none());
    Ok(())
}

fn register(client: OpenStack, image: &str) -> anyhow::Result<OpenStack> {
    client.run_text(&format!(
        "datastore version create mine mariadb mariadb {image} --active --version-number 10.11.0"
    ))?;
    let again = client
        .run_text(&format!(
            "datastore version create mine mariadb mariadb {image} --active \
                            --version-number 10.11.0"
        ))
        .unwrap_err();
    assert!(again.to_string().contains("400"), "{again}");
    Ok(client)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_founding_document_s_requests_are_answered_as_it_says() -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let body = json!({"datastore": {"name": "Seed"}});
    let denied = api.ask(Method::POST, "/mgmt/datastores", Some(&body)).await?;
    assert_eq!(denied.status, 403);
    let made = admin.ask(Method::POST, "/mgmt/datastores", Some(&body)).await?;
    assert_eq!((made.status, &made.json()["datastore"]["versions"]), (200, &json!([])));
    let id = made.json()["datastore"]["id"].as_str().unwrap().to_owned();
    let image = "32123676-ef2d-488a-9b25-8b75509beae7";
    let body = json!({"version": {
        "name": "5.5", "manager": "mysql", "packages": "mysql-server-5.5", "image_id": image,
        "datastore": "Seed",
    }});
    let version = admin.ask(Method::POST, "/mgmt/datastores/versions", Some(&body)).await?;
    assert_eq!(version.status, 200, "{version:?}");
    let version = version.json()["version"].clone();
    assert_eq!(
        (&version["manager"], &version["image_id"], &version["active"], &version["packages"]),
        (&json!("mysql"), &json!(image), &json!(true), &json!("mysql-server-5.5"))
    );
    let body = json!({"datastore": {"name": "Seedling", "datastore_version": "5.5"}});
    let path = format!("/mgmt/datastores/{id}");
    let renamed = admin.ask(Method::PATCH, &path, Some(&body)).await?.json();
    assert_eq!(
        (&renamed["datastore"]["name"], &renamed["datastore"]["default_version"]),
        (&json!("Seedling"), &version["id"])
    );
    let version = version["id"].as_str().unwrap();
    let body = json!({"version": {"active": false}});
    let path = format!("/mgmt/datastores/{id}/{version}");
    let changed = admin.ask(Method::PATCH, &path, Some(&body)).await?;
    assert_eq!((changed.status, &changed.json()["version"]["active"]), (200, &json!(false)));
    let path = format!("/mgmt/datastore-versions/{version}");
    assert_eq!(admin.ask(Method::DELETE, &path, None).await?.status, 202);
    let deleted = admin.ask(Method::DELETE, &format!("/datastores/{id}"), None).await?;
    assert_eq!(deleted.status, 202, "{deleted:?}");
    assert_eq!(api.get("/datastores/Seedling").await?.status, 404);
    Ok(())
}
