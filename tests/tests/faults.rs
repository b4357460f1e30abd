//! Provisioning that can't finish: it ends in ERROR with a fault that names phase and cause, the
//! instance can be deleted, and nothing of it stays.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use reqwest::Method;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use testkit::each_engine;
use testkit::stack::{Api, Engine, Options, OwnImages, Part, Stack, wait_for_async};

/// Limits ten times shorter, so that a failure is one within seconds.
const HURRIED: u64 = 10;

each_engine!(
    a_missing_engine_and_a_server_that_does_not_start_are_named,
    an_agent_that_never_reports_is_named,
    an_administrator_ends_what_does_not_end,
    a_volume_without_room_is_named,
    an_instance_can_be_deleted_at_every_moment_of_its_making,
);

async fn start(options: Options) -> anyhow::Result<(Stack, Api)> {
    let stack = tokio::task::spawn_blocking(move || Stack::start(options)).await??;
    let api = stack.api(&stack.first_person("demo")?).await?;
    Ok((stack, api))
}

async fn create(api: &Api, engine: Engine, more: Value) -> anyhow::Result<String> {
    let answer = api.create("doomed", engine.with(more)).await?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    Ok(answer.json()["instance"]["id"].as_str().unwrap().to_owned())
}

/// The instance fails, names phase and cause, can be deleted, and leaves nothing.
async fn assert_fails(
    (stack, api): (&Stack, &Api),
    id: &str,
    (phase, cause): (&str, &str),
) -> anyhow::Result<()> {
    let failed = api.wait_for_status(id, "ERROR").await;
    let message = failed["fault"]["message"].as_str().unwrap_or_default();
    assert!(message.contains(phase) && message.contains(cause), "{message}");
    api.delete(id).await?;
    assert_nothing_is_left(stack, id);
    Ok(())
}

fn assert_nothing_is_left(stack: &Stack, id: &str) {
    assert!(!stack.instances().unwrap().join(id).exists(), "its directory is there");
    for volume in ["img", "dir"] {
        let file = stack.state().join("volumes").join(format!("{id}.{volume}"));
        assert!(!file.exists(), "{} is there", file.display());
    }
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(id), "its volume is mounted");
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let command = fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&command).into_owned())
    });
    assert_eq!(processes.filter(|command| command.contains(id)).collect::<Vec<_>>(), [""; 0]);
    let mut find = Command::new("find");
    let groups = find.args(["/sys/fs/cgroup", "-name"]).arg(format!("*{id}*")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&groups.stdout), "");
}

async fn a_missing_engine_and_a_server_that_does_not_start_are_named(
    engine: Engine,
) -> anyhow::Result<()> {
    let images = OwnImages::with(&[])?;
    let images_dir = Some(images.path());
    let options = Options { images_dir, limits_divisor: HURRIED, ..Options::default() };
    let (stack, api) = start(options).await?;
    let root = images.root(engine.recipe)?;

    let hidden = images.path().join("hidden");
    fs::rename(&root, &hidden)?;
    let id = create(&api, engine, json!({})).await?;
    let failed = assert_fails((&stack, &api), &id, ("while ", "engine's files are missing")).await;
    fs::rename(&hidden, &root)?;
    failed?;

    let server = root.join(engine.program);
    fs::rename(&server, &hidden)?;
    fs::write(&server, "#!/bin/sh\necho 'no luck today' >&2\nexit 7\n")?;
    fs::set_permissions(&server, fs::Permissions::from_mode(0o755))?;
    let id = create(&api, engine, json!({})).await?;
    let named = ("preparing the database", "did not start");
    let failed = assert_fails((&stack, &api), &id, named).await;
    fs::rename(&hidden, &server)?;
    failed?;

    // What was broken did not break anything else.
    let instance = api.create_active("healthy", engine.with(json!({}))).await?;
    api.delete(instance["id"].as_str().unwrap()).await
}

