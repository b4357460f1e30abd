//! Flavors.

use super::links::{Link, Links};
use domain::flavor::Flavor;
use schemars::JsonSchema;
use serde::Serialize;

/// A flavor.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Flavor")]
pub(crate) struct FlavorView<'a> {
    id: Option<u64>,
    str_id: &'a str,
    name: &'a str,
    ram: u32,
    vcpus: u32,
    disk: u32,
    ephemeral: u32,
    links: [Link; 2],
}

impl<'a> FlavorView<'a> {
    /// A flavor; its disk is the volume of each instance, so it has none of its own.
    pub(crate) fn of(flavor: &'a Flavor, links: &Links) -> Self {
        let id = flavor.id.as_str();
        Self {
            id: number(id),
            str_id: id,
            name: &flavor.name,
            ram: flavor.ram_mb,
            vcpus: flavor.vcpus,
            disk: 0,
            ephemeral: 0,
            links: links.of("flavors", id),
        }
    }
}

/// An id of digits is shown as a number, one with anything else or a leading zero is not.
fn number(id: &str) -> Option<u64> {
    let is_number = !id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| id.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_number_is_a_numeric_id() {
        assert_eq!(number("3"), Some(3));
        for id in ["03", "0", "m1", "3a", "", "99999999999999999999"] {
            assert_eq!(number(id), None, "{id}");
        }
    }
}
