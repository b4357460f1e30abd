//! Who follows which configuration group, when processes are killed in the middle of it or a
//! guest is away: group, instance and database end by saying the same.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::stack::{Api, Options, Part, Sql, Stack, wait_for_async};

/// How long after the request the process is killed, in milliseconds: an attachment takes some
/// tens.
const MOMENTS: [u64; 4] = [1, 5, 20, 60];

/// What MariaDB takes when nobody says otherwise.
const DEFAULT: &str = "28800";

struct Follower {
    api: Api,
    path: String,
    sql: Sql,
}

impl Follower {
    async fn made(stack: &Stack) -> anyhow::Result<Self> {
        let api = stack.api(&stack.first_person("demo")?).await?;
        let user = json!({"users": [{"name": "u", "password": "secret-1", "databases": []}]});
        let instance = api.create_active("follower", user).await?;
        let sql = Sql::to(&instance, "u", "secret-1")?.ready();
        Ok(Self { api, path: format!("/instances/{}", instance["id"].as_str().unwrap()), sql })
    }

    async fn group(&self, wait_timeout: u32) -> anyhow::Result<String> {
        let values = json!({ "wait_timeout": wait_timeout });
        let body = json!({"configuration": {"name": "group", "values": values}});
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

    async fn becomes(&self, wait_timeout: &str) {
        wait_for_async(&format!("wait_timeout is {wait_timeout}"), async || {
            let rows = self.sql.run("select @@global.wait_timeout").ok()?;
            (rows == [wait_timeout]).then_some(())
        })
        .await;
    }

    /// The group that the instance says it follows.
    async fn followed(&self) -> Option<Value> {
        let shown = self.api.get(&self.path).await.ok()?.json()["instance"].take();
        (shown["status"] == "ACTIVE").then(|| shown["configuration"]["id"].clone())
    }
}

async fn kill_during_changes(part: fn(&str) -> Part<'_>) -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let follower = Follower::made(&stack).await?;
    let group = follower.group(77).await?;
    let (group_id, id) =
        (&group["/configurations/".len()..], &follower.path["/instances/".len()..]);
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        for (wanted, value) in [(Some(group_id), "77"), (None, DEFAULT)] {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_taskmanager_leaves_no_attachment_half_done() -> anyhow::Result<()> {
    kill_during_changes(|_| Part::Taskmanager(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_leaves_no_attachment_half_done() -> anyhow::Result<()> {
    kill_during_changes(|id| Part::Agent(id)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_was_away_takes_what_its_group_has_become() -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let follower = Follower::made(&stack).await?;
    let group = follower.group(77).await?;
    follower.follow(Some(&group["/configurations/".len()..]), "first").await;
    follower.becomes("77").await;
    stack.suspend(Part::Agent(&follower.path["/instances/".len()..]))?;
    for wait_timeout in [78, 79] {
        let body = json!({"configuration": {"values": {"wait_timeout": wait_timeout}}});
        let changed = follower.api.ask(Method::PATCH, &group, Some(&body)).await?;
        assert_eq!(changed.status, 200, "{changed:?}");
    }
    assert_eq!(follower.sql.run("select @@global.wait_timeout")?, ["77"], "nobody could tell it");
    stack.resume_all();
    follower.becomes("79").await;
    Ok(())
}
