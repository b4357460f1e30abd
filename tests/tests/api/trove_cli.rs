//! The command line `trove`: its everyday commands, its two ways to log in, and its exit codes.

use super::newcomer;
use super::openstack::beside;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use testkit::each_engine;
use testkit::stack::{Engine, Person, Sql, Stack, program, wait_for};

each_engine!(everyday_work_goes_by_names_from_creation_to_deletion);

/// The command line with an environment of its own.
#[derive(Clone)]
pub(crate) struct Trove {
    env: Vec<(&'static str, String)>,
    // Nobody else's clouds.yaml lies there.
    home: Arc<tempfile::TempDir>,
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Trove {
    fn new(env: Vec<(&'static str, String)>) -> anyhow::Result<Self> {
        Ok(Self { env, home: Arc::new(tempfile::tempdir()?) })
    }

    /// With the variables that log a person in.
    pub(crate) fn of(stack: &Stack, person: &Person) -> anyhow::Result<Self> {
        Self::new(vec![
            ("OS_AUTH_URL", format!("{}/identity/v3", stack.url(0)?)),
            ("OS_USERNAME", person.user.clone()),
            ("OS_PASSWORD", person.password.clone()),
            ("OS_PROJECT_NAME", person.project.clone()),
        ])
    }

    /// With the file that the launcher has written.
    fn of_clouds(stack: &Stack) -> anyhow::Result<Self> {
        let file: PathBuf = stack.state().join("clouds.yaml");
        Self::new(vec![("OS_CLIENT_CONFIG_FILE", file.display().to_string())])
    }

    /// With one variable more, or another value of it.
    fn with(&self, key: &'static str, value: &str) -> Self {
        let mut other = self.clone();
        other.env.retain(|(found, _)| *found != key);
        other.env.push((key, value.to_owned()));
        other
    }

    fn try_run(&self, arguments: &str, input: &str) -> anyhow::Result<Ended> {
        let mut child = Command::new(program("trove")?)
            .args(arguments.split_ascii_whitespace())
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().unwrap().write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        Ok(Ended { code, out: text(&output.stdout), err: text(&output.stderr) })
    }

    /// Runs a command that succeeds.
    pub(crate) fn run(&self, arguments: &str) -> anyhow::Result<String> {
        self.feed(arguments, "")
    }

    /// Runs a command that succeeds, with that on its standard input.
    fn feed(&self, arguments: &str, input: &str) -> anyhow::Result<String> {
        let ended = self.try_run(arguments, input)?;
        anyhow::ensure!(ended.code == 0, "trove {arguments}: {ended:?}");
        Ok(ended.out)
    }

    /// Runs a command that succeeds and prints JSON.
    pub(crate) fn json(&self, arguments: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.run(&format!("{arguments} --json"))?)?)
    }

    /// Runs a command that ends with that code; gives what it complained.
    pub(crate) fn fail(&self, code: i32, arguments: &str) -> anyhow::Result<String> {
        let ended = self.try_run(arguments, "")?;
        anyhow::ensure!(ended.code == code, "trove {arguments}: {ended:?}, and not {code}");
        Ok(ended.err)
    }
}

fn names<'a>(body: &'a Value, key: &str) -> Vec<&'a str> {
    body[key].as_array().unwrap().iter().map(|each| each["name"].as_str().unwrap()).collect()
}

async fn everyday_work_goes_by_names_from_creation_to_deletion(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, person, _) = newcomer().await?;
    beside(move || everyday(engine, &Trove::of(&stack, &person)?)).await
}

