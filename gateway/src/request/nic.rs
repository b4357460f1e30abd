//! The network interface of a new instance: checked and recorded, in all clients' spellings.

use super::field::Field;
use crate::fault::Fault;
use domain::instance::spec::Nic;
use std::net::Ipv4Addr;

/// The service's own spellings, then those of the seed's guide, gophercloud and Terraform.
const KEYS: [&str; 8] = [
    "net-id",
    "network_id",
    "subnet_id",
    "ip_address",
    "subnet-id",
    "port-id",
    "v4-fixed-ip",
    "v6-fixed-ip",
];

/// Keys of gophercloud that have no counterpart: taken, and without effect.
const KEYS_IGNORED: [&str; 3] = ["port-id", "v4-fixed-ip", "v6-fixed-ip"];

/// Reads `nics`: at most one.
pub(crate) fn nics(list: &Field<'_>) -> Result<Vec<Nic>, Fault> {
    let entries = list.list()?;
    if entries.len() > 1 {
        return Err(list.refused("is too long: one network interface at most"));
    }
    let read: Result<Vec<Option<Nic>>, Fault> = entries.iter().map(nic).collect();
    Ok(read?.into_iter().flatten().collect())
}

/// `None` when only keys without effect are given.
fn nic(field: &Field<'_>) -> Result<Option<Nic>, Fault> {
    let entry = field.object()?;
    entry.only(&KEYS)?;
    let network = entry.spelled(&["network_id", "net-id"], Field::uuid)?;
    let subnet = entry.spelled(&["subnet_id", "subnet-id"], Field::uuid)?;
    let address = entry
        .optional("ip_address")
        .map(|field| match field.text()?.parse::<Ipv4Addr>() {
            Ok(address) => Ok(address.to_string()),
            Err(_) => Err(field.refused("is not an IPv4 address")),
        })
        .transpose()?;
    if address.is_some() && subnet.is_none() {
        return Err(field.refused("'ip_address' needs a 'subnet_id'"));
    }
    if network.is_none() && subnet.is_none() {
        let ignored = KEYS_IGNORED.iter().any(|key| entry.optional(key).is_some());
        return if ignored {
            Ok(None)
        } else {
            Err(field.refused("needs a 'network_id' or a 'subnet_id'"))
        };
    }
    Ok(Some(Nic { network, subnet, address }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NET: &str = "a1aeec04-0e2f-4928-b85c-bfb7402cd0ec";

    fn read(value: &Value) -> Result<Vec<Nic>, Fault> {
        nics(&Field::new("instance['nics']".to_owned(), value))
    }

    #[test]
    fn every_client_s_spelling_is_taken() {
        for key in ["net-id", "network_id"] {
            let network = read(&json!([{key: NET}])).unwrap()[0].network.clone();
            assert_eq!(network.as_deref(), Some(NET), "{key}");
        }
        for key in ["subnet-id", "subnet_id"] {
            let subnet = read(&json!([{key: NET}])).unwrap()[0].subnet.clone();
            assert_eq!(subnet.as_deref(), Some(NET), "{key}");
        }
        assert_eq!(read(&json!([{"port-id": NET}])), Ok(vec![]));
        assert_eq!(read(&json!([])), Ok(vec![]));
    }

    #[test]
    fn an_interface_needs_a_network_and_an_address_needs_a_subnet() {
        for value in [
            json!([{}]),
            json!([{"network_id": NET}, {"network_id": NET}]),
            json!([{"network_id": "x"}]),
            json!([{"network_id": NET, "net-id": 5}]),
            json!([{"network_id": NET, "ip_address": "10.0.0.1"}]),
            json!([{"subnet_id": NET, "ip_address": "::1"}]),
            json!([{"network_id": NET, "uuid": NET}]),
            json!({"network_id": NET}),
        ] {
            assert!(read(&value).is_err(), "{value}");
        }
        let full = json!([{"subnet_id": NET, "ip_address": "10.0.0.1"}]);
        assert_eq!(read(&full).unwrap()[0].address.as_deref(), Some("10.0.0.1"));
    }
}
