//! The host keeper's look: what should run runs, and nothing else does.

use crate::bench::{Bench, is_alive, is_root, run};
use std::fs;
use std::process::Command;
use taskmanager::provisioner::{GuestPlan, ProvisionError, Provisioner};

/// An instance whose guest was started under fence 2.
async fn running(bench: &Bench) -> GuestPlan {
    let plan = GuestPlan { fence: 2, ..bench.plan(0) };
    bench.local.ensure_volume(1, &plan).await.unwrap();
    bench.local.ensure_guest(2, &plan).await.unwrap();
    plan
}

#[test]
fn after_a_boot_each_instance_is_mounted_and_running_again() {
    let bench = Bench::new();
    run(async {
        let plan = running(&bench).await;
        fs::write(bench.volume(plan.id).join("row"), "kept").unwrap();
        bench.kill_shim(plan.id);
        if is_root() {
            assert!(Command::new("umount").arg(bench.volume(plan.id)).status().unwrap().success());
            for group in bench.spec(plan.id).cgroups {
                fs::remove_dir(group).unwrap();
            }
        }
        let second = bench.second();
        let report = second.keep(2, std::slice::from_ref(&plan)).await.unwrap();
        assert_eq!(report.started, [plan.id], "{report:?}");
        assert!(report.failed.is_empty(), "{report:?}");
        assert!(bench.shim(plan.id).is_some_and(is_alive));
        assert_eq!(fs::read_to_string(bench.volume(plan.id).join("row")).unwrap(), "kept");
        let report = second.keep(2, std::slice::from_ref(&plan)).await.unwrap();
        assert!(report.started.is_empty() && report.ended.is_empty(), "{report:?}");
    });
}

#[test]
fn an_instance_that_nobody_wants_is_ended_and_keeps_its_volume() {
    let bench = Bench::new();
    run(async {
        let plan = running(&bench).await;
        let shim = bench.shim(plan.id).unwrap();
        fs::write(bench.volume(plan.id).join("row"), "kept").unwrap();
        let report = bench.local.keep(2, &[]).await.unwrap();
        assert_eq!(report.ended, [plan.id], "{report:?}");
        assert!(!is_alive(shim));
        assert_eq!(fs::read_to_string(bench.volume(plan.id).join("row")).unwrap(), "kept");
        let report = bench.local.keep(2, &[]).await.unwrap();
        assert!(report.ended.is_empty(), "{report:?}");
    });
}

#[test]
fn a_guest_that_is_newer_than_the_look_is_left_alone() {
    let bench = Bench::new();
    run(async {
        let plan = running(&bench).await;
        let report = bench.local.keep(1, &[]).await.unwrap();
        assert!(report.ended.is_empty(), "{report:?}");
        assert!(bench.shim(plan.id).is_some_and(is_alive));
    });
}

#[test]
fn a_look_from_before_the_end_starts_nothing() {
    let bench = Bench::new();
    run(async {
        let plan = running(&bench).await;
        bench.local.ensure_no_guest(3, plan.id).await.unwrap();
        let report = bench.local.keep(2, std::slice::from_ref(&plan)).await.unwrap();
        assert!(report.started.is_empty() && report.failed.is_empty(), "{report:?}");
        assert_eq!(bench.shim(plan.id), None);
    });
}

#[test]
fn a_keeper_rests_while_the_stack_is_stopping() {
    let bench = Bench::new();
    run(async {
        let plan = running(&bench).await;
        fs::write(bench.config.stack_dir.join("stopping"), "").unwrap();
        bench.kill_shim(plan.id);
        let report = bench.local.keep(2, std::slice::from_ref(&plan)).await.unwrap();
        assert!(report.is_resting && report.started.is_empty(), "{report:?}");
    });
}

#[test]
fn a_lost_volume_is_reported_and_never_replaced() {
    let bench = Bench::new();
    run(async {
        let plan = running(&bench).await;
        bench.local.ensure_no_guest(2, plan.id).await.unwrap();
        if is_root() {
            assert!(Command::new("umount").arg(bench.volume(plan.id)).status().unwrap().success());
        }
        for extension in ["img", "dir"] {
            drop(fs::remove_file(bench.image(plan.id).with_extension(extension)));
        }
        let report = bench.local.keep(2, std::slice::from_ref(&plan)).await.unwrap();
        assert!(
            matches!(&report.failed[..], [(id, ProvisionError::Refused { .. })] if *id == plan.id),
            "{report:?}"
        );
        assert!(!bench.image(plan.id).exists());
    });
}
