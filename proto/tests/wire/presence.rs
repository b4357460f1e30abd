//! Absent and unknown parts: what the comments promise of each field is what decoding does.

use crate::golden;
use crate::samples::{self, Sample};
use crate::schema;
use domain::commit::Commit;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage, Value};
use proto::{DecodeError, Wire};

fn dynamic(sample: &Sample) -> DynamicMessage {
    golden::parse(&schema::pool(), sample)
}

/// A commit whose every field is set, as its message.
fn full_commit() -> DynamicMessage {
    let samples = samples::all();
    dynamic(
        samples
            .iter()
            .find(|sample| sample.name == "event.instance.effect_claimed")
            .expect("a sample of that name"),
    )
}

fn decode(message: &DynamicMessage) -> Result<Commit, DecodeError> {
    Commit::from_bytes(&message.encode_to_vec())
}

/// `message` without one field, for each field at any depth.
fn cuts(message: &DynamicMessage) -> Vec<(FieldDescriptor, DynamicMessage)> {
    let mut cuts = Vec::new();
    for (field, value) in message.fields() {
        let mut cut = message.clone();
        cut.clear_field(&field);
        cuts.push((field.clone(), cut));
        let inner =
            value.as_message().filter(|inner| schema::is_ours(inner.descriptor().package_name()));
        for (inner_field, inner_cut) in inner.map(self::cuts).unwrap_or_default() {
            let mut cut = message.clone();
            cut.set_field(&field, Value::Message(inner_cut));
            cuts.push((inner_field, cut));
        }
        let items = value.as_list().unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            for (inner_field, inner_cut) in item.as_message().map(self::cuts).unwrap_or_default() {
                let mut items = items.to_vec();
                items[index] = Value::Message(inner_cut);
                let mut cut = message.clone();
                cut.set_field(&field, Value::List(items));
                cuts.push((inner_field, cut));
            }
        }
    }
    cuts
}

#[test]
fn a_field_may_be_absent_exactly_when_its_comment_says_so() {
    for sample in samples::all() {
        for (field, cut) in cuts(&dynamic(&sample)) {
            let comment = schema::comment(&field.parent_message().parent_file(), field.path());
            let essential = schema::oneof(&field).is_some() || comment.contains("Never absent");
            let decoded = sample.decode(&cut.encode_to_vec());
            let case = format!("{} without {}", sample.name, field.full_name());
            match decoded {
                Ok(_) => assert!(!essential, "{case} decodes"),
                Err(error) => assert!(essential, "{case}: {error}"),
            }
        }
    }
}

#[test]
fn fields_of_newer_releases_are_passed_over() {
    for sample in samples::all() {
        // Field 1000 as a varint.
        let mut bytes = sample.bytes.clone();
        bytes.extend([0xC0, 0x3E, 0x01]);
        assert_eq!(sample.decode(&bytes).unwrap().value, sample.value, "{}", sample.name);
    }
}

#[test]
fn an_error_names_the_field() {
    let unset = |name: &str| {
        let mut message = full_commit();
        message.clear_field_by_name(name);
        decode(&message).unwrap_err()
    };
    assert_eq!(unset("commit_id"), DecodeError::MissingField { field: "commit_id" });
    assert_eq!(unset("aggregate"), DecodeError::MissingField { field: "aggregate" });
    assert_eq!(unset("time"), DecodeError::MissingField { field: "time" });
    assert_eq!(unset("instance"), DecodeError::UnknownValue { field: "events" });
}

#[test]
fn a_value_that_breaks_its_rule_is_refused_under_its_field() {
    let set = |name: &str, bytes: &'static [u8]| {
        let mut message = full_commit();
        message.set_field_by_name(name, Value::Bytes(bytes.into()));
        decode(&message).unwrap_err()
    };
    assert_eq!(set("command_id", b"short"), DecodeError::BadUuid { field: "command_id" });
    assert_eq!(set("causation_id", &[1; 17]), DecodeError::BadUuid { field: "causation_id" });
    assert!(matches!(
        set("previous_hash", &[1; 31]),
        DecodeError::BadValue { field: "previous_hash", .. }
    ));
}

#[test]
fn a_commit_of_another_schema_is_refused_for_that_and_nothing_else() {
    for version in [0, 2, u32::MAX] {
        let mut message = full_commit();
        message.set_field_by_name("schema_version", Value::U32(version));
        message.clear_field_by_name("instance");
        assert_eq!(decode(&message), Err(DecodeError::UnsupportedSchema { found: version }));
    }
}

#[test]
fn a_kind_that_is_unknown_or_not_the_events_is_refused() {
    let with_kind = |kind: &str| {
        let mut message = full_commit();
        let mut key = message.get_field_by_name("aggregate").unwrap().into_owned();
        key.as_message_mut().unwrap().set_field_by_name("kind", Value::String(kind.to_owned()));
        message.set_field_by_name("aggregate", key);
        decode(&message)
    };
    assert!(with_kind("instance").is_ok());
    assert_eq!(with_kind("unicorn"), Err(DecodeError::UnknownValue { field: "aggregate.kind" }));
    assert!(matches!(with_kind("host"), Err(DecodeError::BadValue { field: "events", .. })));
}
