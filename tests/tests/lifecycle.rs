//! Stopping, killing and starting again: what is lost (nothing), what goes on (databases), and
//! who may use a state directory.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use testkit::each_engine;
use testkit::stack::{Api, Engine, Options, Part, Sql, Stack, program, wait_for};

each_engine!(
    rows_survive_a_stop_and_a_start,
    databases_outlive_a_killed_launcher_and_are_adopted,
    a_plain_user_runs_a_stack_as_well,
    roots_instances_lie_elsewhere_when_the_state_directory_is_closed,
);

/// A stack, and one instance in it with a database `d` of user `u`.
async fn with_instance(engine: Engine, options: Options) -> anyhow::Result<(Stack, Api, Value)> {
    let stack = tokio::task::spawn_blocking(move || Stack::start(options)).await??;
    let api = stack.api(&stack.first_person("demo")?).await?;
    let instance = api.create_active("kept", engine.with_user("secret-1")).await?;
    Ok((stack, api, instance))
}

fn sql(instance: &Value) -> anyhow::Result<Sql> {
    Ok(Sql::to(instance, "u", "secret-1")?.within("d"))
}

fn id(instance: &Value) -> &str {
    instance["id"].as_str().unwrap()
}

async fn rows_survive_a_stop_and_a_start(engine: Engine) -> anyhow::Result<()> {
    let (stack, api, instance) = with_instance(engine, Options::default()).await?;
    sql(&instance)?.run("create table t (a int); insert into t values (42)")?;
    let server = stack.identity(Part::Server(id(&instance)))?;
    stack.stop()?;
    for part in [Part::Shim(id(&instance)), Part::Agent(id(&instance)), Part::Server(id(&instance))]
    {
        assert!(!stack.runs(part), "{part:?} runs after an orderly stop");
    }
    let log = fs::read_to_string(stack.instances()?.join(id(&instance)).join("server.log"))?;
    assert!(log.contains(engine.last_words), "the server was not stopped cleanly:\n{log}");

    stack.start_again()?;
    let again = api.wait_until_up(id(&instance)).await;
    assert_eq!(again["addresses"], instance["addresses"]);
    assert_eq!(sql(&again)?.ready().run("select a from t")?, ["42"]);
    assert_ne!(stack.identity(Part::Server(id(&instance)))?, server);
    api.delete(id(&instance)).await
}

