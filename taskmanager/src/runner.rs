//! Runs what is owed: effects of processes, overdue steps, reservations without an owner.
//!
//! A reconciler: it is woken by changes of rows, by its agenda and every half minute, and always
//! looks at the whole state, never at what changed.
//!
//! # Invariants
//! - The agenda says when to look at an aggregate again, nothing else: a stale entry is harmless.
//! - At most one task of this process works on an instance.
//! - An effect that fails waits outside the permits, so that it keeps nobody else from work.

use crate::clock::{now, until};
use crate::core::Core;
use crate::effects::{Effects, Stop};
use crate::errands::Errands;
use crate::followers;
use crate::reconcile;
use domain::aggregate::{Key, Kind};
use domain::configuration::Configuration;
use domain::ids::{CommandId, ConfigurationId, InstanceId, VersionId, derived};
use domain::instance::{Command, Instance, Live, Phase, Timer};
use domain::time::Timestamp;
use domain::version::Withdrawal;
use eventlog::HandleError;
use readmodel::ReadError;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// Effects under way at once, as engines' starts are bound by processor and disk.
const EFFECTS_MAX: usize = 4;

/// How often everything is looked at, whether anything changed or not.
const LOOK_PERIOD: Duration = Duration::from_secs(30);

/// The first and the longest wait before a failed effect is tried again.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Runs what is owed on this host.
pub(crate) struct Runner {
    core: Arc<Core>,
    effects: Effects,
    errands: Errands,
    permits: Semaphore,
    busy: Mutex<HashSet<InstanceId>>,
    obstacles: Mutex<HashMap<InstanceId, Obstacle>>,
    started: Timestamp,
    wake: mpsc::Sender<(Timestamp, Key)>,
}

/// Why an instance's effect did not succeed lately.
struct Obstacle {
    text: String,
    failures: u32,
    retry_at: Timestamp,
}

/// When to look at which aggregate again.
type Agenda = BTreeSet<(Timestamp, Key)>;

