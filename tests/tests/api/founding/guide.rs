//! The calls of the API guide.

use super::proposal::Made;
use super::walk::{Dialect, Walk};
use serde_json::{Value, json};
use testkit::stack::{Sql, wait_for_async};

/// An instance of the guide's, and somebody who sees all that is in it.
struct Guided {
    id: String,
    path: String,
    root: Sql,
}

impl Guided {
    /// The one value that a query gives.
    fn sees(&self, query: &str) -> String {
        let rows = self.root.run(query).unwrap_or_default();
        rows.first().cloned().unwrap_or_default()
    }
}

pub(super) async fn every_call(walk: &mut Walk, made: &Made) -> anyhow::Result<()> {
    choices(walk, made).await?;
    quotas(walk).await?;
    let guided = instance(walk, made).await?;
    inside(walk, &guided).await?;
    configuration(walk, made, &guided).await?;
    actions(walk, &guided).await?;
    walk.tell("DELETE /instances/{id}", &guided.path, None).await?;
    wait_for_async("the instance is gone", async || {
        (walk.api.get(&guided.path).await.ok()?.status == 404).then_some(())
    })
    .await;
    Ok(())
}

fn links() -> Value {
    json!([{"href": "https://10.0.1.39:8779/", "rel": "self"}])
}

async fn choices(walk: &mut Walk, made: &Made) -> anyhow::Result<()> {
    let Made { datastore, version } = made;
    let version_sample = json!({"id": "ac79", "links": links(), "name": "mysql-5.1"});
    let sample =
        json!({"versions": [version_sample], "id": "4e0f", "links": links(), "name": "mysql"});
    let all = json!({"datastores": [sample]});
    walk.show("GET /datastores", "/datastores", &all).await?;
    let one = json!({"datastore": sample});
    let path = format!("/datastores/{datastore}");
    let shown = walk.show("GET /datastores/{name}", &path, &one).await?;
    assert_eq!(shown["datastore"]["versions"][0]["id"], json!(version));

    let mut sample = json!({
        "name": "wait_timeout", "restart_required": false, "type": "integer",
        "datastore_version_id": "ac79",
    });
    let path = format!("/datastores/{datastore}/versions/mysql-5.1/parameters");
    let all = json!({"configuration-parameters": [sample]});
    // They are read from the image once there is the version.
    wait_for_async("its parameters are known", async || {
        let listed = walk.api.get(&path).await.ok()?.json();
        (listed["configuration-parameters"] != json!([])).then_some(())
    })
    .await;
    walk.show("GET /datastores/{name}/versions/{version}/parameters", &path, &all).await?;
    sample["min"] = json!("1");
    sample["max"] = json!("31536000");
    let call = "GET /datastores/{name}/versions/{version}/parameters/{parameter}";
    let shown = walk.show(call, &format!("{path}/wait_timeout"), &sample).await?;
    let limits = match walk.dialect {
        Dialect::Founding => (json!("1"), json!("31536000")),
        Dialect::Trove => (json!(1), json!(31_536_000)),
    };
    assert_eq!((&shown["min"], &shown["max"]), (&limits.0, &limits.1));

    let sample = json!({"flavors": [{
        "name": "m1", "links": links(), "ram": 1024, "vcpus": 1, "str_id": "ee26", "id": null,
    }]});
    walk.show("GET /flavors", "/flavors", &sample).await?;
    Ok(())
}

