//! Databases, users and rights: what each action does, as clients of the server see it.

use domain::guest::{ActionBody, ActionCause, ActionOutcome, Database, UserChange, UserToMake};

use crate::engines::{Engine, each_version};
use crate::served::{
    Served, account, change, create_databases, create_user, database, drop_database, drop_user,
    grant, new_password, new_user, rename, revoke,
};

each_version!(
    databases_are_made_and_removed,
    a_list_of_databases_is_made_wholly_or_not_at_all,
    users_are_made_changed_and_removed,
    what_is_there_or_is_not_there_is_said_of_users,
    users_are_bound_to_hosts_or_not_made,
    rights_are_given_and_taken_for_one_database_each,
    who_has_rights_shares_what_others_have_made,
    the_servers_own_databases_and_users_are_out_of_reach,
);

async fn databases_are_made_and_removed(engine: Engine) {
    let mut served = Served::start(engine).await;
    let (charset, collation, shown) = engine.names.charset;
    let old = Database {
        charset: Some(charset.to_owned()),
        collation: Some(collation.to_owned()),
        ..database("old")
    };
    let bare = Database { collation: Some(collation.to_owned()), ..database("bare") };
    let databases = vec![database("shop"), old, bare];
    served.done(ActionBody::CreateDatabases { databases }).await;
    let mut admin = served.bench.admin_in(Some("old")).await;
    assert_eq!(admin.text(engine.names.charset_shown).await, shown);
    let mut admin = served.bench.admin_in(Some("bare")).await;
    assert!(admin.text(engine.names.charset_shown).await.ends_with(collation));
    let mut admin = served.bench.admin_in(Some("shop")).await;
    let usual = admin.text(engine.names.charset_shown).await.to_lowercase();
    assert!(usual.starts_with("utf8"), "{usual}");

    admin.run("CREATE TABLE t (a INT)").await.unwrap();
    served.done(drop_database("shop")).await;
    assert_eq!(served.databases().await, ["bare", "old"]);
}

async fn a_list_of_databases_is_made_wholly_or_not_at_all(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    let said = served.fails(ActionCause::Exists, create_databases(&["new", "shop"])).await;
    assert_eq!(said, "A database with the name \"shop\" already exists.");
    served.fails(ActionCause::Exists, create_databases(&["new", "new"])).await;
    let odd = engine.names.bad_charsets.iter().map(|(charset, collation)| Database {
        charset: charset.map(str::to_owned),
        collation: collation.map(str::to_owned),
        ..database("odd")
    });
    for odd in odd.chain([database(engine.names.unstorable[0])]) {
        let databases = vec![database("new"), odd];
        served.fails(ActionCause::Statement, ActionBody::CreateDatabases { databases }).await;
    }
    let nameless = create_databases(&["new", ""]);
    assert!(matches!(served.run(nameless).await, ActionOutcome::Failed(_)));
    assert_eq!(served.databases().await, ["shop"]);
    let said = served.fails(ActionCause::NotFound, drop_database("new")).await;
    assert_eq!(said, "Database new cannot be found on the instance.");
}

async fn users_are_made_changed_and_removed(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop", "other"])).await;
    let users = vec![new_user("app", "pässwörd 😀", &["shop"]), new_user("idle", "p", &[])];
    served.done(ActionBody::CreateUsers { users }).await;
    let mut app = served.bench.login("app", "pässwörd 😀", "shop").await;
    app.run("CREATE TABLE t (a INT)").await.unwrap();
    let elsewhere = served.bench.tries(("app", "pässwörd 😀"), Some("other")).await;
    assert!(elsewhere.is_err(), "it has no rights there");
    served.bench.lets_in("idle", "p").await;

    let changes = vec![new_password("app", "new'\\"), new_password("idle", "q")];
    served.done(ActionBody::UpdateUsers { changes }).await;
    served.bench.keeps_out("app", "pässwörd 😀").await;
    served.bench.lets_in("app", "new'\\").await;
    served.bench.lets_in("idle", "q").await;

    let host = if engine.names.has_hosts { "127.%.%.%" } else { "%" };
    let everything = UserChange {
        name: Some("renamed".to_owned()),
        host: Some(host.to_owned()),
        ..new_password("app", "third")
    };
    served.done(ActionBody::UpdateUsers { changes: vec![everything] }).await;
    served.bench.keeps_out("app", "new'\\").await;
    let mut renamed = served.bench.login("renamed", "third", "shop").await;
    renamed.run("INSERT INTO t VALUES (1)").await.unwrap();
    assert_eq!(served.user("app", "%").await, None);
    assert_eq!(served.user("renamed", host).await.unwrap().databases, ["shop"]);

    // What somebody has made stays, whatever becomes of who has made it.
    let account = account("renamed", host);
    served.done(ActionBody::DeleteUser { account }).await;
    served.bench.keeps_out("renamed", "third").await;
    served.run_in("shop", "INSERT INTO t VALUES (2)").await;
    served.done(drop_user("idle")).await;
    served.bench.keeps_out("idle", "q").await;
}

