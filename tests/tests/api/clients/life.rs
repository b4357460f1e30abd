//! What the rows of a table are run in: somebody's project, an administrator beside, and a look
//! at what has come of each.

use super::row::{Login, Row, Seen, Told, Who};
use crate::newcomer;
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use testkit::stack::{Answer, Api, Ended, Part, Session, Sql, Stack, wait_for, wait_for_async};

/// How a client is asked what a row says, with its names filled in.
pub(super) type Ask = fn(&mut Session, &Row, &str) -> anyhow::Result<Ended>;

/// A person with an instance, from its creation to its end, and an administrator beside.
pub(super) struct Life {
    stack: Arc<Stack>,
    pub(super) member: (Session, Api),
    admin: (Session, Api),
    /// The ids of what has a name, once it was looked up.
    ids: BTreeMap<String, String>,
}

impl Life {
    pub(super) async fn begin() -> anyhow::Result<Self> {
        let (stack, person, api) = newcomer().await?;
        let boss = stack.first_person("admin")?;
        let admin_api = stack.api(&boss).await?;
        let (member, admin) = tokio::task::block_in_place(|| {
            anyhow::Ok((stack.openstack(&person)?.session()?, stack.openstack(&boss)?.session()?))
        })?;
        let mut ids = BTreeMap::from([("project".to_owned(), api.project.clone())]);
        ids.insert("image".to_owned(), image(&admin_api).await?);
        Ok(Self { stack, member: (member, api), admin: (admin, admin_api), ids })
    }

    /// Asks what a row says, and looks at what becomes of it.
    pub(super) async fn run(&mut self, row: &Row, ask: Ask) -> anyhow::Result<()> {
        let arguments = self.filled(row.arguments).await?;
        let line = format!("{} {arguments}", row.command);
        let mut servers = BTreeMap::new();
        for seen in row.seen {
            if let Seen::Restarted(name) = seen {
                let id = self.id(name).await?;
                servers.insert(*name, self.stack.identity(Part::Server(&id))?);
            }
        }
        let session = match row.who {
            Who::Member => &mut self.member.0,
            Who::Admin => &mut self.admin.0,
        };
        let ended = tokio::task::block_in_place(|| ask(session, row, &arguments))?;
        let said = ended.out.clone() + &ended.err;
        let is_so = match row.told {
            Told::Works => ended.code == 0,
            Told::Refused(code, text) => {
                let text = format!("{} (HTTP {code})", self.filled(text).await?);
                ended.code != 0 && said.contains(&text)
            }
            Told::Unknown(text) | Told::Raises(text) => ended.code != 0 && said.contains(text),
            Told::Elsewhere(_) => ended.code != 0,
        };
        assert!(is_so, "{line}: {:?} was expected, and not {ended:#?}", row.told);
        for seen in row.seen {
            self.look(&line, seen, &said).await?;
            if let Seen::Restarted(name) = seen {
                let id = self.id(name).await?;
                wait_for(&format!("{line}: another server"), || {
                    let now = self.stack.identity(Part::Server(&id)).ok();
                    now.is_some() && now.as_ref() != servers.get(name)
                });
                self.member.1.wait_until_up(&id).await;
            }
        }
        Ok(())
    }

