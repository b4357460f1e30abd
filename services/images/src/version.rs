//! The order of package versions, as far as it is needed: newer and older of the same package.

use std::cmp::Ordering;

/// The upstream part of a Debian version: without epoch and revision, and without what Debian
/// adds when it takes something out of a source (`+ds`, `+dfsg`).
pub(crate) fn upstream(package_version: &str) -> &str {
    let rest = without_epoch(package_version);
    let upstream = rest.rsplit_once('-').map_or(rest, |(upstream, _)| upstream);
    upstream.split_once('+').map_or(upstream, |(makers, _)| makers)
}

/// A Debian version without its epoch, as the archive's own file names have it. An epoch's colon
/// would end a search path of the loader.
pub(crate) fn without_epoch(package_version: &str) -> &str {
    package_version.split_once(':').map_or(package_version, |(_, rest)| rest)
}

/// Orders two versions of one package: runs of digits by value, everything else by character.
/// (Debian's special rule for `~` is not needed among released versions.)
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    runs(left).cmp(runs(right))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Run<'a> {
    Text(&'a str),
    Number(u64),
}

fn runs(version: &str) -> impl Iterator<Item = Run<'_>> {
    let mut rest = version;
    std::iter::from_fn(move || {
        let first_is_digit = rest.chars().next()?.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != first_is_digit).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        rest = tail;
        Some(if first_is_digit {
            Run::Number(run.parse().unwrap_or(u64::MAX))
        } else {
            Run::Text(run)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_version_has_neither_epoch_nor_revision() {
        assert_eq!(upstream("1:10.11.19-0+deb12u1"), "10.11.19");
        assert_eq!(upstream("1:11.8.9+ds-0+deb13u1"), "11.8.9");
        assert_eq!(upstream("2.15.1-1"), "2.15.1");
        assert_eq!(upstream("5.8"), "5.8");
    }

    #[test]
    fn numbers_in_versions_are_compared_by_value() {
        assert_eq!(compare("2.9.10", "2.12.7"), Ordering::Less);
        assert_eq!(compare("2.15.1-1", "2.12.7"), Ordering::Greater);
        assert_eq!(compare("1:10.11.19-0+deb12u10", "1:10.11.19-0+deb12u9"), Ordering::Greater);
        assert_eq!(compare("2.12.7", "2.12.7"), Ordering::Equal);
    }
}
