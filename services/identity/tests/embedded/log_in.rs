//! `POST /v3/auth/tokens`: every way to log in, and every way to fail.

use axum::http::StatusCode;
use identity::Role;
use serde_json::{Value, json};

use crate::harness::{
    CREDENTIAL, DEMO_PROJECT, DEMO_USER, ROOT, Stack, UNAUTHORIZED, by_credential, by_password,
    by_token, names, project,
};

#[tokio::test]
async fn a_password_gives_a_token_for_the_project() {
    let stack = Stack::start();
    let identity = by_password("demo", "demo-password");
    let answer = stack.post(json!({ "identity": identity, "scope": project("demo") })).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.header("vary"), "X-Auth-Token");
    assert_eq!(answer.header("content-type"), "application/json");
    let id = answer.issued();
    assert!(id.len() <= 255 && !answer.body.to_string().contains(&id));

    let token = &answer.body["token"];
    let domain = json!({ "id": "default", "name": "Default" });
    assert_eq!(token["methods"], json!(["password"]));
    assert_eq!(
        token["user"],
        json!({ "id": DEMO_USER, "name": "demo", "domain": domain, "password_expires_at": null })
    );
    assert_eq!(token["project"], json!({ "id": DEMO_PROJECT, "name": "demo", "domain": domain }));
    assert_eq!(token["is_domain"], false);
    assert_eq!(token["issued_at"], "2026-11-22T10:43:15.000000Z");
    assert_eq!(token["expires_at"], "2026-11-22T11:43:15.000000Z");
    assert_eq!(names(&token["roles"], "name"), ["member", "reader"]);
    assert!(names(&token["roles"], "id").iter().all(|id| id.len() == 32));
    assert_eq!(token["audit_ids"].as_array().unwrap().len(), 1);
    assert_eq!(token["audit_ids"][0].as_str().unwrap().len(), 22);

    let caller = stack.caller(&id).await.unwrap();
    assert_eq!(caller.user_id.as_str(), DEMO_USER);
    assert_eq!(caller.project_id.as_str(), DEMO_PROJECT);
    assert_eq!((&*caller.user_name, &*caller.project_name), ("demo", "demo"));
    assert_eq!(caller.roles, [Role::Member, Role::Reader]);
    assert_eq!(caller.audit_id.as_str(), token["audit_ids"][0]);
    assert_eq!(caller.audit_chain_id, caller.audit_id);
}

#[tokio::test]
async fn the_catalog_leads_to_the_database_and_to_identity() {
    let stack = Stack::start();
    let identity = by_password("demo", "demo-password");
    let answer = stack.post(json!({ "identity": identity, "scope": project("demo") })).await;
    let catalog = &answer.body["token"]["catalog"];
    assert_eq!(names(catalog, "type"), ["database", "identity"]);
    assert_eq!(names(catalog, "name"), ["trove", "keystone"]);
    let urls = [format!("http://db.example:8779/v1.0/{DEMO_PROJECT}"), format!("{ROOT}/v3")];
    for (entry, url) in catalog.as_array().unwrap().iter().zip(urls) {
        assert_eq!(names(&entry["endpoints"], "interface"), ["public", "internal", "admin"]);
        for endpoint in entry["endpoints"].as_array().unwrap() {
            assert_eq!(endpoint["url"], url);
            assert_eq!(endpoint["region"], "RegionOne");
            assert_eq!(endpoint["region_id"], "RegionOne");
        }
    }
}

#[tokio::test]
async fn nocatalog_leaves_the_catalog_out() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    let headers = [("x-auth-token", &*token), ("x-subject-token", &*token)];
    let path = "/identity/v3/auth/tokens?nocatalog";
    let answer = stack.call(axum::http::Method::GET, path, &headers).await;
    assert!(answer.ok()["token"].get("catalog").is_none());
    assert!(answer.body["token"].get("project").is_some());
}

#[tokio::test]
async fn users_and_projects_are_found_by_id_and_by_name_in_either_form_of_domain() {
    let stack = Stack::start();
    for user in [
        json!({ "id": DEMO_USER, "password": "demo-password" }),
        json!({ "name": "demo", "domain": { "id": "default" }, "password": "demo-password" }),
        json!({ "name": "demo", "domain": { "name": "Default" }, "password": "demo-password" }),
    ] {
        for scope in [
            json!({ "project": { "id": DEMO_PROJECT } }),
            json!({ "project": { "name": "demo", "domain": { "id": "default" } } }),
            json!({ "project": { "name": "demo", "domain": { "name": "Default" } } }),
        ] {
            let identity = json!({ "methods": ["password"], "password": { "user": user } });
            let answer = stack.post(json!({ "identity": identity, "scope": scope })).await;
            answer.issued();
            assert_eq!(answer.body["token"]["project"]["id"], DEMO_PROJECT);
        }
    }
}

