//! A taskmanager may die at any line: whatever it left, the next one's repeat ends where an
//! undisturbed effect would have ended.

use crate::bench::{Bench, is_alive, is_root, run};
use domain::guest_spec::Layout;
use std::fs;
use std::process::Command;
use taskmanager::provisioner::{GuestPlan, Provisioner};

/// What a crash leaves, made by hand on a host that has the instance whole.
type Crash = (&'static str, fn(&Bench, &GuestPlan));

const CRASHES: &[Crash] = &[
    ("before anything", |_, _| {}),
    ("with half an image", |bench, plan| {
        leave_nothing(bench, plan);
        if is_root() {
            fs::write(bench.image(plan.id).with_extension("new"), "half").unwrap();
        }
    }),
    ("with half a record of the size", |bench, plan| {
        leave_nothing(bench, plan);
        let name = format!("{}.dir.new", plan.id);
        fs::write(bench.config.stack_dir.join("volumes").join(name), "10").unwrap();
    }),
    ("with a volume and no directory", |bench, plan| {
        end(bench, plan);
        unmount(bench, plan);
        fs::remove_dir_all(bench.instance(plan.id)).unwrap();
    }),
    ("with a directory and no volume", |bench, plan| {
        leave_nothing(bench, plan);
        fs::create_dir(bench.instance(plan.id)).unwrap();
        fs::create_dir(bench.volume(plan.id)).unwrap();
    }),
    ("before the mount", |bench, plan| {
        end(bench, plan);
        unmount(bench, plan);
    }),
    ("with half of the agent's directory", |bench, plan| {
        end(bench, plan);
        let agent = bench.instance(plan.id).join("a");
        fs::remove_dir_all(&agent).unwrap();
        fs::create_dir(&agent).unwrap();
        fs::write(agent.join("nats.creds.new"), "ha").unwrap();
    }),
    ("with half of a specification", |bench, plan| {
        end(bench, plan);
        fs::remove_file(bench.instance(plan.id).join("spec.json")).unwrap();
        fs::write(bench.instance(plan.id).join("spec.json.new"), "{").unwrap();
    }),
    ("before the shim was started", |bench, plan| end(bench, plan)),
    ("of the whole machine", |bench, plan| {
        let line = fs::read_to_string(bench.instance(plan.id).join("shim.id")).unwrap();
        end(bench, plan);
        unmount(bench, plan);
        let before_boot = line.trim().rsplit_once(' ').unwrap().0.to_owned() + " another-boot\n";
        fs::write(bench.instance(plan.id).join("shim.id"), before_boot).unwrap();
    }),
    ("after the shim was started", |_, _| {}),
    ("of the shim", |bench, plan| bench.kill_shim(plan.id)),
    ("after the unmount", |bench, plan| {
        end(bench, plan);
        unmount(bench, plan);
    }),
    ("with a device that nothing is mounted from", |bench, plan| {
        end(bench, plan);
        unmount(bench, plan);
        if is_root() {
            command("losetup", &["-f", &bench.image(plan.id).display().to_string()]);
        }
    }),
    ("with an emptied directory", |bench, plan| {
        leave_nothing(bench, plan);
        fs::create_dir(bench.instance(plan.id)).unwrap();
    }),
];

#[test]
fn an_interrupted_creation_is_finished_by_a_repeat() {
    for (crash, leave) in CRASHES {
        let bench = Bench::new();
        let plan = bench.plan(0);
        run(async {
            make(&bench, &plan, 1).await;
            leave(&bench, &plan);
            make(&bench, &plan, 2).await;
        });
        let directory = bench.instance(plan.id);
        assert!(bench.shim(plan.id).is_some_and(is_alive), "{crash}");
        assert_eq!(bench.spec(plan.id).volume.mounted, is_root(), "{crash}");
        let credentials = fs::read_to_string(Layout(&directory).credentials()).unwrap();
        assert_eq!(credentials, plan.credentials.0, "{crash}");
        fs::write(bench.volume(plan.id).join("row"), "fits").unwrap();
    }
}

#[test]
fn an_interrupted_creation_is_undone_without_trace() {
    for (crash, leave) in CRASHES {
        let bench = Bench::new();
        let plan = bench.plan(0);
        run(async {
            make(&bench, &plan, 1).await;
            leave(&bench, &plan);
            bench.local.ensure_no_guest(2, plan.id).await.unwrap();
            bench.local.ensure_no_volume(2, plan.id).await.unwrap();
        });
        assert_eq!(bench.traces(), Vec::<String>::new(), "{crash}");
    }
}

#[test]
fn an_interrupted_deletion_is_finished_by_a_repeat() {
    type Left = (&'static str, fn(&Bench, &GuestPlan));
    let crashes: &[Left] = &[
        ("after the image was deleted", |bench, plan| {
            unmount(bench, plan);
            fs::remove_file(bench.image(plan.id)).unwrap();
        }),
        ("while the mount was still there", |bench, plan| {
            fs::remove_file(bench.image(plan.id)).unwrap();
        }),
        ("before the tombstone", |bench, plan| leave_nothing(bench, plan)),
    ];
    if !is_root() {
        return;
    }
    for (crash, leave) in crashes {
        let bench = Bench::new();
        let plan = bench.plan(0);
        run(async {
            bench.local.ensure_volume(1, &plan).await.unwrap();
            leave(&bench, &plan);
            bench.local.ensure_no_volume(2, plan.id).await.unwrap();
        });
        assert_eq!(bench.traces(), Vec::<String>::new(), "{crash}");
    }
}

async fn make(bench: &Bench, plan: &GuestPlan, fence: u64) {
    bench.local.ensure_volume(fence, plan).await.unwrap();
    bench.local.ensure_guest(fence, plan).await.unwrap();
}

/// Ends the shim as a power cut would, but for the files.
fn end(bench: &Bench, plan: &GuestPlan) {
    if bench.shim(plan.id).is_some_and(is_alive) {
        bench.kill_shim(plan.id);
    }
    // Nobody writes any more.
    bench.kill_agent(plan.id);
}

fn unmount(bench: &Bench, plan: &GuestPlan) {
    if is_root() {
        command("umount", &[&bench.volume(plan.id).display().to_string()]);
    }
}

fn leave_nothing(bench: &Bench, plan: &GuestPlan) {
    end(bench, plan);
    unmount(bench, plan);
    fs::remove_dir_all(bench.instance(plan.id)).unwrap();
    for name in ["img", "dir"] {
        let path = bench.image(plan.id).with_extension(name);
        if path.exists() {
            fs::remove_file(path).unwrap();
        }
    }
}

fn command(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}