async fn what_is_there_or_is_not_there_is_said_of_users(engine: Engine) {
    let mut served = Served::start(engine).await;
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
    served.bench.lets_in("app", "p").await;

    // Another case is another user.
    served.done(create_user("App", "p", &[])).await;
    assert_eq!(served.fails(ActionCause::Exists, rename("App", "app")).await, there);

    let gone = "User gone cannot be found on the instance.";
    let nobody = ActionBody::UpdateUsers { changes: vec![new_password("gone", "p")] };
    let both = vec![new_password("app", "changed"), new_password("gone", "p")];
    let both = ActionBody::UpdateUsers { changes: both };
    for body in [nobody, both, rename("gone", "x"), drop_user("gone"), grant("gone", &["shop"])] {
        assert_eq!(served.fails(ActionCause::NotFound, body).await, gone);
    }
    assert_eq!(served.fails(ActionCause::NotFound, revoke("gone", "shop")).await, gone);
    served.bench.lets_in("app", "p").await;
    assert_eq!(served.user("gone", "%").await, None, "a grant makes no user");
}

async fn users_are_bound_to_hosts_or_not_made(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_user("app", "p", &[])).await;
    let here = UserToMake { host: "10.0.0.1".to_owned(), ..new_user("app", "p", &[]) };
    let here = ActionBody::CreateUsers { users: vec![here] };
    let moved = UserChange { host: Some("10.0.0.1".to_owned()), ..change("app") };
    let moved = ActionBody::UpdateUsers { changes: vec![moved] };
    if engine.names.has_hosts {
        // Another host is another user.
        served.done(here).await;
        let said = served.fails(ActionCause::Exists, moved).await;
        assert_eq!(said, "A user with the name \"app@10.0.0.1\" already exists.");
    } else {
        for body in [here, moved] {
            served.fails(ActionCause::Statement, body).await;
        }
        assert_eq!(served.user("app", "10.0.0.1").await, None);
    }
    served.bench.lets_in("app", "p").await;
}

async fn rights_are_given_and_taken_for_one_database_each(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["a_b", "axb", "a%", "abc"])).await;
    served.done(create_user("app", "p", &[])).await;
    served.done(grant("app", &["a_b", "a%"])).await;
    assert_eq!(served.usable("app", "p", "a%").await, ["a%", "a_b"]);
    assert_eq!(served.user("app", "%").await.unwrap().databases, ["a%", "a_b"]);
    served.done(grant("app", &["a_b", "axb"])).await;

    served.done(revoke("app", "a_b")).await;
    assert_eq!(served.usable("app", "p", "a%").await, ["a%", "axb"]);
    assert!(served.bench.tries(("app", "p"), Some("a_b")).await.is_err());
    for database in ["a_b", "abc", "nowhere", engine.names.own_databases[0]] {
        let said = served.fails(ActionCause::NotFound, revoke("app", database)).await;
        assert_eq!(said, format!("Database {database} cannot be found on the instance."));
    }
    let said = served.fails(ActionCause::NotFound, grant("app", &["abc", "nowhere"])).await;
    assert_eq!(said, "Database nowhere cannot be found on the instance.");
    assert_eq!(served.user("app", "%").await.unwrap().databases, ["a%", "axb"]);
}

async fn who_has_rights_shares_what_others_have_made(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop", "other"])).await;
    served.done(create_user("ann", "p", &["shop", "other"])).await;
    served.done(create_user("bob", "p", &["shop"])).await;
    let mut ann = served.bench.login("ann", "p", "shop").await;
    ann.run("CREATE TABLE made (a INT)").await.unwrap();
    ann.run("INSERT INTO made VALUES (1)").await.unwrap();
    let mut bob = served.bench.login("bob", "p", "shop").await;
    for statement in [
        "INSERT INTO made VALUES (2)",
        "UPDATE made SET a = a + 1",
        "ALTER TABLE made ADD COLUMN b INT",
        "CREATE INDEX i ON made (a)",
        "CREATE VIEW seen AS SELECT a FROM made",
    ] {
        bob.run(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    assert_eq!(ann.texts("SELECT a FROM seen ORDER BY a").await, ["2", "3"]);
    // Whoever comes later too, and whoever goes leaves it all.
    served.done(create_user("late", "p", &["shop"])).await;
    served.done(drop_user("ann")).await;
    let mut late = served.bench.login("late", "p", "shop").await;
    late.run("DROP VIEW seen").await.unwrap();
    late.run("DROP TABLE made").await.unwrap();
    served.done(revoke("bob", "shop")).await;
    let after = bob.run("CREATE TABLE after_all (a INT)").await;
    let anew = served.bench.tries(("bob", "p"), Some("shop")).await;
    assert!(after.is_err() || anew.is_err(), "revoked");
    assert!(anew.is_err(), "revoked");
}

async fn the_servers_own_databases_and_users_are_out_of_reach(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_user("app", "p", &[])).await;
    for name in engine.names.own_databases {
        served.fails(ActionCause::Exists, create_databases(&[name])).await;
        served.fails(ActionCause::NotFound, drop_database(name)).await;
        served.fails(ActionCause::NotFound, grant("app", &[name])).await;
    }
    for name in engine.names.own_users {
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
