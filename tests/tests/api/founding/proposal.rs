//! The calls of the proposal for managing datastores.

use super::walk::{Dialect, Walk};
use serde_json::{Value, json};

/// What the guide's calls need.
pub(super) struct Made {
    pub(super) datastore: String,
    pub(super) version: String,
}

/// Makes a datastore and a version of it, which real instances run from.
pub(super) async fn every_call(walk: &mut Walk) -> anyhow::Result<Made> {
    // Of several, since both dialects may be tried against one plane.
    let name = match walk.dialect {
        Dialect::Trove => "Mysql-by-trove",
        Dialect::Founding => "Mysql-by-guide",
    };
    let known = walk.admin.get("/datastores/mysql/versions").await?.json();
    let image = known["versions"][0]["image"].as_str().unwrap().to_owned();

    let body = json!({"datastore": {"name": "Mysql"}});
    let made = walk.manage("POST /mgmt/datastores", "/mgmt/datastores", Some(body)).await?;
    let sample = json!({"datastore": {"id": "1", "name": "Mysql", "versions": null}});
    let made = walk.shaped("POST /mgmt/datastores", &made, &sample);
    assert_eq!(
        (&made["datastore"]["name"], &made["datastore"]["versions"]),
        (&json!("Mysql"), &json!([]))
    );
    let datastore = made["datastore"]["id"].as_str().unwrap().to_owned();

    let version = make_version(walk, &datastore, &image).await?;
    set_default(walk, &datastore, name, &version).await?;

    let of_datastore = "PATCH /mgmt/datastores/{datastore_id}/{version_id}";
    let path = format!("/mgmt/datastores/{datastore}/{version}");
    switch(walk, of_datastore, &path, false).await?;
    let hidden = walk.api.get(&format!("/datastores/{name}/versions/mysql-5.1")).await?;
    assert_eq!(hidden.status, 404, "a version that is not active is the administrators'");
    let by_id = "PATCH /mgmt/datastores/versions/{uuid}";
    switch(walk, by_id, &format!("/mgmt/datastores/versions/{version}"), true).await?;
    let shown = walk.api.get(&format!("/datastores/{name}/versions/mysql-5.1")).await?;
    assert_eq!(shown.json()["version"]["id"], json!(version), "{shown:?}");
    Ok(Made { datastore: name.to_owned(), version })
}

async fn make_version(walk: &mut Walk, datastore: &str, image: &str) -> anyhow::Result<String> {
    let call = "POST /mgmt/datastores/versions";
    let mut body = json!({"version": {
        "name": "mysql-5.1", "manager": "mysql", "packages": "mysql-server-5.5 bc mc gedit",
        "image_id": image, "active": true,
    }});
    let nowhere = walk.manage(call, "/mgmt/datastores/versions", Some(body.clone())).await?;
    assert_eq!(nowhere.status, 400, "of several datastores one has to be named: {nowhere:?}");
    body["version"]["datastore"] = json!(datastore);
    let made = walk.manage(call, "/mgmt/datastores/versions", Some(body.clone())).await?;
    let sample = json!({"version": {
        "id": "1", "name": "5.5", "manager": "mysql", "packages": "", "image_id": "000",
        "active": true,
    }});
    let made = walk.shaped(call, &made, &sample)["version"].clone();
    body["version"].as_object_mut().unwrap().remove("datastore");
    for (key, value) in body["version"].as_object().unwrap() {
        assert_eq!(&made[key], value, "{key}");
    }
    Ok(made["id"].as_str().unwrap().to_owned())
}

async fn set_default(
    walk: &mut Walk,
    datastore: &str,
    name: &str,
    version: &str,
) -> anyhow::Result<()> {
    let call = "PATCH /mgmt/datastores/{id}";
    let body = json!({"datastore": {"name": name, "datastore_version": "mysql-5.1"}});
    let path = format!("/mgmt/datastores/{datastore}");
    let changed = walk.manage(call, &path, Some(body)).await?;
    let sample = json!({"datastore": {
        "id": "1", "name": "Mysql", "default_version": "53eb2b38",
        "datastore_version": [{
            "name": "5.5", "links": [{"href": "https://", "rel": "self"}], "image": "3212",
            "active": true, "packages": "", "id": "53eb2b38",
        }],
    }});
    let changed: Value = walk.shaped(call, &changed, &sample)["datastore"].clone();
    assert_eq!((&changed["name"], &changed["default_version"]), (&json!(name), &json!(version)));
    Ok(())
}

async fn switch(
    walk: &mut Walk,
    call: &'static str,
    path: &str,
    active: bool,
) -> anyhow::Result<()> {
    let body = json!({"version": {"active": active}});
    let changed = walk.manage(call, path, Some(body)).await?;
    assert_eq!((changed.status, &changed.json()["version"]["active"]), (200, &json!(active)));
    Ok(())
}
