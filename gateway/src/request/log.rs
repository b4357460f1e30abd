//! Which log of an instance a request is about, and what is to become of it.

use super::document::Document;
use super::page;
use crate::catalogue;
use crate::fault::{Fault, Missing};
use domain::engine::{Log, Manager, UserLog};
use std::collections::HashMap;

/// How many lines are shown where the query does not say.
const LINES: u32 = 50;
/// How many are shown at most.
const LINES_MAX: u32 = 1000;

const NOT_PUBLISHED: &str =
    "Log actions are not supported: there is no object store to publish a log to.";

/// The body of `POST /instances/{id}/log`.
#[derive(Debug)]
pub(crate) struct LogRequest {
    /// The log's name.
    pub(crate) name: String,
    is_enabled: bool,
    is_disabled: bool,
    is_moved: bool,
}

impl LogRequest {
    /// Reads the body.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub(crate) fn parse(document: &Document) -> Result<Self, Fault> {
        let body = document.whole("log").object()?;
        let name = body.required("name")?.text255()?.to_owned();
        let flag = |key| body.optional(key).map_or(Ok(false), |field| field.flag());
        Ok(Self {
            name,
            is_enabled: flag("enable")?,
            is_disabled: flag("disable")?,
            is_moved: flag("publish")? | flag("discard")?,
        })
    }

    /// Whether it asks for more than to be shown.
    pub(crate) fn is_change(&self) -> bool {
        self.is_enabled || self.is_disabled || self.is_moved
    }

    /// Which log is to be written from now on, or not to be; nothing when it is to be shown.
    ///
    /// # Errors
    /// When that makes no sense, or is not offered.
    pub(crate) fn switch(&self, log: Log) -> Result<Option<(UserLog, bool)>, Fault> {
        let name = log.as_str();
        if self.is_enabled && self.is_disabled {
            return Err(Fault::Invalid(format!("Cannot both enable and disable log '{name}'.")));
        }
        let is_switch = self.is_enabled || self.is_disabled;
        let switched = match log.of_user() {
            None if is_switch => {
                let text = format!("Log '{name}' is of type SYS and is always written.");
                return Err(Fault::Invalid(text));
            }
            user => user.filter(|_| is_switch),
        };
        if self.is_moved {
            return Err(Fault::NotOffered(NOT_PUBLISHED.to_owned()));
        }
        Ok(switched.map(|log| (log, self.is_enabled)))
    }
}

/// The log of that name.
///
/// # Errors
/// When there is none.
pub(crate) fn named(manager: Manager, name: &str) -> Result<Log, Fault> {
    let mut logs = manager.logs().iter();
    let found = logs.find(|log| log.as_str() == name).copied();
    found.ok_or_else(|| Fault::NotFound(Missing::Log(catalogue::shown(name))))
}

/// How many of a log's last lines are asked for.
///
/// # Errors
/// When that is no positive integer.
pub(crate) fn lines(query: &HashMap<String, String>) -> Result<u32, Fault> {
    let Some(text) = query.get("lines") else { return Ok(LINES) };
    Ok(u32::try_from(page::number(text)?).unwrap_or(u32::MAX).min(LINES_MAX))
}
