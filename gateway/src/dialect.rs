//! In which of its two dialects the interface answers.
//!
//! Trove's is what today's clients need. The founding guide's is older, and differs only in how
//! answers are written, so that this is the one place that knows of it:
//!
//! | | Trove | founding guide |
//! |---|---|---|
//! | done or begun, nothing to say | 202 | 204 |
//! | an instance's `ip` | a list, or absent | text, or null |
//! | `quotas` shown | a list of resources | a map of figures, without `ram` |
//! | `quotas` set | `{"instances": 5}` | `{"instances": {"limit": 5}}` |
//! | a parameter's `min` and `max` | numbers | text |
//!
//! Requests are read the same way in both.

use axum::body::{Body, to_bytes};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// That of Trove and its clients.
    Trove,
    /// That of the founding guide.
    Founding,
}

/// What the founding guide counts.
const RESOURCES: [&str; 3] = ["instances", "volumes", "backups"];

/// An answer in the founding guide's dialect.
pub(crate) async fn founding(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if parts.status == StatusCode::ACCEPTED {
        parts.status = StatusCode::NO_CONTENT;
        parts.headers.remove(header::CONTENT_TYPE);
    }
    if parts.status != StatusCode::OK {
        return Response::from_parts(parts, body);
    }
    // Answers are whole in memory already.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(answer) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(translated(answer).to_string()))
}

fn translated(answer: Value) -> Value {
    let Value::Object(mut answer) = answer else { return answer };
    for (key, value) in &mut answer {
        match key.as_str() {
            "instance" => instance(value),
            "instances" => each(value, instance),
            "configuration-parameters" => each(value, parameter),
            "quotas" => quotas(value),
            _ => {}
        }
    }
    // One parameter stands without a key around it.
    let mut answer = Value::Object(answer);
    parameter(&mut answer);
    answer
}

fn each(list: &mut Value, change: fn(&mut Value)) {
    list.as_array_mut().into_iter().flatten().for_each(change);
}

/// Followers of a group and an instance's defaults stand under the same keys, and have no status.
fn instance(view: &mut Value) {
    if view.get("status").is_some() {
        let address = view.get_mut("ip").and_then(|list| list.get_mut(0)).map(Value::take);
        view["ip"] = address.unwrap_or_default();
    }
}

fn parameter(view: &mut Value) {
    if view.get("datastore_version_id").is_none() {
        return;
    }
    for key in ["min", "max"] {
        if let Some(limit) = view.get_mut(key) {
            *limit = json!(limit.to_string());
        }
    }
}

fn quotas(view: &mut Value) {
    let figures: Map<String, Value> = match view.take() {
        Value::Array(resources) => resources.into_iter().filter_map(figures).collect(),
        Value::Object(set) => {
            set.into_iter().map(|(name, limit)| (name, json!({ "limit": limit }))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Map::new(),
    };
    *view = Value::Object(figures);
}

fn figures(mut usage: Value) -> Option<(String, Value)> {
    let name = usage["resource"].as_str()?.to_owned();
    usage.as_object_mut()?.remove("resource");
    RESOURCES.contains(&name.as_str()).then_some((name, usage))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_text_or_null() {
        let shown = json!({"instance": {"status": "ACTIVE", "ip": ["127.0.0.2"]}});
        assert_eq!(translated(shown)["instance"]["ip"], "127.0.0.2");
        let listed = json!({"instances": [{"status": "BUILD"}]});
        assert_eq!(translated(listed), json!({"instances": [{"status": "BUILD", "ip": null}]}));
        let followers = json!({"instances": [{"id": "i", "name": "n"}]});
        assert_eq!(translated(followers.clone()), followers);
        let defaults = json!({"instance": {"configuration": {"port": "3306"}}});
        assert_eq!(translated(defaults.clone()), defaults);
    }

    #[test]
    fn limits_of_parameters_are_text_to_their_last_digit() {
        let one = json!({"name": "a", "min": 1, "max": u64::MAX, "datastore_version_id": "v"});
        let wanted = json!({
            "name": "a", "min": "1", "max": "18446744073709551615", "datastore_version_id": "v"
        });
        assert_eq!(translated(one.clone()), wanted);
        let list = json!({"configuration-parameters": [one]});
        assert_eq!(translated(list), json!({"configuration-parameters": [wanted]}));
    }

    #[test]
    fn quotas_are_maps() {
        let of = |resource| json!({"resource": resource, "in_use": 1, "reserved": 0, "limit": 9});
        let shown = json!({"quotas": [of("instances"), of("ram"), of("volumes"), of("backups")]});
        let figures = json!({"in_use": 1, "reserved": 0, "limit": 9});
        let wanted = json!({"instances": figures, "volumes": figures, "backups": figures});
        assert_eq!(translated(shown), json!({"quotas": wanted}));
        let set = json!({"quotas": {"instances": 102}});
        assert_eq!(translated(set), json!({"quotas": {"instances": {"limit": 102}}}));
    }

    #[test]
    fn everything_else_stays() {
        for answer in [json!({"limits": [{"max": 1}]}), json!([1]), json!({"user": {"ip": [1]}})] {
            assert_eq!(translated(answer.clone()), answer);
        }
    }
}
