//! Who logs in, where and for what: flags before the environment before `clouds.yaml`.
//!
//! # Invariants
//! - Things that belong together come from one place: a project's name in the environment hides
//!   its id in `clouds.yaml`, and so with users.
//! - No secret is ever shown.

use super::clouds::{self, Cloud};
use crate::failure::{Failure, Kind, Outcome};
use clap::Args;
use std::fmt;
use std::path::PathBuf;

const WHAT: &str = "log in";
const DEFAULT_DOMAIN: &str = "Default";
const DEFAULT_INTERFACE: &str = "public";

/// The same as the variables `OS_*`, which they go before.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "Credentials (see docs/cli.md; OS_CLOUD, OS_AUTH_URL, ...)")]
pub(crate) struct Flags {
    /// A cloud of clouds.yaml.
    #[arg(long, global = true, value_name = "NAME")]
    os_cloud: Option<String>,
    /// Where to log in: a Keystone v3.
    #[arg(long, global = true, value_name = "URL", hide_short_help = true)]
    os_auth_url: Option<String>,
    /// How: password, token or v3applicationcredential.
    #[arg(long, global = true, value_name = "TYPE", hide_short_help = true)]
    os_auth_type: Option<String>,
    /// The user.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    os_username: Option<String>,
    /// The password; others on this machine may see it: better set OS_PASSWORD, or use
    /// clouds.yaml.
    #[arg(long, global = true, value_name = "PASSWORD", hide_short_help = true)]
    os_password: Option<String>,
    /// A token instead of user and password.
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true)]
    os_token: Option<String>,
    /// The project, by name.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    os_project_name: Option<String>,
    /// The project, by id.
    #[arg(long, global = true, value_name = "ID", hide_short_help = true)]
    os_project_id: Option<String>,
    /// The user's domain.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    os_user_domain_name: Option<String>,
    /// The project's domain.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    os_project_domain_name: Option<String>,
    /// The region, where there are several.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    os_region_name: Option<String>,
    /// Which address of the catalog: public, internal or admin.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    os_interface: Option<String>,
    /// Certificates to trust instead of the system's (PEM).
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    os_cacert: Option<String>,
}

impl Flags {
    fn get(&self, key: &str) -> Option<&str> {
        let value = match key {
            "auth_url" => &self.os_auth_url,
            "auth_type" => &self.os_auth_type,
            "username" => &self.os_username,
            "password" => &self.os_password,
            "token" => &self.os_token,
            "project_name" => &self.os_project_name,
            "project_id" => &self.os_project_id,
            "user_domain_name" => &self.os_user_domain_name,
            "project_domain_name" => &self.os_project_domain_name,
            "region_name" => &self.os_region_name,
            "interface" => &self.os_interface,
            "cacert" => &self.os_cacert,
            _ => &None,
        };
        value.as_deref().filter(|value| !value.is_empty())
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A user or project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    Id(String),
    Name { name: String, domain: Domain },
}

/// Where a name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Domain {
    Id(String),
    Name(String),
}

/// What is shown at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    Password { user: Named, password: Secret },
    Token(Secret),
    Application { id: String, secret: Secret },
}

/// Everything that a log-in takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// With `/v3`, without a slash at the end.
    pub(crate) auth_url: String,
    pub(crate) proof: Proof,
    /// Absent: what the proof is for by itself.
    pub(crate) project: Option<Named>,
    pub(crate) region: Option<String>,
    pub(crate) interface: String,
    pub(crate) cacert: Option<PathBuf>,
}

impl Credentials {
    /// From the process's flags and environment, and from the files that these lead to.
    pub(crate) fn find(flags: &Flags) -> Outcome<Self> {
        Self::from(flags, &|key| std::env::var(key).ok().filter(|value| !value.is_empty()))
    }

    fn from(flags: &Flags, env: &dyn Fn(&str) -> Option<String>) -> Outcome<Self> {
        let places = clouds::places(env);
        let name = flags.os_cloud.clone().or_else(|| env("OS_CLOUD"));
        // A complete environment does not take part of itself from a file nobody named.
        let is_complete = flags.get("auth_url").is_some() || env("OS_AUTH_URL").is_some();
        let cloud = match (&name, is_complete) {
            (None, true) => None,
            (Some(_), _) | (None, false) => clouds::find(&places, name.as_deref())?,
        };
        let sources = Sources { flags, env, cloud: cloud.as_ref() };
        sources.credentials().map_err(|failure| match clouds::names(&places) {
            names if cloud.is_none() && !names.is_empty() => {
                failure.advise(format!("choose a cloud with --os-cloud: {}", names.join(", ")))
            }
            _ => failure,
        })
    }
}

