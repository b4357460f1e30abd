//! Quotas: set by an administrator, kept under a storm of creations, and given back.

use super::newcomer;
use super::openstack::beside;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::stack::{Api, wait_for_async};
use tokio::task::JoinSet;

const QUOTA: usize = 3;
const STORM: usize = 200;

/// What an administrator sees of one resource: in use, reserved, limit.
async fn figures(admin: &Api, project: &str, resource: &str) -> Option<[i64; 3]> {
    let body = admin.get(&format!("/mgmt/quotas/{project}")).await.ok()?.json();
    let row = body["quotas"].as_array()?.iter().find(|row| row["resource"] == resource)?.clone();
    let figure = |key: &str| row[key].as_i64();
    Some([figure("in_use")?, figure("reserved")?, figure("limit")?])
}

async fn settles(admin: &Api, project: &str, expected: [i64; 3]) {
    wait_for_async(&format!("the instances of {project} are {expected:?}"), async || {
        figures(admin, project, "instances").await.filter(|figures| *figures == expected)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_creations_makes_as_many_as_the_quota_and_all_return_once() -> anyhow::Result<()>
{
    let (stack, _, api) = newcomer().await?;
    let admin = stack.api(&stack.first_person("admin")?).await?;
    let path = format!("/mgmt/quotas/{}", api.project);
    let limit = i64::try_from(QUOTA)?;
    let body = json!({"quotas": {"instances": limit}});
    let set = admin.ask(Method::PUT, &path, Some(&body)).await?;
    assert_eq!((set.status, set.json()), (200, body), "{set:?}");

    let mut storm = JoinSet::new();
    for number in 0..STORM {
        let api = api.clone();
        storm.spawn(async move { api.create(&format!("n{number}"), json!({})).await });
    }
    let mut made = Vec::new();
    while let Some(answer) = storm.join_next().await {
        let answer = answer??;
        if answer.status == 200 {
            made.push(answer.json()["instance"]["id"].as_str().unwrap().to_owned());
        } else {
            let refused = ("overLimit", "Quota exceeded for resources: ['instances'].");
            let (key, text) = answer.fault().unwrap();
            assert_eq!((answer.status, (&*key, &*text)), (413, refused));
        }
    }
    assert_eq!(made.len(), QUOTA);
    let listed = api.get("/instances").await?.json();
    assert_eq!(listed["instances"].as_array().unwrap().len(), QUOTA);
    settles(&admin, &api.project, [limit, 0, limit]).await;
    for id in &made {
        api.delete(id).await?;
    }
    settles(&admin, &api.project, [0, 0, limit]).await;
    let [volumes, reserved, _] = figures(&admin, &api.project, "volumes").await.unwrap();
    assert_eq!((volumes, reserved), (0, 0));

    let created = api.create("again", json!({})).await?;
    assert_eq!(created.status, 200, "{created:?}");
    api.delete(created.json()["instance"]["id"].as_str().unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_and_updates_quotas_and_lists_limits() -> anyhow::Result<()> {
    let (stack, person, _) = newcomer().await?;
    beside(move || {
        let admin = stack.openstack(&stack.first_person("admin")?)?;
        let own = stack.openstack(&person)?;
        let project = &person.project;
        let updated = admin.run(&format!("database quota update {project} volumes 7"))?;
        assert_eq!(updated, json!({"volumes": 7}));
        let shown = admin.run(&format!("database quota show {project}"))?;
        let row = |resource: &str| -> Value {
            let rows = shown.as_array().unwrap();
            rows.iter().find(|row| row["Resource"] == resource).unwrap().clone()
        };
        let expected = json!({"Resource": "volumes", "In Use": 0, "Reserved": 0, "Limit": 7});
        assert_eq!(row("volumes"), expected);
        assert_eq!(row("ram")["Limit"], -1);
        let limits = own.run_text("database limit list")?;
        for part in ["max_volumes", "| 7", "POST", "MINUTE", "600000"] {
            assert!(limits.contains(part), "{part}: {limits}");
        }
        let refused = admin.run(&format!("database quota update {project} cows 7")).unwrap_err();
        assert!(refused.to_string().contains("Unknown quota resources cows."), "{refused}");
        Ok(())
    })
    .await
}
