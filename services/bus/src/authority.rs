//! The root of trust of one control plane's bus: its keys, and the identities they sign.
//!
//! An operator signs three accounts. In that of the server itself only the launcher has an
//! identity. The plane's holds the streams, the taskmanagers and, signed by a scoped key, the
//! guests. The gateways' has nothing of its own: it borrows a few of the plane's subjects.
//!
//! Gateways stand apart because whoever asks JetStream names where its answer goes: inside the
//! plane's account an answer could be sent into the log, and so be appended. What an account
//! borrows is answered within that account, whatever was named.
//!
//! # Invariants
//! - All keys stand in one file that appears whole or not at all, so there is no half-made
//!   authority to repair.
//! - Everything else is derived from that file and comes out the same each time.

mod mint;
mod rights;
mod token;

pub use mint::GuestMint;

use crate::credentials::Credentials;
use crate::private_file::{self, PrivateFileError};
use nkeys::{KeyPair, KeyPairType};
use proto::subjects;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use token::Claims;
use zeroize::{Zeroize, Zeroizing};

const FILE: &str = "authority.json";

/// A process of the control plane with an identity of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Sends commands, reads the log.
    Gateway,
    /// Appends to the log, talks with guests, keeps secrets.
    Taskmanager,
    /// Asks the server how it is configured; in the system account.
    Launcher,
}

impl Identity {
    /// Where its answers are received.
    pub fn inbox_prefix(self) -> &'static str {
        match self {
            Self::Gateway => subjects::GATEWAY_INBOX,
            Self::Taskmanager => subjects::TASKMANAGER_INBOX,
            Self::Launcher => rights::LAUNCHER_INBOX,
        }
    }

    /// The name in tokens and server logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Taskmanager => "taskmanager",
            Self::Launcher => "launcher",
        }
    }
}

/// The keys that sign everything else. Only the launcher's side holds them.
pub struct Authority {
    born: u64,
    operator: KeyPair,
    system: KeyPair,
    plane: KeyPair,
    gateways: KeyPair,
    guests: KeyPair,
    gateway: KeyPair,
    taskmanager: KeyPair,
    launcher: KeyPair,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityFile {
    /// Seconds since 1970 at its creation.
    born: u64,
    operator: String,
    system: String,
    plane: String,
    gateways: String,
    guests: String,
    gateway: String,
    taskmanager: String,
    launcher: String,
}

impl Drop for AuthorityFile {
    fn drop(&mut self) {
        for seed in [
            &mut self.operator,
            &mut self.system,
            &mut self.plane,
            &mut self.gateways,
            &mut self.guests,
            &mut self.gateway,
            &mut self.taskmanager,
            &mut self.launcher,
        ] {
            seed.zeroize();
        }
    }
}

impl Authority {
    /// The authority kept in `directory`, made there first if there is none. The directory gets
    /// mode 0700. Of several processes that do this at once all get the same authority.
    ///
    /// # Errors
    /// A directory or file that others may enter or read, a damaged file, or the system's
    /// refusal. A damaged authority is never replaced: its identities would die with it.
    pub fn create(directory: &Path) -> Result<Self, PrivateFileError> {
        private_file::ensure_directory(directory)?;
        match Self::open(directory) {
            Err(error) if error.is_missing() => {}
            opened => return opened,
        }
        let text = serde_json::to_vec_pretty(&AuthorityFile::generate())
            .expect("strings and numbers are always JSON");
        match private_file::create(&directory.join(FILE), &Zeroizing::new(text)) {
            Ok(()) | Err(PrivateFileError::Exists { .. }) => Self::open(directory),
            Err(error) => Err(error),
        }
    }

    /// The authority kept in `directory`.
    ///
    /// # Errors
    /// As [`Self::create`]; without an authority there, an error that
    /// [`PrivateFileError::is_missing`].
    pub fn open(directory: &Path) -> Result<Self, PrivateFileError> {
        let path = directory.join(FILE);
        let bytes = private_file::read(&path)?;
        serde_json::from_slice::<AuthorityFile>(&bytes)
            .ok()
            .and_then(|file| Self::from_file(&file))
            .ok_or_else(|| private_file::malformed(&path, "the keys of an authority"))
    }

