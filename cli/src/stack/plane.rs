//! The processes of the control plane, in the order in which they start and stop.

use super::child::{self, Child, Program};
use super::configs::Parts;
use super::place::Place;
use super::programs::{self, Programs};
use super::{NATS_SERVER, Settings, databases, keys, nats};
use crate::api;
use crate::console::Console;
use anyhow::Context as _;
use identity::users::Login;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Long enough for a slow machine; nothing takes so long when all is well.
const READY_MAX: Duration = Duration::from_secs(60);

/// What runs, in the order of its start.
#[derive(Debug, Default)]
pub(crate) struct Plane {
    children: Vec<Child>,
}

/// How the stack is reached.
#[derive(Debug)]
pub(crate) struct Ready {
    /// The first gateway.
    pub(crate) base: String,
    /// The other gateways.
    pub(crate) others: Vec<String>,
    pub(crate) nats_url: String,
    pub(crate) clouds: PathBuf,
    pub(crate) logins: Vec<Login>,
    /// The unpacked client.
    pub(crate) mariadb: PathBuf,
}

impl Plane {
    /// Whether anything was started.
    pub(crate) fn has_parts(&self) -> bool {
        !self.children.is_empty()
    }

    /// Starts everything, one after the other, and waits until it is ready.
    pub(crate) async fn start(
        &mut self,
        settings: &Settings,
        place: &mut Place,
        console: &Console,
    ) -> anyhow::Result<Ready> {
        begin(place, console)?;
        let ports = place.gateway_ports(settings.api_port, settings.gateways)?;
        let place = &*place;
        check_free(ports.iter().copied().chain([place.nats_port()]))?;
        let (keys, authority, logins) = keys::ensure(place)?;
        let programs = programs::ensure(place, settings.images_dir.as_deref(), console).await?;
        let nats_url = nats::url(place);
        let config = nats::write_config(place, &authority)?;
        self.start_nats(place, &programs, config, console).await?;
        let parts = Parts {
            place,
            keys: &keys,
            nats_url: &nats_url,
            images_dir: &programs.images_dir,
            engines: &programs.engines,
            guestagent: &programs.guestagent,
            limits_divisor: settings.limits_divisor,
            dialect: settings.dialect,
        };
        self.start_taskmanagers(settings.taskmanagers, &parts, &programs, console).await?;
        let mut urls = self.start_gateways(&ports, &parts, &programs, console).await?;
        let clouds = keys::write_clouds(place, &logins, ports[0])?;
        let base = urls.remove(0);
        let first = programs.engines.first().context("there is no engine")?;
        let mariadb = first.root.join("usr/bin/mariadb");
        Ok(Ready { base, others: urls, nats_url, clouds, logins, mariadb })
    }

    /// Stops everything, the last one first. Each of them may be forced.
    pub(crate) async fn stop(self, force: &CancellationToken) {
        for child in self.children.into_iter().rev() {
            child.stop(force).await;
        }
    }

    async fn start_nats(
        &mut self,
        place: &Place,
        programs: &Programs,
        config: PathBuf,
        console: &Console,
    ) -> anyhow::Result<()> {
        let since = Instant::now();
        let arguments = vec!["-c".into(), config];
        let server = Program {
            name: NATS_SERVER.to_owned(),
            starter: programs.starter.clone(),
            path: programs.nats_server.path.clone(),
            arguments,
            log: place.log(NATS_SERVER),
            identity: place.identity(NATS_SERVER),
        };
        self.keep(server, console).ready(READY_MAX, async || nats::answers(place).await).await?;
        let version = &programs.nats_server.version;
        console.done(since, &format!("nats-server {version} runs on {}.", nats::url(place)));
        Ok(())
    }

    async fn start_taskmanagers(
        &mut self,
        count: u16,
        parts: &Parts<'_>,
        programs: &Programs,
        console: &Console,
    ) -> anyhow::Result<()> {
        for number in 0..count {
            let since = Instant::now();
            let name = format!("taskmanager-{number}");
            let isolation = parts.place.state().join(&name).join("isolation.txt");
            remove_if_there(&isolation)?;
            let config = parts.write_taskmanager(&name)?;
            let program = ours(parts.place, &name, (programs, &programs.taskmanager), config);
            let child = self.keep(program, console);
            child.ready(READY_MAX, async || isolation.exists()).await?;
            console.done(since, &format!("{name} runs."));
            if number == 0 {
                let text = fs::read_to_string(&isolation).context("read what isolation is")?;
                console.say("Isolation of the databases on this machine:");
                text.lines().for_each(|line| console.plain(&format!("            {line}")));
            }
        }
        Ok(())
    }

    async fn start_gateways(
        &mut self,
        ports: &[u16],
        parts: &Parts<'_>,
        programs: &Programs,
        console: &Console,
    ) -> anyhow::Result<Vec<String>> {
        let mut urls = Vec::new();
        for (number, port) in ports.iter().enumerate() {
            let since = Instant::now();
            let name = format!("gateway-{number}");
            let url = format!("http://127.0.0.1:{port}");
            let config = parts.write_gateway(&name, *port)?;
            let program = ours(parts.place, &name, (programs, &programs.gateway), config);
            let child = self.keep(program, console);
            child.ready(READY_MAX, async || api::is_healthy(&url).await).await?;
            console.done(since, &format!("{name} is healthy at {url}."));
            urls.push(url);
        }
        Ok(urls)
    }

    fn keep(&mut self, program: Program, console: &Console) -> &Child {
        self.children.push(Child::start(program, console.clone()));
        self.children.last().expect("it was just added")
    }
}

/// Shows whose stack it is, and takes it over from an earlier launcher.
fn begin(place: &Place, console: &Console) -> anyhow::Result<()> {
    let user = if rustix::process::geteuid().is_root() { "root" } else { "a plain user" };
    console.say(&format!("Stack {} in {}, run by {user}.", place.id(), place.state().display()));
    if place.base() != place.state() {
        console.say(&format!(
            "  A directory above is closed to other users: engines and instances lie in {}.",
            place.base().display()
        ));
    }
    child::end_leftovers(&place.state().join("run"), console)?;
    remove_if_there(&place.stopping())?;
    match databases::running(place) {
        0 => {}
        count => console.say(&format!("  {count} of its databases kept on serving.")),
    }
    Ok(())
}

/// Somebody else at one of our ports could be taken for us.
fn check_free(ports: impl Iterator<Item = u16>) -> anyhow::Result<()> {
    for port in ports {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
            format!("port {port} on 127.0.0.1 is not free; TROVE_API_PORT moves the API's")
        })?;
    }
    Ok(())
}

fn ours(
    place: &Place,
    name: &str,
    (programs, path): (&Programs, &Path),
    config: PathBuf,
) -> Program {
    Program {
        name: name.to_owned(),
        starter: programs.starter.clone(),
        path: path.to_owned(),
        arguments: vec!["--config".into(), config],
        log: place.log(name),
        identity: place.identity(name),
    }
}

fn remove_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
