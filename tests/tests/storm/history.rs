//! The log as it grows, folded: what every instance is doing, and when each step began.

use domain::aggregate::Kind;
use domain::commit::Events;
use domain::host::Host;
use domain::ids::{ActionId, InstanceId};
use domain::instance::{ActionSpec, Event, Instance, Phase, Step};
use domain::project::Project;
use domain::time::Timestamp;
use eventlog::{EventLog, Folded, Recorded, Tailer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use testkit::stack::wait_for_async;
use tokio::sync::broadcast;
use uuid::Uuid;

/// An instance has come to another step, or to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) instance: InstanceId,
    pub(crate) step: Option<Step>,
    pub(crate) at: Timestamp,
}

/// All that the log says.
#[derive(Default, Clone)]
pub(crate) struct World {
    position: u64,
    pub(crate) instances: BTreeMap<InstanceId, Folded<Instance>>,
    pub(crate) projects: BTreeMap<Uuid, Folded<Project>>,
    pub(crate) hosts: BTreeMap<Uuid, Folded<Host>>,
    /// Every step of every instance.
    pub(crate) begun: Vec<Begun>,
    /// How often something was asked for under its name; clients use each name once.
    pub(crate) asked: BTreeMap<String, u32>,
    /// Actions with the names of what they make.
    actions: BTreeMap<ActionId, Vec<String>>,
    /// Names of what could not be made.
    pub(crate) failed: BTreeSet<String>,
}

impl World {
    fn apply(&mut self, recorded: &Recorded) -> Option<Begun> {
        self.position = recorded.sequence;
        let key = recorded.commit.aggregate;
        match key.kind {
            Kind::Instance => return self.apply_to_instance(InstanceId(key.id), recorded),
            Kind::Project => {
                self.projects.entry(key.id).or_default().apply(recorded).expect("a chain");
            }
            Kind::Host => self.hosts.entry(key.id).or_default().apply(recorded).expect("a chain"),
            Kind::Plane | Kind::Datastore | Kind::Version => {}
        }
        None
    }

    fn apply_to_instance(&mut self, id: InstanceId, recorded: &Recorded) -> Option<Begun> {
        if let Events::Instance(events) = &recorded.commit.events {
            events.iter().for_each(|event| self.count(event));
        }
        let folded = self.instances.entry(id).or_default();
        let before = step(&folded.state);
        folded.apply(recorded).expect("a chain");
        let step = step(&folded.state);
        let begun = Begun { instance: id, step, at: recorded.commit.time };
        let is_new = before != step;
        self.begun.extend(is_new.then_some(begun));
        is_new.then_some(begun)
    }

    fn count(&mut self, event: &Event) {
        let names = match event {
            Event::CreationRequested { spec, .. } => vec![spec.name.clone()],
            Event::ActionRequested { id, spec, .. } => {
                self.actions.insert(*id, names(spec));
                names(spec)
            }
            Event::ActionFailed { id, .. } => {
                self.failed.extend(self.actions.remove(id).into_iter().flatten());
                return;
            }
            _ => return,
        };
        for name in names {
            *self.asked.entry(name).or_default() += 1;
        }
    }

    /// The step that an instance was in at that time.
    pub(crate) fn step_at(&self, instance: InstanceId, at: Timestamp) -> Option<Step> {
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
        _ => Vec::new(),
    }
}

/// What an instance is doing.
fn step(instance: &Instance) -> Option<Step> {
    let live = instance.live()?;
    match &live.phase {
        Phase::Provisioning(running) | Phase::Undoing(running) | Phase::Deleting(running) => {
            Some(running.step)
        }
        Phase::Restarting => Some(Step::Restart),
        Phase::Active if !live.actions.pending.is_empty() => Some(Step::Action),
        Phase::Active | Phase::Failed => None,
    }
}

/// Follows a log.
#[derive(Clone)]
pub(crate) struct History {
    log: Arc<dyn EventLog>,
    world: Arc<Mutex<World>>,
    begun: broadcast::Sender<Begun>,
}

impl History {
    pub(crate) async fn follow(log: Arc<dyn EventLog>) -> anyhow::Result<Self> {
        let mut tailer = Tailer::start(log.clone(), None).await?;
        let (begun, _) = broadcast::channel(4096);
        let history = Self { log, world: Arc::default(), begun };
        tokio::spawn({
            let history = history.clone();
            async move {
                loop {
                    let batch = tailer.next_batch(64).await.expect("nothing is lost");
                    for recorded in &batch {
                        let news = history.world().apply(recorded);
                        // Nobody needs to listen.
                        drop(news.map(|news| history.begun.send(news)));
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
    pub(crate) fn snapshot(&self) -> World {
        self.world().clone()
    }

    /// Steps that begin from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Begun> {
        self.begun.subscribe()
    }

    /// Waits until all is folded that the log has, and no instance has anything to do.
    pub(crate) async fn rest(&self) {
        wait_for_async("all instances are at rest", async || {
            let last = self.log.info().await.ok()?.last_sequence;
            let world = self.world();
            (world.position >= last && world.rests()).then_some(())
        })
        .await;
    }
}
