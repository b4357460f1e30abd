//! The log as it grows, folded: what every instance is doing, and when each step began.

use crate::stack::{LIMIT, wait_within};
use domain::aggregate::Kind;
use domain::commit::Events;
use domain::host::Host;
use domain::ids::{ActionId, InstanceId, WorkerId};
use domain::instance::{ActionSpec, Event, Fault, Instance, Phase, Step};
use domain::limits::Limits;
use domain::project::Project;
use domain::time::Timestamp;
use eventlog::{EventLog, Folded, Recorded, Tailer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

/// An instance has come to another step, or to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// Which.
    pub instance: InstanceId,
    /// The step, absent at rest.
    pub step: Option<Step>,
    /// By its commit's time.
    pub at: Timestamp,
}

/// A worker has taken an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// Of which instance.
    pub instance: InstanceId,
    /// Who.
    pub worker: WorkerId,
    /// At which step.
    pub step: Option<Step>,
}

/// What has just happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// A step began.
    Begun(Begun),
    /// An effect was taken.
    Claimed(Claimed),
}

/// All that the log says.
#[derive(Default, Clone)]
pub struct World {
    position: u64,
    /// All instances that ever were.
    pub instances: BTreeMap<InstanceId, Folded<Instance>>,
    /// All projects, by their keys.
    pub projects: BTreeMap<Uuid, Folded<Project>>,
    /// All hosts.
    pub hosts: BTreeMap<Uuid, Folded<Host>>,
    /// Every step of every instance.
    pub begun: Vec<Begun>,
    /// How often something was asked for under its name; clients use each name once.
    pub asked: BTreeMap<String, u32>,
    /// Actions with the names of what they make.
    actions: BTreeMap<ActionId, Vec<String>>,
    /// Names of what could not be made.
    pub failed: BTreeSet<String>,
    /// How many creations were asked for.
    pub creations: usize,
    /// What creations have failed for, also of instances that were deleted since.
    pub faults: Vec<Fault>,
}

impl World {
    fn apply(&mut self, recorded: &Recorded) -> Vec<News> {
        self.position = recorded.sequence;
        let key = recorded.commit.aggregate;
        match key.kind {
            Kind::Instance => return self.apply_to_instance(InstanceId(key.id), recorded),
            Kind::Project => {
                self.projects.entry(key.id).or_default().apply(recorded).expect("a chain");
            }
            Kind::Host => self.hosts.entry(key.id).or_default().apply(recorded).expect("a chain"),
            Kind::Plane
            | Kind::Datastore
            | Kind::Version
            | Kind::Catalogue
            | Kind::Configuration => {}
        }
        Vec::new()
    }

    fn apply_to_instance(&mut self, id: InstanceId, recorded: &Recorded) -> Vec<News> {
        let Events::Instance(events) = &recorded.commit.events else { return Vec::new() };
        events.iter().for_each(|event| self.count(event));
        let folded = self.instances.entry(id).or_default();
        let before = step(&folded.state);
        folded.apply(recorded).expect("a chain");
        let step = step(&folded.state);
        let mut news = Vec::new();
        for event in events {
            if let Event::EffectClaimed { worker, .. } = event {
                news.push(News::Claimed(Claimed { instance: id, worker: *worker, step }));
            }
        }
        if before != step {
            let begun = Begun { instance: id, step, at: recorded.commit.time };
            self.begun.push(begun);
            news.push(News::Begun(begun));
        }
        news
    }

    fn count(&mut self, event: &Event) {
        if let Event::ActionFailed { id, .. } = event {
            self.failed.extend(self.actions.remove(id).into_iter().flatten());
        }
        let mut asked = Vec::new();
        if let Event::CreationFailed { fault, .. } = event {
            self.faults.push(fault.clone());
        }
        if let Event::CreationRequested { spec, .. } = event {
            self.creations += 1;
            asked.push(spec.name.clone());
        }
        if let Event::ActionRequested { id, spec, .. } = event {
            asked.extend(names(spec));
            self.actions.insert(*id, names(spec));
        }
        for name in asked {
            *self.asked.entry(name).or_default() += 1;
        }
    }

