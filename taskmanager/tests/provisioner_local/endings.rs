//! Guests that do not end as they should are ended all the same.

use crate::bench::{Bench, as_plain_user, bubblewrap, is_alive, is_root, run, wait_until};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use taskmanager::provisioner::{GuestPlan, ProvisionError, Provisioner};

/// A shim that records itself as the real one does, and then does as it likes.
const RECORD: &str = r#"
dir=$(dirname "$2")
read -r boot </proc/sys/kernel/random/boot_id
read -r stat <"/proc/$$/stat"
set -- ${stat##*) }
echo "$$ ${20} $boot" >"$dir/shim.id.new"
mv "$dir/shim.id.new" "$dir/shim.id"
"#;

/// A process of the instance that nobody recorded: the server's user, in its groups where those
/// are, at work in its volume.
fn server(bench: &Bench, plan: &GuestPlan) -> Child {
    as_server(bench, plan, Command::new("sleep").arg("600"))
}

fn as_server(bench: &Bench, plan: &GuestPlan, server: &mut Command) -> Child {
    server.current_dir(bench.volume(plan.id));
    if let Some(gid) = plan.place.uid {
        server.uid(gid + 1).gid(gid);
    }
    let child = server.spawn().unwrap();
    for group in bench.spec(plan.id).cgroups {
        fs::write(group.join("cgroup.procs"), child.id().to_string()).unwrap();
    }
    child
}

async fn make(bench: &Bench, plan: &GuestPlan) {
    bench.local.ensure_volume(1, plan).await.unwrap();
    bench.local.ensure_guest(2, plan).await.unwrap();
}

#[test]
fn what_a_dead_shim_left_is_ended() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        make(&bench, &plan).await;
        let mut left = server(&bench, &plan);
        bench.kill_shim(plan.id);
        bench.local.ensure_no_guest(3, plan.id).await.unwrap();
        assert!(left.try_wait().unwrap().is_some());
        bench.local.ensure_no_volume(4, plan.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn what_follows_the_shim_by_itself_is_not_killed() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        make(&bench, &plan).await;
        let shim = bench.shim(plan.id).unwrap();
        let lives = format!("grep -q '^State:.[^Z]' /proc/{shim}/status 2>/dev/null");
        let script = format!("while {lives}; do sleep 0.01; done; sleep 0.05; exit 3");
        let mut follower = as_server(&bench, &plan, Command::new("sh").args(["-c", &script]));
        bench.local.ensure_no_guest(3, plan.id).await.unwrap();
        assert_eq!(follower.wait().unwrap().code(), Some(3));
        bench.local.ensure_no_volume(4, plan.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn a_shim_that_does_not_hear_its_order_is_killed() {
    let mut bench = Bench::with_guestagent(&format!("{RECORD}\nkill -STOP $$"));
    bench.config.stop_max = Duration::from_millis(300);
    let bench = &bench;
    let local = bench.second();
    let plan = bench.plan(0);
    run(async {
        make(bench, &plan).await;
        let shim = bench.shim(plan.id).unwrap();
        // It records itself a moment before.
        wait_until("the shim hears nothing", || {
            let status = fs::read_to_string(format!("/proc/{shim}/status")).unwrap();
            status.contains("\nState:\tT")
        });
        let asked = Instant::now();
        local.ensure_no_guest(3, plan.id).await.unwrap();
        assert!(asked.elapsed() >= Duration::from_millis(300), "it was asked first");
        assert!(!is_alive(shim));
        local.ensure_no_volume(4, plan.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn a_shim_that_does_not_come_up_is_an_obstacle_with_its_last_words() {
    let bench = Bench::with_guestagent("echo first; echo 'no such thing' >&2; exit 7");
    let plan = bench.plan(0);
    run(async {
        bench.local.ensure_volume(1, &plan).await.unwrap();
        let failed = bench.local.ensure_guest(2, &plan).await;
        let Err(ProvisionError::Transient(cause)) = failed else {
            panic!("{failed:?}");
        };
        let text = cause.to_string();
        assert!(text.contains("exit status: 7") && text.contains("no such thing"), "{text}");
        bench.local.ensure_no_guest(3, plan.id).await.unwrap();
        bench.local.ensure_no_volume(4, plan.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn a_volume_in_use_by_its_own_instance_is_freed() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        make(&bench, &plan).await;
        bench.local.ensure_no_guest(3, plan.id).await.unwrap();
        let mut late = Command::new("sleep")
            .arg("600")
            .current_dir(bench.volume(plan.id))
            .uid(plan.place.uid.unwrap() + 1)
            .gid(plan.place.uid.unwrap())
            .spawn()
            .unwrap();
        bench.local.ensure_no_volume(4, plan.id).await.unwrap();
        assert!(late.try_wait().unwrap().is_some());
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn a_volume_in_use_by_somebody_else_waits_for_him() {
    if !is_root() {
        return;
    }
    let bench = Bench::with(|config| config.stop_max = Duration::from_millis(300));
    let plan = bench.plan(0);
    run(async {
        bench.local.ensure_volume(1, &plan).await.unwrap();
        let backup = File::open(bench.volume(plan.id)).unwrap();
        let busy = bench.local.ensure_no_volume(2, plan.id).await;
        assert!(matches!(&busy, Err(ProvisionError::Transient(_))), "{busy:?}");
        assert!(bench.image(plan.id).exists());
        drop(backup);
        bench.local.ensure_no_volume(2, plan.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

#[test]
fn what_is_behind_walls_and_was_never_recorded_is_ended_too() {
    if is_root() {
        // Fetched once, by whoever may write there.
        bubblewrap();
    }
    if as_plain_user("endings::what_is_behind_walls_and_was_never_recorded_is_ended_too") {
        return;
    }
    let program = bubblewrap();
    let bench = Bench::with(|config| config.bubblewrap = Some(program.clone()));
    let plan = bench.plan(0);
    run(async {
        make(&bench, &plan).await;
        let directory = bench.volume(plan.id).display().to_string();
        let mut wall = Command::new(&program)
            .args(["--unshare-all", "--share-net", "--new-session", "--ro-bind", "/", "/"])
            .args(["--proc", "/proc", "--bind", &directory, &directory, "--", "sleep", "601"])
            .spawn()
            .unwrap();
        let walls = wall.id();
        let server = || {
            let first = children(walls).first().copied()?;
            children(first).first().copied()
        };
        wait_until("the server runs", || server().is_some());
        let server = server().unwrap();
        bench.kill_shim(plan.id);
        bench.local.ensure_no_guest(3, plan.id).await.unwrap();
        wall.wait().unwrap();
        assert!(!is_alive(server.cast_signed()));
        bench.local.ensure_no_volume(4, plan.id).await.unwrap();
    });
    assert_eq!(bench.traces(), Vec::<String>::new());
}

fn children(parent: u32) -> Vec<u32> {
    let table = format!("/proc/{parent}/task/{parent}/children");
    let text = fs::read_to_string(table).unwrap_or_default();
    text.split_ascii_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// As root the server may write beside the identity files.
#[test]
fn a_forged_identity_ends_nobody() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let plan = bench.plan(0);
    run(async {
        make(&bench, &plan).await;
        let mut bystander = Command::new("sleep").arg("600").spawn().unwrap();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let forged = format!("{} {} {boot}", bystander.id(), start(bystander.id()));
        let path = bench.instance(plan.id).join("server.id");
        fs::write(&path, forged).unwrap();
        std::os::unix::fs::chown(&path, plan.place.uid.map(|uid| uid + 1), None).unwrap();
        bench.local.ensure_no_guest(3, plan.id).await.unwrap();
        assert!(bystander.try_wait().unwrap().is_none());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    });
}

fn start(pid: u32) -> String {
    let path = Path::new("/proc").join(pid.to_string()).join("stat");
    wait_until("the process is there", || path.exists());
    let stat = fs::read_to_string(path).unwrap();
    stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().nth(19).unwrap().to_owned()
}
