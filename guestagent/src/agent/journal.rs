//! What the agent has begun and ended, so that a repeat after a crash is known to be one.
//!
//! # Invariants
//! - "Started" is on disk before an action's first effect, its outcome before it is reported; and
//!   the name of a setting before a running server is told of it.
//! - Only actions of the newest document are kept: older documents are ignored, so an action
//!   that was dropped never comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::guest::{ActionFailure, ActionOutcome, ActionResult, Desired, Revision, SettingsState};
use domain::ids::ActionId;
use serde::{Deserialize, Serialize};

use crate::files::{self, Access};

/// The journal of one agent.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    content: Content,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Content {
    revision: Revision,
    actions: BTreeMap<ActionId, Entry>,
    #[serde(default)]
    settled: Option<Settled>,
    /// Settings that the server may have otherwise than its settings file.
    #[serde(default)]
    touched: BTreeSet<String>,
}

/// What became of the settings that a document wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settled {
    /// The settings.
    pub(crate) wanted: BTreeMap<String, String>,
    /// The sequence of the newest document that wants them.
    pub(crate) sequence: u64,
    /// The names of those that wait for a restart.
    pub(crate) restart_required: Vec<String>,
    /// Why they are not in force and won't be.
    pub(crate) refused: Option<ActionFailure>,
}

impl Settled {
    /// A document's settings, all of them in force.
    pub(crate) fn new(document: &Desired) -> Self {
        Self {
            wanted: document.settings.clone(),
            sequence: document.revision.sequence,
            restart_required: Vec::new(),
            refused: None,
        }
    }

    /// A document's settings, none of them in force.
    pub(crate) fn refused(document: &Desired, failure: ActionFailure) -> Self {
        Self { refused: Some(failure), ..Self::new(document) }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Started,
    /// A restart that is to stop this server; none if none ran.
    Restarting(Option<String>),
    Done,
    Failed(ActionFailure),
}

impl Journal {
    /// The journal at `path`; an empty one when there is none.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let content = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Content::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), content })
    }

    /// The newest revision seen.
    pub(crate) fn revision(&self) -> Revision {
        self.content.revision
    }

    /// Takes note of a document and of the actions in it; others are forgotten. What became of its
    /// settings is known if they are those that were settled last.
    pub(crate) fn see(&mut self, document: &Desired) -> io::Result<()> {
        self.change(|content| {
            content.revision = document.revision;
            let is_wanted = |id: &ActionId| document.actions.iter().any(|action| action.id == *id);
            content.actions.retain(|id, _| is_wanted(id));
            let settled = content.settled.as_mut();
            if let Some(settled) = settled.filter(|known| known.wanted == document.settings) {
                settled.sequence = document.revision.sequence;
            }
        })
    }

    /// Whether the action has ended.
    pub(crate) fn has_ended(&self, id: ActionId) -> bool {
        matches!(self.content.actions.get(&id), Some(Entry::Done | Entry::Failed(_)))
    }

    /// Whether the action has started, and not ended.
    pub(crate) fn has_started(&self, id: ActionId) -> bool {
        matches!(self.content.actions.get(&id), Some(Entry::Started | Entry::Restarting(_)))
    }

    /// The server that a restart has started to stop, if one ran; nothing if it has not.
    pub(crate) fn server_to_stop(&self, id: ActionId) -> Option<Option<&str>> {
        match self.content.actions.get(&id)? {
            Entry::Restarting(server) => Some(server.as_deref()),
            Entry::Started | Entry::Done | Entry::Failed(_) => None,
        }
    }

    /// Takes note that a restart is about to stop the server of that identity, if any runs.
    pub(crate) fn start_restart(&mut self, id: ActionId, server: Option<&str>) -> io::Result<()> {
        self.change(|content| {
            content.actions.insert(id, Entry::Restarting(server.map(str::to_owned)));
        })
    }

    /// Takes note that an action is about to begin.
    pub(crate) fn start(&mut self, id: ActionId) -> io::Result<()> {
        self.change(|content| {
            content.actions.insert(id, Entry::Started);
        })
    }

    /// Takes note of how an action has ended.
    pub(crate) fn end(&mut self, id: ActionId, outcome: &ActionOutcome) -> io::Result<()> {
        let entry = match outcome {
            ActionOutcome::Done => Entry::Done,
            ActionOutcome::Failed(failure) => Entry::Failed(failure.clone()),
        };
        self.change(|content| {
            content.actions.insert(id, entry);
        })
    }

    /// What became of the settings of the newest document that had new ones.
    pub(crate) fn settled(&self) -> Option<&Settled> {
        self.content.settled.as_ref()
    }

