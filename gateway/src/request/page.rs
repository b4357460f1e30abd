//! Which page of a list is asked for, and where the next one is.

use super::is_true;
use crate::fault::Fault;
use domain::guest;
use domain::ids::InstanceId;
use std::collections::HashMap;
use std::str::FromStr;

/// The query of a list of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// How many to show.
    pub(crate) limit: usize,
    /// The last id of the page before.
    pub(crate) after: Option<InstanceId>,
    /// Whether all projects are asked for.
    pub(crate) all_tenants: bool,
}

impl Page {
    /// Reads `limit`, `marker` and `all_tenants`; a limit above `size_max` counts as that.
    ///
    /// # Errors
    /// When the limit is no positive integer or the marker no id.
    pub(crate) fn parse(query: &HashMap<String, String>, size_max: usize) -> Result<Self, Fault> {
        let limit = limit(query, size_max)?;
        let after = marker(query, "an instance")?;
        Ok(Self {
            limit,
            after,
            all_tenants: query.get("all_tenants").is_some_and(|word| is_true(word)),
        })
    }
}

/// The last id of the page before; `what` is what it should be the id of.
///
/// # Errors
/// When the marker is no id.
pub(crate) fn marker<T: FromStr>(
    query: &HashMap<String, String>,
    what: &str,
) -> Result<Option<T>, Fault> {
    let invalid = |_| Fault::Invalid(format!("The marker is not the id of {what}."));
    query.get("marker").map(|marker| marker.parse().map_err(invalid)).transpose()
}

/// A page of a list that is in the order of names: `limit` and `marker`, the last name before.
///
/// # Errors
/// When the limit is no positive integer.
pub(crate) fn by_name(
    query: &HashMap<String, String>,
    size_max: usize,
) -> Result<guest::Page, Fault> {
    let limit = u32::try_from(limit(query, size_max)?).unwrap_or(u32::MAX);
    Ok(guest::Page { after: query.get("marker").cloned(), limit })
}

/// How many entries are asked for: `limit`, and never more than `size_max`.
///
/// # Errors
/// When the limit is no positive integer.
pub(crate) fn limit(query: &HashMap<String, String>, size_max: usize) -> Result<usize, Fault> {
    match query.get("limit") {
        None => Ok(size_max),
        Some(text) => Ok(number(text)?.min(size_max)),
    }
}

/// A positive number; one too large for us is larger than any page.
///
/// # Errors
/// When it is none.
pub(crate) fn number(text: &str) -> Result<usize, Fault> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && text.bytes().any(|byte| byte != b'0') {
        Ok(text.parse().unwrap_or(usize::MAX))
    } else {
        Err(Fault::invalid("The limit is not a positive integer."))
    }
}

/// The query of the next page: this one's, with another marker.
pub(crate) fn next_query(query: Option<&str>, marker: &str) -> String {
    let kept = query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("marker"));
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    pairs.push(format!("marker={}", percent_encoded(marker)));
    pairs.join("&")
}

/// What may stand in a query or a path as it is, and the rest as `%` and two hex digits a byte.
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encode = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Page, Fault> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Page::parse(&pairs.iter().map(owned).collect(), 20)
    }

    #[test]
    fn a_limit_is_clamped_to_the_page_size() {
        assert_eq!(parse(&[]).unwrap().limit, 20);
        assert_eq!(parse(&[("limit", "7")]).unwrap().limit, 7);
        assert_eq!(parse(&[("limit", "1000")]).unwrap().limit, 20);
        let digits = "9".repeat(99);
        assert_eq!(parse(&[("limit", &digits)]).unwrap().limit, 20);
        for bad in ["", "0", "00", "-1", "ten", "1.0", "+1", " 1"] {
            assert!(parse(&[("limit", bad)]).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_tenants_is_said_in_several_ways() {
        for (word, is_asked) in [("1", true), ("True", true), ("0", false), ("False", false)] {
            let page = parse(&[("all_tenants", word)]).unwrap();
            assert_eq!(page.all_tenants, is_asked, "{word}");
        }
    }

    #[test]
    fn the_next_page_keeps_all_but_the_marker() {
        assert_eq!(next_query(None, "7-a"), "marker=7-a");
        assert_eq!(
            next_query(Some("limit=2&marker=x&include_clustered=False"), "y"),
            "limit=2&include_clustered=False&marker=y"
        );
    }

    #[test]
    fn a_marker_is_encoded_for_the_query_that_it_stands_in() {
        assert_eq!(next_query(None, "a b&c=d@%"), "marker=a%20b%26c%3Dd%40%25");
        assert_eq!(next_query(None, "é"), "marker=%C3%A9");
    }
}
