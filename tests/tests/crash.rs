//! SIGKILL of every kind of process in the middle of a creation: it ends active, nothing is made
//! twice, and nothing that was acknowledged is gone.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use reqwest::Method;
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;
use testkit::each_engine;
use testkit::stack::{Api, Engine, Options, Part, Sql, Stack, creation, wait_for_async};

/// How long after the request the process is killed, in milliseconds: through all steps of a
/// creation, which takes about half a second.
const MOMENTS: [u64; 5] = [0, 30, 80, 200, 400];

const PASSWORD: &str = "secret-1";

each_engine!(
    a_killed_gateway_costs_nothing,
    a_killed_taskmanager_costs_nothing,
    a_killed_nats_server_costs_nothing,
    a_killed_agent_costs_nothing,
    a_killed_shim_costs_nothing,
    a_killed_server_costs_nothing,
);

/// Asks until it is answered, under one key.
async fn create_for_sure(api: &Api, engine: Engine, key: &str) -> String {
    let body = creation(key, engine.with_user(PASSWORD));
    let headers = [("Idempotency-Key", key)];
    wait_for_async("the creation is acknowledged", async || {
        let answer = api.ask_with(Method::POST, "/instances", Some(&body), &headers).await.ok()?;
        assert!(answer.status == 200 || answer.status >= 500, "{answer:?}");
        (answer.status == 200).then(|| answer.json()["instance"]["id"].as_str().unwrap().to_owned())
    })
    .await
}

/// Kills a part at each of the moments during a creation, and looks whether all is as it should.
async fn kill_during_creations(
    engine: Engine,
    name: &str,
    part: fn(&str) -> Part<'_>,
) -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let api = stack.api(&stack.first_person("demo")?).await?;
    let mut acknowledged = BTreeSet::new();
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        let key = format!("{name}-{number}");
        let creating = create_for_sure(&api, engine, &key);
        let killing = async {
            tokio::time::sleep(Duration::from_millis(moment)).await;
            // What belongs to the instance is there only after a while.
            wait_for_async("the process can be killed", async || {
                let ids = directories(&stack).ok()?;
                let new = ids.difference(&acknowledged).next().map(String::as_str);
                stack.kill(part(new.unwrap_or_default())).ok()
            })
            .await
        };
        let (id, _) = tokio::join!(creating, killing);
        let instance = api.wait_until_up(&id).await;
        assert!(acknowledged.insert(id), "an id was given out twice");
        // A server killed last of all is shown as running until its end is seen.
        assert_eq!(Sql::to(&instance, "u", PASSWORD)?.within("d").ready().run("select 1")?, ["1"]);
    }
    let listed = wait_for_async("the list is answered", async || {
        let answer = api.get("/instances").await.ok()?;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    let listed = listed["instances"].as_array().unwrap();
    let ids: BTreeSet<_> =
        listed.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, acknowledged);
    let places: BTreeSet<_> = listed.iter().map(|one| one["addresses"].to_string()).collect();
    assert_eq!(places.len(), acknowledged.len(), "an address was given out twice");
    assert_eq!(directories(&stack)?, acknowledged, "something was made that nobody knows of");
    for id in &acknowledged {
        api.delete(id).await?;
    }
    assert_eq!(directories(&stack)?, BTreeSet::new());
    assert_eq!(stack.log_lines("ERROR"), [""; 0]);
    Ok(())
}

/// The instances of which there is anything.
fn directories(stack: &Stack) -> anyhow::Result<BTreeSet<String>> {
    let entries = fs::read_dir(stack.instances()?)?;
    Ok(entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
}

async fn a_killed_gateway_costs_nothing(engine: Engine) -> anyhow::Result<()> {
    kill_during_creations(engine, "gateway", |_| Part::Gateway(0)).await
}

async fn a_killed_taskmanager_costs_nothing(engine: Engine) -> anyhow::Result<()> {
    kill_during_creations(engine, "taskmanager", |_| Part::Taskmanager(0)).await
}

async fn a_killed_nats_server_costs_nothing(engine: Engine) -> anyhow::Result<()> {
    kill_during_creations(engine, "nats-server", |_| Part::NatsServer).await
}

async fn a_killed_agent_costs_nothing(engine: Engine) -> anyhow::Result<()> {
    kill_during_creations(engine, "agent", |id| Part::Agent(id)).await
}

async fn a_killed_shim_costs_nothing(engine: Engine) -> anyhow::Result<()> {
    kill_during_creations(engine, "shim", |id| Part::Shim(id)).await
}

async fn a_killed_server_costs_nothing(engine: Engine) -> anyhow::Result<()> {
    kill_during_creations(engine, "server", |id| Part::Server(id)).await
}
