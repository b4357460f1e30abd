//! Newer versions are fetched while the stack runs; then all do the same, side by side, and the
//! instances of a version that is deactivated go on.

use crate::{image_id, images, start, versions_of};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::stack::{Api, Engine, Options, Sql, Trove, wait_for};

/// Of each datastore, what every stack offers and what is fetched beside it.
const OLD: [Engine; 2] = [Engine::MARIADB, Engine::POSTGRESQL];
const NEW: [Engine; 2] = [Engine::MARIADB_11_8, Engine::POSTGRESQL_17];

#[tokio::test(flavor = "multi_thread")]
async fn versions_serve_side_by_side_until_some_are_taken_away() -> anyhow::Result<()> {
    let options = Options { taskmanagers: 2, ..Options::default() };
    let (stack, trove, api) = start(options).await?;
    for engine in OLD {
        // Also where images of others lie about.
        assert_eq!(versions_of(&trove, engine.datastore)?, [engine.version]);
    }
    are_fetched(&trove)?;
    differences_are_told(&trove)?;

    let begin = |engine| Smoke::begin(&api, engine);
    let ([old, other_old], [new, other_new]) = (OLD, NEW);
    let (old, other_old, new, other_new) =
        tokio::try_join!(begin(old), begin(other_old), begin(new), begin(other_new))?;
    tokio::try_join!(old.work(), other_old.work(), new.work(), other_new.work())?;
    let has_all =
        |image: &&Value| OLD.iter().chain(&NEW).any(|engine| image["series"] == engine.version);
    for image in images(&trove)?.iter().filter(has_all) {
        assert_eq!(image["instances"], 1, "{image}");
    }

    for engine in NEW {
        is_deactivated(&trove, &api, engine).await?;
    }
    tokio::try_join!(old.restart(), other_old.restart(), new.restart(), other_new.restart())?;
    for engine in NEW {
        is_not_taken_away(&trove, engine)?;
    }
    tokio::try_join!(new.end(), other_new.end())?;
    for (engine, left) in NEW.into_iter().zip(OLD) {
        trove.run(&format!("datastore-version-delete {}", engine.version))?;
        assert_eq!(versions_of(&trove, engine.datastore)?, [left.version]);
    }
    tokio::try_join!(old.restart(), other_old.restart())?;
    for engine in NEW {
        // Nothing has to be fetched again for it to come back.
        trove.run(&fetch(engine))?;
        Smoke::begin(&api, engine).await?.end().await?;
    }
    tokio::try_join!(old.end(), other_old.end())?;
    drop(stack);
    Ok(())
}

fn fetch(engine: Engine) -> String {
    format!("image fetch {} {}", engine.datastore, engine.version)
}

fn are_fetched(trove: &Trove) -> anyhow::Result<()> {
    let available = trove.run("image list --available")?.to_string();
    for (engine, old) in NEW.into_iter().zip(OLD) {
        assert!(available.contains(&format!("\"{}\"", engine.version)), "{available}");
        let fetched = trove.run(&fetch(engine))?["version"].take();
        assert_eq!(trove.run(&fetch(engine))?["version"], fetched);
        assert_eq!(fetched["image"], image_id(trove, engine.version)?);
        let offered = [engine.version, old.version];
        assert_eq!(versions_of(trove, engine.datastore)?, offered);
    }
    Ok(())
}

async fn is_deactivated(trove: &Trove, api: &Api, engine: Engine) -> anyhow::Result<()> {
    let Engine { datastore, version, .. } = engine;
    trove.run(&format!(
        "datastore-version-update --datastore {datastore} --active false {version}"
    ))?;
    let refused = api.create("late", engine.with(json!({}))).await?;
    assert_eq!(refused.status, 400, "{refused:?}");
    Ok(())
}

fn is_not_taken_away(trove: &Trove, engine: Engine) -> anyhow::Result<()> {
    let version = engine.version;
    let remove = format!("image remove {}", image_id(trove, version)?);
    let refused = trove.refused(&remove)?;
    assert!(refused.said.contains(&format!("the image of version {version}")), "{refused:?}");
    let refused = trove.refused(&format!("datastore-version-delete {version}"))?;
    assert!(refused.said.contains("in use by instance"), "{refused:?}");
    Ok(())
}

fn differences_are_told(trove: &Trove) -> anyhow::Result<()> {
    let diff = trove.run("datastore-version-diff 10.11 11.8 --datastore mariadb")?;
    assert!(has(&diff, "added", "binlog_gtid_index"), "{diff}");
    assert!(has(&diff, "removed", "innodb_change_buffering"), "{diff}");
    // Where servers send their clients is not for tenants to say.
    assert!(!has(&diff, "added", "redirect_url"), "{diff}");
    let isolation = json!({"default": {"from": "OFF", "to": "ON"}});
    assert_eq!(changes(&diff, "innodb_snapshot_isolation"), &isolation);

    let diff = trove.run("datastore-version-diff 15 17 --datastore postgresql")?;
    assert!(has(&diff, "added", "io_combine_limit"), "{diff}");
    assert!(has(&diff, "removed", "old_snapshot_threshold"), "{diff}");
    // Nor how hard it is to log in, nor who else says what is set.
    for name in ["scram_iterations", "transaction_timeout", "allow_alter_system"] {
        assert!(!has(&diff, "added", name), "{diff}");
    }
    let lower = json!({"min": {"from": 1024, "to": 64}});
    assert_eq!(changes(&diff, "maintenance_work_mem"), &lower);
    Ok(())
}