impl Runner {
    /// Runs until `shutdown`.
    pub(crate) async fn run(
        core: Arc<Core>,
        effects: Effects,
        errands: Errands,
        shutdown: CancellationToken,
    ) {
        let (wake, mut wakes) = mpsc::channel(1024);
        let runner = Arc::new(Self {
            core,
            effects,
            errands,
            permits: Semaphore::new(EFFECTS_MAX),
            busy: Mutex::default(),
            obstacles: Mutex::default(),
            started: now(),
            wake,
        });
        let mut changes = runner.core.rows.changes();
        let mut agenda = Agenda::new();
        let mut period = tokio::time::interval(LOOK_PERIOD);
        loop {
            let next = agenda.first().map_or(Duration::MAX, |(at, _)| until(*at));
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = period.tick() => runner.look_at_everything(&mut agenda),
                change = changes.recv() => match change {
                    Ok(key) => runner.look(key, &mut agenda),
                    Err(RecvError::Lagged(_)) => runner.look_at_everything(&mut agenda),
                    Err(RecvError::Closed) => return,
                },
                Some(entry) = wakes.recv() => {
                    agenda.insert(entry);
                }
                () = tokio::time::sleep(next.min(LOOK_PERIOD)), if !agenda.is_empty() => {
                    runner.look_at_due(&mut agenda);
                }
            }
        }
    }

    fn look_at_due(self: &Arc<Self>, agenda: &mut Agenda) {
        while let Some((at, key)) = agenda.first().copied() {
            if at > now() {
                return;
            }
            agenda.remove(&(at, key));
            self.look(key, agenda);
        }
    }

    fn look_at_everything(self: &Arc<Self>, agenda: &mut Agenda) {
        match self.keys() {
            Ok(keys) => keys.into_iter().for_each(|key| self.look(key, agenda)),
            Err(error) => tracing::warn!(error = %telemetry::Chain(&error), "Rows not read."),
        }
    }

    fn keys(&self) -> Result<Vec<Key>, ReadError> {
        let rows = &self.core.rows;
        let mut keys: Vec<Key> = Vec::new();
        keys.extend(rows.instances(None, usize::MAX)?.iter().map(|live| Key::from(live.id)));
        keys.extend(
            rows.projects()?.iter().filter_map(|project| project.id.as_ref()).map(Key::from),
        );
        let hosts = rows.hosts()?;
        keys.extend(
            hosts.iter().filter_map(|host| host.capacity.as_ref()).map(|own| Key::from(own.host)),
        );
        keys.extend(
            rows.configurations(None, None, usize::MAX)?.iter().map(|group| Key::from(group.id)),
        );
        keys.extend(rows.withdrawn()?.into_iter().map(Key::from));
        Ok(keys)
    }

    fn look(self: &Arc<Self>, key: Key, agenda: &mut Agenda) {
        match key.kind {
            Kind::Instance => match self.core.rows.instance(InstanceId(key.id)) {
                Ok(instance) => self.look_at_instance(InstanceId(key.id), &instance, agenda),
                Err(error) => tracing::warn!(error = %telemetry::Chain(&error), "Row not read."),
            },
            Kind::Project => self.look_at_project(key, agenda),
            Kind::Host => {
                let core = self.core.clone();
                tokio::spawn(async move { reconcile::places(&core, key).await });
            }
            Kind::Configuration => self.look_at_configuration(ConfigurationId(key.id), agenda),
            Kind::Version => self.look_at_version(VersionId(key.id), agenda),
            Kind::Plane | Kind::Datastore | Kind::Catalogue => {}
        }
    }

    /// A version whose deletion nobody has finished serves again.
    fn look_at_version(self: &Arc<Self>, id: VersionId, agenda: &mut Agenda) {
        match self.core.rows.version(id).map(|version| version.withdrawn) {
            Ok(Some(Withdrawal { until, .. })) if until > now() => {
                agenda.insert((until, id.into()));
            }
            Ok(Some(_)) => {
                let core = self.core.clone();
                tokio::spawn(async move { reconcile::version(&core, id).await });
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(error = %telemetry::Chain(&error), "Row not read."),
        }
    }

    fn look_at_configuration(self: &Arc<Self>, id: ConfigurationId, agenda: &mut Agenda) {
        let found = match self.core.rows.configuration(id) {
            Ok(Configuration::Live(group)) => {
                self.errands.look_at_group(&group);
                followers::look(&self.core.rows, &group)
            }
            Ok(Configuration::Absent | Configuration::Deleted { .. }) => {
                return self.errands.forget_group(id);
            }
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => {
                agenda.extend(found.look_again.into_iter().map(|at| (at, id.into())));
                let core = self.core.clone();
                tokio::spawn(async move { followers::correct(&core, id, found.corrections).await });
            }
            Err(error) => tracing::warn!(error = %telemetry::Chain(&error), "Row not read."),
        }
    }

    fn look_at_instance(
        self: &Arc<Self>,
        id: InstanceId,
        instance: &Instance,
        agenda: &mut Agenda,
    ) {
        if let Some(project) = instance.project()
            && may_settle_a_reservation(instance)
        {
            self.look_at_project(project.into(), agenda);
        }
        if let Some(group) = instance.configuration()
            && followers::is_unknown(&self.core.rows, id, group).unwrap_or(false)
        {
            let core = self.core.clone();
            tokio::spawn(async move { followers::keep(&core, id, group).await });
        }
        let Some(live) = instance.live() else {
            self.obstacles().remove(&id);
            self.errands.forget(id);
            return;
        };
        self.errands.look(live);
        for timer in instance.timers() {
            if timer.at() <= now() {
                let runner = self.clone();
                tokio::spawn(async move { runner.pass_deadline(id, timer).await });
            } else {
                agenda.insert((timer.at(), id.into()));
            }
        }
        if instance.next_effect().is_none() || !self.effects.may_touch(live) {
            return;
        }
        if let Some(again_at) = self.not_before(live) {
            agenda.insert((again_at, id.into()));
        } else if self.busy().insert(id) {
            let runner = self.clone();
            tokio::spawn(async move { runner.work(id).await });
        }
    }

    /// When to try an owed effect, if not now.
    fn not_before(&self, live: &Live) -> Option<Timestamp> {
        let claimed = live
            .phase
            .claim()
            .filter(|claim| claim.worker != self.core.worker)
            .map(|claim| claim.until);
        let failed = self.obstacles().get(&live.id).map(|obstacle| obstacle.retry_at);
        claimed.into_iter().chain(failed).max().filter(|at| *at > now())
    }

    fn look_at_project(self: &Arc<Self>, key: Key, agenda: &mut Agenda) {
        match reconcile::reservations(&self.core.rows, key) {
            Ok(found) => {
                agenda.extend(found.look_again.into_iter().map(|at| (at, key)));
                for correction in found.corrections {
                    let core = self.core.clone();
                    tokio::spawn(async move { reconcile::correct(&core, key, correction).await });
                }
            }
            Err(error) => tracing::warn!(error = %telemetry::Chain(&error), "Row not read."),
        }
    }

    #[tracing::instrument(skip_all, fields(instance_id = %id, timer = ?timer))]
    async fn pass_deadline(&self, id: InstanceId, timer: Timer) {
        let command_id = CommandId(derived(&["deadline", &id.to_string(), &format!("{timer:?}")]));
        let request = crate::core::internal(command_id, self.overdue(id, timer));
        match self.core.instance.handle(id.into(), &request, now).await {
            Ok(handled) if handled.news => tracing::warn!("Step overdue."),
            Ok(_) => {}
            Err(error) => {
                // It had ended when it is refused: the rows lag behind.
                if !matches!(error, HandleError::Rejected(_)) {
                    tracing::warn!(error = %telemetry::Chain(&error), "Overdue step not recorded.");
                }
                self.wake_at(now().after(RETRY_MAX), id).await;
            }
        }
    }

    fn overdue(&self, id: InstanceId, timer: Timer) -> Command {
        match timer {
            Timer::Action { id, .. } => Command::ActionDeadlinePassed { id },
            Timer::Step { step, attempt, at } => {
                let obstacle = self.obstacles().get(&id).map(|known| known.text.clone());
                Command::DeadlinePassed {
                    step,
                    attempt,
                    plane_was_down: at < self.started,
                    obstacle: obstacle.unwrap_or_default(),
                }
            }
        }
    }

    /// Works on one instance until nothing is owed to this worker.
    async fn work(self: Arc<Self>, id: InstanceId) {
        let permit = self.permits.acquire().await.expect("the semaphore is never closed");
        while let Some(live) = self.owed(id) {
            if !self.step(&live).await {
                break;
            }
        }
        drop(permit);
        self.busy().remove(&id);
        // What changed between the last look and this line found the instance busy.
        self.wake_at(now(), id).await;
    }

    fn owed(&self, id: InstanceId) -> Option<Live> {
        match self.core.rows.instance(id) {
            Ok(Instance::Live(live)) => {
                let is_owed = live.phase.next_effect().is_some();
                (is_owed && self.not_before(&live).is_none()).then_some(*live)
            }
            Ok(Instance::Absent | Instance::Abandoned { .. } | Instance::Deleted { .. })
            | Err(_) => None,
        }
    }

    /// One effect, from claim to result; says whether to go on.
    async fn step(&self, live: &Live) -> bool {
        match self.effects.run(&self.core, live).await {
            Ok(position) => {
                self.obstacles().remove(&live.id);
                self.core.reached(position).await
            }
            Err(stop) => {
                self.note_obstacle(live.id, stop);
                false
            }
        }
    }

    fn note_obstacle(&self, id: InstanceId, stop: Stop) {
        let text = match stop {
            Stop::Obstacle(text) => {
                tracing::warn!(instance_id = %id, obstacle = text, "Effect to be tried again.");
                text
            }
            // The rows will show what it is; until then it must not be tried in a hurry.
            Stop::Superseded => String::new(),
        };
        let mut obstacles = self.obstacles();
        let failures = obstacles.get(&id).map_or(0, |known| known.failures) + 1;
        let wait = RETRY_MIN.saturating_mul(2_u32.saturating_pow(failures - 1)).min(RETRY_MAX);
        obstacles.insert(id, Obstacle { text, failures, retry_at: now().after(wait) });
    }

    async fn wake_at(&self, at: Timestamp, id: InstanceId) {
        // The loop is gone only when the process stops: then nobody needs to be woken.
        self.wake.send((at, id.into())).await.ok();
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<InstanceId>> {
        self.busy.lock().expect("no code panics while it holds the lock")
    }

    fn obstacles(&self) -> MutexGuard<'_, HashMap<InstanceId, Obstacle>> {
        self.obstacles.lock().expect("no code panics while it holds the lock")
    }
}

/// Whether an instance has just come to be, or never will: its reservation waits for that.
fn may_settle_a_reservation(instance: &Instance) -> bool {
    match instance {
        Instance::Absent => false,
        Instance::Abandoned { .. } | Instance::Deleted { .. } => true,
        Instance::Live(live) => matches!(live.phase, Phase::Provisioning(_)),
    }
}
