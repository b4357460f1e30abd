//! Another flavor, and a larger volume, seen from inside the database and from outside.

use super::newcomer;
use super::openstack::beside;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::each_engine;
use testkit::stack::{Api, Engine, Sql, Stack, wait_for_async};

each_engine!(
    another_flavor_gives_the_database_other_settings_and_keeps_its_rows,
    a_larger_volume_takes_what_the_former_had_no_room_for,
    a_resize_beyond_the_quota_is_refused_and_nothing_changes,
);

fn fill(instance: &Value) -> anyhow::Result<Sql> {
    let sql = Sql::to(instance, "u", "p-w-d")?.within("d");
    sql.run("create table t (a int); insert into t values (1), (2)")?;
    Ok(sql)
}

/// Whether the resize shows in the status, from its request to its end.
async fn resized(api: &Api, id: &str, details: Value) -> anyhow::Result<Value> {
    let path = format!("/instances/{id}/action");
    let body = json!({ "resize": details });
    let answer = api.ask(Method::POST, &path, Some(&body)).await?;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""), "{answer:?}");
    assert_eq!(api.instance(id).await.unwrap()["status"], "RESIZE");
    Ok(api.wait_until_up(id).await)
}

async fn quota(stack: &Stack, api: &Api, resource: &str) -> anyhow::Result<i64> {
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let answer = admin.get(&format!("/mgmt/quotas/{}", api.project)).await?.json();
    let quotas = answer["quotas"].as_array().unwrap();
    let found = quotas.iter().find(|quota| quota["resource"] == resource).unwrap();
    assert_eq!(found["reserved"], 0, "{answer}");
    Ok(found["in_use"].as_i64().unwrap())
}

async fn another_flavor_gives_the_database_other_settings_and_keeps_its_rows(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let instance = api.create_active("sized", engine.with_user("p-w-d")).await?;
    let id = instance["id"].as_str().unwrap();
    let sql = fill(&instance)?;
    let [(_, of_tiny), _, (flavor, of_medium)] = engine.memory.of_flavors;
    let figures = |sql: &Sql| -> anyhow::Result<(String, u64)> {
        let connections = sql.run(&engine.shows("max_connections"))?;
        Ok((sql.run(engine.memory.shown_by)?.concat(), connections[0].parse()?))
    };
    let tiny = figures(&sql)?;
    assert_eq!(tiny.0, of_tiny);
    assert_eq!(quota(&stack, &api, "ram").await?, 256);

    let path = format!("/instances/{id}/action");
    let body = json!({"resize": {"flavorRef": flavor}});
    assert_eq!(api.ask(Method::POST, &path, Some(&body)).await?.status, 202);
    assert_eq!(api.instance(id).await.unwrap()["status"], "RESIZE");
    let up = api.wait_until_up(id).await;
    assert_eq!((&up["flavor"]["id"], &up["fault"]), (&json!(flavor), &Value::Null));
    let medium = figures(&sql)?;
    assert!(medium.0 == of_medium && medium.1 > tiny.1, "{tiny:?} {medium:?}");
    assert_eq!(quota(&stack, &api, "ram").await?, 1024);
    assert_eq!(sql.run("select sum(a) from t")?, ["3"]);

    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)
    })
    .await?;
    beside(move || client.run_text("database instance resize flavor sized db.tiny")).await?;
    let down = api.wait_until_up(id).await;
    assert_eq!(down["flavor"]["id"], "1");
    assert_eq!(figures(&sql)?, tiny);
    assert_eq!(quota(&stack, &api, "ram").await?, 256);
    assert_eq!(sql.run("select sum(a) from t")?, ["3"]);
    api.delete(id).await
}

async fn a_larger_volume_takes_what_the_former_had_no_room_for(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, person, api) = newcomer().await?;
    let instance = api.create_active("grown", engine.with_user("p-w-d")).await?;
    let id = instance["id"].as_str().unwrap();
    let sql = fill(&instance)?;
    let client = beside({
        let stack = stack.clone();
        move || stack.openstack(&person)
    })
    .await?;
    beside(move || client.run_text("database instance resize volume grown 2")).await?;
    let grown = api.wait_until_up(id).await;
    assert_eq!((&grown["volume"]["size"], &grown["fault"]), (&json!(2), &Value::Null));
    assert_eq!(quota(&stack, &api, "volumes").await?, 2);
    assert_eq!(sql.run("select sum(a) from t")?, ["3"]);

    // Files of 1.2 GiB do not fit into the volume that it had.
    sql.run(&engine.wide("wide"))?;
    for _ in 0..20 {
        sql.run(
            "insert into wide select repeat('x', 8000000) from (select 1 union select 2 \
             union select 3 union select 4 union select 5 union select 6 union select 7 union \
             select 8) as eight",
        )?;
    }
    let used = wait_for_async("what the volume holds is told", async || {
        let volume = api.instance(id).await?["volume"].take();
        (volume["used"].as_f64()? > 1.1).then_some(volume)
    })
    .await;
    let percent = used["used_percent"].as_f64().unwrap();
    assert!((50.0..90.0).contains(&percent), "{used}: the size grew as well");

    // As openstacksdk sends it.
    let larger = resized(&api, id, json!({"volume": 3})).await?;
    assert_eq!(larger["volume"]["size"], 3);
    assert_eq!(sql.run("select sum(a) from t")?, ["3"]);
    assert_eq!(sql.run("select count(*) from wide")?, ["160"]);
    let refused = api
        .ask(
            Method::POST,
            &format!("/instances/{id}/action"),
            Some(&json!({"resize": {"volume": {"size": 3}}})),
        )
        .await?;
    let text = "The new volume 'size' must be larger than the current volume size of '3'.";
    assert_eq!((refused.status, refused.fault().unwrap().1.as_str()), (400, text));
    api.delete(id).await
}

async fn a_resize_beyond_the_quota_is_refused_and_nothing_changes(
    engine: Engine,
) -> anyhow::Result<()> {
    let (stack, _, api) = newcomer().await?;
    let instance = api.create_active("poor", engine.with_user("p-w-d")).await?;
    let id = instance["id"].as_str().unwrap();
    let sql = fill(&instance)?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let limits = json!({"quotas": {"volumes": 2, "ram": 512}});
    let path = format!("/mgmt/quotas/{}", api.project);
    assert_eq!(admin.ask(Method::PUT, &path, Some(&limits)).await?.status, 200);
    for (details, resource) in
        [(json!({"volume": {"size": 3}}), "volumes"), (json!({"flavorRef": 3}), "ram")]
    {
        let path = format!("/instances/{id}/action");
        let body = json!({ "resize": details });
        let refused = api.ask(Method::POST, &path, Some(&body)).await?;
        let text = format!("Quota exceeded for resources: ['{resource}'].");
        assert_eq!((refused.status, refused.fault().unwrap().1), (413, text));
    }
    let same = api.instance(id).await.unwrap();
    assert_eq!((&same["status"], &same["volume"]["size"]), (&json!("ACTIVE"), &json!(1)));
    assert_eq!(
        (quota(&stack, &api, "volumes").await?, quota(&stack, &api, "ram").await?),
        (1, 256)
    );
    resized(&api, id, json!({"volume": {"size": 2}})).await?;
    assert_eq!(sql.run("select sum(a) from t")?, ["3"]);
    api.delete(id).await
}
