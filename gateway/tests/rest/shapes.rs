//! A golden file for each operation that answers with a body: those of other tests, and those of
//! one walk here.

use crate::contract::Contract;
use crate::databases::active;
use crate::golden::check;
use crate::seed::MYSQL_VERSION;
use crate::stack::{Answer, Client, Stack};
use axum::body::Body;
use axum::http::{Method, Request};
use domain::ids::InstanceId;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Operations whose answers other tests keep, and under which name.
const ELSEWHERE: [(&str, &str); 22] = [
    ("createInstance", "instance_created"),
    ("showInstance", "instance_active"),
    ("listInstances", "instances"),
    ("listInstancesInDetail", "instances_detail"),
    ("listManagedInstances", "managed_list"),
    ("showManagedInstance", "managed_active"),
    ("listLogs", "logs"),
    ("changeLog", "log"),
    ("showConfiguration", "configuration"),
    ("listConfigurations", "configurations"),
    ("listDatastores", "datastores"),
    ("showDatastore", "datastore"),
    ("listVersionsOfDatastore", "versions"),
    ("showVersionOfDatastore", "version"),
    ("listParametersOfVersion", "parameters"),
    ("showParameterOfVersion", "parameter"),
    ("listFlavors", "flavors"),
    ("listFlavorsOfVersion", "flavors"),
    ("showFlavor", "flavor"),
    ("listLimits", "limits"),
    ("showQuotas", "quotas"),
    ("updateQuotas", "quotas_changed"),
];

/// The document describes itself.
const WITHOUT: &str = "showDocument";

