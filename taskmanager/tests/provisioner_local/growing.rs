//! A volume that grows keeps what is in it, whatever cuts the growth short.

use crate::bench::{Bench, as_plain_user, is_alive, is_root, run};
use std::fs::{self, OpenOptions};
use std::process::Command;
use taskmanager::provisioner::{GuestPlan, ProvisionError, Provisioner};

const GIB: u64 = 1 << 30;

/// What a crash leaves of a growth from one to two GiB.
type Crash = (&'static str, fn(&Bench, &GuestPlan));

/// In the order in which a growth comes through them.
const CRASHES: &[Crash] = &[
    ("before anything", |_, _| {}),
    ("with half a record", |bench, plan| {
        fs::write(record(bench, plan).with_extension("growth.new"), "10").unwrap();
    }),
    ("with a record", |bench, plan| write_record(bench, plan)),
    ("with some of the blocks", |bench, plan| {
        write_record(bench, plan);
        set_length(bench, plan, GIB + GIB / 2);
    }),
    ("with all blocks", |bench, plan| {
        write_record(bench, plan);
        set_length(bench, plan, 2 * GIB);
    }),
    ("with all blocks and a stopped guest", |bench, plan| {
        write_record(bench, plan);
        set_length(bench, plan, 2 * GIB);
        end(bench, plan);
    }),
    ("with an unmounted volume", |bench, plan| {
        write_record(bench, plan);
        set_length(bench, plan, 2 * GIB);
        end(bench, plan);
        command("umount", &[&bench.volume(plan.id).display().to_string()]);
    }),
    ("with a device that nothing is mounted from", |bench, plan| {
        write_record(bench, plan);
        end(bench, plan);
        command("umount", &[&bench.volume(plan.id).display().to_string()]);
        let image = bench.image(plan.id).display().to_string();
        command("losetup", &["-f", &image]);
        set_length(bench, plan, 2 * GIB);
    }),
    ("with a larger file system and a record", |bench, plan| {
        write_record(bench, plan);
        set_length(bench, plan, 2 * GIB);
        end(bench, plan);
        command("umount", &[&bench.volume(plan.id).display().to_string()]);
        let image = bench.image(plan.id).display().to_string();
        command("e2fsck", &["-f", "-p", &image]);
        command("resize2fs", &[&image]);
    }),
];

#[test]
fn a_volume_grows_with_what_is_in_it_and_the_guest_comes_back() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        make(&bench, &plan).await;
        bench.local.ensure_volume_size(2, &grown(&plan)).await.unwrap();
        bench.local.ensure_volume_size(3, &grown(&plan)).await.unwrap();
        is_grown(&bench, &plan, "undisturbed");
        assert_eq!(bench.local.ensure_settled(4, &plan).await.unwrap(), 2);
        is_grown(&bench, &plan, "settled");
        remove(&bench, &plan).await;
    });
}

#[test]
fn an_interrupted_growth_is_finished_by_a_repeat() {
    for (crash, leave) in crashes() {
        let bench = Bench::new();
        let plan = bench.plan(0);
        run(async {
            make(&bench, &plan).await;
            leave(&bench, &plan);
            bench.local.ensure_volume_size(2, &grown(&plan)).await.unwrap();
            is_grown(&bench, &plan, crash);
            assert_eq!(bench.local.ensure_settled(3, &plan).await.unwrap(), 2, "{crash}");
            remove(&bench, &plan).await;
        });
    }
}

#[test]
fn an_interrupted_growth_that_nobody_wants_any_more_is_ended_one_way_or_the_other() {
    for (crash, leave) in crashes() {
        let bench = Bench::new();
        let plan = bench.plan(0);
        run(async {
            make(&bench, &plan).await;
            leave(&bench, &plan);
            let size = bench.local.ensure_settled(2, &plan).await.unwrap();
            assert!(!record(&bench, &plan).exists(), "{crash}");
            let length = fs::metadata(bench.image(plan.id)).unwrap().len();
            assert_eq!(length, u64::from(size) * GIB, "{crash}");
            assert_eq!(bench.spec(plan.id).volume.size_bytes, length, "{crash}");
            assert_eq!(visible(&bench, &plan) > GIB, size == 2, "{crash}");
            serves(&bench, &plan, crash);
            remove(&bench, &plan).await;
        });
    }
}

