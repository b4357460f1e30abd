//! What a process shows to the server: a signed token and the key that proves it is its own.
//!
//! The text form is that of NATS' `.creds` files, so that its own tools can use them.

use crate::private_file::{self, PrivateFileError};
use nkeys::KeyPair;
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

/// A token and the seed of its user key. Shows nothing of them in `Debug`.
#[derive(Clone)]
pub struct Credentials {
    token: String,
    seed: Zeroizing<String>,
}

/// The text is not that of a credentials file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the text of a credentials file")]
pub struct NotCredentials;

impl Credentials {
    /// Credentials of a user key and the token that was signed for it.
    pub(crate) fn new(token: String, user: &KeyPair) -> Self {
        let seed = user.seed().expect("a key that was generated or read from a seed has one");
        Self { token, seed: Zeroizing::new(seed) }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`NotCredentials`] when token or user key is missing or damaged.
    pub fn parse(text: &str) -> Result<Self, NotCredentials> {
        let mut blocks = text.lines().filter(|line| !line.is_empty() && !line.starts_with('-'));
        let (token, seed) = blocks.next().zip(blocks.next()).ok_or(NotCredentials)?;
        let key = KeyPair::from_seed(seed.trim()).map_err(|_| NotCredentials)?;
        let is_user = matches!(key.key_pair_type(), nkeys::KeyPairType::User);
        if !is_user || token.split('.').count() != 3 {
            return Err(NotCredentials);
        }
        Ok(Self::new(token.trim().to_owned(), &key))
    }

    /// Reads a credentials file.
    ///
    /// # Errors
    /// No such file, one that others may read, or one with another content.
    pub fn load(path: &Path) -> Result<Self, PrivateFileError> {
        let text = private_file::read_text(path)?;
        Self::parse(&text).map_err(|_| private_file::malformed(path, "credentials"))
    }

    /// Writes a credentials file of mode 0600 in the place of the one that may be there; it is
    /// on disk afterwards.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn store(&self, path: &Path) -> Result<(), PrivateFileError> {
        private_file::replace(path, self.text().as_bytes())
    }

    /// The text form, as a credentials file holds it.
    pub fn text(&self) -> Zeroizing<String> {
        let Self { token, seed } = self;
        Zeroizing::new(format!(
            "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            seed.as_str()
        ))
    }

    /// The signed token; not a secret.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The key that answers the server's challenge.
    pub(crate) fn key(&self) -> KeyPair {
        KeyPair::from_seed(&self.seed).expect("the seed came from a key")
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_file_give_the_same_credentials_back() {
        let user = KeyPair::new_user();
        let credentials = Credentials::new("a.b.c".to_owned(), &user);
        let parsed = Credentials::parse(&credentials.text()).unwrap();
        assert_eq!(parsed.token(), "a.b.c");
        assert_eq!(parsed.key().public_key(), user.public_key());
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("guest.creds");
        credentials.store(&path).unwrap();
        credentials.store(&path).unwrap();
        assert_eq!(Credentials::load(&path).unwrap().text(), credentials.text());
        assert_eq!(format!("{parsed:?}"), "Credentials(..)");
    }

    #[test]
    fn other_text_is_refused() {
        let account = KeyPair::new_account().seed().unwrap();
        for text in ["", "a.b.c", "a.b.c\nSUAA", "abc\nSUAA", &format!("a.b.c\n{account}")] {
            assert_eq!(Credentials::parse(text).unwrap_err(), NotCredentials, "{text}");
        }
    }
}
