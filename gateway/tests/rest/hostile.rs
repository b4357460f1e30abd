//! Whatever a client sends, the fault is the client's: never a 5xx, always the nested shape.

use crate::databases::active;
use crate::seed::full_creation;
use crate::stack::{Client, Stack};
use axum::body::Body;
use axum::http::{Method, StatusCode};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};

const PATH: &str = "/instances/0f3c0000-0000-4000-8000-000000000001";

async fn raw(
    stack: &Stack,
    client: &Client<'_>,
    media_type: Option<&str>,
    body: Vec<u8>,
) -> (StatusCode, String) {
    let mut request = client.request(Method::POST, "/instances");
    if let Some(media_type) = media_type {
        request = request.header("content-type", media_type);
    }
    let answer = stack.send(request.body(Body::from(body)).unwrap()).await;
    (answer.status, answer.fault().0)
}

#[tokio::test]
async fn a_body_that_is_no_json_has_its_own_answer() {
    let stack = Stack::start().await;
    let client = stack.member().await;
    let json = Some("application/json");
    let bad = (StatusCode::BAD_REQUEST, "badRequest".to_owned());
    for body in [
        "",
        " ",
        "{",
        "null",
        "[]",
        "3",
        "\"instance\"",
        "{}",
        "{\"instance\":null}",
        "{\"instance\":{\"name\":\"\\ud800\"}}",
        "{\"instance\":{\"name\":\"n\"}} x",
    ] {
        let answer = raw(&stack, &client, json, body.as_bytes().to_vec()).await;
        assert_eq!(answer, bad, "{body}");
    }
    assert_eq!(raw(&stack, &client, json, vec![0xff, 0xfe]).await, bad);
    let deep = ["{\"instance\":".repeat(2000), "}".repeat(2000)].concat();
    assert_eq!(raw(&stack, &client, json, deep.into_bytes()).await, bad);
    assert_eq!(raw(&stack, &client, None, b"{}".to_vec()).await, bad);
    let large = (StatusCode::PAYLOAD_TOO_LARGE, "overLimit".to_owned());
    assert_eq!(raw(&stack, &client, json, vec![b' '; 65 * 1024]).await, large);
    let media = (StatusCode::UNSUPPORTED_MEDIA_TYPE, "badMediaType".to_owned());
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        assert_eq!(raw(&stack, &client, Some(media_type), b"{}".to_vec()).await, media);
    }
}

/// A value of some shape, seldom a sensible one.
fn any(random: &mut StdRng, depth: u32) -> Value {
    match random.random_range(0..if depth > 3 { 8 } else { 10 }) {
        0 => Value::Null,
        1 => json!(random.random_bool(0.5)),
        2 => json!(random.random_range(-3..20)),
        3 => json!(random.random::<u64>()),
        4 => json!(random.random::<f64>() * 1e300),
        5 => json!(
            ["", "mysql", "10.11", "%", "\u{0}", "'; drop --", "é"][random.random_range(0..7)]
        ),
        6 => json!("a/b?c#d".repeat(random.random_range(0..80))),
        7 => json!("00000000-0000-0000-0000-000000000011"),
        8 => (0..random.random_range(0..3)).map(|_| any(random, depth + 1)).collect(),
        _ => {
            let keys = ["name", "size", "type", "password", "network_id", "x"];
            let mut map = Map::new();
            for _ in 0..random.random_range(0..4) {
                let key = keys[random.random_range(0..keys.len())];
                map.insert(key.to_owned(), any(random, depth + 1));
            }
            Value::Object(map)
        }
    }
}

/// Replaces, removes or adds something somewhere.
#[expect(clippy::wildcard_enum_match_arm, reason = "JSON gets no new kinds of values")]
fn spoil(random: &mut StdRng, value: &mut Value) {
    let stop = random.random_bool(0.3);
    match value {
        Value::Object(map) if !map.is_empty() && !stop => {
            let key = map.keys().nth(random.random_range(0..map.len())).unwrap().clone();
            if random.random_bool(0.1) {
                map.remove(&key);
            } else {
                spoil(random, map.get_mut(&key).unwrap());
            }
        }
        Value::Array(items) if !items.is_empty() && !stop => {
            let index = random.random_range(0..items.len());
            if random.random_bool(0.1) {
                let copy = items[index].clone();
                items.push(copy);
            } else {
                spoil(random, &mut items[index]);
            }
        }
        other => *other = any(random, 0),
    }
}