    async fn look(&mut self, line: &str, seen: &Seen, said: &str) -> anyhow::Result<()> {
        match seen {
            Seen::Printed(text) => {
                let text = self.filled(text).await?;
                assert!(said.contains(&text), "{line}: no {text} in {said}");
            }
            Seen::Nothing => assert_eq!(said.trim(), "", "{line}"),
            Seen::Restarted(_) => {}
            Seen::Rooted(instance) => {
                let printed: Value = serde_json::from_str(said)?;
                let password = printed["password"].as_str().context("no password is printed")?;
                let sql =
                    self.sql(&Login { instance, user: "root", password, database: None }).await?;
                assert_eq!(sql.run("select current_user()")?, ["root@%"], "{line}");
            }
            Seen::Up(name) => {
                let id = self.id(name).await?;
                self.member.1.wait_until_up(&id).await;
            }
            Seen::Shown(path, pointer, value) => {
                let what = format!("{line}: {pointer} is {value}");
                let wanted: Value = serde_json::from_str(value)?;
                self.becomes(&what, path, |answer| answer.json().pointer(pointer) == Some(&wanted))
                    .await?;
            }
            Seen::Gone(path) => {
                self.becomes(&format!("{line}: it is gone"), path, |answer| answer.status == 404)
                    .await?;
            }
            Seen::Sql(login, statement, rows) => {
                let sql = self.sql(login).await?;
                // What was changed in a group is on its way.
                wait_for(&format!("{line}: {statement} gives {rows:?}"), || {
                    sql.run(statement).is_ok_and(|found| found == *rows)
                });
            }
            Seen::NoSql(login, statement) => {
                let sql = self.sql(login).await?;
                assert!(sql.run(statement).is_err(), "{line}: {statement}");
            }
        }
        Ok(())
    }

    /// Waits until what is at a path is so.
    async fn becomes(
        &mut self,
        what: &str,
        path: &str,
        is_so: impl Fn(&Answer) -> bool,
    ) -> anyhow::Result<()> {
        let path = self.filled(path).await?;
        // What administrators manage is theirs to see.
        let api = if path.starts_with("/mgmt") { &self.admin.1 } else { &self.member.1 };
        wait_for_async(what, async || {
            let answer = api.get(&path).await.ok()?;
            is_so(&answer).then_some(())
        })
        .await;
        Ok(())
    }

    async fn sql(&mut self, login: &Login<'_>) -> anyhow::Result<Sql> {
        let id = self.id(login.instance).await?;
        let instance = self.member.1.instance(&id).await.context("it is not there")?;
        let sql = Sql::to(&instance, login.user, login.password)?;
        Ok(match login.database {
            Some(database) => sql.within(database),
            None => sql,
        })
    }

    /// The text with ids in the place of names in braces.
    async fn filled(&mut self, text: &str) -> anyhow::Result<String> {
        let mut filled = String::new();
        let mut parts = text.split('{');
        filled.push_str(parts.next().unwrap_or_default());
        for part in parts {
            match part.split_once('}') {
                Some((name, rest)) if is_name(name) => {
                    filled.push_str(&self.id(name).await?);
                    filled.push_str(rest);
                }
                Some(_) | None => {
                    filled.push('{');
                    filled.push_str(part);
                }
            }
        }
        Ok(filled)
    }

    /// The id of what has that name; of a thing that has got another name since as well.
    async fn id(&mut self, name: &str) -> anyhow::Result<String> {
        if let Some(id) = self.ids.get(name) {
            return Ok(id.clone());
        }
        for (api, path, key) in [
            (&self.member.1, "/instances", "instances"),
            (&self.member.1, "/configurations", "configurations"),
            (&self.admin.1, "/mgmt/datastore-versions", "versions"),
        ] {
            let list = api.get(path).await?.json()[key].take();
            let entry = list.as_array().into_iter().flatten().find(|entry| entry["name"] == name);
            if let Some(id) = entry.and_then(|entry| entry["id"].as_str()) {
                self.ids.insert(name.to_owned(), id.to_owned());
                return Ok(id.to_owned());
            }
        }
        bail!("nothing is called {name}")
    }
}

/// Braces hold other things in JSON and in Python.
fn is_name(text: &str) -> bool {
    text.chars().all(|each| each.is_ascii_alphanumeric() || "-.".contains(each))
}

/// The image that everything offered is made of.
async fn image(admin: &Api) -> anyhow::Result<String> {
    let versions = admin.get("/mgmt/datastore-versions").await?.json();
    let image = versions["versions"].as_array().into_iter().flatten().find_map(|version| {
        (version["name"] == "10.11").then(|| version["image"].as_str().map(str::to_owned))?
    });
    image.context("no version has an image")
}
