//! What is promised can be had: a volume that does not fit is refused, with figures.

use crate::bench::{Bench, as_plain_user, run};
use domain::instance::FaultCause;
use taskmanager::provisioner::{GuestPlan, ProvisionError, Provisioner};

#[test]
fn a_volume_larger_than_the_disk_is_refused_with_figures_and_without_trace() {
    let bench = Bench::new();
    let plan = GuestPlan { volume_gib: 1_000_000, ..bench.plan(0) };
    let detail = refused(run(bench.local.ensure_volume(1, &plan)));
    assert!(detail.contains("1000000.00 GiB") && detail.contains("smaller volume"), "{detail}");
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn volumes_of_a_plain_user_that_do_not_fit_together_are_refused() {
    if as_plain_user("room::volumes_of_a_plain_user_that_do_not_fit_together_are_refused") {
        return;
    }
    let bench = Bench::new();
    let free_gib = u32::try_from(bench.local.capacity().disk_mb / 1024).unwrap();
    // Others may fill or empty the disk meanwhile: two of these never fit.
    let large = |rank| GuestPlan { volume_gib: free_gib * 3 / 5 + 1, ..bench.plan(rank) };
    let (first, second) = (large(0), large(1));
    run(async {
        bench.local.ensure_volume(1, &first).await.unwrap();
        refused(bench.local.ensure_volume(2, &second).await);
        bench.local.ensure_volume(3, &first).await.unwrap();
        bench.local.ensure_no_volume(4, first.id).await.unwrap();
        bench.local.ensure_volume(5, &second).await.unwrap();
        bench.local.ensure_no_volume(6, second.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

fn refused(outcome: Result<(), ProvisionError>) -> String {
    match outcome {
        Err(ProvisionError::Refused { cause: FaultCause::NoDisk, detail }) => detail,
        outcome => panic!("{outcome:?}"),
    }
}
