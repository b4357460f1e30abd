//! Live lists of databases and users.

use domain::guest::{ActionBody, Page, Query, QueryAnswer, UserSeen, UserToMake};
use rustix::process::Signal;

use crate::bench::eventually;
use crate::engines::{Engine, each_mariadb, each_version};
use crate::served::{Served, create_databases, create_user, grant, new_user};

each_version!(
    databases_are_listed_by_pages_without_the_servers_own,
    users_are_listed_by_pages_with_their_databases,
    a_server_that_is_down_is_said_to_be,
    a_tenant_who_takes_all_connections_keeps_nobody_from_asking,
);
each_mariadb!(users_of_one_name_are_listed_by_their_hosts);

fn page(after: Option<&str>, limit: u32) -> Page {
    Page { after: after.map(str::to_owned), limit }
}

async fn databases_are_listed_by_pages_without_the_servers_own(engine: Engine) {
    let mut served = Served::start(engine).await;
    assert_eq!(served.databases_of(page(None, 20)).await, (vec![], false));
    // One that a tenant made without being asked by us counts too.
    served.done(create_databases(&["b", "B", "a", "é", "e"])).await;
    served.admin().await.run("CREATE DATABASE mysqlish").await.unwrap();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(served.databases_of(page(None, 2)).await, (names(&["B", "a"]), true));
    assert_eq!(served.databases_of(page(Some("a"), 2)).await, (names(&["b", "e"]), true));
    assert_eq!(served.databases_of(page(Some("e"), 2)).await, (names(&["mysqlish", "é"]), false));
    assert_eq!(
        served.databases_of(page(Some("b'`\\"), 9)).await,
        (names(&["e", "mysqlish", "é"]), false)
    );
    assert_eq!(served.databases_of(page(Some("é"), 2)).await, (vec![], false));
    assert_eq!(served.databases_of(page(None, u32::MAX)).await.0.len(), 6);
}

async fn users_are_listed_by_pages_with_their_databases(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["d_1", "d2", "d%"])).await;
    let users = vec![
        new_user("b", "p", &["d_1", "d%", "d2"]),
        new_user("a@x", "p", &[]),
        new_user("c", "p", &["d2"]),
    ];
    served.done(ActionBody::CreateUsers { users }).await;
    served.admin().await.run("CREATE ROLE r").await.unwrap();
    let ask = async |page| {
        let (users, has_more) = served.users_of(page).await;
        let line = |user: &UserSeen| {
            let account = &user.account;
            format!("{}@{} {}", account.name, account.host, user.databases.join(","))
        };
        (users.iter().map(line).collect::<Vec<_>>(), has_more)
    };
    let all = ["a@x@% ", "b@% d%,d2,d_1", "c@% d2"];
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert_eq!(ask(page(None, 20)).await, (lines(&all), false));
    assert_eq!(ask(page(None, 2)).await, (lines(&all[..2]), true));
    assert_eq!(ask(page(Some("b@%"), 2)).await, (lines(&all[2..]), false));
    let root = engine.root_name();
    for (name, host) in
        [("B", "%"), ("b", "10.0.0.2"), (root, "%"), ("os_admin", "localhost"), ("r", "")]
    {
        assert_eq!(served.user(name, host).await, None, "{name}@{host}");
    }
}

/// Only where users have hosts.
async fn users_of_one_name_are_listed_by_their_hosts(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["d2"])).await;
    let here = UserToMake { host: "10.0.0.1".to_owned(), ..new_user("b", "p", &["d2"]) };
    let users = vec![new_user("b", "p", &[]), here];
    served.done(ActionBody::CreateUsers { users }).await;
    for statement in ["CREATE USER root@'%'", "GRANT SELECT ON mysql.* TO b@'%'"] {
        served.admin().await.run(statement).await.unwrap();
    }
    let (users, _) = served.users_of(page(None, 20)).await;
    let hosts: Vec<&str> = users.iter().map(|user| user.account.host.as_str()).collect();
    assert_eq!(hosts, ["%", "10.0.0.1"]);
    assert_eq!(served.user("b", "10.0.0.1").await.unwrap().databases, ["d2"]);
    assert_eq!(served.user("b", "%").await.unwrap().databases, [""; 0]);
}

async fn a_server_that_is_down_is_said_to_be(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_user("app", "p", &[])).await;
    let hanging = served.bench.alive("server").unwrap();
    hanging.signal(Signal::STOP).unwrap();
    let lists = [Query::Databases(page(None, 20)), Query::Users(page(None, 20))];
    let answer = served.query(lists[0].clone()).await;
    assert!(matches!(answer, QueryAnswer::Unavailable { .. }), "{answer:?}");

    // With settings that it does not start with, which no document brings it to.
    let settings = served.bench.settings_file();
    let text = std::fs::read_to_string(&settings).unwrap();
    let (name, value, _) = engine.settings.fatal;
    let line = (engine.settings.line)(name, value);
    std::fs::write(&settings, format!("{text}{line}")).unwrap();
    hanging.signal(Signal::KILL).unwrap();
    eventually("it has ended again", || (served.bench.status().ends > 1).then_some(()));
    for query in lists {
        let answer = served.query(query).await;
        let QueryAnswer::Unavailable { detail } = &answer else { panic!("{answer:?}") };
        assert!(!detail.is_empty());
    }
}

async fn a_tenant_who_takes_all_connections_keeps_nobody_from_asking(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    served.done(create_user("app", "p", &["shop"])).await;
    let mut taken = Vec::new();
    while let Ok(connection) = served.bench.tries(("app", "p"), Some("shop")).await {
        taken.push(connection);
        assert!(taken.len() < 1000, "no end of connections");
    }
    served.done(create_databases(&["more"])).await;
    served.done(grant("app", &["more"])).await;
    assert_eq!(served.databases().await, ["more", "shop"]);
}