    /// Settings of which a running server was told, or was about to be, when it was not settled
    /// any more what it has.
    pub(crate) fn touched(&self) -> &BTreeSet<String> {
        &self.content.touched
    }

    /// Takes note that a running server is about to be told of these settings.
    pub(crate) fn touch(&mut self, names: &BTreeSet<String>) -> io::Result<()> {
        self.change(|content| content.touched.extend(names.iter().cloned()))
    }

    /// Takes note of what became of a document's settings: the server has what its settings file
    /// says.
    pub(crate) fn settle(&mut self, settled: Settled) -> io::Result<()> {
        self.change(|content| {
            content.settled = Some(settled);
            content.touched.clear();
        })
    }

    /// Takes note, in one step, that a restart has failed for the settings that it was to try.
    pub(crate) fn fail(&mut self, id: ActionId, settled: Settled) -> io::Result<()> {
        self.change(|content| {
            let failure = settled.refused.clone();
            content.actions.extend(failure.map(|failure| (id, Entry::Failed(failure))));
            content.settled = Some(settled);
        })
    }

    /// What is reported of the settings.
    pub(crate) fn settings(&self) -> Option<SettingsState> {
        self.content.settled.as_ref().map(|settled| SettingsState {
            sequence: settled.sequence,
            restart_required: settled.restart_required.clone(),
            refused: settled.refused.clone(),
        })
    }

    /// What has ended.
    pub(crate) fn results(&self) -> Vec<ActionResult> {
        let outcome = |entry: &Entry| match entry {
            Entry::Started | Entry::Restarting(_) => None,
            Entry::Done => Some(ActionOutcome::Done),
            Entry::Failed(failure) => Some(ActionOutcome::Failed(failure.clone())),
        };
        self.content
            .actions
            .iter()
            .filter_map(|(id, entry)| Some(ActionResult { id: *id, outcome: outcome(entry)? }))
            .collect()
    }

    fn change(&mut self, change: impl FnOnce(&mut Content)) -> io::Result<()> {
        let mut content = self.content.clone();
        change(&mut content);
        if content != self.content {
            files::replace(&self.path, &serde_json::to_vec(&content)?, Access::PRIVATE)?;
            self.content = content;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::engine::Manager;
    use domain::guest::{Action, ActionBody, ActionCause};
    use uuid::Uuid;

    #[test]
    fn what_was_noted_is_known_to_the_next_agent() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.json");
        let [begun, done, failed, gone] = [1, 2, 3, 4].map(|n| ActionId(Uuid::from_u128(n)));
        let failure = ActionOutcome::Failed(ActionFailure {
            cause: ActionCause::DiskFull,
            detail: "full".to_owned(),
        });
        let revision = Revision { epoch: 1, sequence: 7 };

        let mut journal = Journal::open(&path).unwrap();
        for id in [begun, done, failed, gone] {
            journal.start(id).unwrap();
        }
        for (id, outcome) in [(done, &ActionOutcome::Done), (failed, &failure), (gone, &failure)] {
            journal.end(id, outcome).unwrap();
        }
        let action = |id| Action { id, body: ActionBody::Restart };
        let document = Desired {
            revision,
            fence: 1,
            manager: Manager::Mariadb,
            version: "10.11".to_owned(),
            settings: BTreeMap::new(),
            memory_mb: None,
            is_stopped: false,
            actions: [begun, done, failed].map(action).into(),
        };
        journal.see(&document).unwrap();

        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.revision(), revision);
        assert_eq!(
            [begun, done, failed, gone].map(|id| journal.has_ended(id)),
            [false, true, true, false]
        );
        assert_eq!([begun, done, gone].map(|id| journal.has_started(id)), [true, false, false]);
        let results = journal.results();
        assert_eq!(results.len(), 2);
        assert_eq!(results[1], ActionResult { id: failed, outcome: failure });
    }

    #[test]
    fn a_restart_is_known_by_the_server_that_it_stops() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.json");
        let [running, resting, other] = [1, 2, 3].map(|n| ActionId(Uuid::from_u128(n)));
        let mut journal = Journal::open(&path).unwrap();
        journal.start_restart(running, Some("7 8 boot")).unwrap();
        journal.start_restart(resting, None).unwrap();
        journal.start(other).unwrap();

        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.server_to_stop(running), Some(Some("7 8 boot")));
        assert_eq!(journal.server_to_stop(resting), Some(None));
        assert_eq!(journal.server_to_stop(other), None);
        assert!(journal.has_started(running));
        journal.end(running, &ActionOutcome::Done).unwrap();
        assert_eq!(journal.server_to_stop(running), None);
    }
}
