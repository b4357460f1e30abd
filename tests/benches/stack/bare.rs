//! A bare engine: started without any of us, on an instance's own volume, with its own settings
//! and as its own user.

use super::{LIMIT, LOOK_EVERY};
use anyhow::{Context as _, ensure};
use domain::guest_spec::{GuestSpec, Layout};
use serde_json::json;
use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use testkit::stack::{Api, Part, Stack};

/// An instance whose server is nobody's any more.
pub(crate) struct Bare {
    pub(crate) id: String,
    spec: GuestSpec,
}

impl Bare {
    /// Makes an instance, and takes its server out of the hands of shim and agent.
    pub(crate) async fn of(stack: &Stack, api: &Api) -> anyhow::Result<Self> {
        let instance = api.create_active("bare", json!({})).await?;
        let id = instance["id"].as_str().context("no id came")?.to_owned();
        let spec = Layout(&stack.instances()?.join(&id)).spec();
        let spec = serde_json::from_slice(&fs::read(spec)?)?;
        stack.suspend(Part::Agent(&id))?;
        stack.suspend(Part::Shim(&id))?;
        stack.kill(Part::Server(&id))?;
        Ok(Self { id, spec })
    }

    /// From nothing to a server that greets its clients, in seconds.
    pub(crate) fn start(&self) -> anyhow::Result<f64> {
        let layout = Layout(&self.spec.directory);
        for directory in [layout.data(), layout.temporary()] {
            fs::remove_dir_all(&directory).with_context(|| directory.display().to_string())?;
        }
        let since = Instant::now();
        run(Command::new("cp").arg("-r").arg(&self.spec.template).arg(layout.data()))?;
        fs::create_dir(layout.temporary())?;
        if let Some(gid) = self.spec.uid {
            let owner = format!("{}:{gid}", gid + 1);
            run(Command::new("chown")
                .args(["-R", &owner])
                .args([layout.data(), layout.temporary()]))?;
        }
        let mut server = self.spawn()?;
        let greeted = self.wait_for_greeting(since);
        server.kill()?;
        server.wait()?;
        greeted
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let line = &self.spec.server;
        let mut command = Command::new(&line.program);
        command
            .args(&line.args)
            .env_clear()
            .envs(line.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(gid) = self.spec.uid {
            command.gid(gid).uid(gid + 1);
        }
        let server = command.spawn().context("start the server")?;
        for group in &self.spec.cgroups {
            fs::write(group.join("cgroup.procs"), server.id().to_string())?;
        }
        Ok(server)
    }

    fn wait_for_greeting(&self, since: Instant) -> anyhow::Result<f64> {
        loop {
            let greeting = TcpStream::connect((self.spec.address, self.spec.port))
                .and_then(|mut stream| stream.read(&mut [0; 1]));
            if greeting.is_ok_and(|read| read > 0) {
                return Ok(since.elapsed().as_secs_f64());
            }
            ensure!(since.elapsed() < LIMIT, "the bare server does not answer");
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
