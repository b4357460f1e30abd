//! A volume that gets full: its server's users only read until there is room again.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use domain::guest::{ActionOutcome, DatabaseHealth, Query, QueryAnswer};
use rustix::process::Signal;

use crate::bench::{Bench, LIMIT, Level};
use crate::engines::{Engine, each_engine};
use crate::safety::Mounted;
use crate::served::{Served, create_databases, create_user, drop_database};

const MIB: u64 = 1 << 20;

each_engine!(
    a_full_volume_is_read_only_for_its_tenant_until_there_is_room,
    a_volume_whose_files_are_added_up_is_guarded_too_and_grows_out_of_it,
);

/// Whether a tenant's user writes; no other refusal than the one that is meant counts.
async fn writes(served: &Served) -> bool {
    let mut tenant = served.bench.login("app", "pw", "shop").await;
    assert_eq!(tenant.texts("SELECT COUNT(*) FROM t").await.len(), 1, "reading goes on");
    match tenant.run("INSERT INTO t VALUES (1)").await {
        Ok(()) => true,
        Err(error) => {
            let refusal = served.bench.engine.full.refusal;
            assert_eq!(error.code.as_deref(), Some(refusal), "{error:?}");
            false
        }
    }
}

/// A tenant with a user of all rights on one database, and another one that is not needed.
async fn furnish(served: &mut Served) {
    served.done(create_databases(&["shop", "old"])).await;
    served.done(create_user("app", "pw", &["shop"])).await;
    let mut tenant = served.bench.login("app", "pw", "shop").await;
    tenant.run("CREATE TABLE t (a INT)").await.unwrap();
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
    let text = fs::read_to_string(bench.settings_file()).unwrap();
    text.contains("read-only") || text.contains("no room to write")
}

/// Leaves so many bytes of a volume; the file that takes the others.
fn leave(bench: &Bench, bytes: u64) -> PathBuf {
    let path = bench.layout().volume().join("filler");
    let length = usize::try_from(free(bench) - bytes).unwrap();
    fs::write(&path, vec![1; length]).unwrap();
    path
}

async fn a_full_volume_is_read_only_for_its_tenant_until_there_is_room(engine: Engine) {
    if !Level::Uid.is_possible() {
        return;
    }
    let mut bench = Bench::new(engine, Level::Uid);
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
    let (name, value, shown, _) = engine.settings.live[0];
    document.settings.insert(name.to_owned(), value.to_owned());
    served.offer(document).await;
    served.plane.reported("settings are settled", |report| {
        report.settings.as_ref().is_some_and(|settings| settings.sequence >= served.revision)
    });
    assert_eq!(served.setting(name).await, shown);
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
    // First, or the directory could not go.
    drop(mounted);
    drop(served);
}

async fn a_volume_whose_files_are_added_up_is_guarded_too_and_grows_out_of_it(engine: Engine) {
    let mut served = Served::start(engine).await;
    furnish(&mut served).await;
    let before = served.bench.spec.volume.size_bytes;
    let used = before - free(&served.bench);
    // What is under way is ended, or the server would wait for it.
    let (endless, query) = engine.full.endless;
    let mut writer = served.bench.login("app", "pw", "shop").await;
    let endless = tokio::spawn(async move { writer.run(endless).await });
    let until = Instant::now() + LIMIT;
    while served.admin().await.text(query).await != "1" {
        assert!(Instant::now() < until, "it does not begin");
    }
    served.bench.spec.volume.size_bytes = used + 4 * MIB;
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
    if let Some(lifting) = engine.full.lifting {
        served.admin().await.run(lifting).await.unwrap();
        only_reads(&served).await;
    }
}