fn everyday(engine: Engine, trove: &Trove) -> anyhow::Result<()> {
    let created = trove.run(&format!(
        "create shop db.tiny --size 1 --datastore {} --datastore_version {} --databases stock \
         --users anna:first-secret --wait --timeout 90",
        engine.datastore, engine.version
    ))?;
    assert!(created.contains("| status ") && created.contains(" ACTIVE "), "{created}");
    assert!(!created.contains("first-secret"), "{created}");
    let listed = trove.json("list")?;
    assert_eq!(names(&listed, "instances"), ["shop"]);
    let id = listed["instances"][0]["id"].as_str().unwrap().to_owned();
    assert!(trove.run("list")?.contains(&id));

    let shown = trove.json("show shop")?["instance"].take();
    assert_eq!((&shown["id"], &shown["status"]), (&json!(id), &json!("ACTIVE")));
    assert_eq!(trove.json(&format!("show {id}"))?["instance"]["name"], "shop");
    let anna = Sql::to(&shown, "anna", "first-secret")?.within("stock");
    assert_eq!(anna.run("select 1")?, ["1"]);
    inside(engine, trove, &shown)?;

    trove.run("rename shop store")?;
    assert_eq!(trove.json("show store")?["instance"]["id"], json!(id));
    let restarted: Value = serde_json::from_str(&trove.run("restart store --wait --json")?)?;
    assert_eq!(restarted["instance"]["status"], "ACTIVE");
    let gone = trove.run("delete store --wait --timeout 90")?;
    assert!(gone.contains("is gone"), "{gone}");
    assert_eq!(trove.json("list")?, json!({"instances": []}));
    trove.fail(3, &format!("show {id}")).map(drop)
}