async fn databases_outlive_a_killed_launcher_and_are_adopted(engine: Engine) -> anyhow::Result<()> {
    let (stack, api, instance) = with_instance(engine, Options::default()).await?;
    sql(&instance)?.run("create table t (a int); insert into t values (7)")?;
    let server = stack.identity(Part::Server(id(&instance)))?;
    let gateway = stack.identity(Part::Gateway(0))?;
    stack.kill(Part::Launcher)?;
    assert_eq!(sql(&instance)?.run("select a from t")?, ["7"]);
    stack.start_again()?;
    assert!(stack.output().contains("1 of its databases kept on serving"), "{}", stack.output());
    assert_ne!(stack.identity(Part::Gateway(0))?, gateway, "a leftover was taken for ours");
    api.wait_until_up(id(&instance)).await;
    assert_eq!(stack.identity(Part::Server(id(&instance)))?, server, "the server was restarted");
    assert_eq!(sql(&instance)?.run("select a from t")?, ["7"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_launcher_another_user_and_a_taken_port_are_refused() -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let launch = |more: &[&str]| {
        let mut command = std::process::Command::new(program("trove").unwrap());
        command.args(["stack", "--state-dir"]).arg(stack.state()).args(more);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let twice = launch(&[]);
    assert!(twice.contains("running in"), "{twice}");
    stack.stop()?;
    let kept = fs::read_to_string(stack.state().join("stack.toml"))?;
    let own = format!("uid = {}", rustix::process::geteuid().as_raw());
    assert!(kept.contains(&own), "{kept}");
    fs::write(stack.state().join("stack.toml"), kept.replace(&own, "uid = 4242"))?;
    let other = launch(&[]);
    fs::write(stack.state().join("stack.toml"), kept)?;
    assert!(other.contains("user id 4242"), "{other}");
    let port = stack.url(0)?.rsplit_once(':').unwrap().1.parse()?;
    let _somebody = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port))?;
    let taken = launch(&["--api-port", &port.to_string()]);
    assert!(taken.contains(&format!("port {port}")) && taken.contains("not free"), "{taken}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stacks_live_side_by_side() -> anyhow::Result<()> {
    let (one, of_one, first) = with_instance(Engine::MARIADB, Options::default()).await?;
    let (two, of_two, second) = with_instance(Engine::POSTGRESQL, Options::default()).await?;
    assert_ne!(one.url(0)?, two.url(0)?);
    assert_ne!(first["addresses"][0]["address"], second["addresses"][0]["address"]);
    for (api, other) in [(&of_one, &second), (&of_two, &first)] {
        assert!(api.instance(id(other)).await.is_none());
        let listed = api.get("/instances").await?.json();
        assert_eq!(listed["instances"].as_array().unwrap().len(), 1);
    }
    two.stop()?;
    assert_eq!(sql(&first)?.run("select 1")?, ["1"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_gateways_and_taskmanagers_share_the_work() -> anyhow::Result<()> {
    let options = Options { gateways: 2, taskmanagers: 2, ..Options::default() };
    let stack = tokio::task::spawn_blocking(|| Stack::start(options)).await??;
    let person = stack.first_person("demo")?;
    let first = stack.api(&person).await?;
    // A token of one gateway is good at the other.
    let second = first.at(&stack.url(1)?);
    let mut made = Vec::new();
    for (number, api) in [&first, &second, &first, &second].into_iter().enumerate() {
        let wanted = Engine::of(number).with(json!({}));
        let created = api.create(&format!("n{number}"), wanted).await?;
        assert_eq!(created.status, 200, "{created:?}");
        made.push(created.json()["instance"]["id"].as_str().unwrap().to_owned());
    }
    for id in &made {
        first.wait_until_up(id).await;
        second.wait_until_up(id).await;
        second.delete(id).await?;
    }
    Ok(())
}

async fn a_plain_user_runs_a_stack_as_well(engine: Engine) -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        // Every other test shows it.
        return Ok(());
    }
    let uid = 12_345;
    let options = Options { uid: Some(uid), ..Options::default() };
    let (stack, api, instance) = with_instance(engine, options).await?;
    assert_eq!(fs::metadata(stack.state().join("clouds.yaml"))?.uid(), uid);
    sql(&instance)?.run("create table t (a int); insert into t values (1)")?;
    stack.stop()?;
    stack.start_again()?;
    let again = api.wait_until_up(id(&instance)).await;
    assert_eq!(sql(&again)?.ready().run("select a from t")?, ["1"]);
    api.delete(id(&instance)).await
}

async fn roots_instances_lie_elsewhere_when_the_state_directory_is_closed(
    engine: Engine,
) -> anyhow::Result<()> {
    let options = Options { is_closed: true, ..Options::default() };
    let (stack, api, instance) = with_instance(engine, options).await?;
    let is_elsewhere = !stack.instances()?.starts_with(stack.state());
    assert_eq!(is_elsewhere, rustix::process::geteuid().is_root());
    assert_eq!(sql(&instance)?.run("select 1")?, ["1"]);
    api.delete(id(&instance)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_instance_is_made_once() -> anyhow::Result<()> {
    let options = Options { has_demo: true, ..Options::default() };
    let stack = tokio::task::spawn_blocking(|| Stack::start(options)).await??;
    wait_for("the connection line is shown", || stack.output().contains("--defaults-extra-file="));
    let options_file = stack.state().join("first-instance.cnf");
    assert_eq!(fs::metadata(&options_file)?.mode() & 0o777, 0o600);
    let output = stack.output();
    let line = output.lines().find(|line| line.contains("--defaults-extra-file=")).unwrap();
    let mut words = line.split_whitespace();
    let client = std::process::Command::new(words.next().unwrap())
        .args(words)
        .args(["--batch", "--skip-column-names", "--execute", "select database()"])
        .output()?;
    assert_eq!(String::from_utf8_lossy(&client.stdout), "first\n", "{client:?}");

    let api = stack.api(&stack.first_person("demo")?).await?;
    let listed = api.get("/instances").await?.json();
    let first = listed["instances"][0]["id"].as_str().unwrap().to_owned();
    stack.stop()?;
    stack.start_again()?;
    let api = stack.api(&stack.first_person("demo")?).await?;
    api.wait_until_up(&first).await;
    api.delete(&first).await?;
    stack.stop()?;
    stack.start_again()?;
    wait_for("it is said that there is none", || stack.output().contains("No first instance"));
    assert_eq!(api.get("/instances").await?.json()["instances"], json!([]));
    Ok(())
}
