//! Things by their name or their id.
//!
//! # Invariant
//! An id goes before a name, and a name that several have is an error that lists their ids.

use crate::client::{Client, path};
use crate::failure::{Failure, Kind, Outcome};
use serde_json::Value;
use uuid::Uuid;

/// The instance of that id or name, as it is shown.
pub(crate) async fn instance(client: &mut Client, text: &str) -> Outcome<Value> {
    let what = format!("find instance {text}");
    if let Some(mut body) = by_id(client, &what, &path::of(&["instances", text]), text).await? {
        return Ok(body["instance"].take());
    }
    let body = client.list(&what, ("/instances", "instances"), None).await?;
    let entry = one(&what, text, &body["instances"])?;
    let path = path::of(&["instances", &id(&entry)]);
    Ok(client.get(&what, &path).await?["instance"].take())
}

/// The id of the configuration group of that id or name.
pub(crate) async fn configuration(client: &mut Client, text: &str) -> Outcome<String> {
    let what = format!("find configuration group {text}");
    let path = path::of(&["configurations", text]);
    if by_id(client, &what, &path, text).await?.is_some() {
        return Ok(text.to_owned());
    }
    let body = client.list(&what, ("/configurations", "configurations"), None).await?;
    Ok(id(&one(&what, text, &body["configurations"])?))
}

/// The flavor of that id or name.
pub(crate) async fn flavor(client: &mut Client, text: &str) -> Outcome<Value> {
    let what = format!("find flavor {text}");
    let body = client.get(&what, "/flavors").await?;
    let flavors = body["flavors"].as_array().cloned().unwrap_or_default();
    if let Some(flavor) = flavors.iter().find(|flavor| flavor_id(flavor) == text) {
        return Ok(flavor.clone());
    }
    one(&what, text, &body["flavors"])
}

/// A flavor's id as text.
pub(crate) fn flavor_id(flavor: &Value) -> String {
    let text = flavor["str_id"].as_str().map(str::to_owned);
    text.or_else(|| flavor["id"].as_u64().map(|id| id.to_string())).unwrap_or_else(|| id(flavor))
}

/// The datastore of that id or name.
pub(crate) async fn datastore(client: &mut Client, text: &str) -> Outcome<Value> {
    let what = format!("find datastore {text}");
    Ok(client.get(&what, &path::of(&["datastores", text])).await?["datastore"].take())
}

/// The datastore version of that id or name: of one datastore, or of any.
pub(crate) async fn version(
    client: &mut Client,
    datastore: Option<&str>,
    text: &str,
) -> Outcome<Value> {
    let what = format!("find datastore version {text}");
    let datastores = match datastore {
        Some(datastore) => vec![datastore.to_owned()],
        None => {
            let path = path::of(&["datastores", "versions", text]);
            if let Some(mut body) = by_id(client, &what, &path, text).await? {
                return Ok(body["version"].take());
            }
            let body = client.get(&what, "/datastores").await?;
            body["datastores"].as_array().into_iter().flatten().map(id).collect()
        }
    };
    let mut versions = Vec::new();
    for datastore in datastores {
        let mut body =
            client.get(&what, &path::of(&["datastores", &datastore, "versions"])).await?;
        if let Value::Array(more) = body["versions"].take() {
            versions.extend(more);
        }
    }
    if let Some(version) = versions.iter().find(|version| version["id"] == text) {
        return Ok(version.clone());
    }
    one(&what, text, &Value::Array(versions))
}

/// The id of an entry.
pub(crate) fn id(entry: &Value) -> String {
    entry["id"].as_str().unwrap_or_default().to_owned()
}

/// What stands at `path`, if the text is an id that leads there.
async fn by_id(client: &mut Client, what: &str, path: &str, text: &str) -> Outcome<Option<Value>> {
    if Uuid::try_parse(text).is_err() {
        return Ok(None);
    }
    match client.get(what, path).await {
        Ok(body) => Ok(Some(body)),
        Err(failure) if failure.kind == Kind::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The only entry of that name.
fn one(what: &str, name: &str, entries: &Value) -> Outcome<Value> {
    let entries = entries.as_array().into_iter().flatten();
    let found: Vec<&Value> = entries.filter(|entry| entry["name"] == name).collect();
    match found[..] {
        [one] => Ok(one.clone()),
        [] => Err(Failure::new(Kind::NotFound, what, "there is none of that name or id")),
        _ => {
            let ids: Vec<String> = found.iter().map(|entry| flavor_id(entry)).collect();
            let why = format!("{} have that name", found.len());
            Err(Failure::new(Kind::Refused, what, why)
                .advise(format!("name one by its id: {}", ids.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_that_several_have_is_an_error_that_lists_their_ids() {
        let entries = json!([{"id": "1", "name": "a"}, {"id": "2", "name": "a"}, {"name": "b"}]);
        assert_eq!(one("find", "b", &entries).unwrap()["name"], "b");
        assert_eq!(one("find", "c", &entries).unwrap_err().kind, Kind::NotFound);
        let failure = one("find", "a", &entries).unwrap_err();
        assert_eq!(failure.kind, Kind::Refused);
        assert!(failure.to_string().contains("1, 2"), "{failure}");
    }

    #[test]
    fn a_flavors_id_is_text_whatever_it_is_on_the_wire() {
        assert_eq!(flavor_id(&json!({"id": 3, "str_id": "3"})), "3");
        assert_eq!(flavor_id(&json!({"id": null, "str_id": "big"})), "big");
        assert_eq!(flavor_id(&json!({"id": 7})), "7");
    }
}
