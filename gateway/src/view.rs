//! The shapes of the REST interface, made of typed state.
//!
//! # Invariants
//! - A view is a function of state, caller and request: it decides nothing and asks nobody.
//! - What cannot be known is null or absent, never made up.

pub(crate) mod configuration;
pub(crate) mod datastore;
pub(crate) mod flavor;
pub(crate) mod inside;
pub(crate) mod instance;
pub(crate) mod limits;
pub(crate) mod links;
pub(crate) mod log;
pub(crate) mod management;
pub(crate) mod offer;
pub(crate) mod parameter;
pub(crate) mod quotas;
pub(crate) mod status;

use domain::time::Timestamp;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// The wire's layout: gophercloud refuses a zone or a fraction.
const LAYOUT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// A point in time as the interface writes it: UTC, to the second, without a zone.
pub(crate) fn moment(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(LAYOUT)
        .expect("a date has every part of the layout")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_neither_zone_nor_fraction() {
        assert_eq!(moment(Timestamp(1_795_339_805_999)), "2026-11-22T09:30:05");
        assert_eq!(moment(Timestamp(i64::MAX)), "1970-01-01T00:00:00");
    }
}
