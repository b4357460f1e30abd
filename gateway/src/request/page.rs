//! Which page of a list is asked for, and where the next one is.

use super::is_true;
use crate::fault::Fault;
use domain::ids::InstanceId;
use std::collections::HashMap;

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
        let limit = match query.get("limit") {
            None => size_max,
            Some(text) => limit(text)?.min(size_max),
        };
        let after = query
            .get("marker")
            .map(|marker| {
                marker
                    .parse()
                    .map_err(|_| Fault::invalid("The marker is not the id of an instance."))
            })
            .transpose()?;
        Ok(Self {
            limit,
            after,
            all_tenants: query.get("all_tenants").is_some_and(|word| is_true(word)),
        })
    }
}

/// A number too large for us is larger than any page.
fn limit(text: &str) -> Result<usize, Fault> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && text.bytes().any(|byte| byte != b'0') {
        Ok(text.parse().unwrap_or(usize::MAX))
    } else {
        Err(Fault::invalid("The limit is not a positive integer."))
    }
}

/// The query of the next page: this one's, with another marker.
pub(crate) fn next_query(query: Option<&str>, marker: InstanceId) -> String {
    let kept = query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("marker"));
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    pairs.push(format!("marker={marker}"));
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

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
        let id = InstanceId(Uuid::from_u128(1));
        assert_eq!(next_query(None, id), format!("marker={id}"));
        assert_eq!(
            next_query(Some("limit=2&marker=x&include_clustered=False"), id),
            format!("limit=2&include_clustered=False&marker={id}")
        );
    }
}
