//! The command handler, written once for all aggregates: look up, fold, decide, append at the
//! version decided at; after a lost race decide again.
//!
//! # Invariants
//! - Commands on one aggregate are handled one after another within this process. Other
//!   processes are kept out by the expected version of the append, not by a lock.
//! - A command whose commit stands in the log is never decided again: it gets that result.
//! - A refusal is never given on a state that the log may have moved past.
//! - A commit's id derives from command, version and aggregate, so that a repeat is the same.

mod cells;

use crate::append::append_settled;
use crate::folded::Folded;
use crate::log::{AppendError, BoxError, EventLog};
use cells::{Cell, Cells, Fault};
use domain::aggregate::{Aggregate, Context, Key};
use domain::commit::{Actor, Commit, SCHEMA_VERSION};
use domain::ids::{CommandId, CommitId, RequestId, derived};
use domain::limits::Limits;
use domain::time::Timestamp;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often a command is decided before its aggregate counts as too busy.
pub const ATTEMPTS_MAX: u32 = 16;

/// Gives an aggregate as of some commit, from a read model, so that its whole history need not
/// be read. It may lag behind the log. `None`: not known there.
pub type Seed<A> = Box<dyn Fn(Key) -> BoxFuture<'static, Option<Folded<A>>> + Send + Sync>;

/// What a handler is told once.
#[derive(Debug, Clone)]
pub struct HandlerConfig {
    /// The log's epoch, written into every commit.
    pub epoch: u64,
    /// How long each step may take, for the decisions.
    pub limits: Limits,
    /// How long an append with an unknown outcome is repeated. A command's own deadline ends it
    /// sooner.
    pub append_patience: Duration,
    /// How many aggregates are kept in memory.
    pub cells_max: usize,
}

/// A command on its way to a decision.
#[derive(Debug, Clone)]
pub struct Request<C> {
    /// Names the command; a repeat carries the same.
    pub command_id: CommandId,
    /// The commit that caused it, if one did.
    pub causation_id: Option<CommitId>,
    /// Who asks.
    pub actor: Actor,
    /// The REST request behind it, if one is.
    pub request_id: Option<RequestId>,
    /// What is asked.
    pub command: C,
    /// After this nothing is appended any more.
    pub deadline: Option<Timestamp>,
}

/// What became of a command that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handled {
    /// A reader that has reached this sequence sees the command's effect: its commit's, or the
    /// aggregate's version when it was so already.
    pub position: u64,
    /// Whether this very call appended; false when it was so already, or is a repeat.
    pub news: bool,
}

