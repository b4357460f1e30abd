//! `Idempotency-Key`: the same wish is granted once.

use super::newcomer;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::stack::{Answer, Api, creation, wait_for_async};

async fn create(api: &Api, key: &str, body: &Value) -> anyhow::Result<Answer> {
    api.ask_with(Method::POST, "/instances", Some(body), &[("Idempotency-Key", key)]).await
}

fn id(answer: &Answer) -> String {
    answer.json()["instance"]["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_makes_nothing_and_another_body_is_refused() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let body = creation("one", json!({}));
    let first = create(&api, "key-1", &body).await?;
    let again = create(&api, "key-1", &body).await?;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(id(&first), id(&again));
    let other = create(&api, "key-1", &creation("two", json!({}))).await?;
    assert_eq!(other.status, 422, "{other:?}");
    api.wait_until_up(&id(&first)).await;
    assert_eq!(id(&create(&api, "key-1", &body).await?), id(&first));
    let listed = api.get("/instances").await?.json();
    assert_eq!(listed["instances"].as_array().unwrap().len(), 1);
    api.delete(&id(&first)).await?;
    let late = create(&api, "key-1", &body).await?;
    assert!((400..500).contains(&late.status), "{late:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_at_once_one_instance_comes() -> anyhow::Result<()> {
    let (_stack, _, api) = newcomer().await?;
    let body = creation("race", json!({}));
    let racers: Vec<_> = (0..100)
        .map(|_| {
            let (api, body) = (api.clone(), body.clone());
            tokio::spawn(async move { create(&api, "key-2", &body).await })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for racer in racers {
        ids.insert(id(&racer.await??));
    }
    assert_eq!(ids.len(), 1);
    let id = ids.pop_first().unwrap();
    api.wait_until_up(&id).await;
    let listed = api.get("/instances").await?.json();
    assert_eq!(listed["instances"].as_array().unwrap().len(), 1);
    api.delete(&id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_in_another_project_is_another_key() -> anyhow::Result<()> {
    let (stack, _, one) = newcomer().await?;
    let other = stack.api(&stack.person()?).await?;
    let body = creation("same", json!({}));
    let first = create(&one, "key-3", &body).await?;
    let second = create(&other, "key-3", &body).await?;
    assert_ne!(id(&first), id(&second));
    one.delete(&id(&first)).await?;
    other.delete(&id(&second)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_deletion_is_answered_as_the_first_though_nothing_is_left() -> anyhow::Result<()>
{
    let (stack, _, api) = newcomer().await?;
    let instance = api.create_active("gone", json!({})).await?;
    let path = format!("/instances/{}", instance["id"].as_str().unwrap());
    let delete = async |api: &Api, path: &str, headers: &[(&str, &str)]| {
        let answer = api.ask_with(Method::DELETE, path, None, headers).await;
        answer.map(|answer| answer.status)
    };
    let first = [("Idempotency-Key", "first")];
    assert_eq!(delete(&api, &path, &first).await?, 202);
    wait_for_async("it is gone", async || (api.get(&path).await.ok()?.status == 404).then_some(()))
        .await;
    assert_eq!(delete(&api, &path, &first).await?, 202);
    for headers in [&[("Idempotency-Key", "second")][..], &[]] {
        assert_eq!(delete(&api, &path, headers).await?, 404, "it is no repeat");
    }
    let other = stack.api(&stack.person()?).await?;
    assert_eq!(delete(&other, &path, &first).await?, 404, "it was another's");
    Ok(())
}
