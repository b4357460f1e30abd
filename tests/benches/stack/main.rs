//! `make bench`: what a stack costs beside a bare engine, how many requests it answers, and what
//! memory its processes take. Everything runs on this machine, clients included.

#![expect(clippy::print_stdout, reason = "it is what a benchmark is for")]

mod bare;
mod memory;

use anyhow::{Context as _, ensure};
use bare::Bare;
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};
use testkit::stack::{Api, Options, Stack};
use tokio::task::JoinSet;

/// Creations, and bare starts in turn with them.
const ROUNDS: usize = 15;
/// Clients that ask at the same time, each with an instance of its own.
const CLIENTS: usize = 8;
/// For how long they ask.
const SPAN: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(1);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let api = stack.api(&stack.first_person("demo")?).await?;
    measure_creation(&stack, &api).await?;
    let ids = instances(&api).await?;
    measure_requests(&api, &ids).await?;
    memory::show(&stack, &ids)
}

/// From the request to ACTIVE, against a bare start of the same engine.
async fn measure_creation(stack: &Stack, api: &Api) -> anyhow::Result<()> {
    let bare = Bare::of(stack, api).await?;
    let (mut created, mut started) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        started.push(tokio::task::block_in_place(|| bare.start())?);
        let (id, took) = create(api, &format!("bench-{round}")).await?;
        created.push(took);
        api.delete(&id).await?;
    }
    stack.resume_all();
    api.delete(&bare.id).await?;
    let (created, started) = (median(created), median(started));
    println!("\nMedians of {ROUNDS}, in turn:");
    println!("  POST to ACTIVE                 {:>6.0} ms", created * 1000.0);
    println!("  bare engine, same template     {:>6.0} ms", started * 1000.0);
    println!("  ratio                          {:>6.2}", created / started);
    Ok(())
}

/// Creates an instance; its id, and how long it took until it was active.
async fn create(api: &Api, name: &str) -> anyhow::Result<(String, f64)> {
    let since = Instant::now();
    let answer = api.create(name, json!({})).await?;
    ensure!(answer.status == 200, "{answer:?}");
    let id = answer.json()["instance"]["id"].as_str().context("no id came")?.to_owned();
    loop {
        let instance = api.instance(&id).await.context("it is not there")?;
        if instance["status"] == "ACTIVE" {
            return Ok((id, since.elapsed().as_secs_f64()));
        }
        ensure!(instance["status"] == "BUILD" && since.elapsed() < LIMIT, "{instance}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn instances(api: &Api) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for number in 0..CLIENTS {
        ids.push(create(api, &format!("asked-{number}")).await?.0);
    }
    Ok(ids)
}

async fn measure_requests(api: &Api, ids: &[String]) -> anyhow::Result<()> {
    let path = |id: &String| format!("/instances/{id}");
    let reads = per_second(api, ids.iter().map(path), Method::GET, 200).await?;
    let lists = ids.iter().map(|_| "/instances".to_owned());
    let lists = per_second(api, lists, Method::GET, 200).await?;
    let writes = per_second(api, ids.iter().map(path), Method::PUT, 202).await?;
    println!("\nRequests per second, of {CLIENTS} clients for {} s each:", SPAN.as_secs());
    println!("  show an instance               {reads:>6.0}");
    println!("  list of {CLIENTS} instances            {lists:>6.0}");
    println!("  rename an instance             {writes:>6.0}");
    Ok(())
}

/// How often all clients together are answered, each at its path one request after the other.
async fn per_second(
    api: &Api,
    paths: impl Iterator<Item = String>,
    method: Method,
    expected: u16,
) -> anyhow::Result<f64> {
    let mut clients = JoinSet::new();
    let since = Instant::now();
    for path in paths {
        let (api, method) = (api.clone(), method.clone());
        clients.spawn(async move {
            let mut answered = 0;
            while since.elapsed() < SPAN {
                let body = json!({"instance": {"name": format!("name-{answered}")}});
                let body = (method != Method::GET).then_some(&body);
                let answer = api.ask(method.clone(), &path, body).await?;
                ensure!(answer.status == expected, "{path}: {answer:?}");
                answered += 1;
            }
            Ok(answered)
        });
    }
    let answered: anyhow::Result<Vec<u32>> = clients.join_all().await.into_iter().collect();
    Ok(f64::from(answered?.iter().sum::<u32>()) / since.elapsed().as_secs_f64())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
