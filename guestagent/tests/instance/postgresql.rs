//! What PostgreSQL does that no other engine does, and what comes of it.

use std::time::{Duration, Instant};

use domain::guest::DatabaseHealth;
use rustix::process::Signal;

use crate::bench::{Bench, LIMIT, Level, eventually};
use crate::engines::{Engine, each_postgresql};
use crate::served::{Served, create_databases, create_user};
use crate::shim::running;

each_postgresql!(
    each_instance_has_an_identifier_of_its_own_and_keeps_it,
    time_zones_and_locales_come_with_the_engine,
    a_link_that_leads_elsewhere_is_put_right_at_the_next_start,
    what_a_killed_server_leaves_at_work_is_ended_before_the_next_one_starts,
    nobody_is_left_on_the_volume_when_a_shim_has_stopped,
);

const IDENTIFIER: &str = "SELECT system_identifier FROM pg_control_system()";

async fn each_instance_has_an_identifier_of_its_own_and_keeps_it(engine: Engine) {
    let (one, mut other) = (running(engine, Level::Plain), running(engine, Level::Plain));
    let first = one.admin().await.text(IDENTIFIER).await;
    let second = other.admin().await.text(IDENTIFIER).await;
    assert_ne!(first, second);
    assert!(first.parse::<i64>().unwrap() > 0 && second.parse::<i64>().unwrap() > 0);
    let checked = other.admin().await.text("SHOW data_checksums").await;
    assert_eq!(checked, "on");
    other.alive("server").unwrap().signal(Signal::KILL).unwrap();
    eventually("it has ended", || (other.status().ends > 0).then_some(()));
    assert_eq!(other.admin().await.text(IDENTIFIER).await, second);
    assert!(other.stop_shim().success());
}

async fn time_zones_and_locales_come_with_the_engine(engine: Engine) {
    for level in [Level::Plain, Level::Bubblewrap, Level::Uid] {
        if !level.is_possible() {
            continue;
        }
        let bench = running(engine, level);
        let mut admin = bench.admin().await;
        let zones: u32 =
            admin.text("SELECT count(*) FROM pg_timezone_names").await.parse().unwrap();
        assert!(zones > 400, "{zones}");
        admin.run("SET timezone = 'Europe/Berlin'").await.unwrap();
        let summer = "SELECT to_char('2026-07-01 12:00+00'::timestamptz, 'HH24 OF')";
        assert_eq!(admin.text(summer).await, "14 +02");
        let collate = "SELECT datcollate FROM pg_database WHERE datname = 'postgres'";
        assert_eq!(admin.text(collate).await, "C.UTF-8");
        // From the engine's own files, whatever the host has.
        let link = bench.layout().volume().join("zoneinfo");
        assert!(std::fs::read_link(link).unwrap().starts_with(&bench.spec.image_root));
    }
}

async fn a_link_that_leads_elsewhere_is_put_right_at_the_next_start(engine: Engine) {
    let mut bench = running(engine, Level::Plain);
    drop(bench.admin().await);
    let link = bench.layout().volume().join("zoneinfo");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/nowhere", &link).unwrap();
    bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    eventually("it has ended", || (bench.status().ends > 0).then_some(()));
    bench.admin().await.run("SET timezone = 'Europe/Berlin'").await.unwrap();
    assert!(bench.stop_shim().success());
}

/// What a killed server was doing for its clients goes on: it must not work on data that the
/// next server has, nor keep that from starting.
async fn what_a_killed_server_leaves_at_work_is_ended_before_the_next_one_starts(engine: Engine) {
    for is_shim_killed in [false, true] {
        let mut served = Served::start(engine).await;
        served.done(create_databases(&["shop"])).await;
        served.done(create_user("app", "p", &["shop"])).await;
        let mut app = served.bench.login("app", "p", "shop").await;
        let worker: i32 = app.id().await.parse().unwrap();
        let worker = guestagent::process::Process::open(worker).unwrap();
        let work = tokio::spawn(async move { app.run("DO $$ BEGIN LOOP END LOOP; END $$").await });
        let busy =
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND usename = 'app'";
        let until = Instant::now() + LIMIT;
        while served.admin().await.text(busy).await != "1" {
            assert!(Instant::now() < until, "it is not at work");
        }
        if is_shim_killed {
            served.bench.kill_shim();
        }
        let server = served.bench.alive("server").unwrap();
        server.signal(Signal::KILL).unwrap();
        assert!(server.wait_end(LIMIT));
        assert!(!worker.has_ended(), "it does not notice");
        served.plane.desk().reports.clear();
        if is_shim_killed {
            served.bench.start_shim();
        }
        served.plane.reported("it is up", |report| report.health == DatabaseHealth::Up);
        assert!(worker.wait_end(Duration::ZERO), "two worked on the data");
        assert_eq!(served.databases().await, ["shop"]);
        drop(work.await);
    }
}

/// A stop that takes too long ends with a kill, after which nobody works on the volume.
async fn nobody_is_left_on_the_volume_when_a_shim_has_stopped(engine: Engine) {
    let mut bench: Bench = running(engine, Level::Plain);
    let mut admin = bench.admin().await;
    let worker: i32 = admin.id().await.parse().unwrap();
    let worker = guestagent::process::Process::open(worker).unwrap();
    let work = tokio::spawn(async move { admin.run("DO $$ BEGIN LOOP END LOOP; END $$").await });
    bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    assert!(bench.stop_shim().success());
    assert!(worker.has_ended());
    drop(work.await);
}
