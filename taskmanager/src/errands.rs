//! Small things that a change of an instance makes owed and that no fact records: a guest is
//! poked, a password is erased.
//!
//! Both may be lost with the process. A guest looks at its document by itself from time to time,
//! and the sweep finds every password that is left.

use bus::guests::Guests;
use bus::secrets::SecretStore;
use domain::configuration::Group;
use domain::ids::{ConfigurationId, InstanceId, SecretId};
use domain::instance::Live;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

/// Runs errands.
pub(crate) struct Errands {
    guests: Guests,
    secrets: Arc<SecretStore>,
    seen: Mutex<HashMap<InstanceId, Seen>>,
    /// The revisions of configuration groups, as they were when last looked at.
    groups: Mutex<HashMap<ConfigurationId, u64>>,
}

/// What an instance was like when it was last looked at.
#[derive(Default)]
struct Seen {
    revision: u64,
    secrets: BTreeSet<SecretId>,
}

impl Errands {
    pub(crate) fn new(guests: Guests, secrets: Arc<SecretStore>) -> Self {
        Self { guests, secrets, seen: Mutex::default(), groups: Mutex::default() }
    }

    /// An instance was looked at.
    pub(crate) fn look(&self, live: &Live) {
        let now = Seen { revision: live.revision, secrets: live.secrets_needed().collect() };
        let before = self.swap(live.id, now);
        let has_news = !live.actions.pending.is_empty()
            || live.resizing().is_some()
            || live.is_stopped
            || live.settings.asked == live.revision;
        if has_news && before.revision != live.revision {
            self.poke(live.id);
        }
        let needed: BTreeSet<SecretId> = live.secrets_needed().collect();
        before.secrets.difference(&needed).for_each(|id| self.erase(*id));
    }

    /// A configuration group was looked at.
    pub(crate) fn look_at_group(&self, group: &Group) {
        let mut groups = self.groups.lock().expect("no code panics while it holds the lock");
        if groups.insert(group.id, group.revision) != Some(group.revision) {
            group.followers.keys().for_each(|follower| self.poke(*follower));
        }
    }

    /// A configuration group is gone.
    pub(crate) fn forget_group(&self, id: ConfigurationId) {
        self.groups.lock().expect("no code panics while it holds the lock").remove(&id);
    }

    fn poke(&self, id: InstanceId) {
        let guests = self.guests.clone();
        tokio::spawn(async move { guests.poke(id).await });
    }

    /// An instance is gone.
    pub(crate) fn forget(&self, id: InstanceId) {
        let before = self.seen.lock().expect("no code panics while it holds the lock").remove(&id);
        before.unwrap_or_default().secrets.iter().for_each(|id| self.erase(*id));
    }

    fn swap(&self, id: InstanceId, now: Seen) -> Seen {
        let mut seen = self.seen.lock().expect("no code panics while it holds the lock");
        seen.insert(id, now).unwrap_or_default()
    }

    fn erase(&self, id: SecretId) {
        let secrets = self.secrets.clone();
        tokio::spawn(async move {
            if let Err(error) = secrets.erase(id).await {
                tracing::warn!(error = %telemetry::Chain(&error), "Password left to the sweep.");
            }
        });
    }
}