#[test]
fn the_keeper_mounts_no_volume_whose_growth_has_all_its_blocks_before_it_is_finished() {
    for (crash, leave) in crashes() {
        let bench = Bench::new();
        let plan = bench.plan(0);
        run(async {
            make(&bench, &plan).await;
            leave(&bench, &plan);
            let wanted = [GuestPlan { fence: 1, ..plan.clone() }];
            let report = bench.local.keep(10, &wanted).await.unwrap();
            assert!(report.failed.is_empty(), "{crash}: {report:?}");
            serves(&bench, &plan, crash);
            bench.local.ensure_volume_size(2, &grown(&plan)).await.unwrap();
            is_grown(&bench, &plan, crash);
            remove(&bench, &plan).await;
        });
    }
}

#[test]
fn an_interrupted_growth_is_deleted_without_trace() {
    for (crash, leave) in crashes() {
        let bench = Bench::new();
        let plan = bench.plan(0);
        run(async {
            make(&bench, &plan).await;
            leave(&bench, &plan);
            bench.local.ensure_no_guest(2, plan.id).await.unwrap();
            bench.local.ensure_no_volume(2, plan.id).await.unwrap();
        });
        assert_eq!(bench.traces(), Vec::<String>::new(), "{crash}");
    }
}

#[test]
fn a_growth_that_the_disk_has_no_room_for_is_refused_and_nothing_is_stopped() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        make(&bench, &plan).await;
        let shim = bench.shim(plan.id);
        let things = bench.things();
        let huge = GuestPlan { volume_gib: 1_000_000, ..plan.clone() };
        let detail = match bench.local.ensure_volume_size(2, &huge).await {
            Err(ProvisionError::Refused { detail, .. }) => detail,
            outcome => panic!("{outcome:?}"),
        };
        assert!(detail.contains("larger by 999999.00 GiB"), "{detail}");
        assert_eq!((bench.shim(plan.id), bench.things()), (shim, things));
        serves(&bench, &plan, "refused");
        assert_eq!(bench.spec(plan.id).volume.size_bytes, GIB);
        remove(&bench, &plan).await;
    });
}

#[test]
fn a_plain_users_volume_grows_by_its_figure_and_nothing_is_stopped() {
    if as_plain_user("growing::a_plain_users_volume_grows_by_its_figure_and_nothing_is_stopped") {
        return;
    }
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        make(&bench, &plan).await;
        let shim = bench.shim(plan.id);
        for fence in 2..4 {
            bench.local.ensure_volume_size(fence, &grown(&plan)).await.unwrap();
            assert_eq!(bench.spec(plan.id).volume.size_bytes, 2 * GIB);
        }
        let huge = GuestPlan { volume_gib: 1_000_000, ..plan.clone() };
        let refused = bench.local.ensure_volume_size(4, &huge).await;
        assert!(matches!(refused, Err(ProvisionError::Refused { .. })), "{refused:?}");
        assert_eq!(bench.local.ensure_settled(5, &plan).await.unwrap(), 2);
        assert_eq!(bench.shim(plan.id), shim);
        serves(&bench, &plan, "grown");
        remove(&bench, &plan).await;
    });
}

#[test]
fn limits_follow_the_plan_and_an_older_fence_changes_nothing() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    let larger = GuestPlan { memory_mb: 512, ..plan.clone() };
    run(async {
        make(&bench, &plan).await;
        let before = memory_limit(&bench, &plan);
        bench.local.ensure_limits(3, &larger).await.unwrap();
        bench.local.ensure_limits(3, &larger).await.unwrap();
        let raised = memory_limit(&bench, &plan);
        assert_eq!(raised.is_some(), before.is_some());
        assert!(raised.is_none() || raised > before);
        let stale = bench.local.ensure_limits(2, &plan).await;
        assert!(matches!(stale, Err(ProvisionError::Stale { .. })), "{stale:?}");
        let stale = bench.local.ensure_volume_size(2, &grown(&plan)).await;
        assert!(matches!(stale, Err(ProvisionError::Stale { .. })), "{stale:?}");
        assert_eq!(memory_limit(&bench, &plan), raised);
        bench.local.ensure_settled(4, &plan).await.unwrap();
        assert_eq!(memory_limit(&bench, &plan), before);
        assert_eq!(bench.spec(plan.id).memory_mb, plan.memory_mb);
        remove(&bench, &plan).await;
    });
}

