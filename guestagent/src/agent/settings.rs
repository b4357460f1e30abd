//! The server's settings: what it runs with, what is wanted, and the way from one to the other.
//!
//! # Invariants
//! - The settings file holds what the server came up with, and what it has taken since: a server
//!   that is started again by itself finds nothing there that was not tried.
//! - Whatever a running server was told by an agent that crashed is told anew.
//! - What the server takes only at a start is tried by a canary, and waits in the document until
//!   a restart is asked for.
//! - While a restart tries new settings, the former ones stand beside the file, and are put back
//!   if the server does not come up.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use domain::guest::{ActionCause, ActionFailure, Desired};
use domain::guest_spec::Layout;
use domain::ids::ActionId;

use super::Guest;
use super::action::{ActionError, failed};
use super::converge::{Progress, ensure_directory, for_server};
use super::journal::{Journal, Settled};
use super::restart;
use super::start::{LINES_MAX, tells_of_a_full_volume, wait_for_login};
use crate::canary::{self, Song};
use crate::control::Request;
use crate::engine::{EngineError, Taken};
use crate::files::{self, Access};

type Settings = BTreeMap<String, String>;

/// Names that a failure lists; more are counted.
const NAMES_MAX: usize = 5;

/// Has a running server take what it can take of the document's settings, and finds out what has
/// to wait for a restart.
pub(crate) async fn converge(
    guest: &Guest,
    journal: &mut Journal,
    document: &Desired,
) -> io::Result<Progress> {
    let wanted = &document.settings;
    let Some(in_force) = in_force(guest)? else {
        // Nothing is known of what it runs with; it finds these when it is next started.
        return match write(guest, wanted) {
            Ok(()) => journal.settle(Settled::new(document)).map(|()| Progress::Settled),
            Err(ActionError::Failed(failure)) => {
                journal.settle(Settled::refused(document, failure)).map(|()| Progress::Settled)
            }
            Err(ActionError::Blocked(_)) => Ok(Progress::Blocked),
        };
    };
    let is_known = journal.settled().is_some_and(|settled| settled.wanted == *wanted);
    if is_known && journal.touched().is_empty() {
        return Ok(Progress::Settled);
    }
    let settled = match change(guest, journal, document, in_force).await {
        Ok(waiting) => Settled { restart_required: waiting, ..Settled::new(document) },
        Err(ActionError::Failed(failure)) => {
            tracing::warn!(?failure, "Settings were refused.");
            Settled::refused(document, failure)
        }
        Err(ActionError::Blocked(error)) => {
            tracing::warn!(%error, "Settings have to wait.");
            return Ok(Progress::Blocked);
        }
    };
    journal.settle(settled)?;
    Ok(Progress::Settled)
}

/// Has the server take each changed setting; the names of those that it takes only at a start.
async fn change(
    guest: &Guest,
    journal: &mut Journal,
    document: &Desired,
    mut in_force: Settings,
) -> Result<Vec<String>, ActionError> {
    let wanted = &document.settings;
    let mut names = changed(&in_force, wanted);
    // An agent before this one may have told the server, and come no further.
    names.extend(journal.touched().iter().cloned());
    if names.is_empty() {
        // An agent before this one may have come no further than to write them down.
        guest.engine.reread().await?;
        return Ok(Vec::new());
    }
    check(guest, document).await?;
    journal.touch(&names)?;
    let before = in_force.clone();
    let mut waiting = Vec::new();
    for name in &names {
        match guest.engine.set(name, wanted.get(name).map(String::as_str)).await {
            Ok(Taken::AtRestart) if in_force.get(name) == wanted.get(name) => {}
            Ok(Taken::AtRestart) => waiting.push(name.clone()),
            Ok(Taken::Now) => {
                assign(&mut in_force, name, wanted.get(name));
                write(guest, &in_force)?;
            }
            Err(error @ EngineError::Silent(_)) => return Err(error.into()),
            Err(error) => {
                put_back(guest, &before, in_force).await?;
                let detail = format!("the server does not take '{name}': {error}");
                return Err(failed(ActionCause::Statement, detail));
            }
        }
    }
    if !waiting.is_empty()
        && let Err(failure) = try_out(guest, wanted).await
    {
        put_back(guest, &before, in_force).await?;
        return Err(failure);
    }
    match guest.engine.reread().await {
        Ok(()) => Ok(waiting),
        Err(error @ EngineError::Silent(_)) => Err(error.into()),
        Err(error) => {
            put_back(guest, &before, in_force).await?;
            Err(failed(ActionCause::Statement, format!("the server does not take them: {error}")))
        }
    }
}