struct Sources<'a> {
    flags: &'a Flags,
    env: &'a dyn Fn(&str) -> Option<String>,
    cloud: Option<&'a Cloud>,
}

impl Sources<'_> {
    fn credentials(&self) -> Outcome<Credentials> {
        let auth_url = self.need("auth_url")?;
        if let Some(verify) = self.get("verify")
            && matches!(verify.to_lowercase().as_str(), "false" | "no" | "off")
        {
            let why = "clouds.yaml says verify: false, and certificates are always checked here";
            return Err(Failure::usage(WHAT, why).advise("name the certificate with `cacert`"));
        }
        let proof = self.proof()?;
        let project = match &proof {
            // Such a credential is for one project already.
            Proof::Application { .. } => None,
            Proof::Password { .. } | Proof::Token(_) => self.named("project"),
        };
        let interface = self.get("interface").unwrap_or_else(|| DEFAULT_INTERFACE.to_owned());
        Ok(Credentials {
            auth_url: v3(&auth_url)?,
            proof,
            project,
            region: self.get("region_name"),
            interface: interface.trim_end_matches("URL").to_owned(),
            cacert: self.get("cacert").map(PathBuf::from),
        })
    }

    fn proof(&self) -> Outcome<Proof> {
        let secret = |key: &str| self.need(key).map(Secret);
        let kind = self.get("auth_type").unwrap_or_else(|| self.likely().to_owned());
        match kind.as_str() {
            "password" | "v3password" => {
                let user = self.named("user").ok_or_else(|| self.missing("username"))?;
                Ok(Proof::Password { user, password: secret("password")? })
            }
            "token" | "v3token" => Ok(Proof::Token(secret("token")?)),
            "v3applicationcredential" | "application_credential" => {
                let id = self.need("application_credential_id")?;
                Ok(Proof::Application { id, secret: secret("application_credential_secret")? })
            }
            other => {
                let why = format!("the auth type {other} is not known");
                Err(Failure::usage(WHAT, why)
                    .advise("known are password, token and v3applicationcredential"))
            }
        }
    }

    /// The way to log in of whoever names none.
    fn likely(&self) -> &'static str {
        let has = |key| self.get(key).is_some();
        if has("application_credential_id") {
            "v3applicationcredential"
        } else if has("token") && !has("password") {
            "token"
        } else {
            "password"
        }
    }

    /// The user or project, by id or by name: both from the same place.
    fn named(&self, kind: &str) -> Option<Named> {
        let (id, name) = match kind {
            "user" => ("user_id", "username"),
            _ => ("project_id", "project_name"),
        };
        let level =
            (0..3).find(|level| [id, name].iter().any(|key| self.at(*level, key).is_some()))?;
        if let Some(id) = self.at(level, id) {
            return Some(Named::Id(id));
        }
        let domain = |what| self.get(&format!("{kind}_domain_{what}"));
        let domain = domain("id").map(Domain::Id).or_else(|| domain("name").map(Domain::Name));
        let domain = domain.unwrap_or_else(|| Domain::Name(DEFAULT_DOMAIN.to_owned()));
        self.at(level, name).map(|name| Named::Name { name, domain })
    }

    fn get(&self, key: &str) -> Option<String> {
        (0..3).find_map(|level| self.at(level, key))
    }

    /// A setting of the flags (0), the environment (1) or the cloud (2).
    fn at(&self, level: u8, key: &str) -> Option<String> {
        match level {
            0 => self.flags.get(key).map(str::to_owned),
            1 => (self.env)(&format!("OS_{}", key.to_uppercase())),
            _ => self.cloud.and_then(|cloud| cloud.get(key)).map(str::to_owned),
        }
    }

    fn need(&self, key: &str) -> Outcome<String> {
        self.get(key).ok_or_else(|| self.missing(key))
    }

    fn missing(&self, key: &str) -> Failure {
        let place = if self.cloud.is_some() { " and the cloud does not say" } else { "" };
        let variable = format!("OS_{}", key.to_uppercase());
        Failure::new(Kind::NotAllowed, WHAT, format!("{variable} is not set{place}"))
            .advise("set the variables OS_*, or name a cloud of clouds.yaml with --os-cloud")
    }
}

/// The address of version 3, whether it was named or only the service.
fn v3(url: &str) -> Outcome<String> {
    let url = url.trim_end_matches('/');
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Failure::usage(WHAT, format!("OS_AUTH_URL is no address: {url}")));
    }
    match url.rsplit('/').next() {
        Some("v3") => Ok(url.to_owned()),
        Some("v2.0") => Err(Failure::usage(WHAT, "version 2 of Keystone is not spoken here")
            .advise("end OS_AUTH_URL with /v3")),
        Some(_) | None => Ok(format!("{url}/v3")),
    }
}

#[cfg(test)]
mod tests;
