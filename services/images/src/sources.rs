//! Where the host takes its packages from: reads apt's own source files, in both formats.
//!
//! Only addresses are taken from there. What is trusted is decided by Debian's keyring alone.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The release whose entries name the archives.
const CODENAMES: [&str; 2] = ["bookworm", "stable"];
const SECURITY_SUITES: [&str; 3] = ["bookworm-security", "stable-security", "bookworm/updates"];

/// The addresses of Debian's archives as this host reaches them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archives {
    pub(crate) main: String,
    pub(crate) security: String,
}

/// One place that packages come from.
#[derive(Debug, Default)]
struct Source {
    addresses: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: Option<String>,
}

impl Archives {
    /// Reads the host's sources, `etc` being `/etc/apt`.
    pub(crate) fn of_host(etc: &Path) -> Result<Self, Error> {
        let mut sources = Vec::new();
        let list = etc.join("sources.list");
        if list.exists() {
            sources.extend(one_line(&read(&list)?));
        }
        for path in parts(&etc.join("sources.list.d"))? {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("list") => sources.extend(one_line(&read(&path)?)),
                Some("sources") => sources.extend(deb822(&read(&path)?)),
                _ => {}
            }
        }
        Self::of(&sources)
    }

    fn of(sources: &[Source]) -> Result<Self, Error> {
        let pick = |wanted, suites: &[&str]| {
            let offers: Vec<&String> = sources
                .iter()
                .filter(|source| source.is_debian() && source.offers(suites))
                .flat_map(|source| &source.addresses)
                .filter(|address| !address.starts_with("cdrom:"))
                .collect();
            // Other publishers call their suites `bookworm` too; the mirrors of Debian say so.
            let debian = offers.iter().find(|address| address.contains("debian"));
            debian
                .or(offers.first())
                .map(|&address| address.clone())
                .ok_or(Error::SourceMissing { wanted })
        };
        Ok(Self { main: pick("main", &CODENAMES)?, security: pick("security", &SECURITY_SUITES)? })
    }
}

impl Source {
    fn offers(&self, suites: &[&str]) -> bool {
        self.components.iter().any(|component| component == "main")
            && self.suites.iter().any(|suite| suites.contains(&suite.trim_end_matches('/')))
    }

    /// Others sign with keys of their own, and say so because apt demands it.
    fn is_debian(&self) -> bool {
        self.signed_by.as_ref().is_none_or(|keyring| keyring.contains("debian-archive"))
    }
}

/// The files of a directory in apt's order; a missing directory has none.
fn parts(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut paths = std::fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>())
        .map_err(Error::io(directory))?;
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(Error::io(path))
}

/// `deb [option=value ...] address suite component ...`
fn one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(one_line_source).collect()
}

fn one_line_source(line: &str) -> Option<Source> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?;
    let (options, rest) = match rest.trim_start().strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Source {
        addresses: vec![words.next()?],
        suites: vec![words.next()?],
        components: words.collect(),
        signed_by: options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="))
            .map(str::to_owned),
    })
}

/// Stanzas of `Field: value`, where a line that begins with a blank goes on with the last field.
fn deb822(text: &str) -> Vec<Source> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.split(|line| line.trim().is_empty()).filter_map(deb822_source).collect()
}

fn deb822_source(stanza: &[&str]) -> Option<Source> {
    let mut source = Source::default();
    let (mut is_binary, mut is_enabled) = (false, true);
    let mut field = String::new();
    for &line in stanza {
        let value = if line.starts_with([' ', '\t']) {
            line
        } else {
            let (name, value) = line.split_once(':')?;
            field = name.trim().to_ascii_lowercase();
            value
        };
        let words = value.split_whitespace().map(str::to_owned);
        match field.as_str() {
            "types" => is_binary |= words.into_iter().any(|word| word == "deb"),
            "enabled" => is_enabled = !matches!(value.trim(), "no" | "false" | "0"),
            "uris" => source.addresses.extend(words),
            "suites" => source.suites.extend(words),
            "components" => source.components.extend(words),
            "signed-by" => source.signed_by.get_or_insert_default().push_str(value.trim()),
            _ => {}
        }
    }
    (is_binary && is_enabled).then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "\
Types: deb deb-src
# http://snapshot.example/archive
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main contrib
";

    #[test]
    fn both_archives_are_read_from_stanzas() {
        let archives = Archives::of(&deb822(DEB822)).unwrap();
        assert_eq!(archives.main, "http://mirror.example/debian");
        assert_eq!(archives.security, "http://mirror.example/debian-security");
    }

    #[test]
    fn both_archives_are_read_from_lines() {
        let text = "# deb http://old.example/debian bookworm main\n\
            deb cdrom:[Debian 12]/ bookworm main\n\
            deb-src http://a.example/debian bookworm main\n\
            deb [arch=amd64 signed-by=/usr/share/keyrings/other.gpg] https://b.example bookworm main\n\
            deb https://unsigned.example bookworm main\n\
            deb\t[arch=amd64] https://c.example/debian bookworm main contrib # ours\n\
            deb https://c.example/debian-security bookworm-security/ main\n";
        let archives = Archives::of(&one_line(text)).unwrap();
        assert_eq!(archives.main, "https://c.example/debian");
        assert_eq!(archives.security, "https://c.example/debian-security");
    }

    #[test]
    fn a_disabled_stanza_is_no_source() {
        let text = DEB822.replacen("Types: deb deb-src", "Enabled: no\nTypes: deb", 1);
        let error = Archives::of(&deb822(&text)).unwrap_err();
        assert!(matches!(error, Error::SourceMissing { wanted: "main" }), "{error}");
    }

    #[test]
    fn a_host_without_security_updates_is_told_so() {
        let error =
            Archives::of(&one_line("deb http://a.example/debian bookworm main")).unwrap_err();
        assert!(matches!(error, Error::SourceMissing { wanted: "security" }), "{error}");
    }

    #[test]
    fn the_sources_of_this_host_are_understood() {
        Archives::of_host(Path::new("/etc/apt")).unwrap();
    }
}
