//! Twenty instances at once, twice: what they leave behind on the machine is nothing, and the
//! second twenty get the addresses of the first. The servers of the second twenty are killed before
//! they are deleted, so that none of them cleans up after itself.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use futures::future::try_join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use testkit::each_engine;
use testkit::stack::{Api, Engine, Options, Part, Stack};
use tokio::sync::Mutex;

const INSTANCES: usize = 20;
/// Volumes for twice as many take more room than every machine has.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
/// Nobody else's, since shared memory is known by its user alone.
const PLAIN_USER: u32 = 23_456;

each_engine!(twenty_instances_leave_nothing_behind);

/// What a stack has on the machine, each as a line.
#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    processes: BTreeSet<String>,
    mounts: BTreeSet<String>,
    loop_devices: BTreeSet<String>,
    cgroups: BTreeSet<String>,
    listeners: BTreeSet<String>,
    files: BTreeSet<String>,
}

/// How twenty instances come to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Deleted,
    /// Deleted when their servers have been killed.
    Killed,
}

async fn twenty_instances_leave_nothing_behind(engine: Engine) -> anyhow::Result<()> {
    let _alone = ONE_AT_A_TIME.lock().await;
    twenty_leave_nothing(engine, Options::default(), &[End::Deleted, End::Killed]).await?;
    if rustix::process::geteuid().is_root() {
        let options = Options { uid: Some(PLAIN_USER), ..Options::default() };
        twenty_leave_nothing(engine, options, &[End::Killed]).await?;
    }
    Ok(())
}

async fn twenty_leave_nothing(
    engine: Engine,
    options: Options,
    ends: &[End],
) -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(move || Stack::start(options)).await??;
    let api = stack.api(&stack.first_person("demo")?).await?;
    let before = Snapshot::of(&stack, &[])?;
    let mut places = BTreeSet::new();
    for end in ends {
        let made = create_all(&api, engine).await?;
        assert!(places.is_empty() || places == addresses(&made), "{places:?} were not given again");
        places = addresses(&made);
        assert_is_seen(&Snapshot::of(&stack, &made)?, &before, &made);
        let users = users(&stack, &made)?;
        match end {
            End::Deleted => {}
            End::Killed => {
                // What nobody has disturbed has nothing to complain of.
                assert_eq!(stack.log_lines("WARN"), [""; 0]);
                for instance in &made {
                    stack.kill(Part::Server(&id(instance)))?;
                }
            }
        }
        delete_all(&api, &made).await?;
        assert_eq!(before, Snapshot::of(&stack, &made)?, "{end:?}");
        assert_eq!(shared_memory(&users)?, BTreeSet::new(), "{end:?}");
        assert_eq!(stack.log_lines("ERROR"), [""; 0]);
    }
    Ok(())
}

async fn create_all(api: &Api, engine: Engine) -> anyhow::Result<Vec<Value>> {
    let names: Vec<_> = (0..INSTANCES).map(|number| format!("n{number}")).collect();
    let wanted = || engine.with(json!({}));
    let made = try_join_all(names.iter().map(|name| api.create_active(name, wanted()))).await?;
    assert_eq!(addresses(&made).len(), INSTANCES, "an address was given out twice");
    Ok(made)
}

async fn delete_all(api: &Api, instances: &[Value]) -> anyhow::Result<()> {
    let ids: Vec<_> = instances.iter().map(id).collect();
    try_join_all(ids.iter().map(|id| api.delete(id))).await?;
    Ok(())
}

fn id(instance: &Value) -> String {
    instance["id"].as_str().unwrap().to_owned()
}

fn addresses(instances: &[Value]) -> BTreeSet<Ipv4Addr> {
    let address = |instance: &Value| instance["addresses"][0]["address"].as_str()?.parse().ok();
    instances.iter().map(|instance| address(instance).unwrap()).collect()
}

/// A snapshot sees instances, or it could not see what they leave.
fn assert_is_seen(with: &Snapshot, before: &Snapshot, instances: &[Value]) {
    for instance in instances {
        let id = id(instance);
        let sees = |lines: &BTreeSet<String>| lines.iter().any(|line| line.contains(&id));
        assert!(sees(&with.processes) && sees(&with.files), "{id} is not in {with:?}");
        // As far as this machine gives it one.
        assert_eq!(with.mounts != before.mounts, sees(&with.mounts), "{id} in {with:?}");
        assert_eq!(sees(&with.mounts), sees(&with.loop_devices), "{id} in {with:?}");
        assert_eq!(!with.cgroups.is_empty(), sees(&with.cgroups), "{id} in {with:?}");
    }
    assert!(before.listeners.is_empty() && with.listeners.len() >= INSTANCES, "{with:?}");
}

