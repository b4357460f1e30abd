//! How rows lie in the store.
//!
//! | key | value |
//! |---|---|
//! | `a`, kind, 16 bytes of id | the folded aggregate |
//! | `d`, kind, 16 bytes of id | that the aggregate is damaged |
//! | `l`, 16 bytes of id | that the instance is live |
//! | `p`, 16 bytes of the project's id, 16 bytes of id | that the instance is live |
//! | `~position` | [`Position`] |
//!
//! Each value is a CRC-32 of the rest and the rest as JSON: neither sled nor the disk notices
//! every flipped bit.

use crate::store::{Batch, StoreError};
use domain::aggregate::{Key, Kind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Raised whenever rows change their shape: an older store is rebuilt.
const SCHEMA: u32 = 2;

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

/// The instance that a key of an index ends with.
pub(crate) fn instance_of(key: &[u8]) -> Option<Uuid> {
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