async fn quotas(walk: &mut Walk) -> anyhow::Result<()> {
    let path = format!("/mgmt/quotas/{}", walk.api.project);
    let body = json!({"quotas": {"instances": 102, "backups": 6, "volumes": 101}});
    let set = walk.manage("PUT /mgmt/quotas/{project}", &path, Some(body.clone())).await?;
    let figure = json!({"limit": 102});
    let sample = json!({"quotas": {"instances": figure, "backups": figure, "volumes": figure}});
    let set = walk.shaped("PUT /mgmt/quotas/{project}", &set, &sample);
    let figure = json!({"reserved": 0, "limit": 102, "in_use": 1});
    let sample = json!({"quotas": {"instances": figure, "backups": figure, "volumes": figure}});
    let shown = walk.show("GET /mgmt/quotas/{project}", &path, &sample).await?;
    match walk.dialect {
        Dialect::Founding => {
            assert_eq!(set["quotas"]["volumes"], json!({"limit": 101}));
            assert_eq!(shown["quotas"]["instances"]["limit"], 102);
        }
        Dialect::Trove => {
            assert_eq!(set, body);
            assert_eq!(shown["quotas"][0]["limit"], 102);
        }
    }
    Ok(())
}

fn instance_sample() -> Value {
    json!({
        "status": "ACTIVE", "name": "test-trove-4", "links": links(),
        "created": "2015-05-14T01:53:18", "subnet_id": "d9c5", "ip": "122.122.122.4",
        "id": "19c7", "volume": {"size": 10}, "flavor": {"id": "042d", "links": links()},
        "datastore": {"version": "mysql-5.1", "type": "mysql"},
    })
}

async fn instance(walk: &mut Walk, made: &Made) -> anyhow::Result<Guided> {
    let body = json!({"instance": {
        "users": [{
            "password": "nihao", "name": "test", "databases": [{"name": "test-trove"}],
        }],
        "availability_zone": "nova",
        "nics": [{
            "net-id": "a1aeec04-0e2f-4928-b85c-bfb7402cd0ec",
            "subnet-id": "d9c5c6eb-38bd-41d4-9bd2-8db25786a64b",
        }],
        "flavorRef": "1",
        "volume": {"size": 1},
        "databases": [{"name": "test-trove"}],
        "datastore": {"version": "mysql-5.1", "type": made.datastore},
        "name": "test-trove-3",
    }});
    let answer = walk.call("POST /instances", "/instances", Some(body)).await?;
    let mut sample = instance_sample();
    sample["updated"] = json!("2015-05-14T06:47:29");
    sample["ip"] = Value::Null;
    let answer = walk.shaped("POST /instances", &answer, &json!({"instance": sample}));
    let id = answer["instance"]["id"].as_str().unwrap().to_owned();
    let shown = walk.api.wait_until_up(&id).await;
    let test = Sql::to(&shown, "test", "nihao")?.ready();
    assert_eq!(test.run("select database() from dual where 1")?, ["NULL"]);
    test.run("create table `test-trove`.t (i int)")?;

    let path = format!("/instances/{id}");
    let mut sample = instance_sample();
    let listed = json!({"instances": [sample]});
    walk.show("GET /instances", "/instances", &listed).await?;
    let mut all = listed.clone();
    all["instances"][0]["tenant_id"] = json!("4eee");
    all["instances"][0]["user_id"] = json!("6d36");
    // Others' instances may just be made, and have no address and no subnet.
    all["instances"][0]["ip"] = Value::Null;
    all["instances"][0]["subnet_id"] = Value::Null;
    let call = "GET /instances?all_tenants=1";
    let every = walk.manage(call, "/instances?all_tenants=1", None).await?;
    walk.shaped(call, &every, &all);

    wait_for_async("the volume's use is known", async || {
        let shown = walk.api.instance(&id).await?;
        shown["volume"]["used"].is_f64().then_some(())
    })
    .await;
    sample["volume"] = json!({"used": 0.12, "size": 10});
    sample["updated"] = json!("2015-05-14T01:05:22");
    let shown = walk.show("GET /instances/{id}", &path, &json!({"instance": sample})).await?;
    let address = shown["instance"]["addresses"][0]["address"].clone();
    let expected = if walk.dialect == Dialect::Founding { address } else { json!([address]) };
    assert_eq!(shown["instance"]["ip"], expected);

    let enabled = walk.api.ask(reqwest::Method::POST, &format!("{path}/root"), None).await?.json();
    let password = enabled["user"]["password"].as_str().unwrap();
    let root = Sql::to(&shown["instance"], "root", password)?.ready();
    Ok(Guided { id, path, root })
}

