//! Who was overtaken changes nothing any more.

use crate::bench::{Bench, run, wait_until};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use taskmanager::provisioner::{GuestPlan, ProvisionError, Provisioner};

/// Names the file that [`hangs`] locks.
const LOCK: &str = "TROVE_TEST_LOCK";

#[test]
fn a_lower_fence_changes_nothing_whatever_the_effect_and_the_taskmanager() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        bench.local.ensure_volume(10, &plan).await.unwrap();
        bench.local.ensure_guest(11, &plan).await.unwrap();
        let before = (bench.things(), bench.shim(plan.id));
        let second = bench.second();
        for local in [&bench.local, &second] {
            for outcome in [
                local.ensure_volume(10, &plan).await,
                local.ensure_guest(10, &plan).await,
                local.ensure_no_guest(10, plan.id).await,
                local.ensure_no_volume(10, plan.id).await,
            ] {
                let is_stale =
                    matches!(outcome, Err(ProvisionError::Stale { fence: 10, known: 11 }));
                assert!(is_stale, "{outcome:?}");
            }
        }
        assert_eq!((bench.things(), bench.shim(plan.id)), before);
    });
}

#[test]
fn a_worker_that_overslept_can_not_make_again_what_was_deleted() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        bench.local.ensure_volume(10, &plan).await.unwrap();
        bench.local.ensure_no_guest(11, plan.id).await.unwrap();
        bench.local.ensure_no_volume(12, plan.id).await.unwrap();
        let second = bench.second();
        for fence in [10, 12] {
            for outcome in
                [second.ensure_volume(fence, &plan).await, second.ensure_guest(fence, &plan).await]
            {
                assert!(matches!(outcome, Err(ProvisionError::Stale { .. })), "{outcome:?}");
            }
        }
        let report = second.keep(100, &[GuestPlan { fence: 12, ..plan.clone() }]).await.unwrap();
        assert!(report.started.is_empty() && report.failed.is_empty(), "{report:?}");
        assert_eq!(bench.traces(), Vec::<String>::new());
        second.ensure_volume(13, &plan).await.unwrap();
    });
    assert!(bench.volume(plan.id).exists());
}

#[test]
fn effects_of_two_taskmanagers_on_one_instance_take_turns() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    let second = bench.second();
    run(async {
        let both = tokio::join!(
            bench.local.ensure_volume(1, &plan),
            second.ensure_volume(1, &plan),
            bench.local.ensure_volume(1, &plan),
        );
        for outcome in [both.0, both.1, both.2] {
            outcome.unwrap();
        }
        let both = tokio::join!(bench.local.ensure_guest(2, &plan), second.ensure_guest(2, &plan));
        both.0.unwrap();
        both.1.unwrap();
        bench.local.ensure_no_guest(3, plan.id).await.unwrap();
        let both = tokio::join!(
            bench.local.ensure_no_volume(4, plan.id),
            second.ensure_no_volume(4, plan.id)
        );
        both.0.unwrap();
        both.1.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn a_worker_that_hangs_is_ended_by_the_next_claim_and_by_no_earlier_one() {
    let bench = Bench::new();
    let plan = bench.plan(0);
    let ledger = bench.config.stack_dir.join("fences").join(plan.id.to_string());
    fs::write(&ledger, "kept 11\n").unwrap();
    let mut hanging = hang_with(&ledger);
    run(async {
        let late = bench.local.ensure_volume(10, &plan).await;
        assert!(matches!(late, Err(ProvisionError::Transient(_))), "{late:?}");
        assert_eq!(hanging.try_wait().unwrap(), None);
        bench.local.ensure_volume(12, &plan).await.unwrap();
    });
    assert_eq!(hanging.wait().unwrap().signal(), Some(9));
    assert!(bench.volume(plan.id).exists());
}

/// Another process of this program that has the lock.
fn hang_with(ledger: &Path) -> Child {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fences::hangs", "--ignored"])
        .env(LOCK, ledger)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("it has the lock", || File::open(ledger).unwrap().try_lock().is_err());
    child
}

#[test]
#[ignore = "is the process that another test starts"]
fn hangs() {
    let file = File::open(std::env::var_os(LOCK).unwrap()).unwrap();
    // Until it is tried for the first time, the test itself may have it.
    file.lock().unwrap();
    // Until the test ends, however it ends.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
