//! What must hold when the storm is over.

use crate::clients::{Client, Made, PASSWORD, Told};
use domain::ids::InstanceId;
use domain::instance::{Live, Phase};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use testkit::history::World;
use testkit::stack::{Api, Sql, Stack, wait_for_async};

/// Names of instances, databases and users: each was asked for once, and recorded once.
pub(crate) fn nothing_is_doubled(world: &World) {
    let doubled: Vec<_> = world.asked.iter().filter(|(_, times)| **times != 1).collect();
    assert_eq!(doubled, []);
}

/// What was reserved and placed is what there is.
pub(crate) fn reservations_are_exact(world: &World, stack: &Stack) -> anyhow::Result<()> {
    let live: BTreeMap<InstanceId, &Live> = world
        .instances
        .iter()
        .filter_map(|(id, folded)| Some((*id, folded.state.live()?)))
        .collect();
    let reserved: BTreeMap<_, _> =
        world.projects.values().flat_map(|folded| folded.state.reservations.clone()).collect();
    assert_eq!(reserved.keys().collect::<Vec<_>>(), live.keys().collect::<Vec<_>>());
    for (id, reservation) in &reserved {
        let spec = &live[id].spec;
        assert_eq!(reservation.until, None, "{id}");
        assert_eq!(reservation.amount.volumes_gib, i64::from(spec.volume_gib), "{id}");
        assert_eq!(reservation.amount.ram_mb, i64::from(spec.flavor.ram_mb), "{id}");
    }
    let placed: BTreeMap<_, _> =
        world.hosts.values().flat_map(|folded| folded.state.places.clone()).collect();
    let running: Vec<_> =
        live.iter().filter(|(_, live)| live.phase == Phase::Active).map(|(id, _)| *id).collect();
    assert_eq!(placed.keys().copied().collect::<Vec<_>>(), running);
    let addresses: BTreeSet<_> = placed.values().map(|place| place.address).collect();
    assert_eq!(addresses.len(), placed.len(), "an address was given out twice");
    let directories: BTreeSet<String> = fs::read_dir(stack.instances()?)?
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(directories, running.iter().map(ToString::to_string).collect());
    Ok(())
}

/// Everything that a client was told is so, and nothing is there that it did not ask for.
pub(crate) async fn is_as_told(client: &Client, world: &World) -> anyhow::Result<()> {
    let live = world.instances.values().filter_map(|folded| folded.state.live());
    let own = live.filter(|live| live.spec.project.as_str() == client.api.project);
    let listed: BTreeSet<InstanceId> = own.map(|live| live.id).collect();
    // The gateway may have been killed last of all, and is to show what the log says.
    let wanted: BTreeSet<String> = listed.iter().map(ToString::to_string).collect();
    wait_for_async("all that there is is listed", async || {
        let shown = names(&client.api, "/instances", "instances", "id").await?;
        (shown == wanted).then_some(())
    })
    .await;
    for (id, made) in &client.made {
        match made.deleted {
            None => assert!(listed.contains(id), "{id} was acknowledged and is gone"),
            Some(Told::Yes) => assert!(!listed.contains(id), "{id} should be gone"),
            Some(Told::Nothing) => {}
        }
    }
    for id in listed {
        let shown = async || client.api.instance(&id.to_string()).await;
        let instance = wait_for_async("the instance is shown", shown).await;
        let name = instance["name"].as_str().unwrap();
        let made = client.made.get(&id);
        assert!(made.is_some() || client.unanswered.contains(name), "{name} was not asked for");
        if instance["status"] == "ERROR" {
            assert!(instance["fault"]["message"].is_string(), "{instance}");
            continue;
        }
        let instance = client.api.wait_until_up(&id.to_string()).await;
        if let Some(made) = made {
            has_what_was_made(&client.api, &instance, made, world).await?;
        }
    }
    Ok(())
}

/// The databases and users of an instance are those that were asked for.
async fn has_what_was_made(
    api: &Api,
    instance: &Value,
    made: &Made,
    world: &World,
) -> anyhow::Result<()> {
    let id = instance["id"].as_str().unwrap();
    for (what, asked) in [("databases", &made.databases), ("users", &made.users)] {
        let path = format!("/instances/{id}/{what}");
        // A server that was killed last of all is shown as running until its end is seen.
        let there =
            wait_for_async("its server answers", async || names(api, &path, what, "name").await)
                .await;
        for name in &there {
            assert!(asked.contains_key(name), "{name} in {id} was not asked for");
        }
        for (name, told) in asked {
            let is_owed = *told == Told::Yes && !world.failed.contains(name);
            assert!(!is_owed || there.contains(name), "{name} in {id} was acknowledged");
        }
        if what == "users" {
            // Of a user whose making has failed there may be a part.
            for user in there.iter().filter(|user| !world.failed.contains(*user)) {
                let sql = Sql::to(instance, user, PASSWORD)?.within(&made.first).ready();
                assert_eq!(sql.run("select 1")?, ["1"], "{user} in {id}");
            }
        }
    }
    Ok(())
}

/// One field of all entries of a list, page by page; nothing while it can't be read.
async fn names(api: &Api, path: &str, list: &str, field: &str) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut page = format!("{path}?limit=5");
    loop {
        let answer = api.get(&page).await.ok().filter(|answer| answer.status == 200)?;
        let body = answer.json();
        let entries = body[list].as_array().unwrap();
        for entry in entries {
            let name = entry[field].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is listed twice");
        }
        let Some(next) = body["links"][0]["href"].as_str() else { return Some(names) };
        let (_, query) = next.split_once('?').unwrap();
        page = format!("{path}?{query}");
    }
}