    /// The step that an instance was in at that time.
    pub fn step_at(&self, instance: InstanceId, at: Timestamp) -> Option<Step> {
        let of_it = self.begun.iter().filter(|begun| begun.instance == instance);
        of_it.take_while(|begun| begun.at <= at).last().and_then(|begun| begun.step)
    }

    /// Whether no instance has anything to do.
    fn rests(&self) -> bool {
        self.instances.values().all(|folded| step(&folded.state).is_none())
    }
}

/// Names of what an action makes.
fn names(action: &ActionSpec) -> Vec<String> {
    match action {
        ActionSpec::CreateDatabases { databases } => {
            databases.iter().map(|database| database.name.clone()).collect()
        }
        ActionSpec::CreateUsers { users } => users.iter().map(|user| user.name.clone()).collect(),
        ActionSpec::DeleteDatabase { .. }
        | ActionSpec::ChangePasswords { .. }
        | ActionSpec::UpdateUser { .. }
        | ActionSpec::DeleteUser { .. }
        | ActionSpec::Grant { .. }
        | ActionSpec::Revoke { .. }
        | ActionSpec::Restart
        | ActionSpec::EnableRoot { .. }
        | ActionSpec::DisableRoot => Vec::new(),
    }
}

/// What an instance is doing.
fn step(instance: &Instance) -> Option<Step> {
    let live = instance.live()?;
    if let Some(running) = live.phase.running() {
        Some(running.step)
    } else if live.phase == Phase::Restarting {
        Some(Step::Restart)
    } else {
        (!live.actions.pending.is_empty()).then_some(Step::Action)
    }
}

/// Follows a log.
#[derive(Clone)]
pub struct History {
    log: Arc<dyn EventLog>,
    world: Arc<Mutex<World>>,
    news: broadcast::Sender<News>,
}

impl History {
    /// Follows from the first commit on, until the runtime ends.
    ///
    /// # Errors
    /// The log can't be read.
    ///
    /// # Panics
    /// In its task, when the log turns out to be damaged.
    pub async fn follow(log: Arc<dyn EventLog>) -> anyhow::Result<Self> {
        let mut tailer = Tailer::start(log.clone(), None).await?;
        let (news, _) = broadcast::channel(4096);
        let history = Self { log, world: Arc::default(), news };
        tokio::spawn({
            let history = history.clone();
            async move {
                loop {
                    let batch = tailer.next_batch(64).await.expect("nothing is lost");
                    for recorded in &batch {
                        let news = history.world().apply(recorded);
                        // Nobody needs to listen.
                        news.into_iter().for_each(|news| drop(history.news.send(news)));
                    }
                }
            }
        });
        Ok(history)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no holder panics")
    }

    /// What the log says by now.
    pub fn snapshot(&self) -> World {
        self.world().clone()
    }

    /// What happens from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.news.subscribe())
    }

    /// Waits until all is folded that the log has, and no instance has anything to do.
    ///
    /// # Panics
    /// That takes too long.
    pub async fn rest(&self) {
        // What waits for a process that was killed ends at its deadline, if it must.
        let limit = LIMIT + Limits::span(Limits::PRODUCTION.prepare_ms);
        wait_within(limit, "all instances are at rest", async || {
            let last = self.log.info().await.ok()?.last_sequence;
            let world = self.world();
            (world.position >= last && world.rests()).then_some(())
        })
        .await;
    }
}

/// Hears what happens after it was made.
pub struct Listener(broadcast::Receiver<News>);

impl Listener {
    /// Waits for the first news that `pick` takes.
    ///
    /// # Panics
    /// It takes too long.
    pub async fn find<T>(&mut self, what: &str, mut pick: impl FnMut(News) -> Option<T>) -> T {
        let finding = async {
            loop {
                let found = match self.0.recv().await {
                    Ok(news) => pick(news),
                    // What was missed is not found; there will be more.
                    Err(RecvError::Lagged(_)) => None,
                    Err(RecvError::Closed) => panic!("nobody follows the log any more"),
                };
                if let Some(found) = found {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(LIMIT, finding).await;
        found.unwrap_or_else(|_| panic!("not within {LIMIT:?}: {what}"))
    }
}