#[tokio::test]
async fn without_a_scope_the_default_project_is_taken_if_the_user_has_a_role_there() {
    let stack = Stack::start();
    let auth = json!({ "identity": by_password("demo", "demo-password") });
    let answer = stack.post(auth.clone()).await;
    answer.issued();
    assert_eq!(answer.body["token"]["project"]["name"], "demo");

    stack.change_users(
        "user = \"demo\"\nproject = \"demo\"\nroles = [\"member\"]",
        "user = \"demo\"\nproject = \"admin\"\nroles = [\"member\"]",
    );
    let answer = stack.post(auth).await;
    is_unscoped(&answer.body["token"]);
    stack.caller(&answer.issued()).await.unwrap_err();
}

#[tokio::test]
async fn an_unscoped_token_has_no_project_no_roles_and_no_catalog() {
    let stack = Stack::start();
    let identity = by_password("demo", "demo-password");
    let answer = stack.post(json!({ "identity": identity, "scope": "unscoped" })).await;
    let token = answer.issued();
    is_unscoped(&answer.body["token"]);
    let error = stack.caller(&token).await.unwrap_err();
    assert!(matches!(error, identity::IdentityError::Unauthorized));
    // A user without a default project gets the same without asking.
    let answer = stack.post(json!({ "identity": by_password("reader", "reader-password") })).await;
    answer.issued();
    is_unscoped(&answer.body["token"]);
}

