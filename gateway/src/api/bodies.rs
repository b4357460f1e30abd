//! Bodies of requests, as schemas: what is taken in any client's spelling. What else a body must
//! be, such as a name that is free, only its refusal says.

#![expect(
    clippy::needless_pass_by_value,
    reason = "schemas are put together from pieces made in place"
)]

use serde_json::{Value, json};

/// 1 to 255 characters, one of them a letter or digit.
fn text() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "[0-9a-zA-Z]" })
}

/// The same, or null for "not given".
fn optional_text() -> Value {
    nullable(text())
}

/// Any text, or null for "not given".
fn optional_string() -> Value {
    json!({ "type": ["string", "null"] })
}

fn optional_flag() -> Value {
    json!({ "type": ["boolean", "null"] })
}

/// Yes and no, in numbers or plainly.
fn optional_number_flag() -> Value {
    json!({ "enum": [0, 1, true, false, null] })
}

fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// An id, or a URL that ends in it.
fn reference() -> Value {
    json!({ "anyOf": [text(), { "type": "integer" }] })
}

/// GiB.
fn size() -> Value {
    json!({ "anyOf": [
        { "type": "integer", "minimum": 1 },
        { "type": "string", "pattern": "^0*[1-9][0-9]*$", "maxLength": 40 },
    ] })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// At least one, or one by itself.
fn some(items: Value) -> Value {
    json!({ "anyOf": [{ "type": "array", "items": items.clone(), "minItems": 1 }, items] })
}

/// An object with these keys, of which `required` must be there; others are ignored.
fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The same, without other keys.
fn strict(required: &[&str], properties: Value) -> Value {
    let mut schema = object(required, properties);
    schema["additionalProperties"] = json!(false);
    schema
}

fn under(key: &str, schema: Value) -> Value {
    object(&[key], json!({ key: schema }))
}

fn database() -> Value {
    let keys = json!({
        "name": { "type": "string" },
        "character_set": optional_string(),
        "collate": optional_string(),
    });
    object(&["name"], keys)
}

fn named() -> Value {
    object(&["name"], json!({ "name": { "type": "string" } }))
}

fn user() -> Value {
    let keys = json!({
        "name": { "type": "string" },
        "password": { "type": "string" },
        "host": optional_string(),
        "databases": nullable(list(named())),
    });
    object(&["name", "password"], keys)
}

fn datastore_asked() -> Value {
    let keys = json!({
        "type": optional_text(), "version": optional_text(), "version_number": optional_text(),
    });
    nullable(object(&[], keys))
}

/// `POST /instances`.
pub(super) fn instance() -> Value {
    let nic = json!({
        "net-id": nullable(uuid()), "network_id": nullable(uuid()),
        "subnet_id": nullable(uuid()), "subnet-id": nullable(uuid()),
        "ip_address": nullable(json!({ "type": "string", "format": "ipv4" })),
        "port-id": {}, "v4-fixed-ip": {}, "v6-fixed-ip": {},
    });
    let volume = object(&["size"], json!({ "size": size(), "type": optional_text() }));
    let locality = ["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"];
    let keys = json!({
        "name": text(),
        "flavorRef": nullable(reference()),
        "flavor": nullable(reference()),
        "volume": nullable(volume),
        "datastore": datastore_asked(),
        "databases": nullable(list(database())),
        "users": nullable(list(user())),
        "nics": nullable(json!({ "type": "array", "items": strict(&[], nic), "maxItems": 1 })),
        "availability_zone": optional_text(),
        "region_name": optional_text(),
        "locality": nullable(json!({ "enum": locality })),
        "configuration": optional_string(),
        "configuration_id": optional_string(),
        "access": nullable(object(&[], json!({
            "is_public": optional_flag(),
            // A wall that is not there is not promised.
            "allowed_cidrs": { "type": "null" },
        }))),
        "replica_of": nullable(uuid()),
        "replica_count": nullable(json!({ "type": "integer", "minimum": 1, "maximum": 3 })),
        "restorePoint": nullable(object(&["backupRef"], json!({ "backupRef": text() }))),
        "modules": nullable(json!({ "type": "array" })),
    });
    let mut schema = under("instance", object(&["name"], keys));
    schema["examples"] = json!([{ "instance": {
        "name": "orders", "flavorRef": "1", "volume": { "size": 1 },
        "databases": [{ "name": "shop" }],
        "users": [{ "name": "app", "password": "s3cret", "databases": [{ "name": "shop" }] }],
    } }]);
    schema
}

/// `PUT` and `PATCH /instances/{id}`: the name, and one other key.
pub(super) fn instance_update() -> Value {
    let keys = json!({
        "name": text(),
        "configuration": optional_string(),
        "replica_of": {}, "slave_of": {},
        "datastore_version": text(),
        "access": { "type": "object" },
    });
    under("instance", strict(&[], keys))
}

/// `POST /instances/{id}/action`: one key.
pub(super) fn action() -> Value {
    let plain = |word: &str| strict(&[word], json!({ word: { "type": ["object", "null"] } }));
    let volume = json!({ "anyOf": [size(), strict(&["size"], json!({ "size": size() }))] });
    let resize = json!({ "oneOf": [
        strict(&["flavorRef"], json!({ "flavorRef": reference() })),
        strict(&["volume"], json!({ "volume": volume })),
    ] });
    json!({ "oneOf": [
        plain("restart"),
        plain("reset_status"),
        plain("promote_to_replica_source"),
        plain("eject_replica_source"),
        strict(&["resize"], json!({ "resize": resize })),
    ] })
}

/// `POST /mgmt/instances/{id}/action`: one key.
pub(super) fn managed_action() -> Value {
    let plain = |word: &str| strict(&[word], json!({ word: { "type": ["object", "null"] } }));
    let host = nullable(object(&[], json!({ "host": optional_text() })));
    let image = object(&["image_id"], json!({ "image_id": uuid() }));
    json!({ "oneOf": [
        plain("reboot"),
        plain("reset-task-status"),
        plain("stop"),
        strict(&["migrate"], json!({ "migrate": host })),
        strict(&["rebuild"], json!({ "rebuild": image })),
    ] })
}

fn values() -> Value {
    let value = json!({ "type": ["integer", "number", "boolean", "string"] });
    json!({ "type": "object", "additionalProperties": value, "maxProperties": 500 })
}

fn description() -> Value {
    json!({ "anyOf": [text(), { "type": "null" }, { "const": "" }] })
}

/// `POST /configurations`.
pub(super) fn configuration() -> Value {
    let keys = json!({
        "name": text(),
        "description": description(),
        "values": values(),
        "datastore": datastore_asked(),
    });
    let mut schema = under("configuration", object(&["name", "values"], keys));
    schema["examples"] =
        json!([{ "configuration": { "name": "tuned", "values": { "wait_timeout": 100 } } }]);
    schema
}

/// `PUT` and `PATCH /configurations/{id}`.
pub(super) fn configuration_update() -> Value {
    let keys = json!({
        "name": optional_text(), "description": description(), "values": nullable(values()),
    });
    under("configuration", object(&[], keys))
}

/// `POST /instances/{id}/databases`.
pub(super) fn databases() -> Value {
    json!({ "anyOf": [under("databases", some(database())), under("database", database())] })
}

/// `POST` and `PUT /instances/{id}/users`.
pub(super) fn users() -> Value {
    json!({ "anyOf": [under("users", some(user())), under("user", user())] })
}

/// `POST /instances/{id}/users/{user}`: bare, or under a key; the path has the name.
pub(super) fn user_at() -> Value {
    let keys = json!({
        "name": optional_string(),
        "password": { "type": "string" },
        "host": optional_string(),
        "databases": nullable(list(named())),
    });
    let user = object(&["password"], keys);
    let one = json!({ "type": "array", "items": user, "minItems": 1, "maxItems": 1 });
    json!({ "anyOf": [
        under("users", json!({ "anyOf": [one, user] })), under("user", user.clone()), user,
    ] })
}

/// `PUT /instances/{id}/users/{user}`.
pub(super) fn user_update() -> Value {
    let text = json!({ "type": "string" });
    let keys = json!({
        "name": optional_string(), "host": optional_string(), "password": optional_string(),
    });
    let mut user = object(&[], keys);
    user["anyOf"] = json!([
        { "required": ["name"], "properties": { "name": text } },
        { "required": ["host"], "properties": { "host": text } },
        { "required": ["password"], "properties": { "password": text } },
    ]);
    under("user", user)
}

/// `PUT /instances/{id}/users/{user}/databases`.
pub(super) fn granted() -> Value {
    under("databases", json!({ "type": "array", "items": named(), "minItems": 1 }))
}

/// `POST /instances/{id}/root`.
pub(super) fn root() -> Value {
    strict(&[], json!({ "password": optional_string() }))
}

/// `PUT /mgmt/quotas/{project}`.
pub(super) fn quotas() -> Value {
    let figure = json!({ "type": ["integer", "null"], "minimum": -1 });
    let keys = json!({
        "instances": figure, "ram": figure, "volumes": figure, "backups": figure,
    });
    let mut quotas = strict(&[], keys);
    quotas["minProperties"] = json!(1);
    under("quotas", quotas)
}

/// `POST /mgmt/datastores`.
pub(super) fn datastore() -> Value {
    under("datastore", strict(&["name"], json!({ "name": text() })))
}

/// `PATCH /mgmt/datastores/{datastore}`.
pub(super) fn datastore_update() -> Value {
    let keys = json!({ "name": optional_text(), "datastore_version": nullable(reference()) });
    under("datastore", strict(&[], keys))
}

fn proposed() -> Value {
    json!({
        "name": optional_text(),
        "datastore": nullable(reference()),
        "manager": optional_text(),
        "packages": optional_string(),
        "image_id": nullable(uuid()),
        "active": optional_flag(),
    })
}

/// `POST /instances/{id}/log`.
pub(super) fn log() -> Value {
    object(
        &["name"],
        json!({
            "name": text(),
            "enable": optional_number_flag(),
            "disable": optional_number_flag(),
            "publish": optional_number_flag(),
            "discard": optional_number_flag(),
        }),
    )
}

/// `POST /mgmt/datastores/versions`.
pub(super) fn proposed_version() -> Value {
    under("version", strict(&["name", "manager", "image_id"], proposed()))
}

/// `PATCH /mgmt/datastores/.../{version}`.
pub(super) fn proposed_change() -> Value {
    under("version", strict(&[], proposed()))
}

fn version_keys() -> Value {
    json!({
        "name": optional_text(),
        "datastore_manager": optional_text(),
        "active": optional_flag(),
        "default": optional_flag(),
        "image": nullable(uuid()),
        "image_tags": nullable(json!({ "type": "array", "items": text(), "maxItems": 5 })),
        "packages": nullable(json!({ "type": "array", "items": text(), "maxItems": 100 })),
        "registry_ext": optional_string(),
        "repl_strategy": optional_string(),
    })
}

/// `POST /mgmt/datastore-versions`.
pub(super) fn version() -> Value {
    let mut keys = version_keys();
    keys["version"] = optional_text();
    keys["datastore_name"] = text();
    let required = ["name", "datastore_name", "datastore_manager", "active"];
    under("version", strict(&required, keys))
}

/// `PATCH /mgmt/datastore-versions/{version}`, which has no key around it.
pub(super) fn version_update() -> Value {
    strict(&[], version_keys())
}

fn parameter_keys() -> Value {
    json!({
        "name": optional_text(),
        "data_type": { "type": "string" },
        "restart_required": { "enum": [0, 1] },
        "min_size": { "type": ["integer", "null"] },
        "max_size": { "type": ["integer", "null"] },
    })
}

/// `POST /mgmt/datastores/versions/{version}/parameters`.
pub(super) fn parameter() -> Value {
    under(
        "configuration-parameter",
        strict(&["name", "data_type", "restart_required"], parameter_keys()),
    )
}

/// `PUT /mgmt/datastores/versions/{version}/parameters/{name}`.
pub(super) fn parameter_update() -> Value {
    under("configuration-parameter", strict(&["data_type", "restart_required"], parameter_keys()))
}
