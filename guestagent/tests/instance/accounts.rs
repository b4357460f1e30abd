//! Databases, users and rights: what each action does, as clients of the server see it.

use domain::guest::{ActionBody, ActionCause, Database, UserChange, UserToMake};
use mysql_async::prelude::Queryable;

use crate::served::{
    Served, account, change, create_databases, create_user, database, drop_database, drop_user,
    grant, new_password, new_user, rename, revoke,
};

/// The server's number for a login that it refuses.
const REFUSED: u16 = 1045;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_are_made_and_removed() {
    let mut served = Served::start().await;
    let latin = Database {
        charset: Some("latin1".to_owned()),
        collation: Some("latin1_bin".to_owned()),
        ..database("old")
    };
    let bare = Database { collation: Some("utf8_general_ci".to_owned()), ..database("bare") };
    let databases = vec![database("shop"), latin, bare];
    served.done(ActionBody::CreateDatabases { databases }).await;
    let collations: Vec<(String, String)> = served
        .rows(
            "SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA \
             WHERE SCHEMA_NAME IN ('shop', 'old', 'bare') ORDER BY 1",
        )
        .await;
    let expected =
        [("bare", "utf8mb3_general_ci"), ("old", "latin1_bin"), ("shop", "utf8mb4_general_ci")];
    assert_eq!(collations, expected.map(|(name, by)| (name.to_owned(), by.to_owned())));

    served.admin().await.query_drop("CREATE TABLE shop.t (a INT)").await.unwrap();
    served.done(drop_database("shop")).await;
    assert_eq!(served.databases().await, ["bare", "old"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_databases_is_made_wholly_or_not_at_all() {
    let mut served = Served::start().await;
    served.done(create_databases(&["shop"])).await;
    let said = served.fails(ActionCause::Exists, create_databases(&["new", "shop"])).await;
    assert_eq!(said, "A database with the name \"shop\" already exists.");
    served.fails(ActionCause::Exists, create_databases(&["new", "new"])).await;
    let odd = [
        Database { charset: Some("nonsense".to_owned()), ..database("odd") },
        Database { collation: Some("latin1_nonsense".to_owned()), ..database("odd") },
        Database {
            charset: Some("latin1".to_owned()),
            collation: Some("utf8mb4_bin".to_owned()),
            ..database("odd")
        },
        database("odd "),
        database(""),
    ];
    for odd in odd {
        let databases = vec![database("new"), odd];
        served.fails(ActionCause::Statement, ActionBody::CreateDatabases { databases }).await;
    }
    assert_eq!(served.databases().await, ["shop"]);
    let said = served.fails(ActionCause::NotFound, drop_database("new")).await;
    assert_eq!(said, "Database new cannot be found on the instance.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_made_changed_and_removed() {
    let mut served = Served::start().await;
    served.done(create_databases(&["shop", "other"])).await;
    let users = vec![new_user("app", "pässwörd 😀", &["shop"]), new_user("idle", "p", &[])];
    served.done(ActionBody::CreateUsers { users }).await;
    let mut app = served.bench.login_from_afar("app", "pässwörd 😀").await;
    app.query_drop("CREATE TABLE shop.t (a INT)").await.unwrap();
    app.query_drop("CREATE TABLE other.t (a INT)").await.unwrap_err();
    drop(served.bench.login_from_afar("idle", "p").await);

    let changes = vec![new_password("app", "new'\\"), new_password("idle", "q")];
    served.done(ActionBody::UpdateUsers { changes }).await;
    assert_eq!(served.login_refused("app", "pässwörd 😀").await, REFUSED);
    drop(served.bench.login_from_afar("app", "new'\\").await);
    drop(served.bench.login_from_afar("idle", "q").await);

    let everything = UserChange {
        name: Some("renamed".to_owned()),
        host: Some("127.%.%.%".to_owned()),
        ..new_password("app", "third")
    };
    served.done(ActionBody::UpdateUsers { changes: vec![everything] }).await;
    assert_eq!(served.login_refused("app", "new'\\").await, REFUSED);
    let mut renamed = served.bench.login_from_afar("renamed", "third").await;
    renamed.query_drop("SELECT a FROM shop.t").await.unwrap();
    assert_eq!(served.user("app", "%").await, None);
    assert_eq!(served.user("renamed", "127.%.%.%").await.unwrap().databases, ["shop"]);

    served.done(drop_user("idle")).await;
    assert_eq!(served.login_refused("idle", "q").await, REFUSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_or_is_not_there_is_said_of_users() {
    let mut served = Served::start().await;
    served.done(create_databases(&["shop"])).await;
    served.done(create_user("app", "p", &[])).await;
    let there = "A user with the name \"app\" already exists.";
    let users = vec![new_user("new", "p", &[]), new_user("app", "other", &[])];
    let said = served.fails(ActionCause::Exists, ActionBody::CreateUsers { users }).await;
    assert_eq!(said, there);
    let twice = vec![new_user("new", "p", &[]), new_user("new", "q", &[])];
    served.fails(ActionCause::Exists, ActionBody::CreateUsers { users: twice }).await;
    let said = served.fails(ActionCause::NotFound, create_user("new", "p", &["nowhere"])).await;
    assert_eq!(said, "Database nowhere cannot be found on the instance.");
    assert_eq!(served.user("new", "%").await, None);
    drop(served.bench.login_from_afar("app", "p").await);

    // Another host is another user, and so is another case.
    let here = UserToMake { host: "10.0.0.1".to_owned(), ..new_user("app", "p", &[]) };
    served.done(ActionBody::CreateUsers { users: vec![here] }).await;
    served.done(create_user("App", "p", &[])).await;
    let taken = UserChange { host: Some("10.0.0.1".to_owned()), ..change("app") };
    let taken = ActionBody::UpdateUsers { changes: vec![taken] };
    let said = served.fails(ActionCause::Exists, taken).await;
    assert_eq!(said, "A user with the name \"app@10.0.0.1\" already exists.");
    assert_eq!(served.fails(ActionCause::Exists, rename("App", "app")).await, there);

    let gone = "User gone cannot be found on the instance.";
    let nobody = ActionBody::UpdateUsers { changes: vec![new_password("gone", "p")] };
    let both = vec![new_password("app", "changed"), new_password("gone", "p")];
    let both = ActionBody::UpdateUsers { changes: both };
    for body in [nobody, both, rename("gone", "x"), drop_user("gone"), grant("gone", &["shop"])] {
        assert_eq!(served.fails(ActionCause::NotFound, body).await, gone);
    }
    assert_eq!(served.fails(ActionCause::NotFound, revoke("gone", "shop")).await, gone);
    drop(served.bench.login_from_afar("app", "p").await);
    assert_eq!(served.user("gone", "%").await, None, "a grant makes no user");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_are_given_and_taken_for_one_database_each() {
    let mut served = Served::start().await;
    served.done(create_databases(&["a_b", "axb", "a%", "abc"])).await;
    served.done(create_user("app", "p", &[])).await;
    served.done(grant("app", &["a_b", "a%"])).await;
    let seen = async |served: &Served| -> Vec<String> {
        let mut app = served.bench.login_from_afar("app", "p").await;
        app.query("SHOW DATABASES").await.unwrap()
    };
    assert_eq!(seen(&served).await, ["a%", "a_b", "information_schema"]);
    assert_eq!(served.user("app", "%").await.unwrap().databases, ["a%", "a_b"]);
    served.done(grant("app", &["a_b", "axb"])).await;

    served.done(revoke("app", "a_b")).await;
    assert_eq!(seen(&served).await, ["a%", "axb", "information_schema"]);
    for database in ["a_b", "abc", "nowhere", "mysql"] {
        let said = served.fails(ActionCause::NotFound, revoke("app", database)).await;
        assert_eq!(said, format!("Database {database} cannot be found on the instance."));
    }
    let said = served.fails(ActionCause::NotFound, grant("app", &["abc", "nowhere"])).await;
    assert_eq!(said, "Database nowhere cannot be found on the instance.");
    assert_eq!(served.user("app", "%").await.unwrap().databases, ["a%", "axb"]);

    // A right that somebody gave with a wildcard is taken under the name that it is shown by.
    served.admin().await.query_drop("GRANT SELECT ON `a_b`.* TO app").await.unwrap();
    assert_eq!(served.user("app", "%").await.unwrap().databases, ["a%", "a_b", "axb"]);
    served.done(revoke("app", "a_b")).await;
    assert_eq!(served.user("app", "%").await.unwrap().databases, ["a%", "axb"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_own_databases_and_users_are_out_of_reach() {
    let mut served = Served::start().await;
    served.done(create_user("app", "p", &[])).await;
    for name in ["mysql", "sys", "MySQL", "information_schema", "lost+found"] {
        served.fails(ActionCause::Exists, create_databases(&[name])).await;
        served.fails(ActionCause::NotFound, drop_database(name)).await;
        served.fails(ActionCause::NotFound, grant("app", &[name])).await;
    }
    for name in ["os_admin", "root", "mariadb.sys", "PUBLIC", ""] {
        served.fails(ActionCause::Exists, create_user(name, "p", &[])).await;
        served.fails(ActionCause::Exists, rename("app", name)).await;
        for host in ["%", "localhost", ""] {
            let account = account(name, host);
            let mine = UserChange { account: account.clone(), ..new_password(name, "mine") };
            let changes = vec![mine];
            served.fails(ActionCause::NotFound, ActionBody::UpdateUsers { changes }).await;
            served.fails(ActionCause::NotFound, ActionBody::DeleteUser { account }).await;
        }
    }
    drop(served.admin().await);
}