/// Has a canary start with settings that wait for a restart.
async fn try_out(guest: &Guest, settings: &Settings) -> Result<(), ActionError> {
    match canary::sing(&guest.spec, settings).await {
        Song::Up => Ok(()),
        Song::Down(lines) if !tells_of_a_full_volume(&lines) => {
            let complaint = lines.into_iter().take(LINES_MAX).collect::<Vec<_>>().join("; ");
            Err(EngineError::BadSettings { complaint }.into())
        }
        // The restart finds it out, and puts the former settings back if it has to.
        song @ (Song::Down(_) | Song::Silent(_)) => {
            tracing::warn!(?song, "A canary did not find out whether a server starts.");
            Ok(())
        }
    }
}

/// Takes back what was changed while the server runs: all of a document's settings, or none.
async fn put_back(
    guest: &Guest,
    before: &Settings,
    mut in_force: Settings,
) -> Result<(), ActionError> {
    for name in changed(&in_force, before) {
        guest.engine.set(&name, before.get(&name).map(String::as_str)).await?;
        assign(&mut in_force, &name, before.get(&name));
        write(guest, &in_force)?;
    }
    Ok(guest.engine.reread().await?)
}

fn assign(settings: &mut Settings, name: &str, value: Option<&String>) {
    match value {
        Some(value) => settings.insert(name.to_owned(), value.clone()),
        None => settings.remove(name),
    };
}

fn changed(from: &Settings, to: &Settings) -> BTreeSet<String> {
    from.keys().chain(to.keys()).filter(|name| from.get(*name) != to.get(*name)).cloned().collect()
}

/// Whether a server of this engine would start with the document's settings, as far as can be
/// said without starting one. Those of the flavor itself need no check, and a creation no delay.
pub(crate) async fn check(guest: &Guest, document: &Desired) -> Result<(), ActionError> {
    let memory_mb = document.memory_mb.unwrap_or(guest.spec.memory_mb);
    if document.settings == guest.spec.manager.settings(memory_mb) {
        return Ok(());
    }
    if let Err(refusal) = guest.spec.manager.check_settings_fit(&document.settings, memory_mb) {
        return Err(failed(ActionCause::Statement, refusal.0));
    }
    let path = files::with_suffix(&file(guest), ".candidate");
    ensure_directory(&path, &guest.spec)?;
    let text = guest.engine.settings_file(&document.settings).map_err(|error| bad(&error))?;
    files::replace(&path, text.as_bytes(), Access::PRIVATE)?;
    let checked = guest.engine.check_settings(&path).await;
    files::remove(&path)?;
    Ok(checked?)
}

/// Leaves these settings where the server finds them at its next start.
pub(crate) fn write(guest: &Guest, settings: &Settings) -> Result<(), ActionError> {
    let text = guest.engine.settings_file(settings).map_err(|error| bad(&error))?;
    let path = file(guest);
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        ensure_directory(&path, &guest.spec)?;
        files::replace(&path, text.as_bytes(), for_server(&guest.spec))?;
    }
    Ok(())
}

/// Leaves the settings file with the same settings, as the guard wants it now.
pub(crate) fn rewrite(guest: &Guest) -> Result<(), ActionError> {
    in_force(guest)?.map_or(Ok(()), |settings| write(guest, &settings))
}

fn bad(error: &crate::engine::BadSetting) -> ActionError {
    failed(ActionCause::Statement, error.to_string())
}

/// Settings that a restart is to try.
pub(crate) struct Trial<'a>(&'a Settings);

