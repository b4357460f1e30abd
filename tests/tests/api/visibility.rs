//! Who sees what: projects are walls, and what is not yours is not there.

use super::newcomer;
use reqwest::Method;
use serde_json::{Value, json};

fn ids(listed: &Value) -> Vec<&str> {
    let listed = listed["instances"].as_array().unwrap();
    listed.iter().map(|instance| instance["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_project_sees_nothing_and_can_do_nothing() -> anyhow::Result<()> {
    let (stack, _, owner) = newcomer().await?;
    let stranger = stack.api(&stack.person()?).await?;
    let created = owner.create("mine", json!({})).await?.json();
    let id = created["instance"]["id"].as_str().unwrap();
    let path = format!("/instances/{id}");
    assert!(ids(&stranger.get("/instances").await?.json()).is_empty());
    for (method, body) in [
        (Method::GET, None),
        (Method::PUT, Some(json!({"instance": {"name": "stolen"}}))),
        (Method::PATCH, Some(json!({"instance": {"name": "stolen"}}))),
        (Method::DELETE, None),
    ] {
        let answer = stranger.ask(method.clone(), &path, body.as_ref()).await?;
        assert_eq!(answer.status, 404, "{method}: {answer:?}");
        assert_eq!(answer.fault().unwrap().0, "itemNotFound");
    }
    assert_eq!(owner.instance(id).await.unwrap()["name"], "mine");
    owner.delete(id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_that_leave_nobody_out() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let mut made = Vec::new();
    for number in 0..3 {
        let created = api.create(&format!("n{number}"), json!({})).await?.json();
        made.push(created["instance"]["id"].as_str().unwrap().to_owned());
    }
    made.sort();
    let mut seen: Vec<String> = Vec::new();
    let mut marker = String::new();
    loop {
        let page = api.get(&format!("/instances?limit=1{marker}")).await?.json();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        if page.get("links").is_none() {
            break;
        }
        marker = format!("&marker={}", seen.last().unwrap());
    }
    assert_eq!(seen, made);
    for id in &made {
        api.delete(id).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_are_kept_and_given_back() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let too_much = api.create("big", json!({"volume": {"size": 51}})).await?;
    assert_eq!((too_much.status, &*too_much.fault().unwrap().0), (413, "overLimit"));
    let created = api.create("small", json!({})).await?.json();
    api.delete(created["instance"]["id"].as_str().unwrap()).await?;
    assert!(ids(&api.get("/instances").await?.json()).is_empty());
    Ok(())
}
