//! Who follows which configuration group, when processes are killed in the middle of it or a
//! guest is away: group, instance and database end by saying the same.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::each_engine;
use testkit::stack::{Api, Engine, Options, Part, Sql, Stack, wait_for_async};

/// How long after the request the process is killed, in milliseconds: an attachment takes some
/// tens.
const MOMENTS: [u64; 4] = [1, 5, 20, 60];

each_engine!(
    a_killed_taskmanager_leaves_no_attachment_half_done,
    a_killed_agent_leaves_no_attachment_half_done,
    a_guest_that_was_away_takes_what_its_group_has_become,
);

struct Follower {
    engine: Engine,
    api: Api,
    path: String,
    sql: Sql,
}

impl Follower {
    async fn made(stack: &Stack, engine: Engine) -> anyhow::Result<Self> {
        let api = stack.api(&stack.first_person("demo")?).await?;
        let instance = api.create_active("follower", engine.with_user("secret-1")).await?;
        let sql = Sql::to(&instance, "u", "secret-1")?.within("d").ready();
        let path = format!("/instances/{}", instance["id"].as_str().unwrap());
        Ok(Self { engine, api, path, sql })
    }

    /// What a group says that gives the engine's setting this value.
    fn values(&self, value: i64) -> Value {
        let mut values = json!({});
        values[self.engine.live.name] = value.into();
        json!({ "values": values })
    }

    async fn group(&self, value: i64) -> anyhow::Result<String> {
        let mut group = self.engine.with(self.values(value));
        group["name"] = "group".into();
        let body = json!({ "configuration": group });
        let made = self.api.ask(Method::POST, "/configurations", Some(&body)).await?;
        ensure!(made.status == 200, "{made:?}");
        Ok(format!("/configurations/{}", made.json()["configuration"]["id"].as_str().unwrap()))
    }

    /// Has it follow a group, or none; asks until it is acknowledged, under one key.
    async fn follow(&self, group: Option<&str>, key: &str) {
        let body = json!({"instance": {"configuration": group}});
        wait_for_async("the change is acknowledged", async || {
            let headers = [("Idempotency-Key", key)];
            let asked = self.api.ask_with(Method::PUT, &self.path, Some(&body), &headers);
            let answer = asked.await.ok()?;
            assert!(answer.status == 202 || answer.status >= 500, "{answer:?}");
            (answer.status == 202).then_some(())
        })
        .await;
    }

    async fn becomes(&self, value: &str) {
        let setting = self.engine.live;
        wait_for_async(&format!("{} is {value}", setting.name), async || {
            let rows = self.sql.run(setting.shown_by).ok()?;
            (rows == [value]).then_some(())
        })
        .await;
    }

    /// The group that the instance says it follows.
    async fn followed(&self) -> Option<Value> {
        let shown = self.api.get(&self.path).await.ok()?.json()["instance"].take();
        (shown["status"] == "ACTIVE").then(|| shown["configuration"]["id"].clone())
    }
}

async fn kill_during_changes(engine: Engine, part: fn(&str) -> Part<'_>) -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let follower = Follower::made(&stack, engine).await?;
    let (value, shown) = engine.live.values[0];
    let group = follower.group(value).await?;
    let (group_id, id) =
        (&group["/configurations/".len()..], &follower.path["/instances/".len()..]);
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        for (wanted, value) in [(Some(group_id), shown), (None, engine.live.default)] {
            let killing = async {
                tokio::time::sleep(Duration::from_millis(moment)).await;
                wait_for_async("the process can be killed", async || stack.kill(part(id)).ok())
                    .await
            };
            let key = format!("{number}-{}", wanted.is_some());
            tokio::join!(follower.follow(wanted, &key), killing);
            follower.becomes(value).await;
            wait_for_async("the instance says which group it follows", async || {
                let followed = follower.followed().await?;
                (followed.as_str() == wanted).then_some(())
            })
            .await;
            let listed = follower.api.get(&format!("{group}/instances")).await?.json();
            let listed = listed["instances"].as_array().unwrap();
            assert_eq!(listed.len(), usize::from(wanted.is_some()), "{listed:?}");
        }
    }
    // Nothing that was begun and not finished holds it.
    wait_for_async("the group can be deleted", async || {
        let answer = follower.api.ask(Method::DELETE, &group, None).await.ok()?;
        (answer.status == 202).then_some(())
    })
    .await;
    assert_eq!(stack.log_lines("ERROR"), [""; 0]);
    Ok(())
}

async fn a_killed_taskmanager_leaves_no_attachment_half_done(engine: Engine) -> anyhow::Result<()> {
    kill_during_changes(engine, |_| Part::Taskmanager(0)).await
}

async fn a_killed_agent_leaves_no_attachment_half_done(engine: Engine) -> anyhow::Result<()> {
    kill_during_changes(engine, |id| Part::Agent(id)).await
}

async fn a_guest_that_was_away_takes_what_its_group_has_become(
    engine: Engine,
) -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let follower = Follower::made(&stack, engine).await?;
    let [first, second, third] = engine.live.values;
    let group = follower.group(first.0).await?;
    follower.follow(Some(&group["/configurations/".len()..]), "first").await;
    follower.becomes(first.1).await;
    stack.suspend(Part::Agent(&follower.path["/instances/".len()..]))?;
    for (value, _) in [second, third] {
        let body = json!({ "configuration": follower.values(value) });
        let changed = follower.api.ask(Method::PATCH, &group, Some(&body)).await?;
        assert_eq!(changed.status, 200, "{changed:?}");
    }
    let shown = follower.sql.run(engine.live.shown_by)?;
    assert_eq!(shown, [first.1], "nobody could tell it");
    stack.resume_all();
    follower.becomes(third.1).await;
    Ok(())
}
