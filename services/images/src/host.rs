//! What this host must be and have before anything is fetched.

use std::path::Path;

use crate::error::Error;

/// The keys that every archive index must be signed with.
pub(crate) const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Refuses hosts on which unpacked engines have not been made to work.
pub(crate) fn check() -> Result<(), Error> {
    let os_release = Path::new("/etc/os-release");
    let text = std::fs::read_to_string(os_release).map_err(Error::io(os_release))?;
    check_os(&text, std::env::consts::ARCH)?;
    let keyring = Path::new(KEYRING);
    if !keyring.exists() {
        return Err(Error::KeyringMissing { path: keyring.to_owned() });
    }
    Ok(())
}

fn check_os(os_release: &str, architecture: &str) -> Result<(), Error> {
    let field = |name: &str| {
        os_release
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(|value| value.trim().trim_matches('"'))
    };
    if (field("ID"), field("VERSION_ID"), architecture) == (Some("debian"), Some("12"), "x86_64") {
        return Ok(());
    }
    let name = field("PRETTY_NAME").unwrap_or("an unknown system");
    Err(Error::UnsupportedHost { found: format!("{name} on {architecture}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOKWORM: &str =
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";

    #[test]
    fn debian_12_on_amd64_is_supported() {
        assert!(check_os(BOOKWORM, "x86_64").is_ok());
    }

    #[test]
    fn another_architecture_is_refused_by_its_name() {
        let error = check_os(BOOKWORM, "aarch64").unwrap_err();
        assert!(error.to_string().contains("Debian GNU/Linux 12 (bookworm) on aarch64"), "{error}");
    }

    #[test]
    fn another_release_is_refused_by_its_name() {
        let text =
            "PRETTY_NAME=\"Ubuntu 24.04 LTS\"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\n";
        let error = check_os(text, "x86_64").unwrap_err();
        assert!(error.to_string().contains("Ubuntu 24.04 LTS"), "{error}");
    }
}