async fn inside(walk: &mut Walk, guided: &Guided) -> anyhow::Result<()> {
    let path = format!("{}/databases", guided.path);
    let body = json!({"databases": [
        {"character_set": "utf8", "collate": "utf8_general_ci", "name": "wordpress"},
        {"name": "youdao"},
    ]});
    walk.tell("POST /instances/{id}/databases", &path, Some(body)).await?;
    let charset = "select default_character_set_name from information_schema.schemata \
                   where schema_name = 'wordpress'";
    assert_eq!(guided.sees(charset), "utf8mb3");
    let sample = json!({"databases": [{"name": "test"}]});
    let listed = walk.show("GET /instances/{id}/databases", &path, &sample).await?;
    let names = json!([{"name": "test-trove"}, {"name": "wordpress"}, {"name": "youdao"}]);
    assert_eq!(listed["databases"], names);
    let one = format!("{path}/youdao");
    walk.tell("DELETE /instances/{id}/databases/{name}", &one, None).await?;
    assert_eq!(guided.sees("show databases like 'youdao'"), "");

    let path = format!("{}/users", guided.path);
    let body = json!({"users": [{
        "password": "nihao", "name": "test_000", "databases": [{"name": "test-trove"}],
    }]});
    walk.tell("POST /instances/{id}/users", &path, Some(body)).await?;
    let shown = walk.api.instance(&guided.id).await.unwrap();
    let test_000 = Sql::to(&shown, "test_000", "nihao")?;
    assert_eq!(test_000.run("select count(*) from `test-trove`.t")?, ["0"]);
    let sample =
        json!({"users": [{"host": "%", "name": "test", "databases": [{"name": "test-trove"}]}]});
    let listed = walk.show("GET /instances/{id}/users", &path, &sample).await?;
    assert_eq!(listed["users"][1]["name"], "test_000");
    walk.tell("DELETE /instances/{id}/users/{name}", &format!("{path}/test_000"), None).await?;
    assert!(test_000.run("select 1").is_err(), "a deleted user can't log in");

    let path = format!("{}/configuration", guided.path);
    let sample = json!({"instance": {"configuration": {"max_connections": "400"}}});
    let defaults = walk.show("GET /instances/{id}/configuration", &path, &sample).await?;
    let connections = guided.sees("select @@global.max_connections");
    assert_eq!(defaults["instance"]["configuration"]["max_connections"], json!(connections));
    Ok(())
}

