//! Ways by which tenants of PostgreSQL would become its administrator or the user that it runs
//! as, or would keep the agent from its work. The agent is a superuser in their databases.

use domain::guest::{ActionBody, ActionOutcome};

use crate::engines::{Engine, each_postgresql};
use crate::root::{enable, refused};
use crate::served::{
    Served, create_databases, create_user, drop_database, drop_user, grant, revoke,
};

const ROOT: &str = "postgres";

each_postgresql!(
    a_tenant_reaches_neither_files_nor_programs_nor_others,
    what_a_tenant_has_put_in_the_way_of_names_is_not_found_by_the_agent,
    an_owner_of_databases_keeps_no_agent_from_its_work,
    nobody_lets_others_be_itself,
    a_database_of_roots_own_is_shared_once_somebody_has_rights_on_it,
);

/// An instance with a database, and a user who has rights on it.
async fn shop(engine: Engine) -> Served {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    served.done(create_user("app", "p", &["shop"])).await;
    served
}

async fn is_superuser(served: &Served, name: &str) -> String {
    let query = format!("SELECT rolsuper FROM pg_roles WHERE rolname = '{name}'");
    served.admin().await.text(&query).await
}

async fn a_tenant_reaches_neither_files_nor_programs_nor_others(engine: Engine) {
    let served = shop(engine).await;
    let mut app = served.bench.login("app", "p", "shop").await;
    app.run("CREATE TABLE t (a TEXT)").await.unwrap();
    for statement in engine.root.may_not.into_iter().flatten() {
        refused(engine, &mut app, statement).await;
    }
    for statement in [
        "CREATE DATABASE mine",
        "DROP DATABASE shop",
        "ALTER DATABASE shop ALLOW_CONNECTIONS false",
        "SET ROLE postgres",
        "GRANT pg_monitor TO app",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'os_admin'",
        "CHECKPOINT",
    ] {
        refused(engine, &mut app, statement).await;
    }
    // Also under its own name, which is no member of anything else.
    app.run("SET ROLE NONE").await.unwrap();
    for statement in engine.root.may_not.into_iter().flatten() {
        refused(engine, &mut app, statement).await;
    }
    for database in ["postgres", "template1", "template0"] {
        assert!(served.bench.tries(("app", "p"), Some(database)).await.is_err(), "{database}");
    }
    let group = "SELECT 'os_db_' || oid FROM pg_database WHERE datname = 'shop'";
    let group = served.admin().await.text(group).await;
    served.bench.keeps_out(&group, "").await;
}

async fn what_a_tenant_has_put_in_the_way_of_names_is_not_found_by_the_agent(engine: Engine) {
    let mut served = shop(engine).await;
    let mut app = served.bench.login("app", "p", "shop").await;
    let body = "LANGUAGE plpgsql AS $$ BEGIN ALTER ROLE app SUPERUSER; RETURN $1; END $$";
    for statement in [
        format!("CREATE FUNCTION public.lower(name) RETURNS name {body}"),
        format!("CREATE FUNCTION public.starts_with(name, text) RETURNS name {body}"),
        format!("CREATE FUNCTION public.concat(text, text, text) RETURNS text {body}"),
        "CREATE TABLE public.pg_namespace (nspname text)".to_owned(),
        "INSERT INTO public.pg_namespace VALUES ('x; ALTER ROLE app SUPERUSER')".to_owned(),
        "CREATE SCHEMA \"x\"\"; ALTER ROLE app SUPERUSER; --\"".to_owned(),
        "ALTER ROLE app IN DATABASE shop SET search_path = public, pg_catalog".to_owned(),
    ] {
        // Some of these are not a tenant's to do, and that is as good.
        drop(app.run(&statement).await);
    }
    served.done(create_databases(&["other"])).await;
    served.done(create_user("bob", "p", &["shop"])).await;
    served.done(grant("app", &["other", "shop"])).await;
    served.done(revoke("bob", "shop")).await;
    served.done(drop_user("bob")).await;
    assert_eq!(is_superuser(&served, "app").await, "f");
    served.done(drop_database("shop")).await;
    assert_eq!(is_superuser(&served, "app").await, "f");
}

