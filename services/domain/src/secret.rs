//! Passwords on their way: sealed to a public key, never in the clear, never in the log.

use crate::ids::SecretId;
use std::fmt;

/// A public key of X25519 to which libsodium's sealed boxes are made.
pub type PublicKey = [u8; 32];

/// A secret sealed to some public key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// A sealed secret and the reference under which the log knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// The reference.
    pub id: SecretId,
    /// Sealed to the plane's key.
    pub sealed: Sealed,
}
