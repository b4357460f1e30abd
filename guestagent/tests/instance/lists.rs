//! Live lists of databases and users.

use domain::guest::{ActionBody, Page, Query, QueryAnswer, UserSeen, UserToMake};
use mysql_async::prelude::Queryable;
use rustix::process::Signal;

use crate::bench::eventually;
use crate::served::{Served, create_databases, create_user, new_user};

fn page(after: Option<&str>, limit: u32) -> Page {
    Page { after: after.map(str::to_owned), limit }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_are_listed_by_pages_without_the_servers_own() {
    let mut served = Served::start().await;
    assert_eq!(served.databases_of(page(None, 20)).await, (vec![], false));
    // One that a tenant made without being asked by us counts too.
    served.done(create_databases(&["b", "B", "a", "é", "e"])).await;
    served.admin().await.query_drop("CREATE DATABASE mysqlish").await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_listed_by_pages_with_their_databases() {
    let mut served = Served::start().await;
    served.done(create_databases(&["d_1", "d2", "d%"])).await;
    let here = UserToMake { host: "10.0.0.1".to_owned(), ..new_user("b", "p", &["d2"]) };
    let users = vec![new_user("b", "p", &["d_1", "d%", "d2"]), here, new_user("a@x", "p", &[])];
    served.done(ActionBody::CreateUsers { users }).await;
    for statement in ["CREATE ROLE r", "CREATE USER root@'%'", "GRANT SELECT ON mysql.* TO b@'%'"] {
        served.admin().await.query_drop(statement).await.unwrap();
    }
    let ask = async |page| {
        let (users, has_more) = served.users_of(page).await;
        let line = |user: &UserSeen| {
            let account = &user.account;
            format!("{}@{} {}", account.name, account.host, user.databases.join(","))
        };
        (users.iter().map(line).collect::<Vec<_>>(), has_more)
    };
    let all = ["a@x@% ", "b@% d%,d2,d_1", "b@10.0.0.1 d2"];
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert_eq!(ask(page(None, 20)).await, (lines(&all), false));
    assert_eq!(ask(page(None, 2)).await, (lines(&all[..2]), true));
    assert_eq!(ask(page(Some("b@%"), 2)).await, (lines(&all[2..]), false));

    assert_eq!(served.user("b", "10.0.0.1").await.unwrap().databases, ["d2"]);
    for (name, host) in
        [("B", "%"), ("b", "10.0.0.2"), ("root", "%"), ("os_admin", "localhost"), ("r", "")]
    {
        assert_eq!(served.user(name, host).await, None, "{name}@{host}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_is_said_to_be() {
    let mut served = Served::start().await;
    served.done(create_user("app", "p", &[])).await;
    let hanging = served.bench.alive("server").unwrap();
    hanging.signal(Signal::STOP).unwrap();
    let lists = [Query::Databases(page(None, 20)), Query::Users(page(None, 20))];
    let answer = served.query(lists[0].clone()).await;
    assert!(matches!(answer, QueryAnswer::Unavailable { .. }), "{answer:?}");

    // With settings that it does not start with, which no document brings it to.
    let settings = served.bench.layout().server_settings();
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("{text}innodb_page_size=\"8192\"\n")).unwrap();
    hanging.signal(Signal::KILL).unwrap();
    eventually("it has ended again", || (served.bench.status().ends > 1).then_some(()));
    for query in lists {
        let answer = served.query(query).await;
        let QueryAnswer::Unavailable { detail } = &answer else { panic!("{answer:?}") };
        assert!(!detail.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_who_takes_all_connections_keeps_nobody_from_asking() {
    let mut served = Served::start().await;
    served.done(create_user("app", "p", &[])).await;
    let mut taken = Vec::new();
    let options = mysql_async::OptsBuilder::default()
        .ip_or_hostname(served.bench.spec.address.to_string())
        .tcp_port(served.bench.spec.port)
        .prefer_socket(false)
        .user(Some("app"))
        .pass(Some("p"));
    while let Ok(connection) = mysql_async::Conn::new(options.clone()).await {
        taken.push(connection);
        assert!(taken.len() < 1000, "no end of connections");
    }
    served.done(create_databases(&["shop"])).await;
    assert_eq!(served.databases().await, ["shop"]);
}
