//! The stock command line, from the first instance to its deletion.

use super::newcomer;
use serde_json::{Value, json};
use testkit::each_engine;
use testkit::stack::{Engine, OpenStack, Sql, wait_for};

each_engine!(an_instance_is_created_used_renamed_and_deleted);

/// Blocking work beside the runtime, since the command line is a program.
pub(crate) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}

async fn an_instance_is_created_used_renamed_and_deleted(engine: Engine) -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)
    })
    .await?;
    let created = beside({
        let client = client.clone();
        move || {
            client.run(&format!(
                "database instance create shop --flavor db.tiny --size 1 --databases shop store \
                 --users anna:first-secret {}",
                engine.options()
            ))
        }
    })
    .await?;
    let id = created["id"].as_str().unwrap().to_owned();
    assert_eq!((&created["name"], &created["status"]), (&json!("shop"), &json!("BUILD")));

    let instance = api.wait_until_up(&id).await;
    assert_eq!(instance["datastore"]["type"], engine.datastore);
    assert_eq!(instance["datastore"]["version"], engine.version);
    let anna = Sql::to(&instance, "anna", "first-secret")?;
    for database in ["shop", "store"] {
        let sql = anna.clone().within(database);
        sql.run("create table t (a int); insert into t values (1), (2)")?;
        assert_eq!(sql.run("select sum(a) from t")?, ["3"]);
    }
    let wrong = Sql::to(&instance, "anna", "wrong")?.within("shop");
    let refused = wrong.run("select 1").unwrap_err();
    assert!(refused.to_string().contains(engine.statements.denied), "{refused}");

    beside(move || look_rename_and_delete(&client, &id)).await
}

fn look_rename_and_delete(client: &OpenStack, id: &str) -> anyhow::Result<()> {
    let listed = client.run("database instance list")?;
    assert_eq!(names(&listed), ["shop"]);
    let shown = client.run("database instance show shop")?;
    assert_eq!((&shown["id"], &shown["status"]), (&json!(id), &json!("ACTIVE")));
    client.run_text(&format!("database instance update {id} --name market"))?;
    assert_eq!(client.run(&format!("database instance show {id}"))?["name"], "market");
    client.run_text("database instance delete market")?;
    wait_for("the instance is gone", || {
        client.run("database instance list").is_ok_and(|listed| names(&listed).is_empty())
    });
    let refused = client.run(&format!("database instance show {id}")).unwrap_err();
    assert!(refused.to_string().contains("No instance"), "{refused}");
    Ok(())
}

pub(crate) fn names(listed: &Value) -> Vec<&str> {
    let rows = listed.as_array().unwrap();
    rows.iter().map(|row| row["Name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_chosen_is_listed_and_shown() -> anyhow::Result<()> {
    let (stack, person, _) = newcomer().await?;
    beside(move || {
        let client = stack.openstack(&person)?;
        // Other tests add some of their own.
        let datastores = client.run("datastore list")?;
        let datastores = names(&datastores);
        for name in ["mariadb", "mysql", "postgresql"] {
            assert!(datastores.contains(&name), "{datastores:?}");
        }
        assert_eq!(client.run("datastore show mariadb")?["name"], "mariadb");
        let versions = client.run("datastore version list mysql")?;
        assert_eq!(names(&versions), ["mariadb-10.11"]);
        let shown = client.run("datastore version show 10.11 --datastore mariadb")?;
        assert_eq!(shown["name"], "10.11");
        let flavors = client.run("database flavor list")?;
        assert_eq!(names(&flavors), ["db.tiny", "db.small", "db.medium", "db.large"]);
        assert_eq!(client.run("database flavor show 2")?["ram"], 512);
        let limits = client.run_text("database limit list")?;
        assert!(limits.contains("ABSOLUTE") && limits.contains("max_instances"), "{limits}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_datastore_mysql_is_served_as_well() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let more = json!({
        "datastore": {"type": "mysql", "version": "mariadb-10.11"},
        "databases": [{"name": "d", "character_set": "utf8mb4", "collate": "utf8mb4_bin"}],
        "users": [{"name": "u", "password": "p-w-d", "databases": [{"name": "d"}]}],
    });
    let instance = api.create_active("m", more).await?;
    assert_eq!(instance["datastore"]["type"], "mysql");
    let sql = Sql::to(&instance, "u", "p-w-d")?;
    assert_eq!(sql.run("select @@collation_database from dual")?.len(), 1);
    assert_eq!(
        sql.run(
            "select default_collation_name from information_schema.schemata where schema_name = 'd'"
        )?,
        ["utf8mb4_bin"]
    );
    api.delete(instance["id"].as_str().unwrap()).await
}
