//! Lists and lookups: what an admin sees, and what others may.

use serde_json::{Value, json};

use crate::harness::{ADMIN_USER, DEMO_PROJECT, DEMO_USER, ROOT, Stack, names};

fn project_view() -> Value {
    json!({
        "id": DEMO_PROJECT,
        "name": "demo",
        "domain_id": "default",
        "description": "For trying things out.",
        "enabled": true,
        "parent_id": "default",
        "is_domain": false,
        "tags": [],
        "options": {},
        "links": { "self": format!("{ROOT}/v3/projects/{DEMO_PROJECT}") },
    })
}

#[tokio::test]
async fn an_admin_finds_a_project_by_id_and_by_exact_name() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    // What `openstack project show demo` asks, in order.
    stack.get("/identity/v3/projects/demo", &admin).await.refused(404);
    let found = stack.get("/identity/v3/projects?name=demo", &admin).await;
    assert_eq!(
        found.ok(),
        &json!({
            "projects": [project_view()],
            "links": {
                "self": format!("{ROOT}/v3/projects?name=demo"), "next": null, "previous": null,
            },
        })
    );
    let shown = stack.get(&format!("/identity/v3/projects/{DEMO_PROJECT}"), &admin).await;
    assert_eq!(shown.ok(), &json!({ "project": project_view() }));

    let all = stack.get("/identity/v3/projects?domain_id=default", &admin).await;
    assert_eq!(names(&all.ok()["projects"], "name"), ["admin", "demo", "second", "closed"]);
    for none in ["name=Demo", "name=dem", "domain_id=other", "name=demo&enabled=false"] {
        let answer = stack.get(&format!("/identity/v3/projects?{none}"), &admin).await;
        assert_eq!(answer.ok()["projects"], json!([]), "{none}");
    }
}

#[tokio::test]
async fn an_admin_finds_a_user_by_id_and_by_exact_name() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    stack.get("/identity/v3/users/demo", &admin).await.refused(404);
    let found = stack.get("/identity/v3/users?name=demo", &admin).await;
    let view = json!({
        "id": DEMO_USER,
        "name": "demo",
        "domain_id": "default",
        "default_project_id": DEMO_PROJECT,
        "enabled": true,
        "password_expires_at": null,
        "options": {},
        "links": { "self": format!("{ROOT}/v3/users/{DEMO_USER}") },
    });
    assert_eq!(found.ok()["users"], json!([view]));
    let shown = stack.get(&format!("/identity/v3/users/{DEMO_USER}"), &admin).await;
    assert_eq!(shown.ok(), &json!({ "user": view }));
    let all = stack.get("/identity/v3/users", &admin).await;
    assert_eq!(names(&all.ok()["users"], "name"), ["admin", "demo", "reader", "gone"]);
    assert!(!all.body.to_string().contains("demo-password"));
}

#[tokio::test]
async fn the_other_lists_are_there_for_an_admin_by_id_and_by_name() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    for (list, one, names_of) in [
        ("roles", "role", vec!["admin", "manager", "member", "reader"]),
        ("domains", "domain", vec!["Default"]),
        ("services", "service", vec!["trove", "keystone"]),
    ] {
        let all = stack.get(&format!("/identity/v3/{list}"), &admin).await;
        assert_eq!(names(&all.ok()[list], "name"), names_of);
        assert_eq!(all.body["links"]["self"], format!("{ROOT}/v3/{list}"));
        for item in all.body[list].as_array().unwrap() {
            let id = item["id"].as_str().unwrap();
            let shown = stack.get(&format!("/identity/v3/{list}/{id}"), &admin).await;
            assert_eq!(&shown.ok()[one], item);
            assert_eq!(item["links"]["self"], format!("{ROOT}/v3/{list}/{id}"));
            let name = item["name"].as_str().unwrap();
            let found = stack.get(&format!("/identity/v3/{list}?name={name}"), &admin).await;
            assert_eq!(found.ok()[list], json!([item]));
        }
        stack.get(&format!("/identity/v3/{list}/none"), &admin).await.refused(404);
    }
    let regions = stack.get("/identity/v3/regions", &admin).await;
    assert_eq!(names(&regions.ok()["regions"], "id"), ["RegionOne"]);
    stack.get("/identity/v3/regions/RegionOne", &admin).await.ok();
    stack.get("/identity/v3/regions/none", &admin).await.refused(404);
}

#[tokio::test]
async fn endpoints_are_filtered_by_service_and_interface() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    let services = stack.get("/identity/v3/services?type=database", &admin).await;
    let service = services.ok()["services"][0]["id"].as_str().unwrap();
    let all = stack.get("/identity/v3/endpoints", &admin).await;
    assert_eq!(all.ok()["endpoints"].as_array().unwrap().len(), 6);
    let path = format!("/identity/v3/endpoints?service_id={service}&interface=public");
    let found = stack.get(&path, &admin).await;
    let endpoint = &found.ok()["endpoints"][0];
    assert_eq!(found.body["endpoints"].as_array().unwrap().len(), 1);
    assert_eq!(endpoint["url"], "http://db.example:8779/v1.0/%(project_id)s");
    let id = endpoint["id"].as_str().unwrap();
    let shown = stack.get(&format!("/identity/v3/endpoints/{id}"), &admin).await;
    assert_eq!(&shown.ok()["endpoint"], endpoint);
}