/// Why a command has no result.
#[derive(Debug, thiserror::Error)]
pub enum HandleError<R: std::fmt::Debug> {
    /// The aggregate refuses: final, on the newest state.
    #[error("the aggregate refused: {0:?}")]
    Rejected(R),
    /// The command's time was over before it was appended: nothing happened.
    #[error("the deadline passed before the decision was stored")]
    DeadlinePassed,
    /// The aggregate's history in the log is damaged: it takes no commands any more.
    #[error("the aggregate's history is damaged")]
    Damaged,
    /// The log did not answer, or others were always first. It may have been done: repeat the
    /// command under the same id.
    #[error("the outcome of the command is unknown")]
    Unavailable(#[source] BoxError),
    /// The log won't store the decision: nothing happened, and a repeat does not help.
    #[error("the event log can't take the decision")]
    Refused(#[source] AppendError),
}

/// Handles the commands on all aggregates of one kind.
pub struct Handler<A> {
    log: Arc<dyn EventLog>,
    config: HandlerConfig,
    cells: Cells<A>,
}

impl<A: Aggregate> Handler<A> {
    /// A handler that reads an aggregate's whole history when it first meets it.
    pub fn new(log: Arc<dyn EventLog>, config: HandlerConfig) -> Self {
        Self::seeded(log, config, Box::new(|_| Box::pin(async { None })))
    }

    /// A handler that first asks `seed` for an aggregate.
    pub fn seeded(log: Arc<dyn EventLog>, config: HandlerConfig, seed: Seed<A>) -> Self {
        let cells = Cells::new(seed, config.cells_max);
        Self { log, config, cells }
    }

    /// Handles one command on the aggregate `key`.
    ///
    /// # Errors
    /// See [`HandleError`].
    #[tracing::instrument(skip_all, fields(aggregate = %key, command_id = %request.command_id))]
    pub async fn handle(
        &self,
        key: Key,
        request: &Request<A::Command>,
        now: impl Fn() -> Timestamp,
    ) -> Result<Handled, HandleError<A::Rejection>> {
        assert_eq!(key.kind, A::KIND, "a command goes to the handler of its aggregate's kind");
        let cell = self.cells.of(key);
        let mut cell = cell.lock().await;
        // Whether the state holds all that the log held when this call began, at least.
        let mut is_newest = cell.load(&*self.log, key, &self.cells).await?;
        for _ in 0..ATTEMPTS_MAX {
            let folded = cell.folded()?;
            if let Some(position) = folded.answer_to(request.command_id) {
                return Ok(Handled { position, news: false });
            }
            let time = now();
            let context = Context { now: time, limits: &self.config.limits };
            let decision = folded.state.decide(&request.command, &context);
            let events = match decision {
                Ok(events) if !events.is_empty() => events,
                refusal if is_newest => {
                    let position = folded.version;
                    return refusal
                        .map(|_| Handled { position, news: false })
                        .map_err(HandleError::Rejected);
                }
                // Another taskmanager may have written since: only the newest state refuses.
                Ok(_) | Err(_) => {
                    cell.catch_up_if_behind(&*self.log, key).await?;
                    is_newest = true;
                    continue;
                }
            };
            let commit = self.commit(key, request, folded, (time, A::wrap(events)));
            match self.append(&mut cell, &commit, request.deadline, &now).await? {
                Some(position) => return Ok(Handled { position, news: true }),
                None => {
                    cell.catch_up(&*self.log, key).await?;
                    is_newest = true;
                }
            }
        }
        let text = format!("others were first {ATTEMPTS_MAX} times");
        Err(HandleError::Unavailable(text.into()))
    }

    fn commit(
        &self,
        key: Key,
        request: &Request<A::Command>,
        folded: &Folded<A>,
        (time, events): (Timestamp, domain::commit::Events),
    ) -> Commit {
        Commit {
            commit_id: commit_id(request.command_id, folded.version, key),
            command_id: request.command_id,
            causation_id: request.causation_id,
            aggregate: key,
            actor: request.actor.clone(),
            request_id: request.request_id.clone(),
            time,
            schema_version: SCHEMA_VERSION,
            epoch: self.config.epoch,
            previous_hash: folded.hash,
            events,
        }
    }

    /// Appends and folds; `None` when another commit came first.
    async fn append(
        &self,
        cell: &mut Cell<A>,
        commit: &Commit,
        deadline: Option<Timestamp>,
        now: impl Fn() -> Timestamp,
    ) -> Result<Option<u64>, HandleError<A::Rejection>> {
        let mut patience = self.config.append_patience;
        if let Some(deadline) = deadline {
            let left = deadline.since(now());
            if left.is_zero() {
                return Err(HandleError::DeadlinePassed);
            }
            patience = patience.min(left);
        }
        let expected = cell.folded()?.version;
        let until = Instant::now() + patience;
        match append_settled(&*self.log, expected, commit, until).await {
            Ok(recorded) => {
                cell.apply(&recorded)?;
                Ok(Some(recorded.sequence))
            }
            Err(AppendError::Conflict) => Ok(None),
            Err(error @ AppendError::Unknown(_)) => Err(HandleError::Unavailable(error.into())),
            Err(error @ (AppendError::Refused(_) | AppendError::TooLarge { .. })) => {
                Err(HandleError::Refused(error))
            }
        }
    }
}

/// The same command decided at the same version makes the same commit, whoever decides it.
fn commit_id(command: CommandId, version: u64, key: Key) -> CommitId {
    let parts = [command.to_string(), version.to_string(), key.to_string()];
    CommitId(derived(&["commit", &parts[0], &parts[1], &parts[2]]))
}

impl<R: std::fmt::Debug> From<Fault> for HandleError<R> {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged => Self::Damaged,
            Fault::Unavailable(error) => Self::Unavailable(error),
        }
    }
}
