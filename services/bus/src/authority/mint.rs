//! Makes identities for guests, and can make nothing else.
//!
//! The key held here is a scoped signing key: whatever it signs gets the rights of the guests'
//! template (`rights.rs`) and no others, so a stolen one is worth one guest at a time.

use super::token::{self, Claims};
use crate::credentials::Credentials;
use crate::private_file::{self, PrivateFileError};
use domain::ids::InstanceId;
use nkeys::{KeyPair, KeyPairType};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::{Zeroize, Zeroizing};

/// Signs identities of guests.
pub struct GuestMint {
    key: KeyPair,
    account: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MintFile {
    account: String,
    seed: String,
}

impl Drop for MintFile {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl GuestMint {
    /// Reads the file that [`super::Authority::write_guest_mint`] wrote.
    ///
    /// # Errors
    /// No such file, one that others may read, or one with another content.
    pub fn open(path: &Path) -> Result<Self, PrivateFileError> {
        let malformed = || private_file::malformed(path, "a guest mint");
        let bytes = private_file::read(path)?;
        let file: MintFile = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
        let key = KeyPair::from_seed(&file.seed).map_err(|_| malformed())?;
        let account = KeyPair::from_public_key(&file.account).map_err(|_| malformed())?;
        let is_account = |key: &KeyPair| matches!(key.key_pair_type(), KeyPairType::Account);
        if is_account(&key) && is_account(&account) {
            Ok(Self { key, account: file.account.clone() })
        } else {
            Err(malformed())
        }
    }

    /// A new identity of the instance's guest. Each call makes another key; earlier ones stay
    /// valid, since the server knows none of them by itself.
    pub fn mint(&self, guest: InstanceId) -> Credentials {
        let user = KeyPair::new_user();
        let issued = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let claims = Claims {
            subject: &user.public_key(),
            // The server pastes the name into subjects: it must never come from free text.
            name: &guest.to_string(),
            issued: issued.as_secs(),
            nats: json!({"type": "user", "version": 2, "issuer_account": self.account}),
        };
        Credentials::new(token::sign(&self.key, &claims), &user)
    }
}

impl fmt::Debug for GuestMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuestMint(..)")
    }
}

/// Writes what a mint needs, in the place of the file that may be there.
pub(super) fn write(path: &Path, key: &KeyPair, account: &str) -> Result<(), PrivateFileError> {
    let seed = key.seed().expect("the authority's keys have seeds");
    let file = MintFile { account: account.to_owned(), seed };
    let text = serde_json::to_vec(&file).expect("two strings are always JSON");
    private_file::replace(path, &Zeroizing::new(text))
}
