//! SIGKILL in the middle of a resize: it ends with the new size, which the server knows too, and
//! no row is lost.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::each_engine;
use testkit::stack::{Api, Engine, Options, Part, Sql, Stack, wait_for_async};

/// How long after the request the process is killed, in milliseconds: a growth takes about half
/// a second.
const MOMENTS: [u64; 4] = [5, 40, 120, 300];

each_engine!(
    a_killed_taskmanager_leaves_no_resize_half_done,
    a_killed_agent_leaves_no_resize_half_done,
    a_plain_users_resize_survives_its_taskmanager_too,
);

/// Asks until it is acknowledged, under one key.
async fn resize_for_sure(api: &Api, id: &str, details: &Value, key: &str) {
    let (path, body) = (format!("/instances/{id}/action"), json!({ "resize": details }));
    wait_for_async("the resize is acknowledged", async || {
        let headers = [("Idempotency-Key", key)];
        let answer = api.ask_with(Method::POST, &path, Some(&body), &headers).await.ok()?;
        assert!(answer.status == 202 || answer.status >= 500, "{answer:?}");
        (answer.status == 202).then_some(())
    })
    .await;
}

async fn kill_during_resizes(
    engine: Engine,
    options: Options,
    name: &str,
    part: fn(&str) -> Part<'_>,
) -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(options)).await??;
    let api = stack.api(&stack.first_person("demo")?).await?;
    let instance = api.create_active(name, engine.with_user("secret-1")).await?;
    let id = instance["id"].as_str().unwrap();
    let sql = Sql::to(&instance, "u", "secret-1")?.within("d");
    sql.run("create table t (a int)")?;
    // It is made with the first of the flavors.
    let [first, second, _] = engine.memory.of_flavors;
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        sql.clone().ready().run(&format!("insert into t values ({number})"))?;
        let gib = number + 2;
        let (flavor, memory) = if number % 2 == 0 { second } else { first };
        for (what, details) in
            [("volume", json!({"volume": gib})), ("flavor", json!({"flavorRef": flavor}))]
        {
            let key = format!("{what}-{number}");
            let killing = async {
                tokio::time::sleep(Duration::from_millis(moment)).await;
                wait_for_async("the process can be killed", async || stack.kill(part(id)).ok())
                    .await
            };
            tokio::join!(resize_for_sure(&api, id, &details, &key), killing);
            let resized = api.wait_until_up(id).await;
            assert_eq!(resized["volume"]["size"], gib, "{key}: {resized}");
            if what == "flavor" {
                assert_eq!(resized["flavor"]["id"], flavor, "{key}: {resized}");
            }
        }
        let rows = sql.clone().ready().run("select count(*) from t")?;
        assert_eq!(rows, [(number + 1).to_string()]);
        assert_eq!(sql.run(engine.memory.shown_by)?, [memory]);
    }
    api.delete(id).await?;
    assert_eq!(stack.log_lines("ERROR"), [""; 0]);
    Ok(())
}

async fn a_killed_taskmanager_leaves_no_resize_half_done(engine: Engine) -> anyhow::Result<()> {
    let options = Options::default();
    kill_during_resizes(engine, options, "taskmanager", |_| Part::Taskmanager(0)).await
}

async fn a_killed_agent_leaves_no_resize_half_done(engine: Engine) -> anyhow::Result<()> {
    kill_during_resizes(engine, Options::default(), "agent", |id| Part::Agent(id)).await
}

async fn a_plain_users_resize_survives_its_taskmanager_too(engine: Engine) -> anyhow::Result<()> {
    let uid = rustix::process::geteuid().is_root().then_some(54_321);
    let options = Options { uid, ..Options::default() };
    kill_during_resizes(engine, options, "plain", |_| Part::Taskmanager(0)).await
}
