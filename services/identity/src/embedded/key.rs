//! The secret that makes tokens ours: HMAC-SHA256 under a key from a private file.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::private_file::{self, PrivateFileError};

const KEY_BYTES: usize = 32;
/// Of a tag, in bytes.
pub(super) const TAG_BYTES: usize = 32;

/// Why the key file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file itself is at fault, not what stands in it.
    #[error("token key file")]
    File(#[from] PrivateFileError),
    /// It holds something else.
    #[error(
        "token key file {} is not 64 hex digits; restore it, or remove it to end all tokens",
        path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
    },
}

/// Makes sure that there is a key file; one that exists is left as it is.
///
/// # Errors
/// When the file can't be written.
pub fn generate_key(path: &Path) -> Result<(), KeyError> {
    let mut key = [0; KEY_BYTES];
    rand::rng().fill(&mut key);
    Ok(private_file::ensure(path, &format!("{}\n", HEXLOWER.encode(&key)))?)
}

/// What a tag is for. It is hashed first, so that no tag passes for one of another purpose.
#[derive(Clone, Copy)]
enum Purpose {
    Token,
    Secret,
}

/// The key, with the work that does not depend on the message already done.
pub(super) struct SigningKey(Hmac<Sha256>);

/// A keyed digest of a password or credential's secret. Without the key it says nothing.
#[derive(Clone, Copy)]
pub(super) struct SecretDigest([u8; TAG_BYTES]);

impl SecretDigest {
    /// The digest that no secret has, for comparing where there is no secret.
    pub(super) const NONE: Self = Self([0; TAG_BYTES]);

    /// In constant time.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Enough of the digest to see that the secret has changed.
    pub(super) fn mark(&self) -> [u8; 8] {
        let mut mark = [0; 8];
        mark.copy_from_slice(&self.0[..8]);
        mark
    }
}

impl SigningKey {
    pub(super) fn read(path: &Path) -> Result<Self, KeyError> {
        let (text, _) = private_file::read(path)?;
        let content = || KeyError::Content { path: path.to_path_buf() };
        let key = HEXLOWER.decode(text.trim_end().as_bytes()).map_err(|_| content())?;
        if key.len() != KEY_BYTES {
            return Err(content());
        }
        Ok(Self(Hmac::new_from_slice(&key).expect("HMAC takes a key of any length")))
    }

    pub(super) fn token_tag(&self, payload: &[u8]) -> [u8; TAG_BYTES] {
        self.mac(Purpose::Token, &[payload]).finalize().into_bytes().into()
    }

    /// In constant time.
    pub(super) fn is_token_tag(&self, payload: &[u8], tag: &[u8]) -> bool {
        self.mac(Purpose::Token, &[payload]).verify_slice(tag).is_ok()
    }

    /// Digests the secret of `owner`, so that equal secrets of two owners do not look equal.
    pub(super) fn digest(&self, owner: Uuid, secret: &str) -> SecretDigest {
        let mac = self.mac(Purpose::Secret, &[owner.as_bytes(), secret.as_bytes()]);
        SecretDigest(mac.finalize().into_bytes().into())
    }

    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(match purpose {
            Purpose::Token => b"token\0",
            Purpose::Secret => b"secret\0",
        });
        for part in parts {
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_file_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        generate_key(&path).unwrap();
        let first = SigningKey::read(&path).unwrap().token_tag(b"payload");
        generate_key(&path).unwrap();
        assert!(SigningKey::read(&path).unwrap().is_token_tag(b"payload", &first));
    }

    #[test]
    fn a_key_file_with_other_content_or_for_other_eyes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        private_file::ensure(&path, "0123").unwrap();
        assert!(matches!(SigningKey::read(&path), Err(KeyError::Content { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(SigningKey::read(&path), Err(KeyError::File(_))));
    }

    #[test]
    fn digests_differ_by_secret_and_by_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        generate_key(&path).unwrap();
        let key = SigningKey::read(&path).unwrap();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(key.digest(one, "secret").matches(&key.digest(one, "secret")));
        assert!(!key.digest(one, "secret").matches(&key.digest(one, "Secret")));
        assert!(!key.digest(one, "secret").matches(&key.digest(other, "secret")));
        assert!(!key.digest(one, "").matches(&SecretDigest::NONE));
    }
}