#[tokio::test]
async fn no_spoilt_body_makes_a_server_error() {
    let stack = Stack::start().await;
    let client = stack.member().await;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..1500 {
        let mut body = full_creation();
        // What asks for a thing that is known but not offered is rightly answered with 501.
        for key in ["configuration", "restorePoint", "replica_of", "replica_count"] {
            if random.random_bool(0.05) {
                body["instance"][key] = any(&mut random, 0);
            }
        }
        for _ in 0..random.random_range(1..3) {
            spoil(&mut random, &mut body);
        }
        let answer = client.send(Method::POST, "/instances", &body).await;
        assert!(answer.status.as_u16() < 500, "seed {seed} {body} {answer:?}");
        if !answer.status.is_success() {
            answer.fault();
        }
        let update = json!({"instance": any(&mut random, 0)});
        let answer = client.send(Method::PUT, PATH, &update).await;
        assert!(answer.status.is_client_error(), "seed {seed} {update} {answer:?}");
    }
}

/// A body of each change inside an instance, and where it goes.
fn changes_inside() -> [(Method, &'static str, Value); 8] {
    let user = json!({"name": "bob", "password": "p", "host": "%", "databases": [{"name": "d"}]});
    [
        (Method::POST, "/action", json!({"restart": {}})),
        (Method::POST, "/databases", json!({"databases": [{"name": "d", "collate": "utf8_bin"}]})),
        (Method::POST, "/databases", json!({"database": {"name": "d", "character_set": "utf8"}})),
        (Method::POST, "/users", json!({ "users": [user] })),
        (Method::POST, "/users/bob", json!({ "users": user })),
        (Method::PUT, "/users", json!({ "users": [user] })),
        (Method::PUT, "/users/bob", json!({ "user": user })),
        (Method::PUT, "/users/bob/databases", json!({"databases": [{"name": "d"}]})),
    ]
}

#[tokio::test]
async fn no_spoilt_change_inside_an_instance_makes_a_server_error() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let client = stack.member().await;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..100 {
        for (method, path, mut body) in changes_inside() {
            spoil(&mut random, &mut body);
            let answer = client.send(method, &format!("/instances/{id}{path}"), &body).await;
            assert!(answer.status.as_u16() < 500, "seed {seed} {path} {body} {answer:?}");
            if !answer.status.is_success() {
                answer.fault();
            }
        }
    }
}

#[tokio::test]
async fn no_odd_name_in_a_path_makes_a_server_error() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let client = stack.member().await;
    let names =
        ["%00", "%2F", "%40", "a%40", "%25", "'", "%27%3B--", "..", "%2e%2e", "%C3%A9", "a+b"];
    for name in names {
        for path in ["databases/x", "users/x", "users/x/databases", "users/bob/databases/x"] {
            let path = format!("/instances/{id}/{}", path.replace('x', name));
            for answer in [client.get(&path).await, client.delete(&path).await] {
                let status = answer.status.as_u16();
                assert!(status < 500 || status == 501, "{path} {answer:?}");
            }
        }
    }
    for query in ["marker=%00", "marker=", "marker=%27%22", "marker=%ff", "limit=0"] {
        let answer = client.get(&format!("/instances/{id}/databases?{query}")).await;
        assert!(answer.status.as_u16() < 500, "{query} {answer:?}");
    }
}

#[tokio::test]
async fn no_odd_query_makes_a_server_error() {
    let stack = Stack::start().await;
    let client = stack.member().await;
    for query in ["%", "%ff", "&&&", "=", "limit", "limit=1&limit=2", "marker=%00", "a=%zz"] {
        let answer = client.get(&format!("/instances?{query}")).await;
        assert!(answer.status.as_u16() < 500, "{query} {answer:?}");
    }
}

#[tokio::test]
async fn a_request_without_a_usable_host_is_a_bad_request() {
    let stack = Stack::start().await;
    let client = stack.member().await;
    for path in ["/", "/v1.0", "/v1.0/p/instances"] {
        let request = axum::http::Request::get(path)
            .header("host", "a b\"<")
            .header("x-auth-token", &client.token)
            .body(Body::empty())
            .unwrap();
        let answer = stack.send(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        answer.fault();
    }
}
