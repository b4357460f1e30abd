//! What OpenStack's own clients offer for databases, run against a real service; the answers are
//! the tables in `docs/clients.md`.
//!
//! # Invariants
//! - The client names what it offers: what has no row fails the test, and so does a row of
//!   something that the client does not have.
//! - What works is seen to have worked, inside the database where that is what it is about.

mod document;
mod life;
mod row;
mod rows;
mod sdk;

use document::{check, rendered};
use life::Life;
use row::Row;
use serde_json::Value;
use std::collections::BTreeSet;
use testkit::stack::{Ended, Session};

/// Where the command line keeps its commands for databases.
const GROUP: &str = "openstack.database.v1";

/// What the SDK offers: its own methods of the service, and those of an instance.
const OFFERED: &str = "[name for kind in (type(db), __import__('openstack').database.v1.instance.Instance) \
     for name, it in vars(kind).items() if callable(it) and not name.startswith('_')]";

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_command_line_answers_as_the_table_says() -> anyhow::Result<()> {
    let mut life = Life::begin().await?;
    let rows: Vec<&Row> = rows::ALL.iter().copied().flatten().collect();
    let list = life.member.0.command(&["command", "list", "--group", GROUP, "-f", "json"])?;
    let groups: Value = serde_json::from_str(&list.out)?;
    assert_covers(&rows, &groups[0]["Commands"]);
    for row in &rows {
        life.run(row, command).await?;
    }
    check("openstack", &rendered("command", &rows))
}

/// Commands that reach into an instance, with the engine that the other table is not about.
#[tokio::test(flavor = "multi_thread")]
async fn the_commands_about_an_instance_answer_for_postgresql_as_the_table_says()
-> anyhow::Result<()> {
    let mut life = Life::begin().await?;
    let rows: Vec<&Row> = rows::OF_POSTGRESQL.iter().copied().flatten().collect();
    for row in &rows {
        life.run(row, command).await?;
    }
    check("postgresql", &rendered("command", &rows))
}

fn command(session: &mut Session, row: &Row, arguments: &str) -> anyhow::Result<Ended> {
    let words = row.command.split(' ').chain(arguments.split_ascii_whitespace());
    session.command(&words.collect::<Vec<_>>())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_of_the_sdk_answers_as_the_table_says() -> anyhow::Result<()> {
    let mut life = Life::begin().await?;
    let rows: Vec<&Row> = sdk::ROWS.iter().collect();
    life.member.0.evaluate("(db := __import__('openstack').connect().database) and None")?;
    assert_covers(&rows, &life.member.0.evaluate(OFFERED)?);
    for row in &rows {
        life.run(row, expression).await?;
    }
    check("openstacksdk", &rendered("method", &rows))
}

fn expression(session: &mut Session, _: &Row, arguments: &str) -> anyhow::Result<Ended> {
    let (code, out, err) = match session.evaluate(arguments) {
        Ok(value) => (0, value.to_string(), String::new()),
        Err(error) => (1, String::new(), error.to_string()),
    };
    Ok(Ended { code, out, err })
}

#[track_caller]
fn assert_covers(rows: &[&Row], offered: &Value) {
    let table: BTreeSet<&str> = rows.iter().map(|row| row.command).collect();
    let offered = offered.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(table, offered, "something without a row, or a row without something");
}
