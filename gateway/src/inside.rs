//! What goes on inside an instance's database: changes, which are commands whose result the
//! guest reports, and live questions.
//!
//! # Invariants
//! - A change's ids follow from its command's id, so that a repeat is the same change.
//! - A result is looked for on the read model, woken by its changes: any gateway can wait for
//!   what another one's taskmanager has recorded.

use crate::call::Call;
use crate::fault::{Fault, Missing};
use crate::gateway::{Done, Gateway};
use crate::request::Password;
use crate::request_id;
use crate::routes::{Answer, accepted};
use crate::view::status::Words;
use domain::aggregate::Key;
use domain::command::{Body, Rejection};
use domain::guest::{ActionCause, ActionFailure, Query, QueryAnswer};
use domain::ids::{ActionId, CommandId, InstanceId, SecretId, derived};
use domain::instance::action::Progress;
use domain::instance::{ActionSpec, Instance, Live, Phase};
use domain::secret::StoredSecret;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// A change inside an instance, from its request to its result.
pub(crate) struct Change<'a> {
    gateway: &'a Gateway,
    call: &'a Call,
    live: &'a Live,
    command: CommandId,
    action: ActionId,
    secrets: Vec<StoredSecret>,
}

impl<'a> Change<'a> {
    /// The change that the command of this id asks for.
    pub(crate) fn new(
        gateway: &'a Gateway,
        call: &'a Call,
        live: &'a Live,
        command: CommandId,
    ) -> Self {
        let action = ActionId(derived(&["action", &command.to_string()]));
        Self { gateway, call, live, command, action, secrets: Vec::new() }
    }

    /// Seals a password, to be sent with the change; gives its reference.
    ///
    /// # Errors
    /// When the plane has not told its key yet.
    pub(crate) fn seal(&mut self, password: &Password) -> Result<SecretId, Fault> {
        let founding = self.gateway.read_model.plane()?.founding.ok_or(Fault::NotFounded)?;
        let index = self.secrets.len().to_string();
        let id = SecretId(derived(&["secret", &self.action.to_string(), &index]));
        let sealed = bus::seal::seal(&founding.sealing_key, password.0.as_bytes());
        self.secrets.push(StoredSecret { id, sealed });
        Ok(id)
    }

    /// Has it recorded, whatever becomes of it.
    ///
    /// # Errors
    /// When it was refused, or nobody says whether it was.
    pub(crate) async fn begin(self, spec: ActionSpec) -> Result<Done, Fault> {
        let Self { gateway, call, live, command, action, secrets } = self;
        let (id, action_id, action) = (live.id, action, Box::new(spec));
        let body = Body::RunAction { id, action_id, action, secrets };
        gateway.carry_out(call, id, (command, body)).await
    }

    /// Has it done, and answers as the database did; 202 alone when that takes too long, since a
    /// late failure shows as the instance's fault.
    ///
    /// # Errors
    /// When it was refused, or failed in time to be told.
    pub(crate) async fn finish(self, spec: ActionSpec) -> Answer {
        let Settled { position, .. } = self.settle(spec).await?;
        Ok(accepted(position))
    }

    /// Has it done, and says how far it came in the time that a caller waits.
    ///
    /// # Errors
    /// When it was refused, or failed in time to be told.
    pub(crate) async fn settle(self, spec: ActionSpec) -> Result<Settled, Fault> {
        let (gateway, action, id) = (self.gateway, self.action, self.live.id);
        // A repeat is answered from the record, however the database is now.
        if self.live.actions.progress(action) == Progress::Unknown {
            check_ready(self.live)?;
        }
        // Listening begins before the change, so that no result slips by.
        let changes = gateway.read_model.changes();
        let done = self.begin(spec.clone()).await?;
        let waiting = ended(gateway, (id, action), done.position, changes);
        match tokio::time::timeout(gateway.config.limits.action_answer(), waiting).await {
            Err(_) => Ok(Settled { is_done: false, position: done.position }),
            Ok(end) => match end? {
                End::Done => {
                    let position = gateway.read_model.position().max(done.position);
                    Ok(Settled { is_done: true, position })
                }
                End::Failed(failure) => Err(failed(id, &spec, &failure)),
            },
        }
    }
}

/// What is known of a change when its caller is answered.
pub(crate) struct Settled {
    /// Whether it is done; if not, it may still be, or fail.
    pub(crate) is_done: bool,
    /// Where that can be read.
    pub(crate) position: u64,
}

/// How a change ended.
enum End {
    Done,
    Failed(ActionFailure),
}

/// Waits until it is known; the caller sets the limit.
async fn ended(
    gateway: &Gateway,
    (id, action): (InstanceId, ActionId),
    accepted: u64,
    mut changes: Receiver<Key>,
) -> Result<End, Fault> {
    let mut was_pending = false;
    loop {
        let is_readable = gateway.read_model.position() >= accepted;
        let Instance::Live(live) = gateway.read_model.instance(id)? else {
            return Err(Fault::no_instance(&id));
        };
        match live.actions.progress(action) {
            Progress::Done => return Ok(End::Done),
            Progress::Failed(failure) => return Ok(End::Failed(failure.clone())),
            Progress::Pending => was_pending = true,
            Progress::Unknown if was_pending => return Err(dropped(&live)),
            // A repeat of what ended so long ago that its result is no longer known.
            Progress::Unknown if is_readable => return Ok(End::Done),
            Progress::Unknown => {}
        }
        changed(&mut changes, id.into()).await;
    }
}