#[tokio::test]
async fn role_assignments_are_given_by_id_by_name_and_with_what_they_imply() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    let path = format!("/identity/v3/role_assignments?user.id={DEMO_USER}");
    let plain = stack.get(&path, &admin).await;
    let plain = plain.ok()["role_assignments"].as_array().unwrap();
    assert_eq!(plain.len(), 3);
    assert_eq!(plain[0]["user"], json!({ "id": DEMO_USER }));
    assert_eq!(plain[0]["scope"], json!({ "project": { "id": DEMO_PROJECT } }));
    let role = plain[0]["role"]["id"].as_str().unwrap();
    let link = format!("{ROOT}/v3/projects/{DEMO_PROJECT}/users/{DEMO_USER}/roles/{role}");
    assert_eq!(plain[0]["links"]["assignment"], link);

    let path = format!("{path}&scope.project.id={DEMO_PROJECT}");
    let named = stack.get(&format!("{path}&include_names=True"), &admin).await;
    let domain = json!({ "id": "default", "name": "Default" });
    let assignment = &named.ok()["role_assignments"][0];
    assert_eq!(assignment["user"], json!({ "id": DEMO_USER, "name": "demo", "domain": domain }));
    let scope = json!({ "project": { "id": DEMO_PROJECT, "name": "demo", "domain": domain } });
    assert_eq!(assignment["scope"], scope);
    assert_eq!(assignment["role"], json!({ "id": role, "name": "member" }));

    let effective = stack.get(&format!("{path}&effective&include_names"), &admin).await;
    let effective = effective.ok()["role_assignments"].as_array().unwrap();
    let roles: Vec<_> = effective.iter().map(|found| found["role"]["name"].clone()).collect();
    assert_eq!(roles, ["member", "reader"]);
    for none in ["group.id=x", "scope.system=all", "scope.domain.id=default"] {
        let answer = stack.get(&format!("/identity/v3/role_assignments?{none}"), &admin).await;
        assert_eq!(answer.ok()["role_assignments"], json!([]), "{none}");
    }
}

#[tokio::test]
async fn a_member_sees_its_own_user_project_and_domain_and_no_more() {
    let stack = Stack::start();
    let demo = stack.token("demo", "demo").await;
    for allowed in [
        format!("users/{DEMO_USER}"),
        format!("users/{DEMO_USER}/projects"),
        format!("projects/{DEMO_PROJECT}"),
        "domains/default".to_owned(),
    ] {
        stack.get(&format!("/identity/v3/{allowed}"), &demo).await.ok();
    }
    for refused in [
        "users",
        "users?name=demo",
        "projects",
        "projects?name=demo",
        "projects/demo",
        "roles",
        "roles/x",
        "domains",
        "domains/x",
        "services",
        "services/x",
        "endpoints",
        "endpoints/x",
        "regions",
        "regions/RegionOne",
        "role_assignments",
        "users/x",
        &format!("users/{ADMIN_USER}"),
        &format!("users/{ADMIN_USER}/projects"),
    ] {
        stack.get(&format!("/identity/v3/{refused}"), &demo).await.refused(403);
        stack.get(&format!("/identity/v3/{refused}"), "").await.refused(401);
    }
}

#[tokio::test]
async fn an_unscoped_token_sees_its_user_and_where_it_could_go() {
    let stack = Stack::start();
    let unscoped = stack.token("demo", "").await;
    for path in ["auth/projects".to_owned(), format!("users/{DEMO_USER}/projects")] {
        let answer = stack.get(&format!("/identity/v3/{path}"), &unscoped).await;
        assert_eq!(names(&answer.ok()["projects"], "name"), ["demo", "second"]);
        assert_eq!(answer.body["links"]["self"], format!("{ROOT}/v3/{path}"));
        assert_eq!(answer.body["links"]["next"], Value::Null);
    }
    stack.get(&format!("/identity/v3/users/{DEMO_USER}"), &unscoped).await.ok();
    for refused in
        [&format!("projects/{DEMO_PROJECT}"), "domains/default", "projects", "auth/catalog"]
    {
        stack.get(&format!("/identity/v3/{refused}"), &unscoped).await.refused(403);
    }
}

#[tokio::test]
async fn an_admin_may_ask_for_the_projects_of_anyone() {
    let stack = Stack::start();
    let admin = stack.token("admin", "admin").await;
    let path = format!("/identity/v3/users/{DEMO_USER}/projects");
    let answer = stack.get(&path, &admin).await;
    assert_eq!(names(&answer.ok()["projects"], "name"), ["demo", "second"]);
    stack.get("/identity/v3/users/nobody/projects", &admin).await.refused(404);
}

#[tokio::test]
async fn nobody_has_roles_on_domains_or_the_system() {
    let stack = Stack::start();
    for token in [stack.token("admin", "admin").await, stack.token("demo", "").await] {
        for key in ["domains", "system"] {
            let answer = stack.get(&format!("/identity/v3/auth/{key}"), &token).await;
            let own = format!("{ROOT}/v3/auth/{key}");
            let links = json!({ "self": own, "next": null, "previous": null });
            assert_eq!(answer.ok(), &json!({ key: [], "links": links }));
        }
    }
}

#[tokio::test]
async fn the_catalog_can_be_asked_for_later() {
    let stack = Stack::start();
    let demo = stack.token("demo", "demo").await;
    let shown = stack.about(axum::http::Method::GET, &demo, &demo).await;
    let answer = stack.get("/identity/v3/auth/catalog", &demo).await;
    assert_eq!(answer.ok()["catalog"], shown.body["token"]["catalog"]);
    assert_eq!(answer.body["links"]["self"], format!("{ROOT}/v3/auth/catalog"));
}
