//! Root: what it may do, what it may not, and that no instance is lost by what it does.

use domain::guest::ActionBody;
use domain::secret::Sealed;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::served::{Served, create_databases};

const REFUSED: u16 = 1045;

fn enable(password: &str) -> ActionBody {
    ActionBody::EnableRoot { password: Sealed(password.as_bytes().to_vec()) }
}

async fn refused(root: &mut Conn, statement: &str) {
    match root.query_drop(statement).await {
        Err(mysql_async::Error::Server(error)) => {
            // Denied: on a database, an account, a table, for want of a right, for everybody.
            let denials = [1044, 1045, 1142, 1227, 1238];
            assert!(denials.contains(&error.code), "{statement}: {error}");
        }
        other => panic!("{statement}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn root_is_let_in_from_afar_until_it_is_disabled() {
    let mut served = Served::start().await;
    served.done(create_databases(&["shop"])).await;
    served.done(enable("first")).await;
    drop(served.bench.login_from_afar("root", "first").await);
    served.done(enable("second")).await;
    assert_eq!(served.login_refused("root", "first").await, REFUSED);

    let mut root = served.bench.login_from_afar("root", "second").await;
    for statement in [
        "CREATE DATABASE mine",
        "CREATE TABLE shop.t (a INT)",
        "INSERT INTO shop.t VALUES (1)",
        "CREATE USER app IDENTIFIED BY 'p'",
        "GRANT ALL PRIVILEGES ON shop.* TO app",
        "CREATE USER root@'127.%' IDENTIFIED BY 'p'",
        "FLUSH TABLES",
        "SHOW FULL PROCESSLIST",
        "SELECT COUNT(*) FROM mysql.global_priv",
    ] {
        root.query_drop(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    drop(served.bench.login_from_afar("app", "p").await);

    served.done(ActionBody::DisableRoot).await;
    root.query_drop("SELECT 1").await.expect_err("who is logged in is sent away");
    assert_eq!(served.login_refused("root", "second").await, REFUSED);
    assert_eq!(served.login_refused("root", "p").await, REFUSED, "by any of its accounts");
    served.done(ActionBody::DisableRoot).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn root_reaches_neither_files_nor_the_servers_own_records_and_settings() {
    let mut served = Served::start().await;
    served.done(create_databases(&["shop"])).await;
    served.done(enable("p")).await;
    let mut root = served.bench.login_from_afar("root", "p").await;
    root.query_drop("CREATE TABLE shop.t (a TEXT)").await.unwrap();
    let read: Option<Option<String>> =
        root.query_first("SELECT LOAD_FILE('/etc/passwd')").await.unwrap();
    assert_eq!(read, Some(None));
    for statement in [
        "SELECT 1 INTO OUTFILE '/tmp/out'",
        "LOAD DATA INFILE '/etc/passwd' INTO TABLE shop.t",
        "SET GLOBAL general_log_file = '/tmp/log'",
        "SET GLOBAL read_only = 1",
        "SET GLOBAL secure_file_priv = ''",
        "SHUTDOWN",
        "INSTALL SONAME 'auth_pam'",
        "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'",
        "DROP DATABASE mysql",
        "UPDATE mysql.global_priv SET Priv = '{}'",
        "INSERT INTO mysql.plugin VALUES ('x', 'x.so')",
        "GRANT FILE ON *.* TO root@'%'",
        "GRANT SUPER ON *.* TO root@'%'",
        "GRANT INSERT ON mysql.* TO root@'%'",
        "CREATE DEFINER = os_admin@localhost PROCEDURE shop.p() SELECT 1",
    ] {
        refused(&mut root, statement).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_shut_out_by_root_is_let_in_again_by_a_restart() {
    let mut served = Served::start().await;
    served.done(enable("p")).await;
    for spoil in [
        "DROP USER os_admin@localhost",
        "ALTER USER os_admin@localhost IDENTIFIED BY 'mine'",
        "RENAME USER os_admin@localhost TO mine@'%'",
    ] {
        let mut root = served.bench.login_from_afar("root", "p").await;
        root.query_drop(spoil).await.unwrap();
        served.done(ActionBody::Restart).await;
        let name = format!("d{}", served.revision);
        served.done(create_databases(&[&name])).await;
        served.done(enable("p")).await;
    }
}
