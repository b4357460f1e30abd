//! Creations as clients send them, and broken ones.

use super::*;
use serde_json::{Value, json};

fn parse(value: &Value) -> Result<Creation, Fault> {
    Creation::parse(&Document::parse(value.to_string().as_bytes())?)
}

#[test]
fn the_openstack_command_line_s_body_is_understood() {
    let creation = parse(&json!({"instance": {
        "name": "n1", "flavorRef": 1, "volume": {"size": 2, "type": null},
        "databases": [{"name": "d1"}],
        "users": [{"name": "u", "password": "p", "databases": [{"name": "d1"}]}],
        "datastore": {"type": "mysql", "version": "8.0"},
        "nics": [{"network_id": "a1aeec04-0e2f-4928-b85c-bfb7402cd0ec"}],
        "access": {"is_public": false}
    }}))
    .unwrap();
    assert_eq!(creation.flavor, Some("1".into()));
    let volume = creation.volume.unwrap();
    assert_eq!((volume.size_gib, volume.kind), (2, None));
    assert_eq!(creation.datastore.version.as_deref(), Some("8.0"));
    assert_eq!(creation.users[0].host, "%");
    assert_eq!(creation.is_public, Some(false));
}

#[test]
fn openstacksdk_s_spelling_of_the_flavor_is_understood() {
    let creation = parse(&json!({"instance": {"name": "n", "flavor": "3"}})).unwrap();
    assert_eq!(creation.flavor, Some("3".into()));
}

#[test]
fn nulls_mean_not_given() {
    let creation = parse(&json!({"instance": {
        "name": "n", "flavorRef": "1", "volume": null, "datastore": null, "databases": null,
        "users": null, "nics": null, "availability_zone": null, "configuration": null,
        "restorePoint": null, "replica_of": null, "replica_count": null, "locality": null,
        "region_name": null, "modules": null, "access": null
    }}))
    .unwrap();
    assert_eq!(creation.extras, Extras::default());
    assert_eq!(creation.volume, None);
}

#[test]
fn a_restriction_that_is_not_enforced_is_refused() {
    for cidrs in [json!(["10.0.0.0/8"]), json!([])] {
        let body = json!({"instance": {"name": "n", "access": {"allowed_cidrs": cidrs}}});
        assert!(parse(&body).is_err());
    }
}

#[test]
fn references_to_other_things_are_reduced_to_ids() {
    let creation = parse(&json!({"instance": {
        "name": "n",
        "configuration": "http://db/v1.0/p/configurations/c1?x=1",
        "restorePoint": {"backupRef": "http://db/v1.0/p/backups/b1"},
        "modules": [{"id": "m1"}]
    }}))
    .unwrap();
    let expected = Extras {
        configuration: Some("c1".to_owned()),
        backup: Some("b1".to_owned()),
        replica_source: None,
        has_modules: true,
    };
    assert_eq!(creation.extras, expected);
}

#[test]
fn a_replica_copies_its_source_so_nothing_else_may_be_said() {
    let source = "0f3c0000-0000-4000-8000-000000000001";
    let plain = json!({"instance": {"name": "n", "replica_of": source, "replica_count": 3}});
    let creation = parse(&plain).unwrap();
    assert_eq!(creation.extras.replica_source.as_deref(), Some(source));
    for (key, word) in FORBIDDEN_WITH_SOURCE {
        let mut body = plain.clone();
        body["instance"][key] = json!([]);
        let expected = format!("Cannot specify {word} when creating replicas.");
        assert_eq!(parse(&body), Err(Fault::Invalid(expected)));
    }
    assert!(parse(&json!({"instance": {"name": "n", "replica_count": 2}})).is_err());
    assert!(parse(&json!({"instance": {"name": "n", "replica_count": 1}})).is_ok());
}

#[test]
fn broken_bodies_are_refused() {
    for instance in [
        json!(null),
        json!([]),
        json!({}),
        json!({"name": ""}),
        json!({"name": null}),
        json!({"name": 3}),
        json!({"name": "n", "flavorRef": {}}),
        json!({"name": "n", "volume": 3}),
        json!({"name": "n", "volume": {}}),
        json!({"name": "n", "volume": {"size": 0}}),
        json!({"name": "n", "datastore": "mysql"}),
        json!({"name": "n", "databases": {}}),
        json!({"name": "n", "databases": [{}]}),
        json!({"name": "n", "users": [{"name": "u"}]}),
        json!({"name": "n", "users": [{"password": "p"}]}),
        json!({"name": "n", "locality": "near"}),
        json!({"name": "n", "access": {"is_public": "yes"}}),
        json!({"name": "n", "replica_count": 4}),
        json!({"name": "n", "restorePoint": {}}),
    ] {
        assert!(parse(&json!({ "instance": instance })).is_err());
    }
    assert!(parse(&json!({})).is_err());
    assert!(parse(&json!([])).is_err());
}
