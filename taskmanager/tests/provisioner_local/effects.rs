//! Each effect does what it promises, once or twice, and what was made goes away without trace.

use crate::bench::{Bench, as_plain_user, is_alive, is_root, run};
use domain::guest_spec::{Isolation, Layout};
use domain::ids::ImageId;
use domain::instance::FaultCause;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Instant;
use taskmanager::provisioner::{GuestPlan, ProvisionError, Provisioner};
use uuid::Uuid;

#[test]
fn an_instance_comes_and_goes_without_trace() {
    comes_and_goes();
}

#[test]
fn an_instance_of_a_plain_user_comes_and_goes_without_trace() {
    if !as_plain_user("effects::an_instance_of_a_plain_user_comes_and_goes_without_trace") {
        comes_and_goes();
    }
}

fn comes_and_goes() {
    let bench = Bench::new();
    let (plan, other) = (bench.plan(0), bench.plan(1));
    let before = bench.traces();
    run(async {
        for (plan, fence) in [(&plan, 1), (&other, 2)] {
            let begun = Instant::now();
            bench.local.ensure_volume(fence, plan).await.unwrap();
            println!("volume after {:?}", begun.elapsed());
            bench.local.ensure_guest(fence + 10, plan).await.unwrap();
            println!("guest after {:?}", begun.elapsed());
        }
        check(&bench, &plan);
        check(&bench, &other);
        assert_ne!(bench.shim(plan.id), bench.shim(other.id));
        let begun = Instant::now();
        bench.local.ensure_no_guest(21, plan.id).await.unwrap();
        println!("no guest after {:?}", begun.elapsed());
        bench.local.ensure_no_volume(22, plan.id).await.unwrap();
        println!("no volume after {:?}", begun.elapsed());
        check(&bench, &other);
        bench.local.ensure_no_guest(23, other.id).await.unwrap();
        bench.local.ensure_no_volume(24, other.id).await.unwrap();
    });
    assert_eq!(bench.traces(), before);
    assert_eq!(before, Vec::<String>::new());
}

fn check(bench: &Bench, plan: &GuestPlan) {
    let directory = bench.instance(plan.id);
    let layout = Layout(&directory);
    assert!(is_alive(bench.shim(plan.id).unwrap()));
    let spec = bench.spec(plan.id);
    assert_eq!((spec.instance, spec.uid), (plan.id, plan.place.uid));
    assert_eq!(spec.volume.size_bytes, 1 << 30);
    assert_eq!(fs::read_to_string(layout.credentials()).unwrap(), plan.credentials.0);
    if is_root() {
        let uid = plan.place.uid.unwrap();
        assert_eq!(spec.isolation, Isolation::Uid);
        assert_eq!(mode(&directory), (0o1770, 0, uid));
        assert_eq!(mode(&layout.volume()), (0o750, 0, uid));
        assert_eq!(mode(&layout.agent()), (0o750, uid, uid));
        assert_eq!(mode(&layout.credentials()), (0o600, uid, uid));
        assert_eq!(mode(&layout.spec()), (0o640, 0, uid));
    } else {
        let own = rustix::process::geteuid().as_raw();
        for private in [&directory, &layout.volume(), &layout.agent()] {
            assert_eq!(mode(private), (0o700, own, own), "{}", private.display());
        }
        assert_eq!(mode(&layout.credentials()), (0o600, own, own));
        assert!(!spec.volume.mounted);
    }
}

fn mode(path: &Path) -> (u32, u32, u32) {
    let metadata = fs::symlink_metadata(path).unwrap();
    (metadata.mode() & 0o7777, metadata.uid(), metadata.gid())
}

