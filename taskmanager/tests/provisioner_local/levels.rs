//! What isolation is in force, what is said about it, and when nothing begins.

use crate::bench::{Bench, as_plain_user, bubblewrap, config, is_root, open_directory, run};
use domain::guest_spec::Isolation;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use taskmanager::provisioner::Provisioner;
use taskmanager::provisioner::local::{
    Addresses, IsolationWish, Local, LocalConfig, OpenError, claim_range,
};

fn open(change: impl FnOnce(&mut LocalConfig)) -> Result<Local, OpenError> {
    let directory = open_directory();
    let mut config = config(directory.path());
    change(&mut config);
    Local::open(config)
}

#[test]
fn the_report_names_each_level() {
    let report = Bench::new().local.report();
    for (sentence, word) in report.iter().zip(["Volumes:", "Control groups:", "Walls:"]) {
        assert!(sentence.starts_with(word) && sentence.ends_with('.'), "{report:?}");
    }
    println!("{}", report.join("\n"));
}

#[test]
fn a_plain_user_is_told_what_is_missing_and_refused_full_isolation() {
    if as_plain_user("levels::a_plain_user_is_told_what_is_missing_and_refused_full_isolation") {
        return;
    }
    let refused = open(|config| config.isolation = IsolationWish::Full);
    let Err(OpenError::TooWeak(report)) = refused else {
        panic!("{refused:?}");
    };
    assert!(report[0].contains("not enforced"), "{report:?}");
    assert!(report[2].contains("none"), "{report:?}");
}

#[test]
fn a_plain_user_gets_bubblewrap_where_it_works() {
    if is_root() {
        // Fetched once, by whoever may write there.
        bubblewrap();
    }
    if as_plain_user("levels::a_plain_user_gets_bubblewrap_where_it_works") {
        return;
    }
    let program = bubblewrap();
    let bench = Bench::with(|config| config.bubblewrap = Some(program.clone()));
    let plan = bench.plan(0);
    run(async {
        bench.local.ensure_volume(1, &plan).await.unwrap();
        bench.local.ensure_guest(2, &plan).await.unwrap();
    });
    assert_eq!(bench.spec(plan.id).isolation, Isolation::Bubblewrap { program });
    assert_eq!(bench.local.capacity().first_uid, None);
}

#[test]
fn directories_that_instances_users_can_not_reach_are_refused() {
    if !is_root() {
        return;
    }
    let directory = open_directory();
    let closed = directory.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let refused = open(|config| config.instances_dir = closed.join("i"));
    assert!(matches!(&refused, Err(OpenError::Closed(path)) if *path == closed), "{refused:?}");
}

#[test]
fn a_directory_too_deep_for_sockets_is_refused() {
    let refused = open(|config| config.instances_dir = config.instances_dir.join("d".repeat(80)));
    assert!(matches!(refused, Err(OpenError::PathTooLong { .. })), "{refused:?}");
}

#[test]
fn a_directory_that_can_not_be_written_into_a_command_line_is_refused() {
    let refused = open(|config| config.instances_dir = config.instances_dir.join("a b"));
    assert!(matches!(refused, Err(OpenError::UnsuitablePath(_))), "{refused:?}");
}

#[test]
fn addresses_and_uids_come_from_the_range_or_as_they_were_fixed() {
    let bench = Bench::new();
    let capacity = bench.local.capacity();
    assert!(capacity.first_address.is_loopback());
    assert_eq!((capacity.addresses, capacity.first_uid.is_some()), (4094, is_root()));
    assert!(capacity.memory_mb > 0 && capacity.disk_mb > 0);

    let first = "10.1.2.3".parse().unwrap();
    let fixed = open(|config| config.addresses = Addresses::Fixed { first, count: 5 }).unwrap();
    assert_eq!((fixed.capacity().first_address, fixed.capacity().addresses), (first, 5));
}

#[test]
fn a_running_guest_keeps_its_stacks_addresses_from_others() {
    let mut bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        bench.local.ensure_volume(1, &plan).await.unwrap();
        bench.local.ensure_guest(2, &plan).await.unwrap();
    });
    let capacity = bench.local.capacity();
    let (first, count) = (capacity.first_address, capacity.addresses);
    // The taskmanager that claimed the range is gone; this one claims nothing.
    let addresses = Addresses::Fixed { first, count };
    bench.local = Local::open(LocalConfig { addresses, ..bench.config.clone() }).unwrap();

    let other = open_directory();
    let record = fs::read_to_string(bench.config.stack_dir.join("address-range")).unwrap();
    fs::write(other.path().join("address-range"), record).unwrap();
    let refused = claim_range(&bench.config.range_locks, other.path());
    let stack = bench.config.stack_dir.canonicalize().unwrap().display().to_string();
    assert!(
        matches!(&refused, Err(OpenError::RangeTaken { by, .. }) if *by == stack),
        "{refused:?}"
    );
    run(bench.local.ensure_no_guest(3, plan.id)).unwrap();
    claim_range(&bench.config.range_locks, other.path()).unwrap();
}
