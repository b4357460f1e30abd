//! Several gateways and taskmanagers on one stack, with instances of both engines: one may be
//! killed, hang for a minute and come back, and no request at the others fails, nor is anything
//! done twice.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use anyhow::Context as _;
use domain::ids::{InstanceId, WorkerId};
use domain::instance::Step;
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use testkit::history::{History, News};
use testkit::stack::{Api, Engine, Options, Part, Stack, wait_for_async};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Longer than the bus believes in a silent client, and than a claim lasts.
const HANGS_FOR: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_may_be_killed_and_may_hang() -> anyhow::Result<()> {
    let options = Options { gateways: 2, taskmanagers: 2, ..Options::default() };
    let stack = tokio::task::spawn_blocking(|| Stack::start(options)).await??;
    let history = History::follow(Arc::new(stack.log().await?)).await?;
    let first = stack.api(&stack.first_person("demo")?).await?;
    let second = first.at(&stack.url(1)?);
    let enough = CancellationToken::new();
    let disturbing = async {
        let kept = disturb(&stack, &history, (&first, &second)).await;
        enough.cancel();
        kept
    };
    let (asked, kept) = tokio::join!(load(&second, &enough), disturbing);
    history.rest().await;
    assert_nothing_is_doubled(&stack, &history, kept?)?;
    println!("{asked} requests were answered.");
    Ok(())
}

/// Kills and suspends; gives the instance that is left.
async fn disturb(
    stack: &Stack,
    history: &History,
    (first, second): (&Api, &Api),
) -> anyhow::Result<InstanceId> {
    for part in [Part::Taskmanager(0), Part::Gateway(0), Part::Taskmanager(1)] {
        let killed = stack.kill(part)?;
        // The load goes on meanwhile.
        wait_for_async("another is there", async || {
            let is_another = stack.identity(part).is_ok_and(|next| next != killed);
            (is_another && stack.runs(part)).then_some(())
        })
        .await;
    }

    // One that hangs in the middle of an effect is in the way of the others, and is ended; one
    // that hangs just before or after is not.
    let in_the_way = (Engine::MARIADB, &[Step::Volume, Step::Guest][..]);
    let (id, _) = hang_with_a_claim(stack, history, second, in_the_way).await?;
    second.wait_until_up(&id.to_string()).await;
    second.delete(&id.to_string()).await?;
    stack.resume_all();

    // One that hangs elsewhere is passed by, and changes nothing when it comes back.
    let elsewhere = (Engine::POSTGRESQL, &[Step::Place][..]);
    let (id, hanging) = hang_with_a_claim(stack, history, second, elsewhere).await?;
    stack.suspend(Part::Gateway(0))?;
    let until = Instant::now() + HANGS_FOR;
    second.wait_until_up(&id.to_string()).await;
    tokio::time::sleep_until(until).await;
    stack.resume_all();
    let back = worker(stack, hanging)?;
    let is_back = |news| matches!(news, News::Claimed(claimed) if claimed.worker == back);
    history.listen().find("it works again", |news| is_back(news).then_some(())).await;
    // The gateway that hung serves again, and knows what it has missed.
    first.wait_until_up(&id.to_string()).await;
    Ok(id)
}

/// Changes and reads all the time; every request must be answered well. Gives how many were.
async fn load(api: &Api, enough: &CancellationToken) -> usize {
    let mut asked = 0;
    while !enough.is_cancelled() {
        let wanted = Engine::of(asked).with(json!({}));
        let created = api.create(&format!("load-{asked}"), wanted).await.unwrap();
        assert_eq!(created.status, 200, "{created:?}");
        let path = format!("/instances/{}", created.json()["instance"]["id"].as_str().unwrap());
        for (method, expected) in [(Method::GET, 200), (Method::DELETE, 202)] {
            let answer = api.ask(method, &path, None).await.unwrap();
            assert_eq!(answer.status, expected, "{answer:?}");
        }
        asked += 3;
        wait_for_async("it is gone", async || {
            let answer = api.get(&path).await.unwrap();
            assert!(matches!(answer.status, 200 | 404), "{answer:?}");
            (answer.status == 404).then_some(())
        })
        .await;
    }
    asked
}

/// Suspends a taskmanager that holds the claim on one of the steps of a new instance.
async fn hang_with_a_claim(
    stack: &Stack,
    history: &History,
    api: &Api,
    (engine, steps): (Engine, &[Step]),
) -> anyhow::Result<(InstanceId, u16)> {
    loop {
        let mut news = history.listen();
        let created = api.create("left-alone", engine.with(json!({}))).await?;
        let id = created.json()["instance"]["id"].as_str().context("no id")?.to_owned();
        let instance: InstanceId = id.parse()?;
        let claimed = |news| match news {
            News::Claimed(claimed) => (claimed.instance == instance).then_some(claimed),
            News::Begun(_) => None,
        };
        let at_steps =
            |news| claimed(news).filter(|held| held.step.is_some_and(|step| steps.contains(&step)));
        let held = news.find("a step is claimed", at_steps).await;
        let hanging = number_of(stack, held.worker)?;
        stack.suspend(Part::Taskmanager(hanging))?;
        let next = news.find("somebody goes on", claimed).await;
        if next.step == held.step && next.worker != held.worker {
            return Ok((instance, hanging));
        }
        // It was done before it was suspended.
        stack.resume_all();
        api.delete(&id).await?;
    }
}

/// Which taskmanager that worker is.
fn number_of(stack: &Stack, claimant: WorkerId) -> anyhow::Result<u16> {
    for number in 0..2 {
        if worker(stack, number)? == claimant {
            return Ok(number);
        }
    }
    anyhow::bail!("{claimant} is no taskmanager of this stack")
}

fn worker(stack: &Stack, number: u16) -> anyhow::Result<WorkerId> {
    let file = stack.state().join(format!("taskmanager-{number}/worker"));
    Ok(fs::read_to_string(file)?.trim().parse()?)
}

fn assert_nothing_is_doubled(
    stack: &Stack,
    history: &History,
    kept: InstanceId,
) -> anyhow::Result<()> {
    let world = history.snapshot();
    let mut loads = world.asked.iter().filter(|(name, _)| name.starts_with("load-"));
    assert!(loads.all(|(_, times)| *times == 1), "{:?}", world.asked);
    let of_kept = world.begun.iter().filter(|begun| begun.instance == kept);
    let steps: Vec<_> = of_kept.map(|begun| begun.step).collect();
    let once = [Step::Place, Step::Volume, Step::Guest, Step::AgentReport, Step::Prepare];
    // The first report that is heard may tell of the preparation's end as well.
    let seen = |step: &Step| *step != Step::Prepare || steps.contains(&Some(Step::Prepare));
    let once: Vec<_> = once.into_iter().filter(seen).map(Some).collect();
    assert_eq!(steps, [&once[..], &[None]].concat());
    let kept = BTreeSet::from([kept]);
    let reserved: BTreeSet<_> =
        world.projects.values().flat_map(|folded| folded.state.reservations.keys()).collect();
    assert_eq!(reserved, kept.iter().collect());
    let placed: BTreeSet<_> =
        world.hosts.values().flat_map(|folded| folded.state.places.keys()).collect();
    assert_eq!(placed, kept.iter().collect());
    let directories: BTreeSet<_> = fs::read_dir(stack.instances()?)?
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(directories, kept.iter().map(ToString::to_string).collect());
    Ok(())
}
