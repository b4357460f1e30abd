//! The catalogue of a version's parameters: what a configuration group may say about it.
//!
//! # Invariants
//! - A parameter that the engine does not have can't be set: the engine's own rows are the list
//!   of what is allowed, and nothing that an administrator says makes it longer.
//! - What an administrator says stands over the engine's rows and outlives their renewal. It may
//!   narrow a parameter or hide it, and never widens one.
//! - A forbidden parameter stays so.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::ids::VersionId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use parameter::{Parameter, ParameterKind, Range};
pub use value::{ParameterRefusal, Real, Reason, TEXT_CHARS_MAX, Value, canonical};

mod parameter;
mod value;

/// The most that the rows of a catalogue may weigh, so that a commit of them fits the bus; they
/// are compressed there.
pub const WEIGHT_MAX: usize = 190 * 1024;

/// A catalogue, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The version that it is of; absent before its first rows.
    pub version: Option<VersionId>,
    /// What the engine has, by name.
    engine: BTreeMap<String, Parameter>,
    /// What administrators say instead; nothing for a parameter that they took away.
    overrides: BTreeMap<String, Option<Parameter>>,
}

impl Catalogue {
    /// Whether nothing is known of the version's parameters.
    pub fn is_empty(&self) -> bool {
        self.engine.is_empty()
    }

    /// A parameter by its name, in any spelling; forbidden ones too.
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        let name = canonical(name);
        let own = self.engine.get(&name)?;
        match self.overrides.get(&name) {
            None => Some(own),
            Some(instead) => instead.as_ref(),
        }
    }

    /// A parameter that a configuration group may set, by its name in any spelling.
    pub fn offered(&self, name: &str) -> Option<&Parameter> {
        self.get(name).filter(|parameter| parameter.forbidden.is_none())
    }

    /// All parameters that a configuration group may set, by name.
    pub fn all_offered(&self) -> impl Iterator<Item = &Parameter> {
        self.engine.keys().filter_map(|name| self.offered(name))
    }

    /// What the engine itself says of a parameter, by its name in any spelling.
    pub fn of_engine(&self, name: &str) -> Option<&Parameter> {
        self.engine.get(&canonical(name))
    }

    /// Checks a value that a tenant gives to a parameter; gives it in the parameter's own type.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, name: &str, value: &Value) -> Result<Value, ParameterRefusal> {
        let refused = |reason| ParameterRefusal::new(name, reason);
        let parameter = self.get(name).ok_or_else(|| refused(Reason::Unknown))?;
        if let Some(why) = &parameter.forbidden {
            return Err(refused(Reason::Forbidden(why.clone())));
        }
        parameter.kind.check(value).map_err(refused)
    }

    /// Whether `wanted` says nothing that the engine does not bear out.
    fn check_override(&self, wanted: &Parameter) -> Result<(), Rejection> {
        let own = self.engine.get(&wanted.name).ok_or(Rejection::UnknownParameter)?;
        if own.forbidden.is_some() || wanted.forbidden.is_some() {
            return Err(Rejection::Forbidden);
        }
        if !wanted.kind.narrows(&own.kind) {
            return Err(Rejection::Wider);
        }
        if own.restart_required && !wanted.restart_required {
            return Err(Rejection::RestartNeeded);
        }
        Ok(())
    }
}

/// What a catalogue may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Hold what the engine has.
    Set {
        /// Of which version.
        version: VersionId,
        /// All its parameters.
        rows: Vec<Parameter>,
    },
    /// Take up again a parameter that was taken away, as it is described here.
    Add(Parameter),
    /// Describe a parameter as here from now on.
    Change(Parameter),
    /// Take a parameter away.
    Remove {
        /// Which, in any spelling.
        name: String,
    },
}

/// What may have happened to a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The engine has these parameters.
    Set {
        /// The version.
        version: VersionId,
        /// All its parameters, by name.
        rows: Vec<Parameter>,
    },
    /// A parameter is described like this now.
    Overridden(Parameter),
    /// A parameter was taken away.
    Removed {
        /// Which.
        name: String,
    },
}

/// Why a catalogue refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The engine has no such parameter, or it was taken away.
    UnknownParameter,
    /// There is one of that name.
    Exists,
    /// It may not be set by tenants, so that it can't be described either.
    Forbidden,
    /// The description allows what the engine does not, or is of another type.
    Wider,
    /// The engine takes this parameter at a start only.
    RestartNeeded,
    /// The rows are too many or too long.
    TooLarge,
}

impl Aggregate for Catalogue {
    const KIND: Kind = Kind::Catalogue;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, _: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Set { version, rows } => {
                let by_name = by_name(rows);
                if by_name.values().map(Parameter::weight).sum::<usize>() > WEIGHT_MAX {
                    return Err(Rejection::TooLarge);
                }
                if by_name == self.engine && self.version == Some(*version) {
                    return Ok(Vec::new());
                }
                let rows = by_name.into_values().collect();
                Ok(vec![Event::Set { version: *version, rows }])
            }
            Command::Add(parameter) => {
                self.check_override(parameter)?;
                if self.get(&parameter.name).is_some() {
                    return Err(Rejection::Exists);
                }
                Ok(vec![Event::Overridden(parameter.clone())])
            }
            Command::Change(parameter) => {
                self.check_override(parameter)?;
                match self.get(&parameter.name) {
                    None => Err(Rejection::UnknownParameter),
                    Some(now) if now == parameter => Ok(Vec::new()),
                    Some(_) => Ok(vec![Event::Overridden(parameter.clone())]),
                }
            }
            Command::Remove { name } => match self.get(name) {
                None => Err(Rejection::UnknownParameter),
                Some(_) => Ok(vec![Event::Removed { name: canonical(name) }]),
            },
        }
    }

    fn evolve(&mut self, event: &Event, _: Moment) {
        match event {
            Event::Set { version, rows } => {
                self.version = Some(*version);
                self.engine = by_name(rows);
            }
            Event::Overridden(parameter) => {
                self.overrides.insert(parameter.name.clone(), Some(parameter.clone()));
            }
            Event::Removed { name } => {
                self.overrides.insert(name.clone(), None);
            }
        }
    }

    events_of!(Catalogue);
}

fn by_name(rows: &[Parameter]) -> BTreeMap<String, Parameter> {
    rows.iter().map(|row| (row.name.clone(), row.clone())).collect()
}

#[cfg(test)]
mod tests;
