//! Users inside an instance, and their rights.

use crate::databases::active;
use crate::stack::{Client, Stack};
use axum::http::{Method, StatusCode};
use domain::command::Body;
use domain::ids::InstanceId;
use domain::instance::ActionSpec;
use serde_json::{Value, json};

async fn post(client: &Client<'_>, id: InstanceId, user: Value) -> StatusCode {
    let body = json!({ "users": [user] });
    let answer = client.send(Method::POST, &format!("/instances/{id}/users"), &body).await;
    answer.status
}

#[tokio::test]
async fn a_user_is_made_shown_changed_and_removed() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let bob = json!({"name": "bob", "password": "pw-of-bob", "databases": [{"name": "shop"}]});
    assert_eq!(post(&member, id, bob.clone()).await, StatusCode::ACCEPTED);
    assert_eq!(post(&member, id, bob).await, StatusCode::BAD_REQUEST);
    let users = format!("/instances/{id}/users");
    let shown = json!({"name": "bob", "host": "%", "databases": [{"name": "shop"}]});
    assert_eq!(member.get(&users).await.json(), json!({ "users": [shown] }));
    assert_eq!(member.get(&format!("{users}/bob")).await.json(), json!({ "user": shown }));
    let change = json!({"user": {"host": "10.0.0.1", "password": "another"}});
    let answer = member.send(Method::PUT, &format!("{users}/bob@%25"), &change).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(member.get(&format!("{users}/bob")).await.status, StatusCode::NOT_FOUND);
    let moved = member.get(&format!("{users}/bob%4010%2e0.0.1")).await.json();
    assert_eq!(moved["user"]["host"], "10.0.0.1");
    let gone = member.delete(&format!("{users}/bob%40%25")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.fault().1, "User bob cannot be found on the instance.");
    let deleted = member.delete(&format!("{users}/bob@10.0.0.1")).await;
    assert_eq!((deleted.status, deleted.bytes.len()), (StatusCode::ACCEPTED, 0));
    assert_eq!(member.get(&users).await.json(), json!({"users": []}));
}

#[tokio::test]
async fn passwords_are_sealed_before_they_leave_and_never_shown() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let user = |password: &str| json!({"name": "bob", "password": password});
    post(&member, id, user("pw-one")).await;
    let users = format!("/instances/{id}/users");
    let change = json!({"users": [user("pw-two")]});
    let changed = member.send(Method::PUT, &users, &change).await;
    assert_eq!(changed.status, StatusCode::ACCEPTED, "{changed:?}");
    let update = json!({"user": {"password": "pw-three"}});
    member.send(Method::PUT, &format!("{users}/bob"), &update).await;
    let seen = stack.desk.seen.lock().unwrap();
    assert!(!format!("{seen:?}").contains("pw-"));
    for (envelope, password) in seen[1..].iter().zip(["pw-one", "pw-two", "pw-three"]) {
        let Body::RunAction { action, secrets, .. } = &envelope.body else { panic!() };
        assert_eq!(action.secrets(), [secrets[0].id]);
        let opened = stack.sealing_key.open(&secrets[0].sealed).unwrap();
        assert_eq!(opened.as_slice(), password.as_bytes());
    }
}

#[tokio::test]
async fn openstacksdk_makes_a_user_by_posting_an_object_to_its_name() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let user = |name: &str| json!({"name": name, "password": "p", "databases": [{"name": "d"}]});
    for (name, body) in [("u1", json!({"users": user("u1")})), ("u2", user("u2"))] {
        let path = format!("/instances/{id}/users/{name}");
        let answer = member.send(Method::POST, &path, &body).await;
        assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0), "{answer:?}");
    }
    let users = member.get(&format!("/instances/{id}/users")).await.json();
    assert_eq!(users["users"][1], json!({"name": "u2", "host": "%", "databases": [{"name": "d"}]}));
}

#[tokio::test]
async fn names_with_dots_at_signs_and_networks_are_plain_names() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    for (name, host, path) in [
        ("a.b", "%", "a.b"),
        ("a.b", "10.0.0.%", "a.b@10.0.0.%25"),
        ("a@b", "%", "a%40b%40%25"),
        ("net", "10.0.0.0/255.0.0.0", "net@10.0.0.0%2F255.0.0.0"),
        ("é", "::1", "%C3%A9@::1"),
    ] {
        let user = json!({"name": name, "host": host, "password": "p"});
        assert_eq!(post(&member, id, user).await, StatusCode::ACCEPTED, "{name}");
        let found = member.get(&format!("/instances/{id}/users/{path}")).await;
        assert_eq!(found.status, StatusCode::OK, "{path} {found:?}");
        assert_eq!(found.json()["user"]["name"], name);
        assert_eq!(found.json()["user"]["host"], host);
    }
    let page = member.get(&format!("/instances/{id}/users?limit=2")).await.json();
    assert_eq!(page["users"].as_array().unwrap().len(), 2);
    assert!(page["links"][0]["href"].as_str().unwrap().ends_with("&marker=a.b%4010.0.0.%25"));
    assert_eq!(page["users_links"], page["links"]);
}

