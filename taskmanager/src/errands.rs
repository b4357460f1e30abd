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
#[derive(Debug, Default)]
struct Seen {
    revision: u64,
    /// The position of the last change of its settings.
    asked: u64,
    /// Whether its guest has something to do besides.
    is_owed: bool,
    secrets: BTreeSet<SecretId>,
}

impl Seen {
    fn of(live: &Live) -> Self {
        let has_actions = !live.actions.pending.is_empty();
        Self {
            revision: live.revision,
            asked: live.settings.asked,
            is_owed: has_actions || live.resizing().is_some() || live.is_stopped,
            secrets: live.secrets_needed().collect(),
        }
    }

    /// Whether the guest has a newer document to look at. Not every change is looked at: others
    /// may have come upon it since.
    fn is_news_after(&self, before: &Self) -> bool {
        self.asked != before.asked || (self.is_owed && self.revision != before.revision)
    }
}

impl Errands {
    pub(crate) fn new(guests: Guests, secrets: Arc<SecretStore>) -> Self {
        Self { guests, secrets, seen: Mutex::default(), groups: Mutex::default() }
    }

    /// An instance was looked at.
    pub(crate) fn look(&self, live: &Live) {
        let now = Seen::of(live);
        let needed = now.secrets.clone();
        let (before, is_news) = self.swap(live.id, now);
        if is_news {
            self.poke(live.id);
        }
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

    /// What an instance was like before, and whether what it is now is news.
    fn swap(&self, id: InstanceId, now: Seen) -> (Seen, bool) {
        let mut seen = self.seen.lock().expect("no code panics while it holds the lock");
        let before = seen.remove(&id).unwrap_or_default();
        let is_news = now.is_news_after(&before);
        seen.insert(id, now);
        (before, is_news)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_settings_is_news_whatever_has_come_upon_it_since() {
        let before = Seen { revision: 5, asked: 3, ..Seen::default() };
        let reported = Seen { revision: 6, asked: 3, ..Seen::default() };
        let asked = Seen { revision: 8, asked: 7, ..Seen::default() };
        assert!(!reported.is_news_after(&before));
        assert!(asked.is_news_after(&before) && asked.is_news_after(&reported));
        assert!(!asked.is_news_after(&asked));
        let owed = Seen { revision: 9, asked: 7, is_owed: true, ..Seen::default() };
        assert!(owed.is_news_after(&asked) && !owed.is_news_after(&owed));
    }
}
