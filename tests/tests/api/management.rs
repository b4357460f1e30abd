//! Administrators see and handle everybody's instances, with the stock command line.

use super::newcomer;
use super::openstack::beside;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::each_engine;
use testkit::stack::{Engine, Part, Sql, wait_for_async};

each_engine!(an_administrator_lists_reboots_stops_and_still_sees_a_deleted_instance);

fn entry<'a>(body: &'a Value, id: &str) -> Option<&'a Value> {
    body["instances"].as_array().unwrap().iter().find(|entry| entry["id"] == id)
}

async fn an_administrator_lists_reboots_stops_and_still_sees_a_deleted_instance(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    let instance = api.create_active("theirs", engine.with_user("p-w-d")).await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    let before = stack.identity(Part::Server(&id))?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let ping = admin.get(&format!("/mgmt/instances/{id}/rpc_ping")).await?;
    assert_eq!((ping.status, &*ping.text), (204, ""), "{ping:?}");

    beside({
        let (stack, id, project) = (stack.clone(), id.clone(), api.project.clone());
        move || {
            let client = stack.openstack(&stack.first_person("admin")?)?.kept()?;
            let listed = client.run("database instance list --all-projects")?;
            let row = listed.as_array().unwrap().iter().find(|row| row["ID"] == id.as_str());
            let row = row.expect("everybody's instances are listed");
            assert_eq!((&row["Name"], &row["Tenant ID"]), (&json!("theirs"), &json!(project)));
            assert_eq!(row["Server ID"], id.as_str());
            client.run_text(&format!("database instance reboot {id}"))?;
            let image = "0f3c0000-0000-4000-8000-000000000001";
            let refused =
                client.run_text(&format!("database instance rebuild {id} {image}")).unwrap_err();
            assert!(refused.to_string().contains("is not offered"), "{refused}");
            Ok(())
        }
    })
    .await?;
    let instance = api.wait_until_up(&id).await;
    assert_ne!(stack.identity(Part::Server(&id))?, before, "the server is another one");
    let sql = Sql::to(&instance, "u", "p-w-d")?.within("d");
    assert_eq!(sql.run("select 1")?, ["1"]);

    let path = format!("/mgmt/instances/{id}/action");
    let stop = json!({"stop": {}});
    assert_eq!(admin.ask(Method::POST, &path, Some(&stop)).await?.status, 202);
    wait_for_async("the server is stopped", async || {
        let shown = api.instance(&id).await?;
        (shown["operating_status"] == "SHUTDOWN").then_some(())
    })
    .await;
    assert!(!stack.runs(Part::Server(&id)));
    let restart = json!({"restart": {}});
    let path = format!("/instances/{id}/action");
    assert_eq!(api.ask(Method::POST, &path, Some(&restart)).await?.status, 202);
    api.wait_until_up(&id).await;
    let sql = sql.ready();
    assert_eq!(sql.run("select 1")?, ["1"]);

    let history = format!("/mgmt/instances/{id}/root");
    let never = admin.get(&history).await?.json();
    assert_eq!(never["root_history"]["enabled"], "Never", "{never}");
    let made = api.ask(Method::POST, &format!("/instances/{id}/root"), None).await?.json();
    assert_eq!(made["user"]["name"], engine.root.name, "{made}");
    let off = api.ask(Method::DELETE, &format!("/instances/{id}/root"), None).await?;
    assert_eq!(off.status, 204, "{off:?}");
    let once = admin.get(&history).await?.json();
    assert_eq!((&once["root_history"]["id"]), (&json!(id)), "{once}");
    assert_ne!(once["root_history"]["enabled"], "Never", "it is remembered: {once}");

    api.delete(&id).await?;
    let shown = admin.get(&format!("/mgmt/instances/{id}?deleted=true")).await?.json();
    assert_eq!(shown["instance"]["deleted"], true, "{shown}");
    let query = format!("project_id={}", api.project);
    let live = admin.get(&format!("/mgmt/instances?deleted=False&{query}")).await?.json();
    assert!(entry(&live, &id).is_none(), "{live}");
    for deleted in ["&deleted=true", ""] {
        let all = admin.get(&format!("/mgmt/instances?{query}{deleted}")).await?.json();
        assert_eq!(entry(&all, &id).unwrap()["status"], "SHUTDOWN", "{all}");
    }
    let refused = api.get("/mgmt/instances").await?;
    assert_eq!(refused.status, 403, "{refused:?}");
    Ok(())
}
