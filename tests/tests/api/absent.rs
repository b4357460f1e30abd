//! What the service does not hold, as the stock command line meets it.

use super::newcomer;
use super::openstack::beside;
use serde_json::{Value, json};
use testkit::stack::OpenStack;

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_lists_nothing_and_is_told_what_is_not_offered() -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let created = api.create("plain", json!({})).await?.json();
    let id = created["instance"]["id"].as_str().unwrap().to_owned();
    beside({
        let (stack, id) = (stack.clone(), id.clone());
        move || ask(&stack.openstack(&person)?, &id)
    })
    .await?;
    api.delete(&id).await
}

fn ask(client: &OpenStack, id: &str) -> anyhow::Result<()> {
    for list in [
        "database backup list".to_owned(),
        format!("database backup list --instance {id}"),
        "database backup strategy list".to_owned(),
        "database cluster list".to_owned(),
    ] {
        assert_eq!(client.run(&list)?, Value::Array(Vec::new()), "{list}");
    }
    assert_eq!(client.run(&format!("database ssl show {id}"))?["status"], "off");
    client.run_text("database backup strategy delete")?;
    for (command, text) in [
        (format!("database backup create b1 --instance {id}"), "Backups are not offered"),
        ("database backup show b1".to_owned(), "No backup with a name or ID"),
        (
            "database backup strategy create --swift-container c1".to_owned(),
            "strategies are not offered",
        ),
        (format!("database log list {id}"), "Log actions are not supported"),
        (format!("database ssl disable {id}"), "TLS for databases is not offered"),
        (format!("database instance create r --replica-of {id}"), "Replication is not offered"),
        (format!("database instance promote {id}"), "is not a replica"),
        (format!("database instance eject {id}"), "is not a replica source"),
        (format!("database instance detach {id}"), "is not a replica"),
    ] {
        let refused = client.run_text(&command).unwrap_err().to_string();
        assert!(refused.contains(text), "{command}: {refused}");
    }
    Ok(())
}
