//! Names that want to be more than names.

use domain::guest::{ActionBody, ActionCause};
use mysql_async::prelude::Queryable;

use crate::served::{
    Served, create_databases, create_user, drop_database, drop_user, grant, new_password, rename,
    revoke,
};

const HOSTILE: [&str; 9] = [
    "x`; DROP DATABASE mysql; -- ",
    "'; DROP USER os_admin@localhost; -- \\",
    "\"double\" \\` \\' \\\\",
    "größe-数据",
    "%",
    "_",
    "a b  c",
    "é",
    "#mysql51#x/../..",
];

/// Without what the server itself refuses: a space at the end.
fn name(text: &str) -> String {
    text.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_names_live_and_die_as_names() {
    let mut served = Served::start().await;
    let names: Vec<String> = HOSTILE.iter().map(|text| name(text)).collect();
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    let longest = "ü".repeat(64);
    all.push(&longest);
    served.done(create_databases(&all)).await;
    // Takes each of their names for the pattern that it is not.
    served.done(create_databases(&["bystander", "z", "e"])).await;
    let mut sorted = all.clone();
    sorted.extend(["bystander", "z", "e"]);
    sorted.sort_unstable();
    assert_eq!(served.databases().await, sorted);
    for name in &all {
        served.done(create_user(name, "p", &[name])).await;
        let user = served.user(name, "%").await.unwrap();
        assert_eq!(
            (user.account.name.as_str(), &user.databases[..]),
            (*name, &[(*name).to_owned()][..])
        );
        let mut tenant = served.bench.login_from_afar(name, "p").await;
        let mut seen: Vec<String> = tenant.query("SHOW DATABASES").await.unwrap();
        seen.retain(|database| database != "information_schema");
        assert_eq!(seen, [*name]);
        served.done(grant(name, &["bystander"])).await;
        served.done(revoke(name, name)).await;
        assert_eq!(served.user(name, "%").await.unwrap().databases, ["bystander"]);
        let password = format!("{name}'\\\"");
        let changes = vec![new_password(name, &password)];
        served.done(ActionBody::UpdateUsers { changes }).await;
        served.done(rename(name, "renamed")).await;
        served.done(rename("renamed", name)).await;
        drop(served.bench.login_from_afar(name, &password).await);
        served.fails(ActionCause::Exists, create_user(name, "p", &[])).await;
        served.fails(ActionCause::Exists, create_databases(&[name])).await;
    }
    for name in &all {
        served.done(drop_database(name)).await;
        served.done(drop_user(name)).await;
        assert_eq!(served.user(name, "%").await, None);
    }
    assert_eq!(served.databases().await, ["bystander", "e", "z"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_the_server_would_change_are_refused() {
    let mut served = Served::start().await;
    served.done(create_user("?", "p", &[])).await;
    let [long, longer] = [65, 129].map(|length| "x".repeat(length));
    served.fails(ActionCause::Statement, create_databases(&["shop", &long])).await;
    served.fails(ActionCause::Statement, create_user(&longer, "p", &[])).await;
    for name in ["😀", "space ", "nul\0"] {
        served.fails(ActionCause::Statement, create_databases(&[name])).await;
        served.fails(ActionCause::Statement, create_user(name, "p", &[])).await;
        served.fails(ActionCause::Statement, rename("?", name)).await;
        served.fails(ActionCause::NotFound, drop_user(name)).await;
    }
    drop(served.bench.login_from_afar("?", "p").await);
    assert_eq!(served.databases().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_too_long_to_be_escaped_gets_no_wider_rights_instead() {
    let mut served = Served::start().await;
    let [long, like] = ["a_", "ax"].map(|start| start.to_owned() + &"b".repeat(62));
    served.done(create_databases(&[&long, &like])).await;
    served.done(create_user("app", "p", &[&like])).await;
    served.fails(ActionCause::Statement, grant("app", &[&long])).await;
    served.fails(ActionCause::Statement, create_user("new", "p", &[&long])).await;
    assert_eq!(served.user("app", "%").await.unwrap().databases, [like]);
    assert_eq!(served.user("new", "%").await, None);
}