/// Keeps answers, and which operations they were for.
#[derive(Default)]
struct Gallery(BTreeSet<&'static str>);

impl Gallery {
    fn keep(&mut self, operation: &'static str, answer: &Answer) {
        assert_eq!(answer.status, 200, "{operation}: {answer:?}");
        check(&format!("shapes/{operation}"), &answer.json());
        assert!(self.0.insert(operation), "{operation} is kept twice");
    }

    async fn get(&mut self, client: &Client<'_>, operation: &'static str, path: &str) {
        self.keep(operation, &client.get(path).await);
    }
}

#[tokio::test]
async fn every_shape_of_an_answer_has_a_golden_file() {
    let stack = Stack::start().await;
    let mut gallery = Gallery::default();
    without_token(&stack, &mut gallery).await;
    let id = active(&stack).await;
    let (member, admin) = (stack.member().await, stack.admin().await);
    inside(&member, id, &mut gallery).await;
    gallery.get(&admin, "showRootHistory", &format!("/mgmt/instances/{id}/root")).await;
    configurations(&member, id, &mut gallery).await;
    parameters((&member, &admin), &mut gallery).await;
    versions((&member, &admin), &mut gallery).await;
    absent((&member, &admin), id, &mut gallery).await;

    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (operation, name) in ELSEWHERE {
        assert!(golden.join(name).with_extension("json").exists(), "{name}");
        assert!(gallery.0.insert(operation), "{operation} is kept twice");
    }
    let answering: BTreeSet<String> = stack.contract().await.answering();
    let kept: BTreeSet<String> =
        gallery.0.iter().chain(&[WITHOUT]).map(|name| (*name).to_owned()).collect();
    assert_eq!(answering.difference(&kept).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(kept.difference(&answering).collect::<Vec<_>>(), Vec::<&String>::new());
}

async fn without_token(stack: &Stack, gallery: &mut Gallery) {
    for (operation, path) in [
        ("listVersions", "/"),
        ("showVersion", "/v1.0"),
        ("showVersionBySlash", "/v1.0/"),
        ("showHealth", "/healthcheck"),
    ] {
        let request = Request::get(path).header("host", "db.example:8779");
        gallery.keep(operation, &stack.send(request.body(Body::empty()).unwrap()).await);
    }
}

async fn inside(member: &Client<'_>, id: InstanceId, gallery: &mut Gallery) {
    let path = format!("/instances/{id}");
    let user = json!({"users": [
        {"name": "bob", "password": "pw", "databases": [{"name": "shop"}]},
    ]});
    let made = member.send(Method::POST, &format!("{path}/users"), &user).await;
    assert_eq!(made.status, 202, "{made:?}");
    let databases = json!({"databases": [{"name": "shop"}]});
    member.send(Method::POST, &format!("{path}/databases"), &databases).await;
    gallery.get(member, "listDatabases", &format!("{path}/databases")).await;
    gallery.get(member, "listUsers", &format!("{path}/users")).await;
    gallery.get(member, "showUser", &format!("{path}/users/bob")).await;
    gallery.get(member, "listGrants", &format!("{path}/users/bob/databases")).await;
    let password = json!({"password": "s3cret"});
    let enabled = member.send(Method::POST, &format!("{path}/root"), &password).await;
    gallery.keep("enableRoot", &enabled);
    gallery.get(member, "showRoot", &format!("{path}/root")).await;
    gallery.get(member, "showLogEnd", &format!("{path}/log/general?lines=2")).await;
    gallery.get(member, "showDefaults", &format!("{path}/configuration")).await;
}

async fn configurations(member: &Client<'_>, id: InstanceId, gallery: &mut Gallery) {
    let body = json!({"configuration": {"name": "tuned", "values": {"wait_timeout": 100}}});
    let key = [("idempotency-key", "group")];
    let made = member.send_with(Method::POST, "/configurations", &body, &key).await;
    gallery.keep("createConfiguration", &made);
    let group = made.json()["configuration"]["id"].as_str().unwrap().to_owned();
    let attach = json!({"instance": {"configuration": group}});
    let attached = member.send(Method::PUT, &format!("/instances/{id}"), &attach).await;
    assert_eq!(attached.status, 202, "{attached:?}");
    gallery.get(member, "listFollowers", &format!("/configurations/{group}/instances")).await;
}

async fn parameters((member, admin): (&Client<'_>, &Client<'_>), gallery: &mut Gallery) {
    let path = format!("/datastores/versions/{MYSQL_VERSION}/parameters");
    gallery.get(member, "listParameters", &path).await;
    gallery.get(member, "showParameter", &format!("{path}/wait_timeout")).await;
    let path = format!("/mgmt{path}");
    let one = format!("{path}/wait_timeout");
    gallery.get(admin, "listManagedParameters", &path).await;
    gallery.get(admin, "showManagedParameter", &one).await;
    let narrow = json!({"configuration-parameter": {
        "name": "wait_timeout", "data_type": "integer", "restart_required": 0,
        "min_size": 10, "max_size": 100,
    }});
    gallery.keep("changeParameter", &admin.send(Method::PUT, &one, &narrow).await);
    assert_eq!(admin.delete(&one).await.status, 204);
    gallery.keep("addParameter", &admin.send(Method::POST, &path, &narrow).await);
}

async fn versions((member, admin): (&Client<'_>, &Client<'_>), gallery: &mut Gallery) {
    let path = format!("/datastores/versions/{MYSQL_VERSION}");
    gallery.get(member, "showDatastoreVersion", &path).await;
    let volume_types = "/datastores/mysql/versions/10.11/volume-types";
    gallery.get(member, "listVolumeTypes", volume_types).await;
    gallery.get(admin, "listManagedVersions", "/mgmt/datastore-versions").await;
    let managed = format!("/mgmt/datastore-versions/{MYSQL_VERSION}");
    gallery.get(admin, "showManagedVersion", &managed).await;
    let datastore = json!({"datastore": {"name": "Mysql"}});
    let made = admin.send(Method::POST, "/mgmt/datastores", &datastore).await;
    gallery.keep("proposeDatastore", &made);
    let datastore = made.json()["datastore"]["id"].as_str().unwrap().to_owned();
    let version = json!({"version": {
        "name": "5.5", "manager": "mysql", "packages": "mysql-server-5.5 bc", "active": true,
        "image_id": "32123676-ef2d-488a-9b25-8b75509beae7", "datastore": datastore,
    }});
    let made = admin.send(Method::POST, "/mgmt/datastores/versions", &version).await;
    gallery.keep("proposeVersion", &made);
    let version = made.json()["version"]["id"].as_str().unwrap().to_owned();
    let change: Value = json!({"version": {"active": false}});
    let path = format!("/mgmt/datastores/versions/{version}");
    gallery.keep("changeVersion", &admin.send(Method::PATCH, &path, &change).await);
    let path = format!("/mgmt/datastores/{datastore}/5.5");
    gallery.keep("changeVersionOf", &admin.send(Method::PATCH, &path, &change).await);
    let change = json!({"datastore": {"name": "MySQL", "datastore_version": "5.5"}});
    let path = format!("/mgmt/datastores/{datastore}");
    gallery.keep("changeDatastore", &admin.send(Method::PATCH, &path, &change).await);
}

async fn absent(
    (member, admin): (&Client<'_>, &Client<'_>),
    id: InstanceId,
    gallery: &mut Gallery,
) {
    for (operation, path) in [
        ("listClusters", "/clusters"),
        ("listModules", "/modules"),
        ("listBackups", "/backups"),
        ("listStrategies", "/backup_strategies"),
    ] {
        gallery.get(member, operation, path).await;
    }
    for (operation, rest) in [
        ("listAppliedModules", "modules"),
        ("listBackupsOfInstance", "backups"),
        ("showTls", "ssl"),
    ] {
        gallery.get(member, operation, &format!("/instances/{id}/{rest}")).await;
    }
    gallery.get(admin, "listManagedClusters", "/mgmt/clusters").await;
}

impl Contract {
    /// Operations that answer with a body.
    fn answering(&self) -> BTreeSet<String> {
        let operations = self.operations();
        let answers = |operation: &&Value| !operation["responses"]["200"]["content"].is_null();
        let name = |operation: &Value| operation["operationId"].as_str().unwrap().to_owned();
        operations.filter(answers).map(name).collect()
    }
}
