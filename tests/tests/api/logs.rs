//! Logs of an instance with the stock command line, and their ends with `trove`.

use super::newcomer;
use super::openstack::beside;
use super::trove_cli::Trove;
use serde_json::{Value, json};
use testkit::each_engine;
use testkit::stack::{Engine, OpenStack, Sql, wait_for};

each_engine!(a_log_is_switched_on_read_kept_over_a_restart_and_switched_off);

async fn a_log_is_switched_on_read_kept_over_a_restart_and_switched_off(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let instance = api.create_active("talker", engine.with_user("p-w-d")).await?;
    let (client, trove, admin) = beside({
        let stack = stack.clone();
        move || {
            let admin = stack.first_person("admin")?;
            Ok((
                stack.openstack(&person)?.kept()?,
                Trove::of(&stack, &person)?,
                Trove::of(&stack, &admin)?,
            ))
        }
    })
    .await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    beside(move || work(engine, &client, &trove, &instance)).await?;
    beside({
        let id = id.clone();
        move || look_after(engine, &admin, &id)
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

fn says(trove: &Trove, log: &str, words: &str) -> bool {
    let tail = format!("log-tail talker {log} --lines 1000");
    trove.run(&tail).is_ok_and(|said| said.contains(words))
}

fn work(engine: Engine, client: &OpenStack, trove: &Trove, instance: &Value) -> anyhow::Result<()> {
    let id = instance["id"].as_str().unwrap();
    let state = |(name, _): &(&str, &str)| (json!(name), json!("USER"), json!("Disabled"));
    let off: Vec<_> = engine.logs.owners.iter().map(state).collect();
    assert_eq!(states(client, id)?, off);
    let sql = Sql::to(instance, "u", "p-w-d")?.within("d");
    sql.run("select 'too early'")?;

    let set = client.run(&format!("database log set {id} general --enable"))?;
    assert_eq!(column(&set, "name"), "general");
    sql.run("select 'a statement'")?;
    let general = |words: &str| says(trove, "general", words);
    wait_for("the statement stands in the log", || general("select 'a statement'"));
    assert!(!general("too early"));
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
    let sql = sql.ready();
    sql.run("select 'after the restart'")?;
    wait_for("the log goes on", || general("after the restart"));
    assert!(general("a statement"), "what was written before is still there");

    trove.run("log-disable talker general")?;
    sql.run("select 'nobody hears'")?;
    assert!(!general("nobody hears"));
    assert_eq!(states(client, id)?[0].2, "Disabled");
    for (log, before) in &engine.logs.owners[1..] {
        trove.run(&format!("log-enable talker {log}"))?;
        sql.run(&format!("{before}select 'heard as well'"))?;
        wait_for("it stands there", || says(trove, log, "heard as well"));
        let shown = trove.json(&format!("log-show talker {log}"))?;
        assert_eq!(shown["log"]["status"], "Ready");
    }
    refusals(client, trove, id)
}

fn refusals(client: &OpenStack, trove: &Trove, id: &str) -> anyhow::Result<()> {
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
fn look_after(engine: Engine, admin: &Trove, id: &str) -> anyhow::Result<()> {
    let listed = admin.json(&format!("log-list {id}"))?;
    let names: Vec<&str> = listed["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| log["name"].as_str().unwrap())
        .collect();
    let owners = engine.logs.owners.iter().map(|(name, _)| *name);
    assert_eq!(names, owners.chain(["error", "guest"]).collect::<Vec<_>>());
    let said = admin.run(&format!("log-tail {id} error --lines 1000"))?;
    assert!(said.contains(engine.logs.started), "{said}");
    let said = admin.run(&format!("log-tail {id} guest"))?;
    assert!(said.contains("Agent"), "{said}");
    let denied = admin.fail(4, &format!("log-tail {id} general"))?;
    assert!(denied.contains("may hold passwords"), "{denied}");
    Ok(())
}
