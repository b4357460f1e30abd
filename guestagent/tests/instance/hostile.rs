//! Names that want to be more than names.

use domain::guest::{ActionBody, ActionCause};

use crate::engines::{Engine, each_mariadb, each_version};
use crate::served::{
    Served, create_databases, create_user, drop_database, drop_user, grant, new_password, rename,
    revoke,
};

each_version!(hostile_names_live_and_die_as_names, names_that_the_server_would_change_are_refused,);
each_mariadb!(
    a_name_too_long_to_be_escaped_gets_no_wider_rights_instead,
    rights_by_a_pattern_are_shown_and_taken_as_of_one_database
);

async fn hostile_names_live_and_die_as_names(engine: Engine) {
    let mut served = Served::start(engine).await;
    let mut all = engine.names.hostile.to_vec();
    let longest = engine.names.longest.0.repeat(engine.names.longest.1);
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
        assert_eq!(served.usable(name, "p", name).await, [*name]);
        served.done(grant(name, &["bystander"])).await;
        served.done(revoke(name, name)).await;
        assert_eq!(served.user(name, "%").await.unwrap().databases, ["bystander"]);
        let password = format!("{name}'\\\"");
        let changes = vec![new_password(name, &password)];
        served.done(ActionBody::UpdateUsers { changes }).await;
        served.done(rename(name, "renamed")).await;
        served.done(rename("renamed", name)).await;
        served.bench.lets_in(name, &password).await;
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

async fn names_that_the_server_would_change_are_refused(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_user("?", "p", &[])).await;
    let [long, longer] = engine.names.too_long.map(|length| "x".repeat(length));
    served.fails(ActionCause::Statement, create_databases(&["shop", &long])).await;
    served.fails(ActionCause::Statement, create_user(&longer, "p", &[])).await;
    for name in engine.names.unstorable {
        served.fails(ActionCause::Statement, create_databases(&[name])).await;
        served.fails(ActionCause::Statement, create_user(name, "p", &[])).await;
        served.fails(ActionCause::Statement, rename("?", name)).await;
        served.fails(ActionCause::NotFound, drop_user(name)).await;
    }
    served.bench.lets_in("?", "p").await;
    assert_eq!(served.databases().await, [""; 0]);
}

/// Only where rights are written down by patterns.
async fn a_name_too_long_to_be_escaped_gets_no_wider_rights_instead(engine: Engine) {
    let mut served = Served::start(engine).await;
    let [long, like] = ["a_", "ax"].map(|start| start.to_owned() + &"b".repeat(62));
    served.done(create_databases(&[&long, &like])).await;
    served.done(create_user("app", "p", &[&like])).await;
    served.fails(ActionCause::Statement, grant("app", &[&long])).await;
    served.fails(ActionCause::Statement, create_user("new", "p", &[&long])).await;
    assert_eq!(served.user("app", "%").await.unwrap().databases, [like]);
    assert_eq!(served.user("new", "%").await, None);
}

/// Rights that somebody gave by a pattern are taken under the name that they are shown by.
async fn rights_by_a_pattern_are_shown_and_taken_as_of_one_database(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["a_b", "axb"])).await;
    served.done(create_user("app", "p", &["axb"])).await;
    served.admin().await.run("GRANT SELECT ON `a_b`.* TO app").await.unwrap();
    assert_eq!(served.user("app", "%").await.unwrap().databases, ["a_b", "axb"]);
    served.done(revoke("app", "a_b")).await;
    assert_eq!(served.user("app", "%").await.unwrap().databases, ["axb"]);
}