/// Databases, users and what these may use.
fn inside(engine: Engine, trove: &Trove, instance: &Value) -> anyhow::Result<()> {
    trove.run(&format!("database-create shop archive --character_set {}", engine.charset.name))?;
    let databases = trove.json("database-list shop")?;
    assert_eq!(names(&databases, "databases"), ["archive", "stock"]);
    let made = trove.feed("user-create shop b@b --password-file - --databases stock", "s-e-c\n")?;
    assert!(!made.contains("s-e-c"), "{made}");
    let bob = Sql::to(instance, "b@b", "s-e-c")?;
    let (stock, archive) = (bob.clone().within("stock"), bob.within("archive"));
    assert_eq!(stock.run("select 1")?, ["1"]);
    trove.run("user-grant-access shop b@b archive")?;
    archive.run("create table t (a int)")?;
    trove.run("user-revoke-access shop b@b archive")?;
    assert!(archive.run("insert into t values (1)").is_err(), "revoked");
    let access = trove.json("user-show-access shop b@b")?;
    assert_eq!(names(&access, "databases"), ["stock"]);
    assert_eq!(trove.json("user-show shop b@b")?["user"]["host"], "%");
    trove.feed("user-update-attributes shop b@b --new_name bella --password-file -", "new-one")?;
    let bella = Sql::to(instance, "bella", "new-one")?.within("stock");
    assert_eq!(bella.run("select 1")?, ["1"]);
    let users = trove.run("user-list shop")?;
    assert!(users.contains("anna") && users.contains("bella"), "{users}");
    let again = trove.fail(1, "database-create shop archive")?;
    assert!(again.contains("already exists") && again.contains("req-"), "{again}");
    trove.run("user-delete shop bella")?;
    trove.fail(3, "user-show shop bella")?;
    trove.run("database-delete shop archive")?;
    // What takes long is answered before it is done.
    wait_for("the database is gone", || {
        trove.json("database-list shop").is_ok_and(|found| names(&found, "databases") == ["stock"])
    });
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_launchers_clouds_log_in_and_so_do_tokens() -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    beside(move || {
        let trove = Trove::of_clouds(&stack)?;
        let flavors = trove.json("--os-cloud trove-demo flavor-list")?;
        assert_eq!(names(&flavors, "flavors"), ["db.tiny", "db.small", "db.medium", "db.large"]);
        assert!(trove.with("OS_CLOUD", "trove-demo").run("datastore-list")?.contains("mariadb"));
        let unnamed = trove.fail(4, "list")?;
        assert!(unnamed.contains("trove-admin, trove-demo"), "{unnamed}");
        let unknown = trove.fail(2, "list --os-cloud nobody")?;
        assert!(unknown.contains("no cloud nobody"), "{unknown}");
        trove.run("--os-cloud trove-admin list --all-projects")?;

        let url = format!("{}/identity", stack.url(0)?);
        let token = [("OS_AUTH_URL", url), ("OS_AUTH_TYPE", "token".to_owned())];
        let trove = Trove::new(token.to_vec())?.with("OS_TOKEN", &api.token);
        assert_eq!(trove.json("list")?, json!({"instances": []}));
        trove.with("OS_TOKEN", "forged").fail(4, "list").map(drop)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_chosen_is_listed_and_shown_as_json() -> anyhow::Result<()> {
    let (stack, person, _) = newcomer().await?;
    beside(move || {
        let trove = Trove::of(&stack, &person)?;
        assert_eq!(trove.json("flavor-show db.small")?["flavor"]["str_id"], "2");
        assert_eq!(trove.json("datastore-show mariadb")?["datastore"]["name"], "mariadb");
        let versions = trove.json("datastore-version-list mariadb")?;
        // Other tests add some of their own.
        let of_10_11 = |version: &&Value| version["name"] == "10.11";
        let known = versions["versions"].as_array().unwrap().iter().find(of_10_11).unwrap();
        let id = known["id"].clone();
        for way in ["10.11", "10.11 --datastore mariadb", id.as_str().unwrap()] {
            let shown = trove.json(&format!("datastore-version-show {way}"))?;
            assert_eq!(shown["version"]["id"], id);
        }
        let parameters = trove.json("configuration-parameter-list 10.11 --datastore mariadb")?;
        assert!(names(&parameters, "configuration-parameters").contains(&"max_connections"));
        let parameter = trove.json("configuration-parameter-show 10.11 max_connections")?;
        assert_eq!(parameter["type"], "integer");
        assert_eq!(trove.json("limit-list")?["limits"][0]["verb"], "ABSOLUTE");
        assert!(trove.run("limit-list")?.contains("max_instances"));
        for shell in ["bash", "zsh", "fish"] {
            assert!(trove.run(&format!("completion {shell}"))?.contains("database-create"));
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_say_what_a_script_has_to_know() -> anyhow::Result<()> {
    let (stack, person, _) = newcomer().await?;
    beside(move || {
        let trove = Trove::of(&stack, &person)?;
        let refused = trove.fail(1, "create big db.tiny --size 4000")?;
        assert!(refused.contains("cannot exceed maximum") && refused.contains("413"), "{refused}");
        trove.fail(2, "create nothing")?;
        trove.fail(2, "user-create shop anna")?;
        trove.fail(2, "configuration-create tuned {")?;
        let missing = trove.fail(3, "show nobody")?;
        assert!(missing.contains("can't find instance nobody"), "{missing}");
        trove.fail(3, "create shop db.none --size 1")?;
        trove.fail(3, "--os-region-name Elsewhere list")?;
        let wrong = trove.with("OS_PASSWORD", "wrong-one").fail(4, "list")?;
        assert!(wrong.contains("can't log in") && !wrong.contains("wrong-one"), "{wrong}");
        trove.fail(4, "list --all-projects")?;
        Trove::new(Vec::new())?.fail(4, "list")?;
        let nobody = trove.with("OS_AUTH_URL", "http://127.0.0.1:1").fail(5, "list")?;
        assert!(nobody.contains("127.0.0.1:1"), "{nobody}");
        let vain = trove.fail(6, "create slow db.tiny --size 1 --wait --timeout 0")?;
        assert!(vain.contains("BUILD"), "{vain}");
        trove.run("create slow db.tiny --size 1 --wait")?;
        let both = trove.fail(1, "delete slow")?;
        let listed = trove.json("list")?;
        for instance in listed["instances"].as_array().unwrap() {
            let id = instance["id"].as_str().unwrap();
            assert!(both.contains(id), "{both}");
            trove.run(&format!("delete {id} --wait"))?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_set_quotas_and_members_meet_them() -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    beside(move || {
        let trove = Trove::of(&stack, &person)?;
        let admin = Trove::of_clouds(&stack)?.with("OS_CLOUD", "trove-admin");
        let project = &api.project;
        let set = admin.json(&format!("quota-update {project} instances 0"))?;
        assert_eq!(set["quotas"]["instances"], 0);
        let quotas = trove.json("quota-show")?;
        let of_instances = |quota: &&Value| quota["resource"] == "instances";
        let quota = quotas["quotas"].as_array().unwrap().iter().find(of_instances).unwrap();
        assert_eq!(quota["limit"], 0);
        let refused = trove.fail(1, "create one db.tiny --size 1")?;
        assert!(refused.contains("Quota exceeded"), "{refused}");
        trove.fail(4, &format!("quota-update {project} instances 9"))?;
        admin.run(&format!("quota-update {project} instances -1"))?;
        assert!(admin.run(&format!("quota-show {project}"))?.contains("| instances |"));
        Ok(())
    })
    .await
}
