//! `trove create`.

use super::{Context, input, instance};
use crate::failure::{Failure, Outcome};
use crate::find;
use crate::wait::{self, Until, Wait};
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Creates an instance.
    Create(Box<Create>),
}

#[derive(Args)]
pub(crate) struct Create {
    /// What it shall be called.
    name: String,
    /// Name or id of its flavor.
    #[arg(required_unless_present = "replica_of")]
    flavor: Option<String>,
    /// Size of its volume in GB.
    #[arg(long, value_name = "GB")]
    size: Option<u32>,
    /// Name or id of the datastore.
    #[arg(long, value_name = "NAME")]
    datastore: Option<String>,
    /// Name or id of the datastore's version.
    #[arg(long = "datastore_version", visible_alias = "datastore-version", value_name = "NAME")]
    datastore_version: Option<String>,
    /// Databases to make in it.
    #[arg(long, num_args = 1.., value_name = "DATABASE")]
    databases: Vec<String>,
    /// Users to make in it, who may use all of these databases; others on this machine may see
    /// the passwords: better use --users-file.
    #[arg(long, num_args = 1.., value_name = "NAME:PASSWORD")]
    users: Vec<String>,
    /// A file with a user in each line, NAME:PASSWORD; `-` reads standard input.
    #[arg(long, visible_alias = "users_file", value_name = "FILE")]
    users_file: Option<String>,
    /// Name or id of a configuration group.
    #[arg(long, value_name = "GROUP")]
    configuration: Option<String>,
    /// Id of a backup to begin with.
    #[arg(long, value_name = "ID")]
    backup: Option<String>,
    /// Name or id of the instance to replicate.
    #[arg(long = "replica_of", visible_alias = "replica-of", value_name = "INSTANCE")]
    replica_of: Option<String>,
    /// How many replicas.
    #[arg(
        long = "replica_count",
        visible_alias = "replica-count",
        value_name = "COUNT",
        requires = "replica_of"
    )]
    replica_count: Option<u32>,
    /// Its network, like net-id=ID or subnet-id=ID.
    #[arg(long, value_name = "KEY=VALUE,...")]
    nic: Option<String>,
    /// Its availability zone.
    #[arg(long = "availability_zone", visible_alias = "availability-zone", value_name = "ZONE")]
    availability_zone: Option<String>,
    /// How near to its replicas it is: affinity or anti-affinity.
    #[arg(long, value_name = "POLICY")]
    locality: Option<String>,
    #[command(flatten)]
    wait: Wait,
}

impl Command {
    pub(crate) async fn run(self, context: &mut Context) -> Outcome<()> {
        let Self::Create(create) = self;
        create.run(context).await
    }
}

impl Create {
    async fn run(&self, context: &mut Context) -> Outcome<()> {
        let what = format!("create instance {}", self.name);
        let body = self.body(context).await?;
        let client = &mut context.client;
        let mut answer = client.change(&what, Method::POST, "/instances", Some(&body)).await?;
        let mut created = answer["instance"].take();
        if self.wait.wait {
            let id = find::id(&created);
            if id.is_empty() {
                return Err(Failure::new(crate::failure::Kind::Refused, what, "no id came back"));
            }
            let until = (Until::Active, self.wait);
            let mut active = wait::instance(client, &id, &Value::Null, until).await?;
            // The service says it once and never again.
            if let Some(password) = created.get_mut("password") {
                active["password"] = password.take();
            }
            created = active;
        }
        instance::show(context, &created);
        Ok(())
    }

    async fn body(&self, context: &mut Context) -> Outcome<Value> {
        let client = &mut context.client;
        let mut instance = json!({"name": self.name});
        if let Some(flavor) = &self.flavor {
            instance["flavorRef"] = json!(find::flavor_id(&find::flavor(client, flavor).await?));
        }
        if let Some(configuration) = &self.configuration {
            instance["configuration"] = json!(find::configuration(client, configuration).await?);
        }
        if let Some(source) = &self.replica_of {
            instance["replica_of"] = json!(find::id(&find::instance(client, source).await?));
        }
        if let Some(size) = self.size {
            instance["volume"] = json!({ "size": size });
        }
        let datastore = [("type", &self.datastore), ("version", &self.datastore_version)];
        for (key, value) in datastore {
            if let Some(value) = value {
                instance["datastore"][key] = json!(value);
            }
        }
        let databases: Vec<Value> =
            self.databases.iter().map(|name| json!({ "name": name })).collect();
        let users = self.users(&databases)?;
        for (key, list) in [("databases", databases), ("users", users)] {
            if !list.is_empty() {
                instance[key] = json!(list);
            }
        }
        if let Some(backup) = &self.backup {
            instance["restorePoint"] = json!({ "backupRef": backup });
        }
        if let Some(count) = self.replica_count {
            instance["replica_count"] = json!(count);
        }
        if let Some(nic) = &self.nic {
            instance["nics"] = json!([input::nic(nic)?]);
        }
        let words = [("availability_zone", &self.availability_zone), ("locality", &self.locality)];
        for (key, value) in words {
            if let Some(value) = value {
                instance[key] = json!(value);
            }
        }
        Ok(json!({ "instance": instance }))
    }

    fn users(&self, databases: &[Value]) -> Outcome<Vec<Value>> {
        let mut users =
            self.users.iter().map(|text| input::user(text)).collect::<Outcome<Vec<_>>>()?;
        if let Some(file) = &self.users_file {
            users.extend(input::users(file)?);
        }
        let user =
            |(name, password)| json!({"name": name, "password": password, "databases": databases});
        Ok(users.into_iter().map(user).collect())
    }
}