/// What a restart is to try, if the document wants anything else than what is in force. What is
/// known to be bad is not tried again; what is found to be bad fails the restart.
pub(crate) async fn trial<'a>(
    guest: &Guest,
    journal: &mut Journal,
    document: &'a Desired,
    id: ActionId,
) -> Result<Option<Trial<'a>>, ActionError> {
    let wanted = &document.settings;
    let is_bad = |settled: &Settled| settled.wanted == *wanted && settled.refused.is_some();
    if in_force(guest)?.as_ref() == Some(wanted) || journal.settled().is_some_and(is_bad) {
        return Ok(None);
    }
    match check(guest, document).await {
        Ok(()) => Ok(Some(Trial(wanted))),
        Err(ActionError::Failed(failure)) => {
            journal.fail(id, Settled::refused(document, failure.clone()))?;
            Err(ActionError::Failed(failure))
        }
        Err(blocked @ ActionError::Blocked(_)) => Err(blocked),
    }
}

impl Trial<'_> {
    /// Leaves the new settings for the server, and the former ones beside them.
    pub(crate) fn begin(&self, guest: &Guest) -> Result<(), ActionError> {
        let before = former(guest);
        if !before.exists() {
            let text = std::fs::read(file(guest)).unwrap_or_default();
            files::replace(&before, &text, Access::PRIVATE)?;
        }
        write(guest, self.0)
    }
}

/// Whether the settings file holds what is being tried.
pub(crate) fn is_on_trial(guest: &Guest) -> bool {
    former(guest).exists()
}

/// Takes what was tried for good: the server has come up with it.
pub(crate) fn accept(
    guest: &Guest,
    journal: &mut Journal,
    document: &Desired,
) -> Result<(), ActionError> {
    files::remove(&former(guest))?;
    files::sync_parent(&former(guest))?;
    if in_force(guest)?.as_ref() == Some(&document.settings) {
        journal.settle(Settled::new(document))?;
    }
    Ok(())
}

/// What is wrong with the settings that were tried, as the document's owner is told.
pub(crate) fn blame(guest: &Guest, failure: &ActionFailure) -> Result<ActionFailure, ActionError> {
    let before = guest.engine.settings_of(&std::fs::read_to_string(former(guest))?);
    let names = changed(&before, &in_force(guest)?.unwrap_or_default());
    let detail = format!(
        "with the new settings ({}) {}; the former settings are put back",
        listed(&names),
        failure.detail
    );
    Ok(ActionFailure { cause: failure.cause, detail })
}

/// Puts the former settings back and starts the server with them; that the tried ones are
/// refused stands in the journal already.
pub(crate) async fn reject(guest: &Guest) -> Result<(), ActionError> {
    let text = std::fs::read_to_string(former(guest))?;
    restart::stop(guest).await?;
    // Not as it stands there: it is older than what the guard wants.
    write(guest, &guest.engine.settings_of(&text))?;
    let started = guest.shim.ask(Request::Start).await?;
    files::remove(&former(guest))?;
    wait_for_login(guest, started.ends).await
}

/// Ends a trial whose restart is no longer asked for.
pub(crate) async fn conclude(
    guest: &Guest,
    journal: &mut Journal,
    document: &Desired,
) -> Result<(), ActionError> {
    let tried = in_force(guest)?.unwrap_or_default();
    let is_refused = |settled: &Settled| settled.wanted == tried && settled.refused.is_some();
    if journal.settled().is_some_and(is_refused) {
        return reject(guest).await;
    }
    let status = guest.shim.ask(Request::Start).await?;
    match wait_for_login(guest, status.ends).await {
        Ok(()) => accept(guest, journal, document),
        Err(ActionError::Failed(failure)) => {
            let failure = blame(guest, &failure)?;
            journal.settle(Settled { wanted: tried, ..Settled::refused(document, failure) })?;
            reject(guest).await
        }
        Err(blocked @ ActionError::Blocked(_)) => Err(blocked),
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_MAX).map(String::as_str).collect();
    let more = names.len().saturating_sub(NAMES_MAX);
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// What the server was started with or has taken since; nothing where there is no such file.
pub(crate) fn in_force(guest: &Guest) -> io::Result<Option<Settings>> {
    match std::fs::read_to_string(file(guest)) {
        Ok(text) => Ok(Some(guest.engine.settings_of(&text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn file(guest: &Guest) -> PathBuf {
    guest.spec.manager.settings_file(&Layout(&guest.spec.directory))
}

fn former(guest: &Guest) -> PathBuf {
    files::with_suffix(&file(guest), ".former")
}