fn has(diff: &Value, list: &str, name: &str) -> bool {
    diff[list].as_array().unwrap().iter().any(|parameter| parameter["name"] == name)
}

fn changes<'a>(diff: &'a Value, name: &str) -> &'a Value {
    let changed = diff["changed"].as_array().unwrap();
    &changed.iter().find(|each| each["name"] == name).unwrap()["fields"]
}

/// An instance of one version, and what is done with it.
struct Smoke<'a> {
    api: &'a Api,
    engine: Engine,
    id: String,
    sql: Sql,
}

impl<'a> Smoke<'a> {
    async fn begin(api: &'a Api, engine: Engine) -> anyhow::Result<Self> {
        let instance = api.create_active(engine.version, engine.with_user("secret-1")).await?;
        let id = instance["id"].as_str().unwrap().to_owned();
        let sql = Sql::to(&instance, "u", "secret-1")?.within("d");
        Ok(Self { api, engine, id, sql })
    }

    async fn change(&self, method: Method, rest: &str, body: Option<&Value>) -> anyhow::Result<()> {
        let path = format!("/instances/{}{rest}", self.id);
        let answer = self.api.ask(method, &path, body).await?;
        anyhow::ensure!(answer.status == 202, "{}: {answer:?}", self.engine.version);
        Ok(())
    }

    async fn work(&self) -> anyhow::Result<()> {
        let number = self.sql.run("select version()")?.remove(0);
        assert!(number.contains(&format!("{}.", self.engine.version)), "{number}");
        self.sql.run("create table t (a int); insert into t values (1)")?;
        self.share().await?;
        self.restart().await?;
        self.tune().await
    }

    /// Another database, another user, and rights as clients see them.
    async fn share(&self) -> anyhow::Result<()> {
        let databases = json!({"databases": [{"name": "more"}]});
        self.change(Method::POST, "/databases", Some(&databases)).await?;
        let user = json!({"users": [
            {"name": "v", "password": "secret-2", "databases": [{"name": "more"}]}
        ]});
        self.change(Method::POST, "/users", Some(&user)).await?;
        let instance = self.api.instance(&self.id).await.unwrap();
        let other = Sql::to(&instance, "v", "secret-2")?;
        let (more, d) = (other.clone().within("more"), other.within("d"));
        more.run("create table t (a int)")?;
        assert!(d.run("select a from t").is_err());
        let right = json!({"databases": [{"name": "d"}]});
        self.change(Method::PUT, "/users/v/databases", Some(&right)).await?;
        assert_eq!(d.run("select a from t")?, ["1"]);
        d.run("insert into t values (2)")?;
        assert_eq!(self.sql.run("delete from t where a = 2; select a from t")?, ["1"]);
        self.change(Method::DELETE, "/users/v/databases/d", None).await?;
        assert!(d.run("select a from t").is_err());
        more.run("drop table t").map(drop)
    }

    /// A configuration group comes into force, and goes.
    async fn tune(&self) -> anyhow::Result<()> {
        let Engine { datastore, version, live, .. } = self.engine;
        let [(value, shown), ..] = live.values;
        let group = json!({"configuration": {
            "name": version, "values": {live.name: value},
            "datastore": {"type": datastore, "version": version},
        }});
        let made = self.api.ask(Method::POST, "/configurations", Some(&group)).await?;
        anyhow::ensure!(made.status == 200, "{made:?}");
        let group = made.json()["configuration"]["id"].take();
        let attached = json!({"instance": {"configuration": group}});
        self.change(Method::PUT, "", Some(&attached)).await?;
        wait_for("the group is in force", || {
            self.sql.run(live.shown_by).is_ok_and(|rows| rows == [shown])
        });
        let detached = json!({"instance": {"configuration": null}});
        self.change(Method::PUT, "", Some(&detached)).await?;
        self.api.wait_until_up(&self.id).await;
        let path = format!("/configurations/{}", group.as_str().unwrap());
        let deleted = self.api.ask(Method::DELETE, &path, None).await?;
        anyhow::ensure!(deleted.status == 202, "{deleted:?}");
        Ok(())
    }

    /// What was written is there afterwards.
    async fn restart(&self) -> anyhow::Result<()> {
        self.change(Method::POST, "/action", Some(&json!({"restart": {}}))).await?;
        self.api.wait_until_up(&self.id).await;
        assert_eq!(self.sql.clone().ready().run("select a from t")?, ["1"]);
        Ok(())
    }

    async fn end(self) -> anyhow::Result<()> {
        self.api.delete(&self.id).await
    }
}
