//! Bodies as clients send them, and broken ones.

use super::*;
use serde_json::{Value, json};

const MANAGER: Manager = Manager::Mariadb;

fn document(body: &Value) -> Document {
    Document::parse(body.to_string().as_bytes()).unwrap()
}

#[test]
fn an_account_is_split_at_the_last_at_sign() {
    for (text, name, host) in [
        ("bob", "bob", "%"),
        ("bob@%", "bob", "%"),
        ("bob@10.0.0.1", "bob", "10.0.0.1"),
        ("bob@", "bob", "%"),
        ("a@b@%", "a@b", "%"),
        ("bob.json", "bob.json", "%"),
        ("@10.0.0.1", "", "10.0.0.1"),
    ] {
        let expected = Account { name: name.to_owned(), host: host.to_owned() };
        assert_eq!(account(text), expected, "{text}");
    }
}

#[test]
fn databases_come_as_a_list_or_alone() {
    for body in [
        json!({"databases": [{"name": "d9"}]}),
        json!({"databases": {"name": "d9"}}),
        json!({"database": {"name": "d9"}}),
    ] {
        let databases = databases(MANAGER, &document(&body)).unwrap();
        assert_eq!(databases.len(), 1, "{body}");
        assert_eq!(databases[0].name, "d9");
    }
    for body in [
        json!({}),
        json!({"databases": []}),
        json!({"databases": null}),
        json!({"databases": [{}]}),
        json!({"database": [{"name": "d9"}]}),
        json!({"databases": [{"name": "mysql"}]}),
        json!({"databases": [{"name": "d9"}, {"name": "d9"}]}),
        json!({"databases": [{"name": "d9", "collate": "x'"}]}),
    ] {
        assert!(databases(MANAGER, &document(&body)).is_err(), "{body}");
    }
}

#[test]
fn openstacksdk_s_user_is_taken_in_every_wrapping() {
    let user = json!({"name": "bob", "password": "p", "databases": [{"name": "shop"}]});
    for body in [json!({ "users": user }), json!({"users": [user]}), user.clone()] {
        let read = user_at(MANAGER, &document(&body), "bob").unwrap();
        assert_eq!((read.name.as_str(), read.host.as_str()), ("bob", "%"), "{body}");
        assert_eq!(read.databases, ["shop"]);
    }
    let read = user_at(MANAGER, &document(&json!({"password": "p"})), "bob@10.0.0.1").unwrap();
    assert_eq!((read.name.as_str(), read.host.as_str()), ("bob", "10.0.0.1"));
    let named = json!({"name": "bob", "password": "p"});
    assert_eq!(user_at(MANAGER, &document(&named), "bob@10.0.0.1").unwrap().host, "10.0.0.1");
    let odd = user_at(MANAGER, &document(&json!({"name": "a@b", "password": "p"})), "a@b").unwrap();
    assert_eq!((odd.name.as_str(), odd.host.as_str()), ("a@b", "%"));
    let other = json!({"name": "eve", "password": "p"});
    assert!(user_at(MANAGER, &document(&other), "bob").is_err());
    assert!(user_at(MANAGER, &document(&json!({"users": [user, user]})), "bob").is_err());
}

#[test]
fn an_update_changes_something_within_the_rules() {
    let update = |user: Value| user_update(MANAGER, &document(&json!({ "user": user })));
    assert_eq!(update(json!({"host": "10.0.0.%"})).unwrap().host.as_deref(), Some("10.0.0.%"));
    for user in [
        json!({}),
        json!({"name": null}),
        json!({"name": "root"}),
        json!({"host": "example.org"}),
        json!({"password": ""}),
        json!([]),
    ] {
        assert!(update(user.clone()).is_err(), "{user}");
    }
}

#[test]
fn rights_are_granted_on_databases_that_may_exist() {
    let read = |list: Value| granted(MANAGER, &document(&json!({ "databases": list })));
    assert_eq!(read(json!([{"name": "shop"}])), Ok(vec!["shop".to_owned()]));
    for list in [json!([]), json!([{"name": "a`b"}]), json!([{"name": "sys"}]), json!(["shop"])] {
        assert!(read(list.clone()).is_err(), "{list}");
    }
}

#[test]
fn no_refusal_quotes_a_password() {
    let body = json!({"users": [{"name": "u", "password": "s3'cret"}]});
    for fault in [
        users(MANAGER, &document(&body)).unwrap_err(),
        passwords(MANAGER, &document(&body)).unwrap_err(),
        user_update(MANAGER, &document(&json!({"user": {"password": "s3'cret"}}))).unwrap_err(),
    ] {
        assert!(!format!("{fault:?}").contains("cret"));
    }
}