#[test]
fn each_effect_may_be_repeated() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        for fence in [1, 1, 2] {
            bench.local.ensure_volume(fence, &plan).await.unwrap();
        }
        fs::write(bench.volume(plan.id).join("row"), "kept").unwrap();
        bench.local.ensure_guest(3, &plan).await.unwrap();
        let shim = bench.shim(plan.id);
        for fence in [3, 4] {
            bench.local.ensure_volume(fence, &plan).await.unwrap();
            bench.local.ensure_guest(fence, &plan).await.unwrap();
        }
        assert_eq!(bench.shim(plan.id), shim, "the guest goes on running");
        assert_eq!(fs::read_to_string(bench.volume(plan.id).join("row")).unwrap(), "kept");
        for fence in [5, 5, 6] {
            bench.local.ensure_no_guest(fence, plan.id).await.unwrap();
        }
        assert_eq!(fs::read_to_string(bench.volume(plan.id).join("row")).unwrap(), "kept");
        for fence in [7, 7, 8] {
            bench.local.ensure_no_volume(fence, plan.id).await.unwrap();
        }
        bench.local.ensure_no_guest(9, plan.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn what_was_never_made_can_be_removed() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        bench.local.ensure_no_guest(1, plan.id).await.unwrap();
        bench.local.ensure_no_volume(2, plan.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn a_volume_has_its_size_and_lets_nothing_run_on_it() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(bench.local.ensure_volume(1, &plan)).unwrap();
    let volume = bench.volume(plan.id);
    let disk = rustix::fs::statvfs(&volume).unwrap();
    let size_mib = (disk.f_blocks * disk.f_frsize) >> 20;
    assert!((900..=1024).contains(&size_mib), "{size_mib}");
    let held_mib = (fs::metadata(bench.image(plan.id)).unwrap().blocks() * 512) >> 20;
    assert!(held_mib >= 1024, "every block is set aside: {held_mib}");
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let place = volume.canonicalize().unwrap().display().to_string();
    let mount = mounts.lines().find(|line| line.contains(&place)).unwrap();
    for option in ["nosuid", "nodev", "noexec", "noatime", "unbindable"] {
        assert!(mount.contains(option), "{mount}");
    }
    assert!(!mount.contains("discard"), "{mount}");
    let trimmed = std::process::Command::new("fstrim").arg(&volume).output().unwrap();
    assert!(!trimmed.status.success(), "trimming would give blocks back to the host");
}

#[test]
fn a_server_is_limited_to_its_flavor_and_a_little_more() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        bench.local.ensure_volume(1, &plan).await.unwrap();
        bench.local.ensure_guest(2, &plan).await.unwrap();
    });
    let groups = bench.spec(plan.id).cgroups;
    let figure = |name: &str| {
        groups
            .iter()
            .find_map(|group| fs::read_to_string(group.join(name)).ok())
            .map(|text| text.trim().parse::<u64>().unwrap())
    };
    let memory = figure("memory.limit_in_bytes").or_else(|| figure("memory.max"));
    if is_root() && !groups.is_empty() {
        assert_eq!(memory, Some((256 + 64) << 20));
        assert_eq!(figure("pids.max"), Some(2048));
        assert_eq!(
            figure("cpu.shares").or_else(|| figure("cpu.weight").map(|w| w / 100 * 1024)),
            Some(2048)
        );
    } else {
        assert_eq!(memory, None);
    }
}

#[test]
fn a_server_that_takes_more_than_its_memory_is_killed() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        bench.local.ensure_volume(1, &plan).await.unwrap();
        bench.local.ensure_guest(2, &plan).await.unwrap();
    });
    let groups = bench.spec(plan.id).cgroups;
    let is_limit = |name: &str| groups.iter().any(|group| group.join(name).exists());
    if !is_limit("memory.limit_in_bytes") && !is_limit("memory.max") {
        return;
    }
    let join: String =
        groups.iter().map(|group| format!("echo 0 >{}/cgroup.procs; ", group.display())).collect();
    // Looks for the end of an endless line and keeps all of it.
    let greedy = format!("{join} exec tail /dev/zero");
    let status = std::process::Command::new("sh").args(["-c", &greedy]).status().unwrap();
    assert_eq!(status.signal(), Some(9));
}

#[test]
fn a_missing_engine_is_refused_with_what_to_do() {
    let bench = Bench::new();
    let plan = GuestPlan { image: ImageId(Uuid::from_u128(2)), ..bench.plan(0) };
    run(async {
        bench.local.ensure_volume(1, &plan).await.unwrap();
        let refused = bench.local.ensure_guest(2, &plan).await;
        assert!(
            matches!(&refused, Err(ProvisionError::Refused { cause: FaultCause::EngineMissing, detail })
                if detail.contains("fetch it")),
            "{refused:?}"
        );
        bench.local.ensure_no_guest(3, plan.id).await.unwrap();
        bench.local.ensure_no_volume(4, plan.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn a_guest_without_its_volume_is_refused() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    let refused = run(bench.local.ensure_guest(1, &plan));
    assert!(matches!(refused, Err(ProvisionError::Refused { .. })), "{refused:?}");
    assert_eq!(bench.traces(), Vec::<String>::new());
}