impl Snapshot {
    fn of(stack: &Stack, instances: &[Value]) -> anyhow::Result<Self> {
        let directory = stack.instances()?;
        let base = directory.parent().unwrap();
        let places = [stack.state(), base].map(|place| place.to_str().unwrap().to_owned());
        let is_ours = |line: &String| places.iter().any(|place| line.contains(place));
        let ids: Vec<_> = instances.iter().map(id).collect();
        let is_of_one = |line: &String| ids.iter().any(|id| line.contains(id));
        let mut files = BTreeSet::new();
        for place in [stack.state(), base] {
            walk(place, &mut files)?;
        }
        // What the log and its rows are kept in grows and moves as it likes, and a tombstone, by
        // which a worker is refused that comes too late, is swept a while later.
        files.retain(|file| {
            let is_kept = ["/nats/", "/readmodel"].iter().any(|kept| file.contains(kept));
            !is_kept && !is_tombstone(Path::new(file))
        });
        let mut cgroups = BTreeSet::new();
        walk(Path::new("/sys/fs/cgroup"), &mut cgroups)?;
        Ok(Self {
            processes: processes()?.into_iter().filter(is_ours).collect(),
            mounts: lines("/proc/self/mountinfo")?
                .map(|line| mount(&line))
                .filter(is_ours)
                .collect(),
            loop_devices: loop_devices()?.into_iter().filter(is_ours).collect(),
            cgroups: cgroups.into_iter().filter(is_of_one).collect(),
            listeners: listeners(&addresses(instances))?,
            files,
        })
    }
}

fn is_tombstone(path: &Path) -> bool {
    path.parent().is_some_and(|parent| parent.ends_with("fences"))
        && fs::read_to_string(path)
            .is_ok_and(|lines| lines.lines().last().is_some_and(|line| line.starts_with("gone ")))
}

fn lines(path: &str) -> anyhow::Result<impl Iterator<Item = String>> {
    let text = fs::read_to_string(path)?;
    Ok(text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter())
}

/// A mount without its numbers, which say when it was made.
fn mount(line: &str) -> String {
    line.split(' ').skip(3).collect::<Vec<_>>().join(" ")
}

fn processes() -> anyhow::Result<Vec<String>> {
    let commands = fs::read_dir("/proc")?.filter_map(|entry| {
        let command = fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&command).replace('\0', " "))
    });
    Ok(commands.collect())
}

fn loop_devices() -> anyhow::Result<Vec<String>> {
    let files = fs::read_dir("/sys/block")?
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("loop/backing_file")).ok());
    Ok(files.collect())
}

/// The users of these servers, as far as the kernel gives each shared memory of its own: elsewhere
/// one that is killed leaves it, which `docs/limits.md` says.
fn users(stack: &Stack, instances: &[Value]) -> anyhow::Result<BTreeSet<u32>> {
    let memory = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/ipc")).ok();
    let mut users = BTreeSet::new();
    for instance in instances {
        let server = stack.identity(Part::Server(&id(instance)))?.pid.to_string();
        if memory(&server) != memory("self") {
            users.insert(fs::metadata(Path::new("/proc").join(server))?.uid());
        }
    }
    Ok(users)
}

/// Shared memory of these users: System V's by its lines, POSIX's by its files.
fn shared_memory(users: &BTreeSet<u32>) -> anyhow::Result<BTreeSet<String>> {
    let owner = |line: &String| line.split_whitespace().nth(7)?.parse().ok();
    let is_of_one = |line: &String| owner(line).is_some_and(|owner| users.contains(&owner));
    let mut found: BTreeSet<String> = lines("/proc/sysvipc/shm")?.filter(is_of_one).collect();
    for entry in fs::read_dir("/dev/shm")? {
        let entry = entry?;
        if entry.metadata().is_ok_and(|file| users.contains(&file.uid())) {
            found.insert(entry.path().display().to_string());
        }
    }
    Ok(found)
}

/// TCP sockets that listen at these addresses.
fn listeners(addresses: &BTreeSet<Ipv4Addr>) -> anyhow::Result<BTreeSet<String>> {
    const LISTENS: &str = "0A";
    let sockets = lines("/proc/net/tcp")?.filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let (address, port) = fields.get(1)?.split_once(':')?;
        let address = Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?.swap_bytes());
        let is_one = fields.get(3) == Some(&LISTENS) && addresses.contains(&address);
        is_one.then(|| format!("{address}:{port}"))
    });
    Ok(sockets.collect())
}

/// All that is below a directory, as long as it is there.
fn walk(directory: &Path, found: &mut BTreeSet<String>) -> anyhow::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        found.insert(entry.path().display().to_string());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), found)?;
        }
    }
    Ok(())
}