/// The next change of `wanted`, or of whatever was missed.
pub(crate) async fn changed(changes: &mut Receiver<Key>, wanted: Key) {
    loop {
        match changes.recv().await {
            Ok(key) if key == wanted => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            // Nothing changes any more: the caller's limit ends the wait.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// A change that was taken from its guest before the guest said anything.
fn dropped(live: &Live) -> Fault {
    match live.phase {
        Phase::Deleting(_) => Fault::refused(live, Rejection::DatabaseDown),
        Phase::Provisioning(_)
        | Phase::Active
        | Phase::Restarting
        | Phase::Resizing(_)
        | Phase::Undoing(_)
        | Phase::Failed => {
            Fault::OutcomeUnknown { request_id: request_id::current(), instance: live.id }
        }
    }
}

/// A failure as the client is told: about the one thing that the change named, else in the
/// guest's own words.
fn failed(instance: InstanceId, spec: &ActionSpec, failure: &ActionFailure) -> Fault {
    let cause = failure.cause;
    if cause == ActionCause::NotFound
        && let Some(missing) = missing(spec)
    {
        return Fault::NotFound(missing);
    }
    let taken = if cause == ActionCause::Exists { taken(spec) } else { None };
    let own_words = || format!("{}.", failure.detail.trim_end_matches('.'));
    Fault::ActionFailed { instance, cause, text: taken.unwrap_or_else(own_words) }
}

/// What is there already, where only one thing was to be made.
fn taken(spec: &ActionSpec) -> Option<String> {
    let (kind, name) = match spec {
        ActionSpec::CreateDatabases { databases } => match databases.as_slice() {
            [database] => ("database", &database.name),
            [] | [_, ..] => return None,
        },
        ActionSpec::CreateUsers { users } => match users.as_slice() {
            [user] => ("user", &user.name),
            [] | [_, ..] => return None,
        },
        ActionSpec::UpdateUser { account, name, .. } => {
            ("user", name.as_ref().unwrap_or(&account.name))
        }
        ActionSpec::ChangePasswords { .. }
        | ActionSpec::DeleteDatabase { .. }
        | ActionSpec::DeleteUser { .. }
        | ActionSpec::Grant { .. }
        | ActionSpec::Revoke { .. }
        | ActionSpec::Restart
        | ActionSpec::EnableRoot { .. }
        | ActionSpec::DisableRoot => return None,
    };
    Some(format!("A {kind} with the name \"{name}\" already exists."))
}

/// What is not there, where only one thing was named.
fn missing(spec: &ActionSpec) -> Option<Missing> {
    match spec {
        ActionSpec::DeleteDatabase { name } => Some(Missing::Database(name.clone())),
        ActionSpec::UpdateUser { account, .. } | ActionSpec::DeleteUser { account } => {
            Some(Missing::User(account.name.clone()))
        }
        ActionSpec::ChangePasswords { users } => match users.as_slice() {
            [user] => Some(Missing::User(user.account.name.clone())),
            [] | [_, ..] => None,
        },
        ActionSpec::CreateDatabases { .. }
        | ActionSpec::CreateUsers { .. }
        | ActionSpec::Grant { .. }
        | ActionSpec::Revoke { .. }
        | ActionSpec::Restart
        | ActionSpec::EnableRoot { .. }
        | ActionSpec::DisableRoot => None,
    }
}

/// Refuses while the database can't be worked with.
fn check_ready(live: &Live) -> Result<(), Fault> {
    let answers = live.health.answers() && !live.agent_silent;
    if answers && live.phase == Phase::Active {
        Ok(())
    } else {
        Err(Fault::refused(live, Rejection::DatabaseDown))
    }
}

impl Gateway {
    /// The guest's answer to a live question; never [`QueryAnswer::Unavailable`].
    ///
    /// # Errors
    /// When the database is known to be away, or gives no answer.
    pub(crate) async fn ask(&self, live: &Live, query: Query) -> Result<QueryAnswer, Fault> {
        check_ready(live)?;
        match self.guests.ask(live.id, query, self.config.limits.guest_query()).await {
            Some(QueryAnswer::Unavailable { detail }) => {
                tracing::info!(instance_id = %live.id, detail, "Database gave its guest no answer.");
                Err(self.unanswered(live))
            }
            Some(
                answer @ (QueryAnswer::Health(_)
                | QueryAnswer::Databases { .. }
                | QueryAnswer::Users { .. }
                | QueryAnswer::User(_)
                | QueryAnswer::Logs(_)
                | QueryAnswer::LogTail(_)),
            ) => Ok(answer),
            None => Err(self.unanswered(live)),
        }
    }

    /// What to say when a question had no answer: the log may know by now why.
    pub(crate) fn unanswered(&self, live: &Live) -> Fault {
        let known = match self.read_model.instance(live.id) {
            Ok(Instance::Live(now)) => check_ready(&now),
            Ok(Instance::Absent | Instance::Abandoned { .. } | Instance::Deleted { .. }) => {
                Err(Fault::no_instance(&live.id))
            }
            Err(_) => Ok(()),
        };
        known.err().unwrap_or(Fault::GuestSilent { instance: live.id })
    }
}

impl Fault {
    /// A refusal that the read model's state of the instance gives reason for.
    pub(crate) fn refused(live: &Live, rejection: Rejection) -> Self {
        Self::Refused { instance: live.id, words: Words::of(live), rejection }
    }
}
