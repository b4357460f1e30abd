//! Golden files: bytes that decode for ever to what they meant when they were written.
//!
//! `UPDATE_GOLDEN=1` writes them anew, which is right for a message that was never released and
//! for no other.

use crate::samples::{self, Sample};
use crate::schema;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, Value};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Words of samples' names that name no field, value or message.
const ASIDES: [&str; 4] = ["bare", "hidden", "by_guest", "by_plane"];

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn path_of(sample: &Sample) -> PathBuf {
    directory().join(format!("{}.bin", sample.name))
}

#[test]
fn golden_bytes_and_samples_are_the_same() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for sample in samples::all() {
        let path = path_of(&sample);
        if update {
            fs::write(&path, &sample.bytes).unwrap();
        }
        let golden = fs::read(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; UPDATE_GOLDEN=1 writes it", path.display())
        });
        let decoded = sample
            .decode(&golden)
            .unwrap_or_else(|error| panic!("{} does not decode: {error}", sample.name));
        assert_eq!(decoded.value, sample.value, "{}", sample.name);
        assert_eq!(decoded.bytes, golden, "{}", sample.name);
        assert_eq!(sample.bytes, golden, "{} is encoded in another way now", sample.name);
    }
}

#[test]
fn every_golden_file_has_its_sample() {
    let samples = samples::all();
    let known: BTreeSet<PathBuf> = samples.iter().map(path_of).collect();
    assert_eq!(known.len(), samples.len(), "two samples have one name");
    for entry in fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        assert!(known.contains(&path), "{} is read by nobody", path.display());
    }
}

#[test]
fn every_field_and_every_enum_value_stands_in_some_sample() {
    let pool = schema::pool();
    let mut seen = BTreeSet::new();
    for sample in samples::all() {
        note(&parse(&pool, &sample), &mut seen);
    }
    let mut owed = BTreeSet::new();
    for message in schema::messages(&pool) {
        owed.extend(message.fields().map(|field| field.full_name().to_owned()));
    }
    for word in schema::enums(&pool) {
        let values = word.values().filter(|value| value.number() != 0);
        owed.extend(values.map(|value| value.full_name().to_owned()));
    }
    let missing: Vec<_> = owed.difference(&seen).collect();
    assert!(missing.is_empty(), "no sample holds {missing:#?}");
}

#[test]
fn a_sample_holds_what_its_name_says() {
    let pool = schema::pool();
    for sample in samples::all() {
        let mut seen = BTreeSet::new();
        note(&parse(&pool, &sample), &mut seen);
        let words = sample.name.split('.').skip(1);
        for word in words.filter(|word| !ASIDES.contains(word)) {
            let (field, value) = (format!(".{word}"), format!("_{}", word.to_uppercase()));
            let holds = seen.iter().any(|name| name.ends_with(&field) || name.ends_with(&value));
            let message = sample.message.to_lowercase().ends_with(&word.replace('_', ""));
            assert!(holds || message, "{}: no {word} in {seen:?}", sample.name);
        }
    }
}

/// A sample's bytes as the message that they are.
pub(crate) fn parse(pool: &DescriptorPool, sample: &Sample) -> DynamicMessage {
    let message = pool.get_message_by_name(sample.message).expect("in some file");
    DynamicMessage::decode(message, sample.bytes.as_slice()).expect("a message")
}

/// Collects the names of all fields and enum values that stand in `message`.
fn note(message: &DynamicMessage, seen: &mut BTreeSet<String>) {
    for (field, value) in message.fields() {
        seen.insert(field.full_name().to_owned());
        let kind = field.kind();
        for item in value.as_list().unwrap_or(std::slice::from_ref(value)) {
            note_value(&kind, item, seen);
        }
    }
}

fn note_value(kind: &Kind, value: &Value, seen: &mut BTreeSet<String>) {
    if let Some(message) = value.as_message() {
        note(message, seen);
    }
    if let (Some(word), Some(number)) = (kind.as_enum(), value.as_enum_number()) {
        let value = word.get_value(number).expect("samples hold known values");
        seen.insert(value.full_name().to_owned());
    }
}
