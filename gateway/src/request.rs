//! What clients send, parsed at the edge into types that hold the rule.
//!
//! # Invariants
//! - Nothing that a client sends makes a 5xx: what can't be read is a 400.
//! - A body is never shown by `Debug`, since it may hold passwords, and no refusal quotes one.

pub(crate) mod absent;
pub(crate) mod accounts;
pub(crate) mod action;
pub(crate) mod admission;
pub(crate) mod configuration;
pub(crate) mod creation;
pub(crate) mod document;
pub(crate) mod field;
pub(crate) mod idempotency;
pub(crate) mod inside;
pub(crate) mod log;
pub(crate) mod management;
pub(crate) mod nic;
pub(crate) mod offer;
pub(crate) mod page;
pub(crate) mod parameter;
pub(crate) mod quotas;
pub(crate) mod update;

use std::fmt;

/// A password in the clear: held only until it is sealed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(pub(crate) String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A reference reduced to an id: clients send the bare id or a URL that ends in it.
pub(crate) fn referred(reference: &str) -> &str {
    let path = reference.split(['?', '#']).next().unwrap_or(reference);
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// A boolean of a query string; Python clients write `True` and `False`.
pub(crate) fn is_true(word: &str) -> bool {
    word == "1" || word.eq_ignore_ascii_case("true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_may_be_an_id_or_a_url() {
        for (reference, id) in [
            ("3", "3"),
            ("http://db:8779/v1.0/p/flavors/3", "3"),
            ("http://db:8779/v1.0/p/flavors/3/?a=/b", "3"),
            ("", ""),
            ("///", ""),
        ] {
            assert_eq!(referred(reference), id, "{reference}");
        }
    }
}
