//! How rows lie in the store.
//!
//! | key | value |
//! |---|---|
//! | `a`, kind, 16 bytes of id | the folded aggregate |
//! | `d`, kind, 16 bytes of id | that the aggregate is damaged |
//! | `l`, 16 bytes of id | that the instance is live |
//! | `p`, 16 bytes of the project's id, 16 bytes of id | that the instance is live |
//! | `m`, whether deleted, 8 bytes of time, 16 bytes of id | that the instance changed last then |
//! | `n`, 16 bytes of the project's id, then as for `m` | the same, of one project |
//! | `g`, 16 bytes of id | that the configuration group is live |
//! | `h`, 16 bytes of the project's id, 16 bytes of id | that the configuration group is live |
//! | `~position` | [`Position`] |
//!
//! Each value is a CRC-32 of the rest and the rest as JSON: neither sled nor the disk notices
//! every flipped bit.

use crate::store::{Batch, StoreError};
use domain::aggregate::{Key, Kind};
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Raised whenever rows change their shape: an older store is rebuilt.
const SCHEMA: u32 = 15;

/// Up to where the store has folded, of which log, in which shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    schema: u32,
    pub(crate) of_log: eventlog::Position,
}

impl Position {
    pub(crate) const KEY: &'static [u8] = b"~position";

    pub(crate) fn new(of_log: eventlog::Position) -> Self {
        Self { schema: SCHEMA, of_log }
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.schema == SCHEMA
    }
}

pub(crate) fn kind_prefix(tag: u8, kind: Kind) -> Vec<u8> {
    let place = Kind::ALL.iter().position(|known| *known == kind);
    vec![tag, u8::try_from(place.unwrap_or(0)).expect("there are a handful of kinds")]
}

pub(crate) fn aggregate(key: Key) -> Vec<u8> {
    tagged(b'a', key)
}

pub(crate) fn damaged(key: Key) -> Vec<u8> {
    tagged(b'd', key)
}

fn tagged(tag: u8, key: Key) -> Vec<u8> {
    let mut bytes = kind_prefix(tag, key.kind);
    bytes.extend(key.id.as_bytes());
    bytes
}

pub(crate) fn live_prefix(project: Option<Uuid>) -> Vec<u8> {
    match project {
        None => vec![b'l'],
        Some(project) => [&b"p"[..], project.as_bytes()].concat(),
    }
}

pub(crate) fn live(project: Option<Uuid>, instance: Uuid) -> Vec<u8> {
    [&live_prefix(project)[..], instance.as_bytes()].concat()
}

pub(crate) fn group_prefix(project: Option<Uuid>) -> Vec<u8> {
    match project {
        None => vec![b'g'],
        Some(project) => [&b"h"[..], project.as_bytes()].concat(),
    }
}

pub(crate) fn group(project: Option<Uuid>, group: Uuid) -> Vec<u8> {
    [&group_prefix(project)[..], group.as_bytes()].concat()
}

/// An entry of the lists with the latest changed first; entries sort as they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Latest {
    /// The later, the less.
    until_end: u64,
    pub(crate) id: Uuid,
}

impl Latest {
    pub(crate) fn new(changed: Timestamp, id: Uuid) -> Self {
        Self { until_end: u64::MAX - u64::try_from(changed.0).unwrap_or(0), id }
    }
}

pub(crate) fn latest_prefix(project: Option<Uuid>, is_deleted: bool) -> Vec<u8> {
    let mut prefix = match project {
        None => vec![b'm'],
        Some(project) => [&b"n"[..], project.as_bytes()].concat(),
    };
    prefix.push(u8::from(is_deleted));
    prefix
}

pub(crate) fn latest(project: Option<Uuid>, is_deleted: bool, entry: Latest) -> Vec<u8> {
    let time = entry.until_end.to_be_bytes();
    [&latest_prefix(project, is_deleted)[..], &time, entry.id.as_bytes()].concat()
}

/// The entry that a key of such a list ends with.
pub(crate) fn latest_of(key: &[u8]) -> Option<Latest> {
    let (time, id) = key.last_chunk::<24>()?.split_at(8);
    let until_end = u64::from_be_bytes(time.try_into().ok()?);
    Some(Latest { until_end, id: Uuid::from_slice(id).ok()? })
}

/// The id that a key of an index ends with.
pub(crate) fn id_of(key: &[u8]) -> Option<Uuid> {
    key.last_chunk::<16>().map(|bytes| Uuid::from_bytes(*bytes))
}

pub(crate) fn put<T: Serialize>(batch: &mut Batch, key: Vec<u8>, value: &T) {
    let json = serde_json::to_vec(value).expect("rows have string keys and finite numbers");
    let mut bytes = crc32fast::hash(&json).to_le_bytes().to_vec();
    bytes.extend(json);
    batch.puts.insert(key, bytes);
}

pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    let (crc, json) = bytes.split_first_chunk::<4>().ok_or_else(|| corrupt("it is cut short"))?;
    if crc32fast::hash(json) != u32::from_le_bytes(*crc) {
        return Err(corrupt("its checksum does not match"));
    }
    serde_json::from_slice(json).map_err(|error| StoreError(error.into()))
}

fn corrupt(what: &str) -> StoreError {
    StoreError(format!("a row is damaged: {what}").into())
}