async fn an_owner_of_databases_keeps_no_agent_from_its_work(engine: Engine) {
    let mut served = shop(engine).await;
    served.done(enable("p")).await;
    let mut in_shop = served.bench.login(ROOT, "p", "shop").await;
    in_shop.run("CREATE DATABASE mine").await.unwrap();
    let mut in_mine = served.bench.login(ROOT, "p", "mine").await;
    let usual = [
        "SET default_transaction_read_only = on",
        "SET statement_timeout = 1",
        "SET lock_timeout = 1",
        "SET standard_conforming_strings = off",
        "SET search_path = public",
        "SET role = 'postgres'",
        "SET local_preload_libraries = 'nothing'",
        "SET default_transaction_isolation = 'serializable'",
        "CONNECTION LIMIT 0",
        "IS_TEMPLATE true",
        "ALLOW_CONNECTIONS false",
    ];
    for (number, setting) in engine.root.hindrances.iter().chain(&usual).enumerate() {
        // A database can't be closed from inside.
        for (database, root) in [("shop", &mut in_mine), ("mine", &mut in_shop)] {
            let statement = format!("ALTER DATABASE {database} {setting}");
            root.run(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        }
        let name = format!("u{number}'\\");
        served.done(create_user(&name, "p", &["shop", "mine"])).await;
        served.done(revoke(&name, "shop")).await;
        served.done(drop_user(&name)).await;
    }
    served.done(grant("app", &["mine"])).await;
    assert_eq!(served.user("app", "%").await.unwrap().databases, ["mine", "shop"]);
    served.done(drop_database("mine")).await;
}

async fn nobody_lets_others_be_itself(engine: Engine) {
    let mut served = shop(engine).await;
    served.done(create_user("bob", "p", &["shop"])).await;
    served.done(enable("p")).await;
    let mut root = served.bench.login(ROOT, "p", "shop").await;
    let mut app = served.bench.login("app", "p", "shop").await;
    app.run("SET ROLE NONE").await.unwrap();
    let group = "SELECT 'os_db_' || oid FROM pg_database WHERE datname = 'shop'";
    let group = served.admin().await.text(group).await;
    for role in ["postgres", "app", &group] {
        for client in [&mut root, &mut app] {
            refused(engine, client, &format!("GRANT {role} TO bob")).await;
        }
    }
    served.done(ActionBody::DisableRoot).await;
    root.run("SELECT 1").await.expect_err("it is sent away");
}

async fn a_database_of_roots_own_is_shared_once_somebody_has_rights_on_it(engine: Engine) {
    let mut served = shop(engine).await;
    served.done(enable("p")).await;
    let mut root = served.bench.login(ROOT, "p", "shop").await;
    root.run("CREATE DATABASE mine").await.unwrap();
    let mut root = served.bench.login(ROOT, "p", "mine").await;
    root.run("CREATE TABLE before (a INT)").await.unwrap();
    served.done(grant("app", &["mine"])).await;
    root.run("CREATE TABLE after (a INT)").await.unwrap();
    let mut app = served.bench.login("app", "p", "mine").await;
    for table in ["before", "after"] {
        app.run(&format!("INSERT INTO {table} VALUES (1)")).await.unwrap();
    }
    app.run("SET ROLE NONE").await.unwrap();
    app.run("CREATE TABLE own (a INT)").await.unwrap();
    served.done(create_user("bob", "p", &["mine"])).await;
    let mut bob = served.bench.login("bob", "p", "mine").await;
    bob.run("INSERT INTO own VALUES (1)").await.unwrap();
    // A number that a database had before is no way to the rights on it.
    assert_eq!(served.run(drop_database("mine")).await, ActionOutcome::Done);
    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'os\\_db\\_%'";
    assert_eq!(served.admin().await.text(left).await, "1");
}
