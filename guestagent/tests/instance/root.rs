//! Root: what it may do, what it may not, and that no instance is lost by what it does.

use domain::guest::ActionBody;
use domain::secret::Sealed;

use crate::engines::{Client, Engine, each_mariadb, each_version};
use crate::served::{Served, create_databases};

each_version!(
    root_is_let_in_from_afar_until_it_is_disabled,
    root_reaches_neither_files_nor_the_servers_own_records_and_settings,
);
each_mariadb!(root_reads_nothing_of_a_file, an_agent_shut_out_by_root_is_let_in_again_by_a_restart);

pub(crate) fn enable(password: &str) -> ActionBody {
    ActionBody::EnableRoot { password: Sealed(password.as_bytes().to_vec()) }
}

/// That the server says no, and for want of a right.
pub(crate) async fn refused(engine: Engine, client: &mut Client, statement: &str) {
    match client.run(statement).await {
        Err(error) => {
            let is_denial =
                error.code.as_deref().is_some_and(|code| engine.root.denials.contains(&code));
            assert!(is_denial, "{statement}: {error:?}");
        }
        Ok(()) => panic!("{statement}: it was done"),
    }
}

async fn root_is_let_in_from_afar_until_it_is_disabled(engine: Engine) {
    let mut served = Served::start(engine).await;
    let name = engine.root_name();
    served.done(create_databases(&["shop"])).await;
    served.bench.keeps_out(name, "first").await;
    served.done(enable("first")).await;
    served.bench.lets_in(name, "first").await;
    served.done(enable("second")).await;
    served.bench.keeps_out(name, "first").await;

    let mut root = served.bench.login(name, "second", "shop").await;
    for statement in engine.root.may {
        root.run(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    assert_eq!(served.databases().await, ["mine", "shop"]);

    served.done(ActionBody::DisableRoot).await;
    root.run("SELECT 1").await.expect_err("who is logged in is sent away");
    for password in ["second", "p"] {
        served.bench.keeps_out(name, password).await;
    }
    served.done(ActionBody::DisableRoot).await;
    served.done(enable("third")).await;
    served.bench.lets_in(name, "third").await;
}

async fn root_reaches_neither_files_nor_the_servers_own_records_and_settings(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    served.done(enable("p")).await;
    let mut root = served.bench.login(engine.root_name(), "p", "shop").await;
    root.run("CREATE TABLE t (a TEXT)").await.unwrap();
    for statement in engine.root.may_not.into_iter().flatten() {
        refused(engine, &mut root, statement).await;
    }
}

/// Only where a file that can't be read is nothing rather than an error.
async fn root_reads_nothing_of_a_file(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    served.done(enable("p")).await;
    let mut root = served.bench.login("root", "p", "shop").await;
    assert_eq!(root.text("SELECT COALESCE(LOAD_FILE('/etc/passwd'), 'nothing')").await, "nothing");
}

/// Only where an account can't be protected from another that may change accounts.
async fn an_agent_shut_out_by_root_is_let_in_again_by_a_restart(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    served.done(enable("p")).await;
    for spoil in [
        "DROP USER os_admin@localhost",
        "ALTER USER os_admin@localhost IDENTIFIED BY 'mine'",
        "RENAME USER os_admin@localhost TO mine@'%'",
    ] {
        let mut root = served.bench.login("root", "p", "shop").await;
        root.run(spoil).await.unwrap();
        served.done(ActionBody::Restart).await;
        let name = format!("d{}", served.revision);
        served.done(create_databases(&[&name])).await;
        served.done(enable("p")).await;
    }
}