#[tokio::test]
async fn reserved_users_are_hidden_and_refused() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let password = json!({"user": {"password": "p"}});
    for name in ["root", "os_admin", "ROOT", "a'b", "bob@example.org"] {
        let path = format!("/instances/{id}/users/{name}");
        assert_eq!(member.get(&path).await.status, StatusCode::NOT_FOUND, "{name}");
        let grants = member.get(&format!("{path}/databases")).await;
        assert_eq!(grants.status, StatusCode::NOT_FOUND, "{name}");
        let update = member.send(Method::PUT, &path, &password).await;
        assert_eq!(update.status, StatusCode::BAD_REQUEST, "{name}");
        assert_eq!(member.delete(&path).await.status, StatusCode::BAD_REQUEST, "{name}");
    }
    let root = json!({"name": "root", "password": "p"});
    assert_eq!(post(&member, id, root.clone()).await, StatusCode::BAD_REQUEST);
    let change = json!({ "users": [root] });
    let changed = member.send(Method::PUT, &format!("/instances/{id}/users"), &change).await;
    assert_eq!(changed.status, StatusCode::BAD_REQUEST);
    assert_eq!(stack.desk.seen.lock().unwrap().len(), 1, "only the creation was sent");
}

#[tokio::test]
async fn rights_are_granted_listed_and_revoked() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    post(&member, id, json!({"name": "bob", "password": "p"})).await;
    let path = format!("/instances/{id}/users/bob/databases");
    let grant = json!({"databases": [{"name": "shop"}, {"name": "blog"}]});
    let granted = member.send(Method::PUT, &path, &grant).await;
    assert_eq!((granted.status, granted.bytes.len()), (StatusCode::ACCEPTED, 0), "{granted:?}");
    let listed = member.get(&path).await.json();
    assert_eq!(listed, json!({"databases": [{"name": "shop"}, {"name": "blog"}]}));
    let one = format!("{path}/shop");
    assert_eq!(member.delete(&one).await.status, StatusCode::ACCEPTED);
    assert_eq!(member.delete(&one).await.status, StatusCode::NOT_FOUND);
    assert_eq!(member.get(&path).await.json(), json!({"databases": [{"name": "blog"}]}));
    let nobody = format!("/instances/{id}/users/eve/databases");
    assert_eq!(member.get(&nobody).await.status, StatusCode::NOT_FOUND);
    assert_eq!(member.send(Method::PUT, &nobody, &grant).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_repeat_under_the_same_key_refers_to_the_same_password() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let body = json!({"users": [{"name": "bob", "password": "p"}]});
    for _ in 0..2 {
        let headers = [("idempotency-key", "k")];
        let path = format!("/instances/{id}/users");
        let answer = member.send_with(Method::POST, &path, &body, &headers).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    }
    let seen = stack.desk.seen.lock().unwrap();
    let actions: Vec<&ActionSpec> = seen[1..]
        .iter()
        .map(|envelope| {
            let Body::RunAction { action, .. } = &envelope.body else { panic!("{envelope:?}") };
            &**action
        })
        .collect();
    assert_eq!(actions[0], actions[1]);
    assert_eq!(seen[1].command_id, seen[2].command_id);
    assert_eq!(stack.guest.ran.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn every_change_takes_an_idempotency_key() {
    let stack = Stack::start().await;
    let id = active(&stack).await;
    let member = stack.member().await;
    let users = format!("/instances/{id}/users");
    let bob = json!({"name": "bob", "password": "p"});
    let requests = [
        (Method::POST, users.clone(), json!({ "users": [bob] })),
        (Method::POST, format!("{users}/eve"), json!({"password": "p"})),
        (Method::PUT, users.clone(), json!({ "users": [bob] })),
        (Method::PUT, format!("{users}/bob"), json!({"user": {"password": "q"}})),
        (Method::PUT, format!("{users}/bob/databases"), json!({"databases": [{"name": "d"}]})),
        (Method::DELETE, format!("{users}/bob/databases/d"), Value::Null),
        (Method::DELETE, format!("{users}/bob"), Value::Null),
        (Method::POST, format!("/instances/{id}/databases"), json!({"database": {"name": "d"}})),
        (Method::DELETE, format!("/instances/{id}/databases/d"), Value::Null),
        (Method::POST, format!("/instances/{id}/action"), json!({"restart": {}})),
    ];
    for (method, path, body) in &requests {
        for _ in 0..2 {
            let headers = [("idempotency-key", "the-one-key")];
            let answer = member.send_with(method.clone(), path, body, &headers).await;
            assert_eq!(answer.status, StatusCode::ACCEPTED, "{method} {path} {answer:?}");
        }
    }
    let seen = stack.desk.seen.lock().unwrap();
    let mut commands: Vec<_> = seen[1..].iter().map(|envelope| envelope.command_id).collect();
    assert_eq!(commands.len(), 2 * requests.len());
    commands.dedup();
    assert_eq!(commands.len(), requests.len());
    commands.sort();
    commands.dedup();
    assert_eq!(commands.len(), requests.len(), "one key, but each path has its own commands");
}
