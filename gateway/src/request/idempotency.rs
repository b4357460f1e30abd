//! `Idempotency-Key`: the same request under the same key is the same change.
//!
//! # Invariants
//! - Under a key the ids of a creation follow from project, route and key alone, so that a repeat
//!   means the same instance, on any gateway.
//! - A body's hash is keyed: a bare one would let passwords be guessed from the log.

use super::Password;
use super::document::Document;
use crate::fault::Fault;
use axum::http::HeaderMap;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use domain::ids::{CommandId, ConfigurationId, InstanceId, ProjectId, SecretId, derived};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const HEADER: &str = "idempotency-key";
const KEY_CHARS_MAX: usize = 255;
const HASH_KEY_BYTES: usize = 32;
/// Three bytes make four characters.
const PASSWORD_BYTES: usize = 27;
const READABLE_BY_OTHERS: u32 = 0o077;

/// A client's key: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The request's key, if it has one.
    ///
    /// # Errors
    /// When it has several, or one that is no key.
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Fault> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let text = value.to_str().ok().filter(|text| {
            (1..=KEY_CHARS_MAX).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_graphic())
        });
        match (text, values.next()) {
            (Some(text), None) => Ok(Some(Self(text.to_owned()))),
            (None, _) | (_, Some(_)) => Err(Fault::invalid(format!(
                "Idempotency-Key must be one value of 1 to {KEY_CHARS_MAX} visible ASCII characters."
            ))),
        }
    }
}

/// The key under which bodies are hashed, the same one for all gateways.
#[derive(Clone)]
pub struct HashKey(Hmac<Sha256>);

/// Why the hash key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HashKeyError {
    /// The file can't be read.
    #[error("read idempotency key file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("idempotency key file {} must be its owner's alone: chmod 600", path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("idempotency key file {} is not 64 hex digits", path.display())]
    Content {
        /// The file.
        path: PathBuf,
    },
}

impl HashKey {
    /// Reads 64 hex digits from a private file.
    ///
    /// # Errors
    /// When the file can't be used.
    pub fn read(path: &Path) -> Result<Self, HashKeyError> {
        let read = |source| HashKeyError::Read { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(read)?.permissions().mode();
        if mode & READABLE_BY_OTHERS != 0 {
            return Err(HashKeyError::Open { path: path.to_owned() });
        }
        let text = fs::read_to_string(path).map_err(read)?;
        HEXLOWER
            .decode(text.trim_end().as_bytes())
            .ok()
            .filter(|key| key.len() == HASH_KEY_BYTES)
            .map(|key| Self::from_bytes(&key))
            .ok_or_else(|| HashKeyError::Content { path: path.to_owned() })
    }

    /// A key of these bytes.
    pub fn from_bytes(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    /// A password for what the command makes: 36 characters that nobody knows without the key.
    /// The same command has the same one, so that a repeat under a client's key tells it again.
    pub(crate) fn password(&self, command: CommandId) -> Password {
        let mut mac = self.0.clone();
        mac.update(b"password ");
        mac.update(command.0.as_bytes());
        let bytes = mac.finalize().into_bytes();
        Password(BASE64URL_NOPAD.encode(&bytes[..PASSWORD_BYTES]))
    }

    fn hash(&self, document: &Document) -> Vec<u8> {
        let mut mac = self.0.clone();
        mac.update(&document.canonical());
        mac.finalize().into_bytes().to_vec()
    }
}

/// What a client can have made under an id that the gateway chooses.
pub(crate) trait Made: Copy + fmt::Display + From<Uuid> {
    /// Its word, and the route that makes it.
    const NAMES: [&str; 2];
}

impl Made for InstanceId {
    const NAMES: [&str; 2] = ["instance", "POST /instances"];
}

impl Made for ConfigurationId {
    const NAMES: [&str; 2] = ["configuration", "POST /configurations"];
}

/// The ids of one creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreationIds<T> {
    /// What is to be.
    pub(crate) made: T,
    /// The command that asks for it.
    pub(crate) command: CommandId,
    /// The body's hash, when the creation came under a key.
    pub(crate) body_hash: Option<Vec<u8>>,
}

impl<T: Made> CreationIds<T> {
    /// Of a creation under the request's key; without one each request makes another.
    ///
    /// # Errors
    /// When the key is none.
    pub(crate) fn of(
        headers: &HeaderMap,
        project: &ProjectId,
        document: &Document,
        hash_key: &HashKey,
    ) -> Result<Self, Fault> {
        let Some(key) = IdempotencyKey::of(headers)? else {
            let (made, command) = (T::from(Uuid::now_v7()), CommandId(Uuid::now_v7()));
            return Ok(Self { made, command, body_hash: None });
        };
        let [word, route] = T::NAMES;
        let made = T::from(derived(&[word, project.as_str(), route, &key.0]));
        let hash = hash_key.hash(document);
        // Another body under the same key must be decided, not answered from the first's record.
        let command = derived(&["create", &made.to_string(), &HEXLOWER.encode(&hash)]);
        Ok(Self { made, command: CommandId(command), body_hash: Some(hash) })
    }
}

impl CreationIds<InstanceId> {
    /// The reference of the creation's `index`th password.
    pub(crate) fn secret(&self, index: usize) -> SecretId {
        let parts = ["secret", &self.made.to_string(), "create", &index.to_string()];
        SecretId(derived(&parts))
    }
}

/// Refuses what is no key, also where nothing would come of one.
///
/// # Errors
/// When there are several keys, or one that is none.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Fault> {
    IdempotencyKey::of(headers).map(drop)
}

/// The id of a changing command: the same one for the same request under the same key.
pub(crate) fn command_id(
    headers: &HeaderMap,
    call: (&ProjectId, &str),
    body: Option<(&Document, &HashKey)>,
) -> Result<CommandId, Fault> {
    let Some(key) = IdempotencyKey::of(headers)? else {
        return Ok(CommandId(Uuid::now_v7()));
    };
    let (project, method_and_path) = call;
    let hash = body.map(|(document, hash_key)| HEXLOWER.encode(&hash_key.hash(document)));
    let parts =
        ["command", project.as_str(), method_and_path, &key.0, hash.as_deref().unwrap_or_default()];
    Ok(CommandId(derived(&parts)))
}

#[cfg(test)]
mod tests;