    /// The identity of one of our processes; the same one each time.
    pub fn credentials(&self, identity: Identity) -> Credentials {
        let (account, user, nats) = match identity {
            Identity::Gateway => (&self.gateways, &self.gateway, rights::gateway()),
            Identity::Taskmanager => (&self.plane, &self.taskmanager, rights::taskmanager()),
            Identity::Launcher => (&self.system, &self.launcher, rights::launcher()),
        };
        let subject = user.public_key();
        let name = identity.as_str();
        let claims = Claims { subject: &subject, name, issued: self.issued(), nats };
        Credentials::new(token::sign(account, &claims), user)
    }

    /// Writes what a taskmanager needs to make identities of guests, and nothing more, as one
    /// file of mode 0600 for [`GuestMint::open`].
    ///
    /// # Errors
    /// The system's refusal.
    pub fn write_guest_mint(&self, path: &Path) -> Result<(), PrivateFileError> {
        mint::write(path, &self.guests, &self.plane.public_key())
    }

    /// The operator's token about itself.
    pub(crate) fn operator_token(&self) -> String {
        let nats = json!({
            "type": "operator",
            "version": 2,
            "system_account": self.system.public_key(),
        });
        self.signed_by_operator(&self.operator, "trove", nats)
    }

    /// Public keys and tokens of all accounts; the server's own is the first.
    pub(crate) fn accounts(&self) -> [(String, String); 3] {
        let scope = json!({
            "kind": "user_scope",
            "key": self.guests.public_key(),
            "role": "guest",
            "template": rights::guest_template(),
        });
        let mut plane = account_claims();
        for limit in ["mem_storage", "disk_storage", "streams", "consumer"] {
            plane["limits"][limit] = (-1).into();
        }
        plane["signing_keys"] = json!([scope]);
        plane["exports"] = rights::lent_to_gateways();
        let mut gateways = account_claims();
        gateways["imports"] = rights::borrowed_by_gateways(&self.plane.public_key());
        gateways["mappings"] = rights::detours();
        [
            (&self.system, "SYS", account_claims()),
            (&self.plane, "PLANE", plane),
            (&self.gateways, "GATEWAYS", gateways),
        ]
        .map(|(key, name, claims)| (key.public_key(), self.signed_by_operator(key, name, claims)))
    }

    fn signed_by_operator(&self, about: &KeyPair, name: &str, nats: Value) -> String {
        let subject = about.public_key();
        let claims = Claims { subject: &subject, name, issued: self.issued(), nats };
        token::sign(&self.operator, &claims)
    }

    fn issued(&self) -> u64 {
        self.born + rights::REVISION
    }

    fn from_file(file: &AuthorityFile) -> Option<Self> {
        let key = |seed: &str, prefix: char| {
            let key = KeyPair::from_seed(seed).ok()?;
            key.public_key().starts_with(prefix).then_some(key)
        };
        Some(Self {
            born: file.born,
            operator: key(&file.operator, 'O')?,
            system: key(&file.system, 'A')?,
            plane: key(&file.plane, 'A')?,
            gateways: key(&file.gateways, 'A')?,
            guests: key(&file.guests, 'A')?,
            gateway: key(&file.gateway, 'U')?,
            taskmanager: key(&file.taskmanager, 'U')?,
            launcher: key(&file.launcher, 'U')?,
        })
    }
}

impl AuthorityFile {
    fn generate() -> Self {
        let seed = |kind| KeyPair::new(kind).seed().expect("a generated key has its seed");
        let born = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self {
            born: born.as_secs(),
            operator: seed(KeyPairType::Operator),
            system: seed(KeyPairType::Account),
            plane: seed(KeyPairType::Account),
            gateways: seed(KeyPairType::Account),
            guests: seed(KeyPairType::Account),
            gateway: seed(KeyPairType::User),
            taskmanager: seed(KeyPairType::User),
            launcher: seed(KeyPairType::User),
        }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(..)")
    }
}

/// Claims of an account without streams, and without subjects of other accounts.
fn account_claims() -> Value {
    json!({
        "type": "account",
        "version": 2,
        "limits": {
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1,
            "wildcards": true, "conn": -1, "leaf": 0,
        },
    })
}

#[cfg(test)]
mod tests;