async fn configuration(walk: &mut Walk, made: &Made, guided: &Guided) -> anyhow::Result<()> {
    let values = json!({"wait_timeout": 100, "max_connect_errors": 50});
    let body = json!({"configuration": {
        "datastore": {"version": "mysql-5.1", "type": made.datastore},
        "values": values, "name": "test_conf", "description": "for test",
    }});
    let answer = walk.call("POST /configurations", "/configurations", Some(body)).await?;
    let mut sample = json!({
        "datastore_name": "mysql", "updated": "2015-05-05T09:22:03", "name": "test_conf",
        "created": "2015-05-05T09:22:03", "datastore_version_name": "mysql-5.1", "id": "5017",
        "datastore_version_id": "ac79", "description": "for test",
    });
    let listed = json!({"configurations": [sample]});
    sample["values"] = values.clone();
    sample["instance_count"] = json!(0);
    let sample = json!({"configuration": sample});
    let group = walk.shaped("POST /configurations", &answer, &sample)["configuration"].clone();
    assert_eq!(group["values"], values);
    let id = group["id"].as_str().unwrap();
    let path = format!("/configurations/{id}");
    walk.show("GET /configurations/{id}", &path, &sample).await?;
    walk.show("GET /configurations", "/configurations", &listed).await?;

    let body = json!({"instance": {"configuration": id}});
    walk.tell("PUT /instances/{id}: attach", &guided.path, Some(body)).await?;
    let two = "select concat(@@global.wait_timeout, ' ', @@global.max_connect_errors)";
    assert_eq!(guided.sees(two), "100 50");
    let of = format!("{path}/instances");
    let sample = json!({"instances": [{"id": "4984", "name": "test-trove-1"}]});
    let followers = walk.show("GET /configurations/{id}/instances", &of, &sample).await?;
    assert_eq!(followers["instances"][0]["id"], json!(guided.id));

    let body = json!({"configuration": {
        "name": "kk", "description": "new description",
        "values": {
            "wait_timeout": 50, "max_connect_errors": 60, "innodb_flush_log_at_trx_commit": 0,
        },
    }});
    walk.tell("PUT /configurations/{id}", &path, Some(body)).await?;
    let three = "select concat(@@global.wait_timeout, ' ', @@global.max_connect_errors, ' ', \
                 @@global.innodb_flush_log_at_trx_commit)";
    wait_for_async("the group's new values are in force", async || {
        (guided.sees(three) == "50 60 0").then_some(())
    })
    .await;

    walk.tell("PUT /instances/{id}: detach", &guided.path, Some(json!({"instance": {}}))).await?;
    assert_eq!(guided.sees(two), "28800 100");
    // By its URL, which is any host's, and with another name at once.
    let url = format!("http://10.0.1.39:8779/v1.0/configurations/{id}");
    let body = json!({"instance": {"name": "trove", "configuration": url}});
    walk.tell("PATCH /instances/{id}", &guided.path, Some(body)).await?;
    let shown = walk.api.instance(&guided.id).await.unwrap();
    assert_eq!((&shown["name"], &shown["configuration"]["name"]), (&json!("trove"), &json!("kk")));
    assert_eq!(guided.sees(two), "50 60");
    // A key without a value takes the group off.
    let body = json!({"instance": {"configuration": null}});
    walk.tell("PATCH /instances/{id}", &guided.path, Some(body)).await?;
    assert_eq!(guided.sees(two), "28800 100");
    walk.tell("DELETE /configurations/{id}", &path, None).await?;
    assert_eq!(walk.api.get(&path).await?.status, 404);
    Ok(())
}

async fn actions(walk: &mut Walk, guided: &Guided) -> anyhow::Result<()> {
    let path = format!("{}/action", guided.path);
    let started = "select unix_timestamp() - variable_value from information_schema.global_status \
                   where variable_name = 'UPTIME'";
    let first = guided.sees(started);
    let call = "POST /instances/{id}/action: restart";
    walk.tell(call, &path, Some(json!({"restart": {}}))).await?;
    walk.api.wait_until_up(&guided.id).await;
    assert_ne!(guided.sees(started), first, "another server runs");

    let pool = "select @@global.innodb_buffer_pool_size";
    let small: u64 = guided.sees(pool).parse()?;
    let call = "POST /instances/{id}/action: resize the instance";
    walk.tell(call, &path, Some(json!({"resize": {"flavorRef": "2"}}))).await?;
    let shown = walk.api.wait_until_up(&guided.id).await;
    assert_eq!(shown["flavor"]["id"], "2");
    let large: u64 = guided.sees(pool).parse()?;
    assert!(large > small, "{large} > {small}");

    let call = "POST /instances/{id}/action: resize the volume";
    walk.tell(call, &path, Some(json!({"resize": {"volume": {"size": 2}}}))).await?;
    let shown = walk.api.wait_until_up(&guided.id).await;
    assert_eq!(shown["volume"]["size"], 2);
    assert_eq!(guided.sees("select count(*) from `test-trove`.t"), "0", "its data is there");
    Ok(())
}
