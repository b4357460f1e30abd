//! Four clients make, change and remove instances while every kind of process is killed, again
//! and again, at every step. At the end all is as the clients were told.
//!
//! `TROVE_STORM_SEED` repeats a schedule: which kinds are killed at which steps in which order.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]
#![expect(clippy::print_stderr, reason = "a schedule and what it hit are worth reading")]

mod clients;
mod schedule;
mod verdict;

use clients::Client;
use domain::ids::InstanceId;
use domain::instance::Step;
use domain::time::Timestamp;
use mysql_async::prelude::Queryable as _;
use schedule::{Kill, Kind, schedule};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use testkit::history::{History, News, World};
use testkit::stack::{Options, Part, Stack, wait_for_async};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const CLIENTS: u64 = 4;
/// In each step of a creation at least so many processes are killed.
const HITS_MIN: usize = 5;
/// At most one creation of so many may fail: a machine can be too slow for a step's deadline.
const FAILED_MAX: usize = 20;
/// How long a process may take to be there; then another instance is waited for.
const APPEARS_WITHIN: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_stuck() -> anyhow::Result<()> {
    let seed: u64 = match std::env::var("TROVE_STORM_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => rand::random(),
    };
    eprintln!("TROVE_STORM_SEED={seed}");
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let history = History::follow(Arc::new(stack.log().await?)).await?;
    let mut witness = Witness::start(&stack).await?;

    let stop = CancellationToken::new();
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let api = stack.api(&stack.person()?).await?;
        let client = Client::new(api, number.to_string(), seed.wrapping_add(number));
        clients.spawn(client.work(stop.clone()));
    }
    let mut strikes = Vec::new();
    for (number, kill) in schedule(seed).into_iter().enumerate() {
        let strike = strike(&stack, &history, &witness, kill).await;
        eprintln!("{number}: {kill}: {} {}", strike.victim, strike.instance);
        strikes.push(strike);
        witness.has_noticed_nothing().await?;
    }
    stop.cancel();
    let known = clients.join_all().await;
    history.rest().await;
    witness.has_noticed_nothing().await?;

    let world = history.snapshot();
    for client in &known {
        verdict::is_as_told(client, &world).await?;
    }
    verdict::nothing_is_doubled(&world);
    verdict::reservations_are_exact(&world, &stack)?;
    let (asked, failed) = world.creations;
    eprintln!("{asked} creations were asked for, {failed} of them failed.");
    assert!(failed * FAILED_MAX <= asked, "a kill is no reason for a creation to fail");
    assert_steps_were_hit(&strikes, &world);
    Ok(())
}

/// A process that was killed.
struct Strike {
    kind: Kind,
    /// The instance whose step was waited for.
    instance: InstanceId,
    victim: String,
    at: Timestamp,
}

/// Kills as planned, at the next instance that comes to that step.
async fn strike(stack: &Stack, history: &History, witness: &Witness, kill: Kill) -> Strike {
    wait_for_async(&kill.to_string(), async || {
        let pick = |news| match news {
            News::Begun(begun) if begun.step == kill.step => Some(begun.instance),
            News::Begun(_) | News::Claimed(_) => None,
        };
        let instance = history.listen().find(&kill.to_string(), pick).await;
        tokio::time::sleep(kill.after).await;
        let mut victim = instance.to_string();
        if kill.step.is_none() && kill.kind != Kind::Server {
            victim.clone_from(&witness.id);
        }
        let part = part(kill.kind, &victim);
        let killed = async {
            loop {
                let at = now();
                if stack.kill(part).is_ok() {
                    break at;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let at = tokio::time::timeout(APPEARS_WITHIN, killed).await.ok()?;
        Some(Strike { kind: kill.kind, instance, victim: format!("{part:?}"), at })
    })
    .await
}

fn part(kind: Kind, id: &str) -> Part<'_> {
    match kind {
        Kind::Gateway => Part::Gateway(0),
        Kind::Taskmanager => Part::Taskmanager(0),
        Kind::NatsServer => Part::NatsServer,
        Kind::Agent => Part::Agent(id),
        Kind::Shim => Part::Shim(id),
        Kind::Server => Part::Server(id),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp(since.as_millis().try_into().unwrap())
}

/// By the log's own times, kills fell into all steps of a creation.
fn assert_steps_were_hit(strikes: &[Strike], world: &World) {
    let mut hits: BTreeMap<Option<Step>, BTreeMap<Kind, usize>> = BTreeMap::new();
    for (number, strike) in strikes.iter().enumerate() {
        let step = world.step_at(strike.instance, strike.at);
        eprintln!("{number}: {} died when {} was in {step:?}", strike.victim, strike.instance);
        *hits.entry(step).or_default().entry(strike.kind).or_default() += 1;
    }
    for (step, kinds) in &hits {
        eprintln!("{step:?}: {kinds:?}");
    }
    for step in [Step::Place, Step::Volume, Step::Guest, Step::AgentReport, Step::Prepare] {
        let hit: usize = hits.get(&Some(step)).map_or(0, |kinds| kinds.values().sum());
        assert!(hit >= HITS_MIN, "{step:?} was hit {hit} times");
    }
}

/// A database that is in use all the time, through a connection that is never opened again.
struct Witness {
    id: String,
    connection: mysql_async::Conn,
    connection_id: u64,
}

impl Witness {
    async fn start(stack: &Stack) -> anyhow::Result<Self> {
        let api = stack.api(&stack.first_person("demo")?).await?;
        let user = serde_json::json!({
            "databases": [{"name": "d"}],
            "users": [{"name": "u", "password": "secret-1", "databases": [{"name": "d"}]}],
        });
        let instance = api.create_active("witness", user).await?;
        let address = &instance["addresses"][0];
        let options = mysql_async::OptsBuilder::default()
            .ip_or_hostname(address["address"].as_str().unwrap())
            .tcp_port(address["port"].as_u64().unwrap().try_into()?)
            .user(Some("u"))
            .pass(Some("secret-1"))
            .prefer_socket(false);
        let mut connection = mysql_async::Conn::new(options).await?;
        connection.query_drop("create table d.beats (a int auto_increment primary key)").await?;
        let connection_id = connection.query_first("select connection_id()").await?.unwrap();
        let id = instance["id"].as_str().unwrap().to_owned();
        Ok(Self { id, connection, connection_id })
    }

    async fn has_noticed_nothing(&mut self) -> anyhow::Result<()> {
        self.connection.query_drop("insert into d.beats values ()").await?;
        let id: Option<u64> = self.connection.query_first("select connection_id()").await?;
        assert_eq!(id, Some(self.connection_id));
        Ok(())
    }
}