async fn an_agent_that_never_reports_is_named(engine: Engine) -> anyhow::Result<()> {
    let options = Options { limits_divisor: HURRIED, ..Options::default() };
    let (stack, api) = start(options).await?;
    // It may have reported before it could be suspended: then with the next one.
    for _ in 0..10 {
        let id = create(&api, engine, json!({})).await?;
        wait_for_async("the agent runs", async || stack.suspend(Part::Agent(&id)).ok()).await;
        let seen = wait_for_async("it fails or it does not", async || {
            let instance = api.instance(&id).await?;
            let status = instance["status"].as_str()?.to_owned();
            (status != "BUILD").then_some(status)
        });
        if seen.await == "ERROR" && !has_reported(&api, &id).await {
            let named = ("first report", "agent never reported");
            return assert_fails((&stack, &api), &id, named).await;
        }
        stack.resume_all();
        api.delete(&id).await?;
    }
    panic!("the agent was always faster");
}

/// Whether a failed instance got to the step that follows its agent's first report.
async fn has_reported(api: &Api, id: &str) -> bool {
    let failed = api.wait_for_status(id, "ERROR").await;
    failed["fault"]["message"].as_str().is_some_and(|text| text.contains("preparing the database"))
}

async fn an_administrator_ends_what_does_not_end(engine: Engine) -> anyhow::Result<()> {
    let (stack, _) = start(Options::default()).await?;
    let admin = stack.first_person("admin")?;
    let api = stack.api(&admin).await?;
    let instance = api.create_active("stubborn", engine.with(json!({}))).await?;
    let id = instance["id"].as_str().unwrap().to_owned();
    stack.suspend(Part::Agent(&id))?;
    let restart = json!({"restart": {}});
    let asked = api.ask(Method::POST, &format!("/instances/{id}/action"), Some(&restart)).await?;
    assert_eq!(asked.status, 202, "{asked:?}");
    api.wait_for_status(&id, "REBOOT").await;

    let ask_client = |command: String| {
        let client = stack.openstack(&admin);
        tokio::task::spawn_blocking(move || client?.run_text(&command))
    };
    ask_client(format!("database instance reset status {id}")).await??;
    api.wait_for_status(&id, "ACTIVE").await;
    ask_client(format!("database instance force delete {id}")).await??;
    let path = format!("/instances/{id}");
    wait_for_async("it is gone", async || {
        let answer = api.get(&path).await.ok()?;
        (answer.status == 404).then_some(())
    })
    .await;
    assert_nothing_is_left(&stack, &id);
    Ok(())
}

async fn a_volume_without_room_is_named(engine: Engine) -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        // Only root can give a stack a small disk; the provisioner's own tests need none.
        return Ok(());
    }
    let disk = SmallDisk::make()?;
    let options = Options { parent: Some(disk.path().to_owned()), ..Options::default() };
    let (stack, api) = start(options).await?;
    let id = create(&api, engine, json!({"volume": {"size": 5}})).await?;
    assert_fails((&stack, &api), &id, ("while ", "not enough disk")).await?;
    let instance = api.create_active("fits", engine.with(json!({}))).await?;
    api.delete(instance["id"].as_str().unwrap()).await
}

async fn an_instance_can_be_deleted_at_every_moment_of_its_making(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, api) = start(Options::default()).await?;
    for moment in [0, 10, 30, 60, 100, 200, 300, 500] {
        let id = create(&api, engine, json!({})).await?;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        api.delete(&id).await?;
        assert_nothing_is_left(&stack, &id);
    }
    let instance = api.create_active("after", engine.with(json!({}))).await?;
    assert_eq!(stack.log_lines("ERROR"), [""; 0]);
    api.delete(instance["id"].as_str().unwrap()).await
}

/// A file system of its own with little room.
struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    const BYTES: u64 = 4 << 30;

    fn make() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("td-").tempdir()?;
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        let (image, mounted) = (directory.path().join("image"), directory.path().join("m"));
        // Sparse: blocks come as they are written to.
        fs::File::create(&image)?.set_len(Self::BYTES)?;
        fs::create_dir(&mounted)?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))?;
        run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&mounted))?;
        Ok(Self { directory })
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("m")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = run(Command::new("umount").arg(self.path())) {
            eprintln!("{error}");
        }
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
