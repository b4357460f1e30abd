//! Keys, hashes and the ids that follow from them.

use super::*;
use axum::http::HeaderValue;

fn headers(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(HEADER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn ids(key_text: &str, project: &str, body: &str) -> CreationIds<InstanceId> {
    let document = Document::parse(body.as_bytes()).unwrap();
    let hash_key = HashKey::from_bytes(&[7; 32]);
    CreationIds::of(&headers(&[key_text]), &project.into(), &document, &hash_key).unwrap()
}

#[test]
fn a_key_is_one_value_of_visible_ascii() {
    assert_eq!(IdempotencyKey::of(&headers(&[])), Ok(None));
    let longest = "k".repeat(255);
    assert!(IdempotencyKey::of(&headers(&[&longest])).is_ok());
    let too_long = "k".repeat(256);
    for bad in [vec![""], vec!["a b"], vec!["é"], vec![too_long.as_str()], vec!["a", "b"]] {
        assert!(IdempotencyKey::of(&headers(&bad)).is_err(), "{bad:?}");
    }
}

#[test]
fn a_repeat_means_the_same_instance_and_command() {
    let one = ids("k", "p", r#"{"instance": {"name": "n"}}"#);
    let repeat = ids("k", "p", r#"{"instance":{"name":"n"}}"#);
    assert_eq!(one, repeat);
    assert_eq!(one.secret(0), repeat.secret(0));
    assert_ne!(one.secret(0), one.secret(1));
}

#[test]
fn another_body_is_another_command_for_the_same_instance() {
    let one = ids("k", "p", r#"{"a":1}"#);
    let other = ids("k", "p", r#"{"a":2}"#);
    assert_eq!(one.made, other.made);
    assert_ne!(one.command, other.command);
    assert_ne!(one.body_hash, other.body_hash);
}

#[test]
fn keys_of_two_projects_do_not_meet() {
    assert_ne!(ids("k", "p", "{}").made, ids("k", "q", "{}").made);
    assert_ne!(ids("k", "p", "{}").made, ids("l", "p", "{}").made);
}

#[test]
fn without_a_key_every_command_is_new() {
    let project = "p".into();
    let id = || command_id(&headers(&[]), (&project, "DELETE /x"), None).unwrap();
    assert_ne!(id(), id());
    let keyed = |path: &str| command_id(&headers(&["k"]), (&project, path), None).unwrap();
    assert_eq!(keyed("DELETE /x"), keyed("DELETE /x"));
    assert_ne!(keyed("DELETE /x"), keyed("DELETE /y"));
}

#[test]
fn a_hash_key_comes_from_a_private_file_of_hex_digits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    assert!(matches!(HashKey::read(&path), Err(HashKeyError::Read { .. })));
    fs::write(&path, "ab".repeat(32)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(HashKey::read(&path), Err(HashKeyError::Open { .. })));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(HashKey::read(&path).is_ok());
    fs::write(&path, "ab").unwrap();
    assert!(matches!(HashKey::read(&path), Err(HashKeyError::Content { .. })));
}
