//! Requests made from the OpenAPI document, good ones and bad ones, against a real service: no
//! answer may be a failure of ours or contradict the document, and what breaks the document must
//! be refused. Afterwards nothing may be stuck, and the service must work as before.
//!
//! The document and the answers are held against each other by schemathesis; that they are the
//! same for what our own tests ask is checked with each of these (`gateway/tests/rest`).

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use testkit::history::History;
use testkit::stack::{Api, Options, Stack, environment};

/// Sets the seed for requests at random, so that other ones are tried.
const SEED: &str = "TROVE_CONTRACT_SEED";

const PACKAGE: &str = "schemathesis==4.32.5";

/// Requests at random for each operation, after those at the edges of what the document allows.
const EXAMPLES: u32 = 10;

/// More than the service takes for the slowest answer, on a slow machine too.
const REQUEST_MAX_S: u32 = 60;

/// The least number of requests that a run makes: a run with less has not looked.
const REQUESTS_MIN: u64 = 3000;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_answered_otherwise_than_the_document_says() -> anyhow::Result<()> {
    let stack = tokio::task::spawn_blocking(|| Stack::start(Options::default())).await??;
    let history = History::follow(Arc::new(stack.log().await?)).await?;
    // An administrator is refused least.
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let known = admin.get("/datastores/mariadb/versions").await?.json();
    let image = known["versions"][0]["image"].clone();
    let more = json!({
        "databases": [{"name": "shop"}],
        "users": [{"name": "app", "password": "pw", "databases": [{"name": "shop"}]}],
    });
    admin.create_active("target", more).await?;

    let folder = tempfile::tempdir()?;
    let document = document(&stack, &admin).await?;
    let operations = count(&document);
    std::fs::write(folder.path().join("openapi.json"), document.to_string())?;
    std::fs::write(folder.path().join("schemathesis.toml"), configuration(&admin.token))?;
    let (folder, url) = (folder.path().to_owned(), stack.url(0)?);
    let report = tokio::task::spawn_blocking(move || run(&folder, &url)).await??;
    println!("{report}");
    assert!(report.contains(&format!("Tested: {operations}")), "not all of {operations}");
    assert!(requests(&report) >= REQUESTS_MIN, "{}", requests(&report));

    history.rest().await;
    works_as_before(&stack, &admin, &image).await
}

/// Requests of an administrator may have taken every datastore away.
async fn works_as_before(stack: &Stack, admin: &Api, image: &Value) -> anyhow::Result<()> {
    let body = json!({"version": {
        "name": "after", "datastore_name": "after", "datastore_manager": "mariadb",
        "active": true, "image": image,
    }});
    let made = admin.ask(Method::POST, "/mgmt/datastore-versions", Some(&body)).await?;
    anyhow::ensure!(made.status == 202, "{made:?}");
    let member = stack.api(&stack.person()?).await?;
    let more = json!({"datastore": {"type": "after", "version": "after"}});
    let instance = member.create_active("after", more).await?;
    member.delete(instance["id"].as_str().context("no id")?).await
}

/// The document as served, for the one project that the token is for. The header that asks for a
/// position of the log is left out: one of the future is waited for, and then rightly a 503.
async fn document(stack: &Stack, admin: &Api) -> anyhow::Result<Value> {
    let served = reqwest::get(format!("{}/openapi.json", stack.url(0)?)).await?;
    let mut document: Value = serde_json::from_str(&served.text().await?)?;
    let paths = document["paths"].as_object_mut().context("no paths")?;
    let mut own = serde_json::Map::new();
    for (path, mut operations) in std::mem::take(paths) {
        for operation in operations.as_object_mut().context("no operations")?.values_mut() {
            let parameters = operation["parameters"].as_array_mut().context("no parameters")?;
            parameters.retain(|parameter| {
                parameter["name"] != "project_id" && parameter["name"] != "X-Trove-Position"
                    || parameter["in"] == "query"
            });
        }
        own.insert(path.replace("{project_id}", &admin.project), operations);
    }
    document["paths"] = Value::Object(own);
    Ok(document)
}

fn count(document: &Value) -> usize {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.map(|(_, operations)| operations.as_object().map_or(0, serde_json::Map::len)).sum()
}

/// What is not offered is a 501, which is no failure. Known paths with another method are a 404
/// in this interface, and which bodies are good depends on more than their shape.
fn configuration(token: &str) -> String {
    format!(
        r#"
        headers = {{ "X-Auth-Token" = "{token}" }}
        continue-on-failure = true
        request-timeout = {REQUEST_MAX_S}
        workers = 1
        warnings = false
        generation.max-examples = {EXAMPLES}
        generation.mode = "all"
        generation.allow-extra-parameters = false
        generation.database = "none"
        phases.stateful.enabled = false
        [checks]
        not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 501]
        unsupported_method.enabled = false
        positive_data_acceptance.enabled = false
        "#
    )
}

/// Runs it to its end; what it found is part of the error, with the seed that finds it again.
fn run(folder: &Path, url: &str) -> anyhow::Result<String> {
    let seed = std::env::var(SEED).unwrap_or_else(|_| "1".to_owned());
    let output = Command::new(environment(&[PACKAGE])?.join("bin/schemathesis"))
        .args(["--config-file", "schemathesis.toml", "run", "openapi.json", "--no-color"])
        .args(["--url", url, "--seed", &seed])
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder)
        .env("PYTHONUTF8", "1")
        .output()
        .context("start schemathesis")?;
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{}\n{report}\n{said}", output.status);
    Ok(report)
}

/// How many requests were made.
fn requests(report: &str) -> u64 {
    let line = report.lines().find(|line| line.contains(" generated"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