fn is_unscoped(token: &Value) {
    assert_eq!(token["methods"], json!(["password"]));
    for absent in ["project", "domain", "system", "roles", "catalog", "is_domain"] {
        assert!(token.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn a_token_is_exchanged_for_one_of_another_project_that_ends_with_it() {
    let stack = Stack::start();
    let first = stack.token("demo", "").await;
    stack.advance(std::time::Duration::from_secs(600));
    let second = stack.rescoped(&first, project("demo")).await;
    assert_eq!(second.body["token"]["methods"], json!(["token", "password"]));
    assert_eq!(second.body["token"]["issued_at"], "2026-11-22T10:53:15.000000Z");
    assert_eq!(second.body["token"]["expires_at"], "2026-11-22T11:43:15.000000Z");
    let second_token = second.issued();
    let third = stack.rescoped(&second_token, project("second")).await;
    assert_eq!(names(&third.body["token"]["roles"], "name"), ["reader"]);

    // The chain is named by its first token.
    let shown = stack.about(axum::http::Method::GET, &first, &first).await;
    let first_id = shown.ok()["token"]["audit_ids"][0].clone();
    for derived in [&second, &third] {
        let ids = derived.body["token"]["audit_ids"].as_array().unwrap();
        assert_eq!((ids.len(), &ids[1]), (2, &first_id));
    }
    let caller = stack.caller(&third.issued()).await.unwrap();
    assert_eq!(caller.audit_chain_id.as_str(), first_id);
    assert!(!caller.may_write());
}

#[tokio::test]
async fn an_application_credential_gives_a_token_with_its_own_project_and_roles() {
    let stack = Stack::start();
    let by_id = by_credential(CREDENTIAL, "pipeline-secret");
    let by_name = |user: Value| {
        json!({
            "methods": ["application_credential"],
            "application_credential": {
                "name": "pipeline", "secret": "pipeline-secret", "user": user,
            },
        })
    };
    for identity in [
        by_id,
        by_name(json!({ "id": DEMO_USER })),
        by_name(json!({ "name": "demo", "domain": { "name": "Default" } })),
    ] {
        let answer = stack.post(json!({ "identity": identity })).await;
        let id = answer.issued();
        let token = &answer.body["token"];
        assert_eq!(token["methods"], json!(["application_credential"]));
        assert_eq!(token["project"]["name"], "demo");
        assert_eq!(names(&token["roles"], "name"), ["reader"]);
        assert_eq!(
            token["application_credential"],
            json!({ "id": CREDENTIAL, "name": "pipeline", "restricted": true })
        );
        assert!(!stack.caller(&id).await.unwrap().may_write());
        stack.rescoped(&id, project("second")).await.refused(403);
    }
}

#[tokio::test]
async fn an_application_credential_takes_no_scope() {
    let stack = Stack::start();
    for scope in [project("demo"), json!("unscoped"), json!({ "system": { "all": true } })] {
        let identity = by_credential(CREDENTIAL, "pipeline-secret");
        let answer = stack.post(json!({ "identity": identity, "scope": scope })).await;
        assert_eq!(answer.refused(401), "Application credentials cannot request a scope.");
    }
}

#[tokio::test]
async fn every_failed_proof_and_every_scope_out_of_reach_is_the_same_401() {
    let stack = Stack::start();
    let good = by_password("demo", "demo-password");
    let other_domain = json!({
        "methods": ["password"],
        "password": { "user": { "name": "demo", "domain": { "name": "Other" }, "password": "demo-password" } },
    });
    let foreign_project = json!({ "project": { "name": "demo", "domain": { "id": "other" } } });
    for (case, identity, scope) in [
        ("wrong password", by_password("demo", "demo-passwort"), project("demo")),
        ("empty password", by_password("demo", ""), project("demo")),
        ("unknown user", by_password("nobody", "demo-password"), project("demo")),
        ("another one's password", by_password("reader", "demo-password"), project("demo")),
        ("disabled user", by_password("gone", "gone-password"), project("demo")),
        ("other domain", other_domain, project("demo")),
        ("unknown project", good.clone(), project("none")),
        ("no role there", good.clone(), project("admin")),
        ("disabled project", good.clone(), project("closed")),
        ("project of another domain", good.clone(), foreign_project),
        ("domain", good.clone(), json!({ "domain": { "id": "default" } })),
        ("domain by name", good.clone(), json!({ "domain": { "name": "Default" } })),
        ("system", good, json!({ "system": { "all": true } })),
        ("garbage token", by_token("garbage"), project("demo")),
        ("wrong secret", by_credential(CREDENTIAL, "wrong"), Value::Null),
        ("unknown credential", by_credential(DEMO_USER, "pipeline-secret"), Value::Null),
        ("no id", by_credential("x", "pipeline-secret"), Value::Null),
    ] {
        let answer = stack.post(json!({ "identity": identity, "scope": scope })).await;
        assert_eq!(answer.refused(401), UNAUTHORIZED, "{case}");
    }
}

#[tokio::test]
async fn other_methods_are_unsupported() {
    let stack = Stack::start();
    for methods in [json!(["totp"]), json!(["password", "token"]), json!(["openid"])] {
        let answer = stack.post(json!({ "identity": { "methods": methods } })).await;
        assert!(answer.refused(401).contains("method"));
    }
}

#[tokio::test]
async fn a_malformed_body_is_a_400_that_repeats_nothing_of_it() {
    let stack = Stack::start();
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"hunter2\"",
        "{\"hunter2\": 1}",
        r#"{"auth": "hunter2"}"#,
        r#"{"auth": null}"#,
        r#"{"auth": {}}"#,
        r#"{"auth": {"identity": []}}"#,
        r#"{"auth": {"identity": {}}}"#,
        r#"{"auth": {"identity": {"methods": "password"}}}"#,
        r#"{"auth": {"identity": {"methods": []}}}"#,
        r#"{"auth": {"identity": {"methods": [1]}}}"#,
        r#"{"auth": {"identity": {"methods": ["password"]}}}"#,
        r#"{"auth": {"identity": {"methods": ["password"], "password": {"user": "hunter2"}}}}"#,
        r#"{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "demo"}}}}}"#,
        r#"{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "demo", "password": "hunter2"}}}}}"#,
        r#"{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "demo", "domain": {}, "password": "hunter2"}}}}}"#,
        r#"{"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": 7, "password": "hunter2"}}}}}"#,
        r#"{"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": "x", "password": ["hunter2"]}}}}}"#,
        r#"{"auth": {"identity": {"methods": ["token"], "token": "hunter2"}}}"#,
        r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": {}}}}}"#,
        r#"{"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"secret": "hunter2"}}}}"#,
        r#"{"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"name": "n", "secret": "hunter2"}}}}"#,
        r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}}, "scope": "hunter2"}}"#,
        r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}}, "scope": 1}}"#,
        r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}}, "scope": {}}}"#,
        r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}}, "scope": {"system": true}}}"#,
        r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}}, "scope": {"project": {"name": "demo"}}}}"#,
        r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}}, "scope": {"project": {"id": "p"}, "domain": {"id": "d"}}}}"#,
    ] {
        let answer = stack.post_raw(body).await;
        assert!(!answer.refused(400).contains("hunter2"), "{body}");
    }
    stack.post_raw(vec![0xFF, 0xFE]).await.refused(400);
    stack.post_raw(format!("{{\"auth\":{}", "[".repeat(10_000))).await.refused(400);
    stack.post_raw(" ".repeat(65 * 1024)).await.refused(413);
}

#[tokio::test]
async fn a_complaint_names_the_place_in_the_body() {
    let stack = Stack::start();
    let missing = stack.post(json!({ "identity": { "methods": ["password"], "password": {} } }));
    assert_eq!(missing.await.refused(400), "Expecting to find user in auth.identity.password.");
    let none = stack.post_raw("{}").await;
    assert_eq!(none.refused(400), "Expecting to find auth in the request body.");
}
