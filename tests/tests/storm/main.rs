//! Four clients make, change and remove instances of both engines while every kind of process is
//! killed, again and again, at every step. At the end all is as the clients were told.
//!
//! `TROVE_STORM_SEED` repeats a schedule: which kinds are killed at which steps in which order.
//!
//! How fast the machine is decides nothing. Clients do what the next kill waits for; a kill that
//! came too late for its step is made up for; what is shown is waited for until it is what the log
//! says, and only that is compared with what clients were told.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]
#![expect(clippy::print_stderr, reason = "a schedule and what it hit are worth reading")]

mod clients;
mod schedule;
mod verdict;
mod witness;

use anyhow::bail;
use clients::Client;
use domain::ids::InstanceId;
use domain::instance::{FaultCause, Step};
use domain::time::Timestamp;
use schedule::{Kill, Kind, Schedule};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use testkit::history::{History, News, World};
use testkit::stack::{Engine, Options, Part, Stack, wait_for_async};
use tokio::sync::watch;
use tokio::task::{JoinSet, block_in_place};
use tokio_util::sync::CancellationToken;
use witness::Witness;

const CLIENTS: u64 = 4;
/// In each step of a creation at least so many processes are killed.
const HITS_MIN: usize = 5;
/// Where most instances take longer than this for a step, some may take longer than its deadline,
/// which is at least ten times as much.
const SLOW: Duration = Duration::from_secs(3);
/// The steps of a creation.
const OF_CREATION: [Step; 5] =
    [Step::Place, Step::Volume, Step::Guest, Step::AgentReport, Step::Prepare];
/// How long a process may take to be there; then another instance is waited for.
const APPEARS_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_stuck() -> anyhow::Result<()> {
    let seed: u64 = match std::env::var("TROVE_STORM_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => rand::random(),
    };
    eprintln!("TROVE_STORM_SEED={seed}");
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let history = History::follow(Arc::new(stack.log().await?)).await?;
    let mut witnesses = Vec::new();
    for engine in Engine::ALL {
        witnesses.push(Witness::start(&stack, engine).await?);
    }

    let stop = CancellationToken::new();
    let (wish, wished) = watch::channel(None);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let api = stack.api(&stack.person()?).await?;
        let client =
            Client::new(api, number.to_string(), seed.wrapping_add(number), wished.clone());
        clients.spawn(client.work(stop.clone()));
    }
    let mut schedule = Schedule::of(seed);
    let mut strikes = Vec::new();
    while let Some(kill) = schedule.next(|| missed(&strikes, &history.snapshot())) {
        wish.send_replace(kill.step);
        let bystander = &witnesses[strikes.len() % witnesses.len()].id;
        let strike = tokio::select! {
            strike = strike(&stack, &history, bystander, kill) => strike,
            Some(ended) = clients.join_next() => bail!("a client has ended: {ended:?}"),
        };
        eprintln!("{}: {kill}: {} {}", strikes.len(), strike.victim, strike.instance);
        strikes.push(strike);
        for witness in &mut witnesses {
            block_in_place(|| witness.has_noticed_nothing())?;
        }
    }
    stop.cancel();
    let known = clients.join_all().await;
    history.rest().await;
    for witness in &mut witnesses {
        block_in_place(|| witness.has_noticed_nothing())?;
    }

    let world = history.snapshot();
    for client in &known {
        verdict::is_as_told(client, &world).await?;
    }
    verdict::nothing_is_doubled(&world);
    verdict::reservations_are_exact(&world, &stack)?;
    assert_creations_failed_for_time_alone(&world);
    assert_steps_were_hit(&strikes, &world);
    Ok(())
}

/// A kill is no reason for a creation to fail. Only a step's deadline is, where the machine is too
/// slow for it: one that takes long for others as well.
fn assert_creations_failed_for_time_alone(world: &World) {
    eprintln!("{} creations were asked for; failed: {:#?}", world.creations, world.faults);
    for fault in &world.faults {
        let is_overdue = matches!(fault.cause, FaultCause::Overdue | FaultCause::AgentSilent);
        let usual = usual(world, fault.step);
        assert!(is_overdue && usual > SLOW, "{fault:?}; others took {usual:?}");
    }
}

/// How long most instances are in that step.
fn usual(world: &World, step: Step) -> Duration {
    let begun = world.begun.iter().enumerate().filter(|(_, begun)| begun.step == Some(step));
    let mut took: Vec<_> = begun
        .filter_map(|(number, begun)| {
            let mut later = world.begun[number + 1..].iter();
            let next = later.find(|next| next.instance == begun.instance)?;
            Some(next.at.since(begun.at))
        })
        .collect();
    took.sort();
    took.get(took.len() / 2).copied().unwrap_or_default()
}

/// The steps of a creation that were not struck often enough yet.
fn missed(strikes: &[Strike], world: &World) -> Vec<Step> {
    let hits = |step: &Step| {
        let at = |strike: &&Strike| world.step_at(strike.instance, strike.at) == Some(*step);
        strikes.iter().filter(at).count()
    };
    OF_CREATION.into_iter().filter(|step| hits(step) < HITS_MIN).collect()
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
async fn strike(stack: &Stack, history: &History, bystander: &str, kill: Kill) -> Strike {
    wait_for_async(&kill.to_string(), async || {
        let pick = |news| match news {
            News::Begun(begun) if begun.step == kill.step => Some(begun.instance),
            News::Begun(_) | News::Claimed(_) => None,
        };
        let instance = history.listen().find(&kill.to_string(), pick).await;
        tokio::time::sleep(kill.after).await;
        let mut victim = instance.to_string();
        if kill.step.is_none() && kill.kind != Kind::Server {
            bystander.clone_into(&mut victim);
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
    assert_eq!(missed(strikes, world), [], "a step was missed again and again");
}
