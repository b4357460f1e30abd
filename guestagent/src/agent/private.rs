//! The agent's own password at its server.

use std::fs;
use std::io;
use std::path::Path;

use crate::files::{self, Access};

/// 256 bits are beyond guessing.
const RANDOM_BYTES: usize = 32;

/// The password in `path`, made and stored there first if there is none.
pub(crate) fn ensure_password(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(password) => return Ok(password),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let bytes: [u8; RANDOM_BYTES] = rand::random();
    let password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    files::replace(path, password.as_bytes(), Access::PRIVATE)?;
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        let password = ensure_password(&path).unwrap();
        assert_eq!(password.len(), 64);
        assert_eq!(ensure_password(&path).unwrap(), password);
    }
}