/// Only images can be half done.
fn crashes() -> impl Iterator<Item = &'static Crash> {
    CRASHES.iter().filter(|_| is_root())
}

fn grown(plan: &GuestPlan) -> GuestPlan {
    GuestPlan { volume_gib: 2, ..plan.clone() }
}

async fn make(bench: &Bench, plan: &GuestPlan) {
    bench.local.ensure_volume(1, plan).await.unwrap();
    bench.local.ensure_guest(1, plan).await.unwrap();
    fs::write(bench.volume(plan.id).join("row"), "stays").unwrap();
}

async fn remove(bench: &Bench, plan: &GuestPlan) {
    bench.local.ensure_no_guest(9, plan.id).await.unwrap();
    bench.local.ensure_no_volume(9, plan.id).await.unwrap();
    assert_eq!(bench.traces(), Vec::<String>::new());
}

fn is_grown(bench: &Bench, plan: &GuestPlan, when: &str) {
    assert_eq!(bench.spec(plan.id).volume.size_bytes, 2 * GIB, "{when}");
    assert!(!record(bench, plan).exists(), "{when}");
    if is_root() {
        let metadata = fs::metadata(bench.image(plan.id)).unwrap();
        assert_eq!(metadata.len(), 2 * GIB, "{when}");
        let blocks = std::os::unix::fs::MetadataExt::blocks(&metadata) * 512;
        assert!(blocks >= 2 * GIB, "an image owns its blocks: {when}");
        assert!(visible(bench, plan) > GIB * 19 / 10, "{when}: {}", visible(bench, plan));
    }
    serves(bench, plan, when);
}

fn serves(bench: &Bench, plan: &GuestPlan, when: &str) {
    assert!(bench.shim(plan.id).is_some_and(is_alive), "{when}");
    assert_eq!(bench.spec(plan.id).volume.mounted, is_root(), "{when}");
    let row = bench.volume(plan.id).join("row");
    assert_eq!(fs::read_to_string(&row).unwrap(), "stays", "{when}");
    fs::write(row, "stays").unwrap();
}

/// The size that the file system itself tells.
fn visible(bench: &Bench, plan: &GuestPlan) -> u64 {
    let disk = rustix::fs::statvfs(bench.volume(plan.id)).unwrap();
    disk.f_blocks * disk.f_frsize
}

/// The limit in force; none where there are no control groups.
fn memory_limit(bench: &Bench, plan: &GuestPlan) -> Option<u64> {
    let groups = bench.spec(plan.id).cgroups;
    let limits = groups.iter().flat_map(|group| {
        ["memory.max", "memory.limit_in_bytes"].map(|file| fs::read_to_string(group.join(file)))
    });
    limits.flatten().find_map(|text| text.trim().parse().ok())
}

fn record(bench: &Bench, plan: &GuestPlan) -> std::path::PathBuf {
    bench.image(plan.id).with_extension("growth")
}

fn write_record(bench: &Bench, plan: &GuestPlan) {
    fs::write(record(bench, plan), format!("{GIB} {}\n", 2 * GIB)).unwrap();
}

fn set_length(bench: &Bench, plan: &GuestPlan, bytes: u64) {
    let image = OpenOptions::new().write(true).open(bench.image(plan.id)).unwrap();
    rustix::fs::fallocate(&image, rustix::fs::FallocateFlags::empty(), 0, bytes).unwrap();
}

/// Ends the guest as a power cut would, but for the files.
fn end(bench: &Bench, plan: &GuestPlan) {
    bench.kill_shim(plan.id);
    bench.kill_agent(plan.id);
}

fn command(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}
