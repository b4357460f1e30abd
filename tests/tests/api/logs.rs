//! Logs of an instance with the stock command line, and their ends with `trove`.

use super::newcomer;
use super::openstack::beside;
use super::trove_cli::Trove;
use serde_json::{Value, json};
use testkit::stack::{OpenStack, Sql, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_switched_on_read_kept_over_a_restart_and_switched_off() -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let user = json!({"users": [{"name": "app", "password": "pw", "databases": []}]});
    let instance = api.create_active("talker", user).await?;
    let (client, trove, admin) = beside({
        let stack = stack.clone();
        move || {
            let admin = stack.first_person("admin")?;
            Ok((stack.openstack(&person)?, Trove::of(&stack, &person)?, Trove::of(&stack, &admin)?))
        }
    })
    .await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    beside(move || work(&client, &trove, &instance)).await?;
    beside({
        let id = id.clone();
        move || look_after(&admin, &id)
    })
    .await?;
    api.delete(&id).await
}

/// A column of the stock command line, whatever the case of its name.
fn column<'a>(row: &'a Value, name: &str) -> &'a Value {
    let columns = row.as_object().unwrap();
    let found = columns.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("no {name} in {row}")).1
}

fn states(client: &OpenStack, id: &str) -> anyhow::Result<Vec<(Value, Value, Value)>> {
    let listed = client.run(&format!("database log list {id}"))?;
    let state = |row: &Value| {
        let [name, kind, status] = ["name", "type", "status"].map(|name| column(row, name));
        (name.clone(), kind.clone(), status.clone())
    };
    Ok(listed.as_array().unwrap().iter().map(state).collect())
}

fn says(trove: &Trove, words: &str) -> bool {
    trove.run("log-tail talker general --lines 1000").is_ok_and(|said| said.contains(words))
}

fn work(client: &OpenStack, trove: &Trove, instance: &Value) -> anyhow::Result<()> {
    let id = instance["id"].as_str().unwrap();
    let state = |name: &str, status: &str| (json!(name), json!("USER"), json!(status));
    let off = [state("general", "Disabled"), state("slow_query", "Disabled")];
    assert_eq!(states(client, id)?, off);
    let sql = Sql::to(instance, "app", "pw")?;
    sql.run("select 'too early'")?;

    let set = client.run(&format!("database log set {id} general --enable"))?;
    assert_eq!(column(&set, "name"), "general");
    sql.run("select 'a statement'")?;
    wait_for("the statement stands in the log", || says(trove, "select 'a statement'"));
    assert!(!says(trove, "too early"));
    assert_eq!(states(client, id)?[0].2, "Ready");
    let shown = client.run(&format!("database log show {id} general"))?;
    let pending = column(&shown, "pending").to_string().trim_matches('"').parse::<u64>()?;
    assert!(pending > 0, "{shown}");

    client.run_text(&format!("database instance restart {id}"))?;
    wait_for("the instance is up again", || {
        client
            .run(&format!("database instance show {id}"))
            .is_ok_and(|shown| shown["operating_status"] == "HEALTHY")
    });
    Sql::to(instance, "app", "pw")?.ready().run("select 'after the restart'")?;
    wait_for("the log goes on", || says(trove, "after the restart"));
    assert!(says(trove, "a statement"), "what was written before is still there");

    trove.run("log-disable talker general")?;
    sql.run("select 'nobody hears'")?;
    assert!(!says(trove, "nobody hears"));
    assert_eq!(states(client, id)?[0].2, "Disabled");
    trove.run("log-enable talker slow_query")?;
    sql.run("set long_query_time = 0; select 'slow indeed'")?;
    wait_for("it stands there", || {
        trove.run("log-tail talker slow_query").is_ok_and(|said| said.contains("slow indeed"))
    });
    assert_eq!(trove.json("log-show talker slow_query")?["log"]["status"], "Ready");

    let refused = client.run_text(&format!("database log set {id} general --publish"));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("no object store"), "{refused}");
    let both = format!("database log set {id} general --enable --disable");
    assert!(client.run_text(&both).is_err());
    let denied = trove.fail(4, "log-tail talker error")?;
    assert!(denied.contains("administrators only"), "{denied}");
    trove.fail(3, "log-tail talker nonsense").map(drop)
}

/// What an administrator of another project sees, and does not.
fn look_after(admin: &Trove, id: &str) -> anyhow::Result<()> {
    let listed = admin.json(&format!("log-list {id}"))?;
    let names: Vec<&Value> =
        listed["logs"].as_array().unwrap().iter().map(|log| &log["name"]).collect();
    assert_eq!(names, ["general", "slow_query", "error", "guest"]);
    let said = admin.run(&format!("log-tail {id} error --lines 1000"))?;
    assert!(said.contains("ready for connections"), "{said}");
    let said = admin.run(&format!("log-tail {id} guest"))?;
    assert!(said.contains("Agent"), "{said}");
    let denied = admin.fail(4, &format!("log-tail {id} general"))?;
    assert!(denied.contains("may hold passwords"), "{denied}");
    Ok(())
}
