//! The control plane itself: which log this is, its keys, quota defaults and revoked tokens.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::ids::LogId;
use crate::quota::Quotas;
use crate::secret::PublicKey;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The plane, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plane {
    /// What the first commit of the log said; absent before it.
    pub founding: Option<Founding>,
    /// What a project may use unless it has figures of its own.
    pub quota_defaults: Option<Quotas>,
    /// Audit ids of revoked tokens, with the end of their life.
    pub revoked_tokens: BTreeMap<String, Timestamp>,
}

/// The first facts of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founding {
    /// The log's name for ever.
    pub log_id: LogId,
    /// Raised by every restore.
    pub epoch: u64,
    /// Passwords are sealed to this key on their way to a taskmanager.
    pub sealing_key: PublicKey,
}

/// What the plane may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin the log.
    Found(Founding),
    /// Take the configured quota defaults.
    SetQuotaDefaults(Quotas),
    /// Refuse a token from now on.
    RevokeToken {
        /// The token's audit id.
        audit_id: String,
        /// When the token ends by itself.
        expires: Timestamp,
    },
}

/// What may have happened to the plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The log began.
    Founded(Founding),
    /// The quota defaults are these now.
    QuotaDefaultsSet(Quotas),
    /// A token was revoked.
    TokenRevoked {
        /// The token's audit id.
        audit_id: String,
        /// When the token ends by itself.
        expires: Timestamp,
    },
}

/// Why the plane refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The log was founded with another key: this taskmanager holds the wrong one.
    FoundedWithAnotherKey,
}

impl Aggregate for Plane {
    const KIND: Kind = Kind::Plane;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, _: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Found(founding) => match &self.founding {
                None => Ok(vec![Event::Founded(founding.clone())]),
                Some(known) if known.sealing_key == founding.sealing_key => Ok(Vec::new()),
                Some(_) => Err(Rejection::FoundedWithAnotherKey),
            },
            Command::SetQuotaDefaults(quotas) if self.quota_defaults == Some(*quotas) => {
                Ok(Vec::new())
            }
            Command::SetQuotaDefaults(quotas) => Ok(vec![Event::QuotaDefaultsSet(*quotas)]),
            Command::RevokeToken { audit_id, .. } if self.revoked_tokens.contains_key(audit_id) => {
                Ok(Vec::new())
            }
            Command::RevokeToken { audit_id, expires } => {
                Ok(vec![Event::TokenRevoked { audit_id: audit_id.clone(), expires: *expires }])
            }
        }
    }

    fn evolve(&mut self, event: &Event, at: Moment) {
        match event {
            Event::Founded(founding) => self.founding = Some(founding.clone()),
            Event::QuotaDefaultsSet(quotas) => self.quota_defaults = Some(*quotas),
            Event::TokenRevoked { audit_id, expires } => {
                // A token past its end is refused by its own date: no need to remember it.
                self.revoked_tokens.retain(|_, end| *end > at.time);
                self.revoked_tokens.insert(audit_id.clone(), *expires);
            }
        }
    }

    events_of!(Plane);
}
