//! Sealed boxes: anyone who knows a public key can close one, only its owner can open it.
//!
//! X25519 and XSalsa20-Poly1305, as libsodium's `crypto_box_seal`. A box says nothing of who
//! closed it: whoever may put one on the bus is decided by the bus's rights.

use crate::private_file::{self, PrivateFileError};
use crypto_box::aead::OsRng;
use domain::secret::{PublicKey, Sealed};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

/// How many bytes a box adds to its content.
pub const OVERHEAD_BYTES: usize = 48;

/// Opens boxes that were closed to its public half. Wiped from memory when dropped.
#[derive(Clone)]
pub struct SecretKey(crypto_box::SecretKey);

/// The box was not closed to this key, or not as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the box is not sealed to this key, or was changed")]
pub struct NotOpened;

impl SecretKey {
    /// A new key, from the system's randomness.
    pub fn generate() -> Self {
        Self(crypto_box::SecretKey::generate(&mut OsRng))
    }

    /// Reads a key that [`Self::store`] wrote.
    ///
    /// # Errors
    /// No such file, one that others may read, or one that does not hold a key.
    pub fn load(path: &Path) -> Result<Self, PrivateFileError> {
        crypto_box::SecretKey::from_slice(&private_file::read(path)?)
            .map(Self)
            .map_err(|_| private_file::malformed(path, "a key of 32 bytes"))
    }

    /// Writes the key to a new file of mode 0600; it is on disk afterwards. A file that exists
    /// is never replaced: the boxes closed to its key could not be opened any more.
    ///
    /// # Errors
    /// [`PrivateFileError::Exists`], or the system's refusal.
    pub fn store(&self, path: &Path) -> Result<(), PrivateFileError> {
        private_file::create(path, Zeroizing::new(self.0.to_bytes()).as_slice())
    }

    /// The key in `path`, made and stored there first if there is none. Of several processes
    /// that do this at once all get the same key.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::store`], but for a file that is missing or exists.
    pub fn ensure(path: &Path) -> Result<Self, PrivateFileError> {
        match Self::load(path) {
            Err(error) if error.is_missing() => {}
            loaded => return loaded,
        }
        match Self::generate().store(path) {
            Ok(()) | Err(PrivateFileError::Exists { .. }) => Self::load(path),
            Err(error) => Err(error),
        }
    }

    /// The half that others close boxes with.
    pub fn public(&self) -> PublicKey {
        self.0.public_key().to_bytes()
    }

    /// The content of a box; wiped from memory when dropped.
    ///
    /// # Errors
    /// [`NotOpened`] for a box of another key and for any changed bit.
    pub fn open(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        self.0.unseal(&sealed.0).map(Zeroizing::new).map_err(|_| NotOpened)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Closes a box that only the owner of `key` can open.
pub fn seal(key: &PublicKey, content: &[u8]) -> Sealed {
    let key = crypto_box::PublicKey::from_bytes(*key);
    Sealed(key.seal(&mut OsRng, content).expect("sealing needs only memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_opens_with_its_own_key_only() {
        let key = SecretKey::generate();
        let sealed = seal(&key.public(), b"s3cret");
        assert_eq!(key.open(&sealed).unwrap().as_slice(), b"s3cret");
        assert_eq!(sealed.0.len(), b"s3cret".len() + OVERHEAD_BYTES);
        assert_eq!(SecretKey::generate().open(&sealed), Err(NotOpened));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let key = SecretKey::generate();
        let sealed = seal(&key.public(), b"s3cret");
        for bit in 0..sealed.0.len() * 8 {
            // X25519 ignores the highest bit of a public key, but the nonce is derived from it.
            let mut changed = sealed.clone();
            changed.0[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open(&changed), Err(NotOpened), "bit {bit}");
        }
        for length in 0..sealed.0.len() {
            let cut = Sealed(sealed.0[..length].to_vec());
            assert_eq!(key.open(&cut), Err(NotOpened), "length {length}");
        }
    }

    #[test]
    fn the_same_content_never_gives_the_same_box() {
        let key = SecretKey::generate().public();
        assert_ne!(seal(&key, b"s3cret"), seal(&key, b"s3cret"));
    }

    #[test]
    fn a_stored_key_is_the_same_key_and_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plane.key");
        let key = SecretKey::ensure(&path).unwrap();
        let sealed = seal(&key.public(), b"s3cret");
        let again = SecretKey::ensure(&path).unwrap();
        assert_eq!(again.open(&sealed).unwrap().as_slice(), b"s3cret");
        let refused = SecretKey::generate().store(&path).unwrap_err();
        assert!(matches!(refused, PrivateFileError::Exists { .. }), "{refused}");
        assert_eq!(SecretKey::load(&path).unwrap().public(), key.public());
    }

    #[test]
    fn a_file_of_another_length_is_not_a_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plane.key");
        private_file::create(&path, b"short").unwrap();
        let refused = SecretKey::load(&path).unwrap_err();
        assert!(matches!(refused, PrivateFileError::Malformed { .. }), "{refused}");
    }

    #[test]
    fn a_key_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", SecretKey::generate()), "SecretKey(..)");
    }
}
