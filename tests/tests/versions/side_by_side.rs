//! The newer version is fetched while the stack runs; then both do the same, side by side, and
//! the instances of a version that is deactivated go on.

use crate::{image_id, images_of_mariadb, start, versions};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::stack::{Api, Options, Sql, Trove, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_serve_side_by_side_until_one_is_taken_away() -> anyhow::Result<()> {
    let options = Options { taskmanagers: 2, ..Options::default() };
    let (stack, trove, api) = start(options).await?;
    let fetch = "image fetch mariadb 11.8";
    let fetched = trove.run(fetch)?["version"].take();
    assert_eq!(trove.run(fetch)?["version"], fetched);
    assert_eq!(fetched["image"], image_id(&trove, "11.8")?);
    assert_eq!(versions(&trove)?, ["11.8", "10.11"]);
    differences_are_told(&trove)?;

    let (old, new) = tokio::try_join!(Smoke::begin(&api, "10.11"), Smoke::begin(&api, "11.8"))?;
    tokio::try_join!(old.work(), new.work())?;
    for image in images_of_mariadb(&trove)? {
        assert_eq!(image["instances"], 1, "{image}");
    }

    trove.run("datastore-version-update --datastore mariadb --active false 11.8")?;
    let refused = api.create("late", of("11.8")).await?;
    assert_eq!(refused.status, 400, "{refused:?}");
    tokio::try_join!(old.restart(), new.restart())?;
    let remove = format!("image remove {}", image_id(&trove, "11.8")?);
    assert!(trove.refused(&remove)?.said.contains("the image of version 11.8"));
    let refused = trove.refused("datastore-version-delete 11.8")?;
    assert!(refused.said.contains("in use by instance"), "{refused:?}");

    new.end().await?;
    trove.run("datastore-version-delete 11.8")?;
    assert_eq!(versions(&trove)?, ["10.11"]);
    old.restart().await?;
    // Nothing has to be fetched again for it to come back.
    assert_eq!(trove.run(fetch)?["version"], fetched);
    let back = Smoke::begin(&api, "11.8").await?;
    back.end().await?;
    old.end().await?;
    drop(stack);
    Ok(())
}

fn differences_are_told(trove: &Trove) -> anyhow::Result<()> {
    let diff = trove.run("datastore-version-diff 10.11 11.8 --datastore mariadb")?;
    let has = |list: &str, name: &str| {
        diff[list].as_array().unwrap().iter().any(|parameter| parameter["name"] == name)
    };
    assert!(has("added", "binlog_gtid_index"), "{diff}");
    assert!(has("removed", "innodb_change_buffering"), "{diff}");
    // Where servers send their clients is not for tenants to say.
    assert!(!has("added", "redirect_url"), "{diff}");
    let changed = diff["changed"].as_array().unwrap();
    let isolation = changed.iter().find(|each| each["name"] == "innodb_snapshot_isolation");
    assert_eq!(isolation.unwrap()["fields"], json!({"default": {"from": "OFF", "to": "ON"}}));
    Ok(())
}

fn of(version: &str) -> Value {
    json!({
        "datastore": {"type": "mariadb", "version": version},
        "databases": [{"name": "d"}],
        "users": [{"name": "u", "password": "secret-1", "databases": [{"name": "d"}]}],
    })
}

/// An instance of one version, and what is done with it.
struct Smoke<'a> {
    api: &'a Api,
    version: &'static str,
    id: String,
    sql: Sql,
}

impl<'a> Smoke<'a> {
    async fn begin(api: &'a Api, version: &'static str) -> anyhow::Result<Self> {
        let instance = api.create_active(version, of(version)).await?;
        let id = instance["id"].as_str().unwrap().to_owned();
        let sql = Sql::to(&instance, "u", "secret-1")?;
        Ok(Self { api, version, id, sql })
    }

    async fn change(&self, method: Method, rest: &str, body: &Value) -> anyhow::Result<()> {
        let path = format!("/instances/{}{rest}", self.id);
        let answer = self.api.ask(method, &path, Some(body)).await?;
        anyhow::ensure!(answer.status == 202, "{}: {answer:?}", self.version);
        Ok(())
    }

    /// Databases, users, rows, a restart and a configuration group.
    async fn work(&self) -> anyhow::Result<()> {
        let number = self.sql.run("select version()")?.remove(0);
        assert!(number.starts_with(self.version), "{number}");
        self.sql.run("create table d.t (a int); insert into d.t values (1)")?;
        let databases = json!({"databases": [{"name": "more"}]});
        self.change(Method::POST, "/databases", &databases).await?;
        let user = json!({"users": [
            {"name": "v", "password": "secret-2", "databases": [{"name": "more"}]}
        ]});
        self.change(Method::POST, "/users", &user).await?;
        let instance = self.api.instance(&self.id).await.unwrap();
        let other = Sql::to(&instance, "v", "secret-2")?;
        other.run("create table more.t (a int)")?;
        assert!(other.run("select a from d.t").is_err());
        self.restart().await?;
        let group = json!({"configuration": {
            "name": self.version, "values": {"wait_timeout": 77},
            "datastore": {"type": "mariadb", "version": self.version},
        }});
        let made = self.api.ask(Method::POST, "/configurations", Some(&group)).await?;
        anyhow::ensure!(made.status == 200, "{made:?}");
        let group = made.json()["configuration"]["id"].take();
        self.change(Method::PUT, "", &json!({"instance": {"configuration": group}})).await?;
        wait_for("the group is in force", || {
            self.sql.run("select @@global.wait_timeout").is_ok_and(|rows| rows == ["77"])
        });
        self.change(Method::PUT, "", &json!({"instance": {"configuration": null}})).await?;
        self.api.wait_until_up(&self.id).await;
        let path = format!("/configurations/{}", group.as_str().unwrap());
        let deleted = self.api.ask(Method::DELETE, &path, None).await?;
        anyhow::ensure!(deleted.status == 202, "{deleted:?}");
        Ok(())
    }

    /// What was written is there afterwards.
    async fn restart(&self) -> anyhow::Result<()> {
        self.change(Method::POST, "/action", &json!({"restart": {}})).await?;
        self.api.wait_until_up(&self.id).await;
        assert_eq!(self.sql.clone().ready().run("select a from d.t")?, ["1"]);
        Ok(())
    }

    async fn end(self) -> anyhow::Result<()> {
        self.api.delete(&self.id).await
    }
}
