//! A volume that gets full: its server's users only read until there is room again.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use domain::guest::{ActionOutcome, DatabaseHealth, Query, QueryAnswer};
use mysql_async::prelude::Queryable;
use rustix::process::Signal;

use crate::bench::{Bench, LIMIT, Level};
use crate::safety::Mounted;
use crate::served::{Served, create_databases, create_user, drop_database};

const MIB: u64 = 1 << 20;

/// The server's number of "it runs with --read-only".
const READ_ONLY: u16 = 1290;

/// Whether a tenant's user writes; no other refusal than the one that is meant counts.
async fn writes(served: &Served) -> bool {
    let mut tenant = served.bench.login_from_afar("app", "pw").await;
    let rows: Vec<u64> = tenant.query("SELECT COUNT(*) FROM shop.t").await.unwrap();
    assert_eq!(rows.len(), 1, "reading goes on");
    match tenant.query_drop("INSERT INTO shop.t VALUES (1)").await {
        Ok(()) => true,
        Err(mysql_async::Error::Server(error)) if error.code == READ_ONLY => false,
        Err(error) => panic!("{error}"),
    }
}

/// A tenant with a user of all rights on one database, and another one that is not needed.
async fn furnish(served: &mut Served) {
    served.done(create_databases(&["shop", "old"])).await;
    served.done(create_user("app", "pw", &["shop"])).await;
    let mut tenant = served.bench.login_from_afar("app", "pw").await;
    tenant.query_drop("CREATE TABLE shop.t (a INT)").await.unwrap();
    assert!(writes(served).await);
}

async fn only_reads(served: &Served) {
    let until = Instant::now() + LIMIT;
    while writes(served).await {
        assert!(Instant::now() < until, "it still writes");
    }
}

fn free(bench: &Bench) -> u64 {
    let usage = bench.status().usage.unwrap();
    usage.size_bytes.saturating_sub(usage.used_bytes)
}

fn healthy(served: &Served, health: &DatabaseHealth) {
    served.plane.healthy(|found| found == health);
}

fn is_guarded(bench: &Bench) -> bool {
    let text = fs::read_to_string(bench.layout().server_settings()).unwrap();
    text.contains("read-only")
}

/// Leaves so many bytes of a volume; the file that takes the others.
fn leave(bench: &Bench, bytes: u64) -> PathBuf {
    let path = bench.layout().volume().join("filler");
    let length = usize::try_from(free(bench) - bytes).unwrap();
    fs::write(&path, vec![1; length]).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_volume_is_read_only_for_its_tenant_until_there_is_room() {
    if !Level::Uid.is_possible() {
        return;
    }
    let mut bench = Bench::new(Level::Uid);
    bench.spec.volume.mounted = true;
    let Some(mounted) = Mounted::at(&bench.layout().volume(), "320m") else { return };
    let mut served = Served::on(bench).await;
    furnish(&mut served).await;
    let filler = leave(&served.bench, 20 * MIB);
    healthy(&served, &DatabaseHealth::Full);
    only_reads(&served).await;
    assert!(is_guarded(&served.bench));

    // A server that starts by itself is so from its first moment, and the next agent knows.
    served.bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    assert!(!writes(&served).await);
    healthy(&served, &DatabaseHealth::Full);
    served.plane.desk().reports.clear();
    served.bench.alive("agent").unwrap().signal(Signal::KILL).unwrap();
    healthy(&served, &DatabaseHealth::Full);
    let healths: Vec<_> =
        served.plane.desk().reports.iter().map(|report| report.health.clone()).collect();
    assert!(!healths.contains(&DatabaseHealth::Up), "{healths:?}");
    assert!(!writes(&served).await);

    // What the tenant wants deleted is deleted all the same, and settings are taken.
    served.done(drop_database("old")).await;
    let mut document = served.next(Vec::new());
    document.settings.insert("wait_timeout".to_owned(), "77".to_owned());
    served.offer(document).await;
    served.plane.reported("settings are settled", |report| {
        report.settings.as_ref().is_some_and(|settings| settings.sequence >= served.revision)
    });
    assert_eq!(served.rows::<u64>("SELECT @@GLOBAL.wait_timeout").await, [77]);
    assert!(is_guarded(&served.bench) && !writes(&served).await);

    // Half way is not enough: it would go to and fro.
    let file = fs::File::options().write(true).open(&filler).unwrap();
    file.set_len(file.metadata().unwrap().len() - 28 * MIB).unwrap();
    drop(file);
    let QueryAnswer::Health(beat) = served.query(Query::Health).await else { panic!("no beat") };
    assert_eq!(beat.health, DatabaseHealth::Full);
    assert!(!writes(&served).await);
    fs::remove_file(&filler).unwrap();
    healthy(&served, &DatabaseHealth::Up);
    assert!(writes(&served).await && !is_guarded(&served.bench));
    served.bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    assert!(writes(&served).await);
    assert_eq!(served.run(drop_database("shop")).await, ActionOutcome::Done);
    drop(served);
    drop(mounted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_volume_whose_files_are_added_up_is_guarded_too_and_grows_out_of_it() {
    let mut served = Served::start().await;
    furnish(&mut served).await;
    let before = served.bench.spec.volume.size_bytes;
    let used = before - free(&served.bench);
    // What is under way is ended, or the server would wait for it.
    let mut writer = served.bench.login_from_afar("app", "pw").await;
    let endless =
        tokio::spawn(
            async move { writer.query_drop("INSERT INTO shop.t SELECT SLEEP(1000)").await },
        );
    let query =
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'INSERT%1000)'";
    let until = Instant::now() + LIMIT;
    while served.rows::<u64>(query).await != [1] {
        assert!(Instant::now() < until, "it does not begin");
    }
    served.bench.spec.volume.size_bytes = used + 8 * MIB;
    served.bench.write_spec();
    healthy(&served, &DatabaseHealth::Full);
    only_reads(&served).await;
    drop(tokio::time::timeout(LIMIT, endless).await.unwrap().unwrap());
    served.bench.spec.volume.size_bytes = before;
    served.bench.write_spec();
    healthy(&served, &DatabaseHealth::Up);
    assert!(writes(&served).await);

    // A server that nobody told lately is told again.
    served.bench.spec.volume.size_bytes = used;
    served.bench.write_spec();
    healthy(&served, &DatabaseHealth::Full);
    only_reads(&served).await;
    served.admin().await.query_drop("SET GLOBAL read_only = 0").await.unwrap();
    only_reads(&served).await;
}
