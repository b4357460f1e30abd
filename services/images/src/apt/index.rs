//! Reads what apt prints: plans, index stanzas, complaints.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::recipe::Suite;

/// One package file as the signed index names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Lower-case hexadecimal.
    pub(crate) sha256: String,
    /// In bytes.
    #[serde(skip)]
    pub(crate) size: u64,
    /// The name under which apt stores it.
    #[serde(skip)]
    pub(crate) file: String,
}

/// The file names in the output of `apt-get --print-uris`: `'address' file size [hash]`.
pub(super) fn planned(output: &str) -> Vec<String> {
    output
        .lines()
        .filter_map(|line| line.strip_prefix('\'')?.split_once("' ")?.1.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// `name_version_architecture.deb` as `name=version`, the form in which apt-cache is asked.
pub(super) fn name_and_version(file: &str) -> Option<String> {
    let (name, rest) = file.split_once('_')?;
    let (version, _) = rest.split_once('_')?;
    Some(format!("{name}={}", version.replace("%3a", ":")))
}

/// The packages in the output of `apt-cache show`.
pub(super) fn stanzas(output: &str) -> Vec<Package> {
    output.split("\n\n").filter_map(stanza).collect()
}

fn stanza(text: &str) -> Option<Package> {
    let field =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let (name, version) = (field("Package")?, field("Version")?);
    let stored_version = version.replace(':', "%3a");
    Some(Package {
        file: format!("{name}_{stored_version}_{}.deb", field("Architecture")?),
        name: name.to_owned(),
        version: version.to_owned(),
        sha256: field("SHA256")?.to_owned(),
        size: field("Size")?.parse().ok()?,
    })
}

/// Turns apt's complaint into what a person can do about it. Complaints stand before others
/// that they bring about: a refused signature also makes files "fail to download".
pub(super) fn explained(suite: Suite, error: Error) -> Error {
    let Error::ProgramFailed { output, .. } = &error else {
        return error;
    };
    let output = output.clone();
    let says = |words: &[&str]| words.iter().any(|word| output.contains(word));
    if says(&["is not signed", "NO_PUBKEY", "GPG error", "signatures were invalid"]) {
        Error::SignatureRefused { suite, output }
    } else if says(&["is expired", "is not valid yet"]) {
        Error::ArchiveOutOfDate { suite, output }
    } else if says(&["does not have a Release file"]) {
        Error::SuiteMissing { suite, output }
    } else if says(&["Unable to locate package", "has no installation candidate"]) {
        Error::PackageMissing { suite, what: output }
    } else if says(&["Failed to fetch", "Could not resolve", "Could not connect"]) {
        Error::Unreachable { output }
    } else {
        error
    }
}

/// Lower-case hexadecimal, as indexes write hashes.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written to it");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_lists_the_files_as_apt_stores_them() {
        let output = "'http://a/libcap2_2.66-4%2bb1_amd64.deb' libcap2_1%3a2.66-4+b1_amd64.deb 27708 MD5Sum:f3\n\
            'http://a/libssl3_3.0.22-1%7edeb12u2_amd64.deb' libssl3_3.0.22-1~deb12u2_amd64.deb 2039888 \n";
        let files = planned(output);
        assert_eq!(
            files,
            ["libcap2_1%3a2.66-4+b1_amd64.deb", "libssl3_3.0.22-1~deb12u2_amd64.deb"]
        );
        assert_eq!(name_and_version(&files[0]).unwrap(), "libcap2=1:2.66-4+b1");
    }

    #[test]
    fn a_stanza_gives_the_hash_of_the_file_that_apt_stores() {
        let output = "Package: libcap2\nVersion: 1:2.66-4+b1\nArchitecture: amd64\nSize: 27708\n\
            SHA256: 00ff\nDescription: x\n\nPackage: stub\nVersion: 99:99\nArchitecture: amd64\n";
        let packages = stanzas(output);
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0].file, "libcap2_1%3a2.66-4+b1_amd64.deb");
        assert_eq!((packages[0].size, packages[0].sha256.as_str()), (27708, "00ff"));
    }

    #[test]
    fn a_complaint_of_apt_becomes_what_can_be_done_about_it() {
        let explain = |output: &str| {
            let (program, outcome) = ("apt-get".to_owned(), "exit status: 100".to_owned());
            explained(
                Suite::Sid,
                Error::ProgramFailed { program, outcome, output: output.to_owned() },
            )
        };
        let unreachable = "E: Failed to fetch http://a/InRelease  Could not resolve 'a'";
        assert!(matches!(explain(unreachable), Error::Unreachable { .. }));
        let unsigned = "W: GPG error: http://a sid InRelease: NO_PUBKEY 6E\nE: The repository 'http://a' is not signed.";
        assert!(matches!(explain(unsigned), Error::SignatureRefused { .. }));
        let missing = "E: The repository 'http://a sid Release' does not have a Release file.";
        assert!(matches!(explain(missing), Error::SuiteMissing { .. }));
        let expired = "E: Release file for http://a/InRelease is expired (invalid since 16d).";
        assert!(matches!(explain(expired), Error::ArchiveOutOfDate { .. }));
        assert!(matches!(explain("E: what?"), Error::ProgramFailed { .. }));
    }
}
