//! Rules of single values.

use super::*;
use serde_json::json;

fn of(value: &Value) -> Field<'_> {
    Field::new("instance['x']".to_owned(), value)
}

#[test]
fn a_size_is_a_positive_integer_or_its_digits() {
    for (value, size) in [
        (json!(1), 1),
        (json!("010"), 10),
        (json!(u64::MAX), u64::MAX),
        (json!("9".repeat(40)), u64::MAX),
    ] {
        assert_eq!(of(&value).size(), Ok(size), "{value}");
    }
    let huge: Value = serde_json::from_str("18446744073709551616").unwrap();
    for value in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!(2.0),
        json!("0"),
        json!(""),
        json!("+1"),
        json!(" 1"),
        json!("1".repeat(41)),
        json!(true),
        json!(null),
        json!([1]),
        huge,
    ] {
        assert!(of(&value).size().is_err(), "{value}");
    }
}

#[test]
fn a_reference_is_an_integer_an_id_or_a_url() {
    for (value, id) in [
        (json!(3), "3"),
        (json!("3"), "3"),
        (json!("http://db/v1.0/p/flavors/3"), "3"),
        (json!(-1), "-1"),
    ] {
        assert_eq!(of(&value).reference().as_deref(), Ok(id), "{value}");
    }
    for value in [json!(1.5), json!(""), json!("//?a=1"), json!({}), json!(null)] {
        assert!(of(&value).reference().is_err(), "{value}");
    }
}

#[test]
fn a_text_needs_a_letter_or_digit_and_has_an_end() {
    assert_eq!(of(&json!("é1")).text255(), Ok("é1"));
    for value in [json!(""), json!("--"), json!("a".repeat(256)), json!(1)] {
        assert!(of(&value).text255().is_err());
    }
}

#[test]
fn a_uuid_has_hyphens_and_ends_in_lower_case() {
    let id = "0F3C0000-0000-4000-8000-000000000001";
    assert_eq!(of(&json!(id)).uuid(), Ok(id.to_lowercase()));
    for value in [json!(id.replace('-', "")), json!(format!("{{{id}}}")), json!(1)] {
        assert!(of(&value).uuid().is_err(), "{value}");
    }
}

#[test]
fn a_refusal_names_the_path_and_not_the_value() {
    let value = json!({"volume": {"size": "s3cret"}});
    let volume = Field::new("instance".to_owned(), &value)
        .object()
        .and_then(|instance| instance.required("volume"))
        .and_then(|volume| volume.object())
        .unwrap();
    let fault = volume.required("size").unwrap().size().unwrap_err();
    let expected = "Validation error: instance['volume']['size'] must be an integer of at least 1";
    assert_eq!(fault, Fault::invalid(expected));
    let fault = volume.required("type").unwrap_err();
    let expected = "Validation error: instance['volume'] 'type' is a required property";
    assert_eq!(fault, Fault::invalid(expected));
}
