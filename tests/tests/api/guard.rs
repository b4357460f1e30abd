//! A volume that gets full, and both ways out: deleting a database, and a larger volume.

use super::newcomer;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::each_engine;
use testkit::stack::{Api, Engine, Sql, wait_for, wait_for_async};

each_engine!(a_full_volume_is_told_and_deleting_or_growing_ends_it);

/// More rows than the volume has room for.
const ROWS_MAX: u32 = 200;

/// Fills the volume until the server takes no more; what it said then.
fn fill(engine: Engine, sql: &Sql) -> anyhow::Result<String> {
    sql.run(&engine.wide("wide"))?;
    for _ in 0..ROWS_MAX {
        if let Err(refused) = sql.run("insert into wide values (repeat('x', 8000000))") {
            return Ok(refused.to_string());
        }
    }
    anyhow::bail!("the volume has room without end")
}

async fn blocked(api: &Api, id: &str) -> Value {
    wait_for_async(&format!("{id} is blocked"), async || {
        let instance = api.instance(id).await?;
        (instance["operating_status"] == "BLOCKED").then_some(instance)
    })
    .await
}

/// Whether the server says that it takes no changes.
fn only_reads(sql: &Sql) -> bool {
    sql.run("select count(*) from t").unwrap();
    let written = sql.run("insert into t values (2)");
    written.is_err_and(|refused| refused.to_string().contains("read-only"))
}

async fn writes_again(api: &Api, id: &str, sql: &Sql) -> anyhow::Result<()> {
    let up = api.wait_until_up(id).await;
    assert_eq!(up.get("fault"), None, "{up}");
    sql.run("insert into t values (2); delete from t where a = 2")?;
    Ok(())
}

async fn a_full_volume_is_told_and_deleting_or_growing_ends_it(
    engine: Engine,
) -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let both = json!([{"name": "shop"}, {"name": "old"}]);
    let more = engine.with(json!({
        "databases": both,
        "users": [{"name": "anna", "password": "first-secret", "databases": both}],
    }));
    let instance = api.create_active("narrow", more).await?;
    let id = instance["id"].as_str().unwrap();
    let anna = Sql::to(&instance, "anna", "first-secret")?;
    let sql = anna.clone().within("shop");
    sql.run("create table t (a int); insert into t values (1)")?;
    let root = json!({"password": "root-secret"});
    let enabled = api.ask(Method::POST, &format!("/instances/{id}/root"), Some(&root)).await?;
    assert_eq!(enabled.status, 200, "{enabled:?}");
    let root = Sql::to(&instance, engine.root.name, "root-secret")?.within("shop");

    fill(engine, &anna.within("old"))?;
    let full = blocked(&api, id).await;
    assert_eq!(full["status"], "ACTIVE");
    let message = full["fault"]["message"].as_str().unwrap();
    assert!(message.contains("The volume is full") && message.contains("resize"), "{message}");
    for user in [&sql, &root] {
        wait_for("users only read", || only_reads(user));
    }

    // By the interface it can still be deleted, and that is enough.
    let path = format!("/instances/{id}/databases/old");
    assert_eq!(api.ask(Method::DELETE, &path, None).await?.status, 202);
    writes_again(&api, id, &sql).await?;

    fill(engine, &sql)?;
    blocked(&api, id).await;
    // A start of the server changes nothing.
    let action = format!("/instances/{id}/action");
    let restart = api.ask(Method::POST, &action, Some(&json!({"restart": {}}))).await?;
    assert_eq!(restart.status, 202, "{restart:?}");
    wait_for_async("the restart has ended", async || {
        (api.instance(id).await?["status"] == "ACTIVE").then_some(())
    })
    .await;
    blocked(&api, id).await;
    let sql = sql.ready();
    assert!(only_reads(&sql), "from its start");
    let larger = json!({"resize": {"volume": {"size": 2}}});
    let accepted = api.ask(Method::POST, &action, Some(&larger)).await?;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    writes_again(&api, id, &sql).await?;
    assert_eq!(api.instance(id).await.unwrap()["volume"]["size"], 2);
    api.delete(id).await
}
