//! A read model is disposable: deleted and rebuilt, it gives the same answers byte for byte, but
//! for what only the last heartbeat says. And the comparison is one that can fail.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use readmodel::{Batch, ProjectionStore as _, sled_store::SledStore};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use testkit::stack::{Api, Engine, Options, Part, Stack, program, wait_for_async};

/// Short limits, so that silence is noticed in seconds.
const HURRIED: u64 = 10;

/// What each path answered.
type Recording = BTreeMap<String, String>;

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_read_model_answers_the_same_and_an_altered_one_does_not() -> anyhow::Result<()> {
    let options = Options { limits_divisor: HURRIED, ..Options::default() };
    let stack = tokio::task::spawn_blocking(move || Stack::start(options)).await??;
    let one = stack.api(&stack.person()?).await?;
    let two = stack.api(&stack.person()?).await?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let ids = bring_about_all_states(&stack, &one, &two).await?;

    // Nobody decides anything from here on, and nobody starts a gateway but this test.
    stack.suspend(Part::Launcher)?;
    let sessions = [&one, &two, &admin];
    let before = record(&sessions, &ids).await?;
    assert_states(&before);
    stack.kill(Part::Taskmanager(0))?;
    stack.kill(Part::Gateway(0))?;

    let rows = stack.state().join("gateway-0/readmodel");
    fs::remove_dir_all(&rows)?;
    fs::remove_dir_all(stack.state().join("taskmanager-0/readmodel"))?;
    let gateway = Gateway::start(stack.state(), &one).await?;
    let rebuilt = record(&sessions, &ids).await?;
    gateway.stop();
    assert_same(&before, &rebuilt);

    alter_a_row(&rows, &ids)?;
    let gateway = Gateway::start(stack.state(), &one).await?;
    let altered = record(&sessions, &ids).await?;
    gateway.stop();
    let differing = before.iter().filter(|(path, answer)| altered[*path] != **answer);
    assert!(differing.count() > 0, "an altered row went unnoticed");

    // The taskmanager finds its way as well: what was under way ends.
    fs::remove_dir_all(&rows)?;
    stack.resume_all();
    for id in &ids {
        let path = format!("/instances/{id}");
        wait_for_async(&format!("{id} is at rest"), async || {
            for api in [&one, &two] {
                let answer = api.get(&path).await.ok()?;
                let status = answer.json()["instance"]["status"].clone();
                if answer.status == 200 && status != "ACTIVE" && status != "ERROR" {
                    return None;
                }
                (answer.status < 500).then_some(())?;
            }
            Some(())
        })
        .await;
    }
    Ok(())
}

/// Twelve instances of both engines in all states that there are; gives all ids, those of deleted
/// ones too.
async fn bring_about_all_states(
    stack: &Stack,
    one: &Api,
    two: &Api,
) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for (number, api) in [one, two, one, two, one, two, one].into_iter().enumerate() {
        let wanted = Engine::of(number).with(json!({}));
        let instance = api.create_active(&format!("n{number}"), wanted).await?;
        ids.push(id_of(&instance));
    }
    // Deleted, and renamed.
    one.delete(&ids[0]).await?;
    let name = json!({"instance": {"name": "renamed"}});
    let renamed = two.ask(Method::PUT, &format!("/instances/{}", ids[1]), Some(&name)).await?;
    assert_eq!(renamed.status, 202, "{renamed:?}");
    // Active, with a database that is down: it can't be started again.
    break_command(&stack.instances()?.join(&ids[2]))?;
    stack.kill(Part::Server(&ids[2]))?;
    wait_for_operating_status(one, &ids[2], "SHUTDOWN").await;
    // Active, with an agent that is silent.
    stack.suspend(Part::Agent(&ids[3]))?;
    wait_for_operating_status(two, &ids[3], "ERROR").await;
    // Failed: there is no such engine for a while.
    ids.push(fail(stack, one).await?);
    // Being deleted: the shim does not stop what it should.
    stack.suspend(Part::Shim(&ids[4]))?;
    let gone = one.ask(Method::DELETE, &format!("/instances/{}", ids[4]), None).await?;
    assert_eq!(gone.status, 202, "{gone:?}");
    // In several steps of being built, and then nothing moves any more.
    ids.push(created(one, "with-address", Engine::POSTGRESQL).await?);
    wait_for_async("it has an address", async || {
        one.instance(&ids[8]).await.filter(|instance| instance.get("addresses").is_some())
    })
    .await;
    for (number, api) in [one, two, one].into_iter().enumerate() {
        ids.push(created(api, &format!("build-{number}"), Engine::of(number)).await?);
    }
    stack.suspend(Part::Taskmanager(0))?;
    Ok(ids)
}

/// From its next start on, the instance's server ends at once.
fn break_command(instance: &Path) -> anyhow::Result<()> {
    let path = instance.join("spec.json");
    let mut spec: Value = serde_json::from_slice(&fs::read(&path)?)?;
    spec["server"]["program"] = json!("/bin/false");
    Ok(fs::write(&path, spec.to_string())?)
}

async fn created(api: &Api, name: &str, engine: Engine) -> anyhow::Result<String> {
    let answer = api.create(name, engine.with(json!({}))).await?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    Ok(id_of(&answer.json()["instance"]))
}

