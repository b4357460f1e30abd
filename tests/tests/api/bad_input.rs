//! Whatever is sent, the answer is one of the interface's errors: never a 500, nothing half done.

use super::newcomer;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::stack::{Answer, Api};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// The answer is the fault of that status and name, in the shape that all clients read.
#[track_caller]
fn assert_fault(answer: &Answer, status: u16, name: &str) {
    let fault = answer.fault();
    let is_it = answer.status == status && fault.as_ref().is_some_and(|(found, _)| found == name);
    assert!(is_it, "expected {status} {name}, not {answer:?}");
    assert!(answer.header("x-openstack-request-id").is_some(), "{answer:?}");
}

async fn assert_nothing_was_made(api: &Api) -> anyhow::Result<()> {
    let listed = api.get("/instances").await?;
    assert_eq!(listed.json()["instances"], json!([]), "{listed:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_not_what_is_meant_are_400() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let path = format!("/v1.0/{}/instances", api.project);
    let token = ("X-Auth-Token", api.token.as_str());
    let deep = "[".repeat(20_000);
    for body in
        ["", "{", "nonsense", "[]", "null", "1", "\"x\"", "{\"instance\": 1}", "\u{0}", &deep]
    {
        let answer = api.ask_raw(Method::POST, &path, body.as_bytes(), &[token, JSON]).await?;
        assert_fault(&answer, 400, "badRequest");
    }
    let answer = api.ask_raw(Method::POST, &path, &[0xff, 0xfe], &[token, JSON]).await?;
    assert_fault(&answer, 400, "badRequest");
    assert_nothing_was_made(&api).await
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_fields_and_wrong_types_are_400() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let whole = json!({
        "name": "n", "flavorRef": "1", "volume": {"size": 1},
        "databases": [{"name": "d"}], "users": [{"name": "u", "password": "p"}],
    });
    for field in ["name", "flavorRef", "volume"] {
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(field);
        let answer = create(&api, without).await?;
        assert_fault(&answer, 400, "badRequest");
    }
    let wrong = [json!(null), json!(true), json!(-1), json!([]), json!({"x": [1]}), json!("")];
    for field in ["name", "flavorRef", "volume", "databases", "users", "datastore", "nics"] {
        for value in &wrong {
            // Null is as good as absent, where absent is fine.
            let may_be_absent = !["name", "flavorRef", "volume"].contains(&field);
            let is_list = ["databases", "users", "nics"].contains(&field) && *value == json!([]);
            let is_default = field == "datastore" && value.is_object();
            if is_list || is_default || (may_be_absent && value.is_null()) {
                continue;
            }
            let mut odd = whole.clone();
            odd[field] = value.clone();
            let answer = create(&api, odd.clone()).await?;
            assert_ne!(answer.status, 500, "{field}: {value}: {answer:?}");
            assert!(answer.status >= 400, "{field}: {value}: {answer:?}");
            assert!(answer.fault().is_some(), "{field}: {value}: {answer:?}");
        }
    }
    assert_nothing_was_made(&api).await
}

async fn create(api: &Api, instance: Value) -> anyhow::Result<Answer> {
    api.ask(Method::POST, "/instances", Some(&json!({"instance": instance}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_and_hostile_names_are_400() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let long = "x".repeat(65);
    let names =
        ["mysql", "information_schema", "a`b", "a'; drop table x; --", "", " a", &long, "a/b"];
    for name in names {
        let more = json!({"databases": [{"name": name}]});
        assert_fault(&api.create("n", more).await?, 400, "badRequest");
    }
    for name in ["root", "os_admin", "ROOT", "a'b", "a\\", "a\nb", "", &long] {
        let more = json!({"users": [{"name": name, "password": "p"}]});
        assert_fault(&api.create("n", more).await?, 400, "badRequest");
    }
    for password in ["", "se'cret", "se\\cret", "secret\u{7}", " secret"] {
        let more = json!({"users": [{"name": "u", "password": password}]});
        let answer = api.create("n", more).await?;
        assert_fault(&answer, 400, "badRequest");
        assert!(!answer.text.contains("cret"), "{answer:?}");
    }
    assert_nothing_was_made(&api).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_said_to_be_unknown() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let nobody = "00000000-0000-4000-8000-000000000000";
    for more in [
        json!({"flavorRef": "99"}),
        json!({"flavorRef": "nonsense"}),
        json!({"datastore": {"type": "mariadb", "version": "1.0"}}),
        json!({"datastore": {"type": "oracle", "version": "1.0"}}),
    ] {
        let answer = api.create("n", more.clone()).await?;
        assert!([400, 404].contains(&answer.status), "{more}: {answer:?}");
        assert!(answer.fault().is_some(), "{answer:?}");
    }
    for path in [
        format!("/instances/{nobody}"),
        "/instances/no-id".to_owned(),
        "/instances/%00".to_owned(),
        "/instances/..%2f..".to_owned(),
        format!("/datastores/{nobody}"),
        format!("/datastores/mariadb/versions/{nobody}"),
        "/flavors/99".to_owned(),
        "/nonsense".to_owned(),
        "/instances/x/y/z".to_owned(),
    ] {
        let answer = api.get(&path).await?;
        assert_fault(&answer, 404, "itemNotFound");
    }
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let body = json!({"instance": {"name": "n"}});
        let answer = api.ask(method, &format!("/instances/{nobody}"), Some(&body)).await?;
        assert_fault(&answer, 404, "itemNotFound");
    }
    let wrong_method = api.ask(Method::POST, "/flavors", Some(&json!({}))).await?;
    assert_fault(&wrong_method, 404, "itemNotFound");
    assert_nothing_was_made(&api).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_token_there_is_nothing() -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    let path = format!("/v1.0/{}/instances", api.project);
    let none = api.ask_raw(Method::GET, &path, b"", &[]).await?;
    assert_fault(&none, 401, "unauthorized");
    assert!(none.header("www-authenticate").is_some(), "{none:?}");
    let mut forged = api.token.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    for token in ["", "nonsense", "é", &forged, &"x".repeat(5000)] {
        let answer = api.ask_raw(Method::GET, &path, b"", &[("X-Auth-Token", token)]).await?;
        assert_fault(&answer, 401, "unauthorized");
    }
    let stranger = stack.api(&stack.person()?).await?;
    let foreign =
        api.ask_raw(Method::GET, &path, b"", &[("X-Auth-Token", &stranger.token)]).await?;
    assert_fault(&foreign, 403, "forbidden");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_queries_and_oversized_requests_are_refused() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    for query in ["limit=x", "limit=-1", "limit=0", "limit=", "marker=nonsense", "marker=%00"] {
        let answer = api.get(&format!("/instances?{query}")).await?;
        assert_fault(&answer, 400, "badRequest");
    }
    let cidrs = json!({"access": {"is_public": true, "allowed_cidrs": ["10.0.0.0/8"]}});
    assert_fault(&api.create("n", cidrs).await?, 400, "badRequest");
    let huge = json!({"name": "x".repeat(100_000)});
    let answer = api.create("n", huge).await?;
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert_nothing_was_made(&api).await
}
