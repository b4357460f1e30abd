//! The shapes of answers, as narrow as gophercloud's: a value of another type is an error there.

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

/// A moment without fraction and zone: with them, gophercloud's layout does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoZone(pub(super) String);

impl<'de> Deserialize<'de> for NoZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let shape: String =
            text.chars().map(|each| if each.is_ascii_digit() { '0' } else { each }).collect();
        if shape == "0000-00-00T00:00:00" {
            Ok(Self(text))
        } else {
            Err(de::Error::custom(format!("{text} is no moment without zone")))
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Link {
    pub(super) href: String,
    pub(super) rel: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Instance {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) created: Option<NoZone>,
    pub(super) updated: Option<NoZone>,
    pub(super) flavor: FlavorOf,
    pub(super) volume: Volume,
    pub(super) datastore: DatastoreOf,
    pub(super) links: Vec<Link>,
    pub(super) hostname: Option<String>,
    #[serde(default)]
    pub(super) ip: Vec<String>,
    #[serde(default)]
    pub(super) addresses: Vec<Address>,
    pub(super) fault: Option<Fault>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct FlavorOf {
    pub(super) id: String,
    pub(super) links: Vec<Link>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Volume {
    pub(super) size: i64,
    pub(super) used: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct DatastoreOf {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) version: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Address {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) address: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Fault {
    pub(super) created: NoZone,
    pub(super) message: String,
    pub(super) details: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Config {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) created: NoZone,
    pub(super) updated: NoZone,
    pub(super) datastore_name: String,
    pub(super) datastore_version_id: String,
    pub(super) datastore_version_name: String,
    pub(super) values: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Param {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) restart_required: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Database {
    pub(super) name: String,
    pub(super) character_set: Option<String>,
    pub(super) collate: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) password: Option<String>,
    #[serde(default)]
    pub(super) databases: Vec<Database>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Flavor {
    /// Null where the id is no number.
    pub(super) id: Option<i64>,
    pub(super) str_id: String,
    pub(super) name: String,
    pub(super) ram: i64,
    pub(super) links: Vec<Link>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Datastore {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) default_version: Option<String>,
    pub(super) links: Vec<Link>,
    pub(super) versions: Vec<Version>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) links: Vec<Link>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Quota {
    pub(super) resource: String,
    pub(super) in_use: i64,
    pub(super) reserved: i64,
    pub(super) limit: i64,
}