/// An instance whose agent was never heard.
async fn fail(stack: &Stack, api: &Api) -> anyhow::Result<String> {
    loop {
        let id = created(api, "failed", Engine::POSTGRESQL).await?;
        wait_for_async("the agent runs", async || stack.suspend(Part::Agent(&id)).ok()).await;
        let status = wait_for_async("it fails or it does not", async || {
            let status = api.instance(&id).await?["status"].as_str()?.to_owned();
            (status != "BUILD").then_some(status)
        });
        if status.await == "ERROR" {
            return Ok(id);
        }
        api.delete(&id).await?;
    }
}

async fn wait_for_operating_status(api: &Api, id: &str, status: &str) {
    wait_for_async(&format!("{id} is {status}"), async || {
        let instance = api.instance(id).await?;
        (instance["operating_status"] == status && instance["status"] == "ACTIVE").then_some(())
    })
    .await;
}

fn id_of(instance: &Value) -> String {
    instance["id"].as_str().unwrap().to_owned()
}

/// Everything that can be read, as each session sees it.
async fn record(sessions: &[&Api], ids: &[String]) -> anyhow::Result<Recording> {
    let mut paths: Vec<String> = ids.iter().map(|id| format!("/instances/{id}")).collect();
    for page in ["", "?limit=2", "?limit=1", "?all_tenants=1", "?all_tenants=1&limit=5"] {
        paths.push(format!("/instances{page}"));
        paths.push(format!("/instances/detail{page}"));
    }
    paths.extend(ids.iter().map(|id| format!("/instances?limit=3&marker={id}")));
    paths.extend(
        ["/datastores", "/configurations", "/flavors", "/flavors/1", "/limits"].map(str::to_owned),
    );
    for datastore in ["mariadb", "mysql", "postgresql"] {
        paths.push(format!("/datastores/{datastore}"));
        paths.push(format!("/datastores/{datastore}/versions"));
    }
    let mut recording = Recording::new();
    for api in sessions {
        for path in &paths {
            let answer = api.get(path).await?;
            assert!(answer.status < 500, "{path}: {answer:?}");
            let shown = format!("{} {}", answer.status, lasting(&answer.text));
            recording.insert(format!("{}{path}", api.project), shown);
        }
    }
    Ok(recording)
}

/// The answer without the three fields that only the last heartbeat gives, and without what a
/// gateway counts by itself.
fn lasting(text: &str) -> String {
    let mut text = text.to_owned();
    for (field, instead) in [
        ("\"service_status_updated\":", "\"service_status_updated\":0"),
        ("\"nextAvailable\":", "\"nextAvailable\":0"),
        ("\"remaining\":", "\"remaining\":0"),
        (",\"used\":", ""),
        (",\"used_percent\":", ""),
    ] {
        let mut from = 0;
        while let Some(found) = text[from..].find(field) {
            let start = from + found;
            let value = start + field.len();
            let length = text[value..].find([',', '}']).unwrap();
            text.replace_range(start..value + length, instead);
            from = start + instead.len();
        }
    }
    text
}

/// All states are among what was recorded.
fn assert_states(recording: &Recording) {
    let mut seen = BTreeSet::new();
    for answer in recording.values() {
        let Some((status, body)) = answer.split_once(' ') else { continue };
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let instance = &body["instance"];
        if status == "200" && instance.is_object() {
            let word = |key: &str| instance[key].as_str().unwrap().to_owned();
            seen.insert((word("status"), word("operating_status")));
        }
    }
    let expected = [
        ("ACTIVE", "ERROR"),
        ("ACTIVE", "HEALTHY"),
        ("ACTIVE", "SHUTDOWN"),
        ("BUILD", ""),
        ("ERROR", ""),
        ("SHUTDOWN", ""),
    ];
    let expected = expected.map(|(status, operating)| (status.to_owned(), operating.to_owned()));
    assert_eq!(seen, BTreeSet::from(expected));
}

fn assert_same(before: &Recording, after: &Recording) {
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (path, answer) in before {
        assert_eq!(answer, &after[path], "{path}");
    }
}

/// Changes one letter of one stored instance, and its checksum with it.
fn alter_a_row(rows: &Path, ids: &[String]) -> anyhow::Result<()> {
    let store = SledStore::open(rows, 1 << 20)?;
    let wanted = |value: &[u8]| {
        let text = String::from_utf8_lossy(&value[4..]);
        text.contains("\"renamed\"") && ids.iter().any(|id| text.contains(id.as_str()))
    };
    let entries = store.scan(b"a", b"", usize::MAX)?;
    let (key, value) = entries.into_iter().find(|(_, value)| wanted(value)).unwrap();
    let text = String::from_utf8(value[4..].to_vec())?.replace("\"renamed\"", "\"renamEd\"");
    let mut altered = crc32fast::hash(text.as_bytes()).to_le_bytes().to_vec();
    altered.extend(text.as_bytes());
    store.write(Batch { puts: [(key, altered)].into(), removals: Vec::new() })?;
    store.flush()?;
    Ok(())
}

/// The first gateway of a stack, run by the test.
struct Gateway(Child);

impl Gateway {
    /// Starts it and waits until it knows all that the log holds.
    async fn start(state: &Path, api: &Api) -> anyhow::Result<Self> {
        let child = Command::new(program("trove-gateway")?)
            .arg("--config")
            .arg(state.join("run/gateway-0.toml"))
            .stderr(Stdio::null())
            .spawn()?;
        let gateway = Self(child);
        wait_for_async("the gateway is healthy", async || {
            let answer = api.ask_raw(Method::GET, "/healthcheck", b"", &[]).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
        Ok(gateway)
    }

    /// Stops it in order, so that all its rows are on the disk.
    fn stop(mut self) {
        // Its own child, so the pid is its own.
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}
