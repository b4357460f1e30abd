//! The files that make apt private: configuration, sources, and the packages it believes in.

use std::path::Path;

use crate::error::Error;
use crate::files;
use crate::recipe::Suite;
use crate::sources::Archives;

/// The host's settings that also hold for us: how its network is reached, and whether its
/// archive is frozen in the past. None that would weaken signatures is among them.
const KEPT: [&str; 8] = [
    "acquire::http::",
    "acquire::https::",
    "acquire::socks::",
    "acquire::tor::",
    "acquire::forceipv",
    "acquire::check-valid-until",
    "acquire::check-date",
    "acquire::max-validtime",
];

/// Makes the private state and its configuration. `host_lines` is what `apt-config dump` says.
pub(super) fn write(state: &Path, host_lines: &str) -> Result<(), Error> {
    for directory in [
        "lists/partial",
        "cache/archives/partial",
        "etc/apt.conf.d",
        "etc/preferences.d",
        "etc/trusted.gpg.d",
        "log",
    ] {
        files::make_dir(&state.join(directory))?;
    }
    let base = state.display();
    let kept: String = kept(host_lines).map(|line| format!("{line}\n")).collect();
    let own = format!(
        r#"Dir::Etc "{base}/etc";
Dir::Etc::main "-";
Dir::Etc::parts "{base}/etc/apt.conf.d";
Dir::Etc::sourcelist "{base}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::trusted "-";
Dir::Etc::trustedparts "{base}/etc/trusted.gpg.d";
Dir::State "{base}";
Dir::State::lists "{base}/lists";
Dir::State::status "{base}/status";
Dir::Cache "{base}/cache";
Dir::Log "{base}/log";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "";
APT::Update::Post-Invoke "";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Acquire::Retries "2";
Debug::NoLocking "true";
"#
    );
    files::write(&state.join("apt.conf"), &(kept + &own))?;
    files::write(&state.join("status"), "")
}

/// Names the archive's addresses and the only keys that count.
pub(super) fn write_sources(
    state: &Path,
    suite: Suite,
    archives: &Archives,
    keyring: &Path,
) -> Result<(), Error> {
    let line = |address: &str, suite: &str| {
        format!("deb [signed-by={} arch=amd64] {address} {suite} main\n", keyring.display())
    };
    let mut text = line(&archives.main, suite.as_str());
    if suite.has_updates() {
        text += &line(&archives.main, &format!("{suite}-updates"));
        text += &line(&archives.security, &format!("{suite}-security"));
    }
    files::write(&state.join("sources.list"), &text)
}

/// Tells the solver that these packages are installed, in a version newer than any asked for.
pub(super) fn write_pretended(state: &Path, names: &[&str]) -> Result<(), Error> {
    let stanza = |name: &&str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: misc\n\
             Maintainer: nobody <nobody@localhost>\nArchitecture: amd64\nMulti-Arch: allowed\n\
             Version: 99:99\nDescription: not needed by an unpacked program\n\n"
        )
    };
    files::write(&state.join("status"), &names.iter().map(stanza).collect::<String>())
}

/// The lines of the host's configuration that are taken over.
fn kept(host_lines: &str) -> impl Iterator<Item = &str> {
    host_lines.lines().filter(|line| {
        let name = line.split(' ').next().unwrap_or_default().to_ascii_lowercase();
        // The dump does not escape: a value with a quote in it would end too early.
        let is_whole = line.ends_with("\";") && line.matches('"').count() == 2;
        is_whole && KEPT.iter().any(|prefix| name.starts_with(prefix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_and_certificates_of_the_host_are_taken_over_and_nothing_that_weakens_signatures() {
        let dump = "Acquire::AllowInsecureRepositories \"1\";\n\
            Acquire::http::Proxy \"http://proxy.example:3128\";\n\
            Acquire::https::mirror.example::CaInfo \"/etc/ssl/ours.pem\";\n\
            Acquire::http::User-Agent \"a\"b\";\n\
            Acquire::Check-Valid-Until \"false\";\n\
            APT::Get::AllowUnauthenticated \"1\";\n";
        let kept: Vec<&str> = kept(dump).collect();
        assert_eq!(
            kept,
            [
                "Acquire::http::Proxy \"http://proxy.example:3128\";",
                "Acquire::https::mirror.example::CaInfo \"/etc/ssl/ours.pem\";",
                "Acquire::Check-Valid-Until \"false\";",
            ]
        );
    }
}
