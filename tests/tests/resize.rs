//! SIGKILL in the middle of a resize: it ends with the new size, and no row is lost.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::stack::{Api, Options, Part, Sql, Stack, wait_for_async};

/// How long after the request the process is killed, in milliseconds: a growth takes about half
/// a second.
const MOMENTS: [u64; 4] = [5, 40, 120, 300];

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
    options: Options,
    name: &str,
    part: fn(&str) -> Part<'_>,
) -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(options)).await??;
    let api = stack.api(&stack.first_person("demo")?).await?;
    let wanted = json!({
        "databases": [{"name": "d"}],
        "users": [{"name": "u", "password": "secret-1", "databases": [{"name": "d"}]}],
    });
    let instance = api.create_active(name, wanted).await?;
    let id = instance["id"].as_str().unwrap();
    let sql = Sql::to(&instance, "u", "secret-1")?;
    sql.run("create table d.t (a int)")?;
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        sql.clone().ready().run(&format!("insert into d.t values ({number})"))?;
        let gib = number + 2;
        let flavor = if number % 2 == 0 { "2" } else { "1" };
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
        let rows = sql.clone().ready().run("select count(*) from d.t")?;
        assert_eq!(rows, [(number + 1).to_string()]);
    }
    api.delete(id).await?;
    assert_eq!(stack.log_lines("ERROR"), [""; 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_taskmanager_leaves_no_resize_half_done() -> anyhow::Result<()> {
    kill_during_resizes(Options::default(), "taskmanager", |_| Part::Taskmanager(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_leaves_no_resize_half_done() -> anyhow::Result<()> {
    kill_during_resizes(Options::default(), "agent", |id| Part::Agent(id)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_users_resize_survives_its_taskmanager_too() -> anyhow::Result<()> {
    let uid = rustix::process::geteuid().is_root().then_some(54_321);
    let options = Options { uid, ..Options::default() };
    kill_during_resizes(options, "plain", |_| Part::Taskmanager(0)).await
}
