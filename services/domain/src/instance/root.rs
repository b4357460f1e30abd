//! Whether `root` may log in to an instance, and who first let it.
//!
//! # Invariants
//! - An enabling whose end nobody knows counts as one: what may be there can be taken back.

use super::action::ActionSpec;
use crate::ids::UserId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What became of an instance's root since it was first enabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Whether it may log in.
    pub is_enabled: bool,
    /// When it was enabled first.
    pub first: Enabling,
    /// When it was enabled last.
    pub last: Enabling,
}

/// One time that root was enabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enabling {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: UserId,
}

/// Takes note that an action was done, or that it may have been.
pub(super) fn note(root: &mut Option<Root>, spec: &ActionSpec, is_sure: bool, at: Timestamp) {
    match spec {
        ActionSpec::EnableRoot { by, .. } => {
            let last = Enabling { at, by: by.clone() };
            let first = root.take().map_or_else(|| last.clone(), |before| before.first);
            *root = Some(Root { is_enabled: true, first, last });
        }
        ActionSpec::DisableRoot => {
            if let Some(root) = root.as_mut().filter(|_| is_sure) {
                root.is_enabled = false;
            }
        }
        ActionSpec::CreateDatabases { .. }
        | ActionSpec::DeleteDatabase { .. }
        | ActionSpec::CreateUsers { .. }
        | ActionSpec::ChangePasswords { .. }
        | ActionSpec::UpdateUser { .. }
        | ActionSpec::DeleteUser { .. }
        | ActionSpec::Grant { .. }
        | ActionSpec::Revoke { .. }
        | ActionSpec::Restart => {}
    }
}
