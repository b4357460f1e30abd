//! Parses and checks the text of a users file.
//!
//! A problem is one sentence that names the place and says what to do. It never repeats a
//! secret, so it may be logged.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use uuid::Uuid;

use super::{Credential, Grant, Project, Secret, User, Users};
use crate::Role;
use crate::ids::{self, Kind};
use crate::roles::RoleSet;

const NAME_CHARS_MAX: usize = 255;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUsers {
    #[serde(default)]
    projects: Vec<RawProject>,
    #[serde(default)]
    users: Vec<RawUser>,
    #[serde(default)]
    role_assignments: Vec<RawGrant>,
    #[serde(default)]
    application_credentials: Vec<RawCredential>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProject {
    id: Option<String>,
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default = "yes")]
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUser {
    id: Option<String>,
    name: String,
    password: Secret,
    #[serde(default = "yes")]
    enabled: bool,
    default_project: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrant {
    user: String,
    project: String,
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCredential {
    id: Option<String>,
    name: String,
    secret: Secret,
    user: String,
    project: String,
    roles: Vec<String>,
}

fn yes() -> bool {
    true
}

/// Checks everything that [`Users`] promises, or says the first thing that is wrong.
pub(super) fn parse(text: &str) -> Result<Users, String> {
    // The error's own `Display` would quote the line, which may hold a password.
    let raw: RawUsers = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => format!("line {}: {}", line_of(text, span.start), error.message()),
        None => error.message().to_owned(),
    })?;
    let mut project_ids = Names::new("project");
    let mut projects = Vec::with_capacity(raw.projects.len());
    for project in raw.projects {
        projects.push(checked_project(project, &mut project_ids)?);
    }
    let mut user_ids = Names::new("user");
    let mut users = Vec::with_capacity(raw.users.len());
    for user in raw.users {
        users.push(checked_user(user, &mut user_ids, &project_ids)?);
    }
    let mut seen = HashSet::new();
    let mut grants = Vec::with_capacity(raw.role_assignments.len());
    for grant in raw.role_assignments {
        let checked = checked_grant(&grant, &user_ids, &project_ids)?;
        if !seen.insert((checked.user, checked.project)) {
            return Err(format!(
                "there are two role assignments of user {:?} on project {:?}; join their roles",
                grant.user, grant.project
            ));
        }
        grants.push(checked);
    }
    let mut credential_ids = Names::new("application credential");
    let mut credentials = Vec::with_capacity(raw.application_credentials.len());
    for credential in raw.application_credentials {
        credentials.push(checked_credential(
            credential,
            &mut credential_ids,
            (&user_ids, &project_ids),
        )?);
    }
    Ok(Users { projects, users, grants, credentials })
}

fn checked_project(raw: RawProject, ids: &mut Names) -> Result<Project, String> {
    let id = given_or_derived(raw.id.as_deref(), Kind::Project, &raw.name)?;
    ids.add(&raw.name, id)?;
    Ok(Project { id, name: raw.name, description: raw.description, is_enabled: raw.enabled })
}

fn checked_user(raw: RawUser, ids: &mut Names, projects: &Names) -> Result<User, String> {
    let id = given_or_derived(raw.id.as_deref(), Kind::User, &raw.name)?;
    ids.add(&raw.name, id)?;
    let place = format!("user {:?}", raw.name);
    refuse_empty(&raw.password, &place, "password")?;
    let default_project =
        raw.default_project.map(|name| projects.find(&name, &place)).transpose()?;
    Ok(User {
        id,
        name: raw.name,
        password: raw.password,
        is_enabled: raw.enabled,
        default_project,
    })
}

fn checked_grant(raw: &RawGrant, users: &Names, projects: &Names) -> Result<Grant, String> {
    let place = format!("the role assignment of user {:?} on project {:?}", raw.user, raw.project);
    Ok(Grant {
        user: users.find(&raw.user, &place)?,
        project: projects.find(&raw.project, &place)?,
        roles: checked_roles(&raw.roles, &place)?,
    })
}

fn checked_credential(
    raw: RawCredential,
    ids: &mut Names,
    (users, projects): (&Names, &Names),
) -> Result<Credential, String> {
    let place = format!("application credential {:?} of user {:?}", raw.name, raw.user);
    // The name is the user's own: another user may have one of the same name.
    let full_name = format!("{}/{}", raw.user, raw.name);
    let id = given_or_derived(raw.id.as_deref(), Kind::ApplicationCredential, &full_name)?;
    ids.add(&full_name, id)?;
    refuse_empty(&raw.secret, &place, "secret")?;
    Ok(Credential {
        id,
        user: users.find(&raw.user, &place)?,
        project: projects.find(&raw.project, &place)?,
        roles: checked_roles(&raw.roles, &place)?,
        name: raw.name,
        secret: raw.secret,
    })
}

fn checked_roles(names: &[String], place: &str) -> Result<RoleSet, String> {
    if names.is_empty() {
        return Err(format!("{place} names no role; name one or remove the entry"));
    }
    names
        .iter()
        .map(|name| {
            name.parse::<Role>().map_err(|error| format!("{place} names role {name:?}: {error}"))
        })
        .collect()
}

fn refuse_empty(secret: &Secret, place: &str, what: &str) -> Result<(), String> {
    if secret.expose().is_empty() {
        return Err(format!("the {what} of {place} is empty; write a long random one"));
    }
    Ok(())
}

fn given_or_derived(given: Option<&str>, kind: Kind, name: &str) -> Result<Uuid, String> {
    given.map_or_else(
        || Ok(ids::derived(kind, name)),
        |text| {
            ids::parse(text).ok_or_else(|| {
                format!("id {text:?} of {name:?} is not 32 lower-case hex digits; correct it")
            })
        },
    )
}

/// The 1-based line in which the byte at `offset` stands.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The names and ids of one kind of thing, each unique.
struct Names {
    kind: &'static str,
    by_name: HashMap<String, Uuid>,
    ids: HashSet<Uuid>,
}

impl Names {
    fn new(kind: &'static str) -> Self {
        Self { kind, by_name: HashMap::new(), ids: HashSet::new() }
    }

    fn add(&mut self, name: &str, id: Uuid) -> Result<(), String> {
        let kind = self.kind;
        let is_fit = !name.is_empty()
            && name.chars().count() <= NAME_CHARS_MAX
            && !name.chars().any(char::is_control);
        if !is_fit {
            return Err(format!(
                "{kind} name {name:?} must be 1 to {NAME_CHARS_MAX} printable characters"
            ));
        }
        if self.by_name.insert(name.to_owned(), id).is_some() {
            return Err(format!("{kind} {name:?} is listed twice; rename or remove one"));
        }
        if !self.ids.insert(id) {
            return Err(format!("{kind} {name:?} has the id of another {kind}; give it its own"));
        }
        Ok(())
    }

    fn find(&self, name: &str, place: &str) -> Result<Uuid, String> {
        self.by_name.get(name).copied().ok_or_else(|| {
            let kind = self.kind;
            format!("{place} refers to {kind} {name:?}, which is not listed; add it or correct it")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [[projects]]
        name = "shop"
        [[users]]
        name = "anna"
        password = "correct horse"
        default_project = "shop"
        [[role_assignments]]
        user = "anna"
        project = "shop"
        roles = ["member"]
        [[application_credentials]]
        name = "pipeline"
        secret = "battery staple"
        user = "anna"
        project = "shop"
        roles = ["reader"]
    "#;

    fn problem(text: &str) -> String {
        parse(text).unwrap_err()
    }

    #[test]
    fn a_good_file_is_resolved_to_ids() {
        let users = parse(GOOD).unwrap();
        assert_eq!(users.users[0].default_project, Some(users.projects[0].id));
        assert_eq!(users.grants[0].user, users.users[0].id);
        assert_eq!(users.credentials[0].roles, RoleSet::from_iter([Role::Reader]));
        assert_eq!(users.projects[0].id, ids::derived(Kind::Project, "shop"));
    }

    #[test]
    fn an_empty_file_has_nobody_in_it() {
        assert!(parse("").unwrap().users.is_empty());
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_line() {
        let text = GOOD.replace("default_project", "defualt_project");
        assert!(problem(&text).starts_with("line 7: unknown field `defualt_project`"));
        assert!(problem("[[user]]").contains("unknown field `user`"));
    }

    #[test]
    fn what_appears_twice_is_refused_by_name() {
        let twice = |entry: &str| problem(&format!("{GOOD}\n{entry}"));
        assert!(
            twice("[[projects]]\nname = \"shop\"").contains("project \"shop\" is listed twice")
        );
        let user = twice("[[users]]\nname = \"anna\"\npassword = \"x\"");
        assert!(user.contains("user \"anna\" is listed twice"));
        let grant =
            "[[role_assignments]]\nuser = \"anna\"\nproject = \"shop\"\nroles = [\"reader\"]";
        assert!(twice(grant).contains("two role assignments"));
        let credential = "[[application_credentials]]\nname = \"pipeline\"\nsecret = \"x\"\n\
                          user = \"anna\"\nproject = \"shop\"\nroles = [\"reader\"]";
        assert!(twice(credential).contains("\"anna/pipeline\" is listed twice"));
        let id = ids::text(ids::derived(Kind::Project, "shop"));
        let stolen = twice(&format!("[[projects]]\nname = \"other\"\nid = \"{id}\""));
        assert!(stolen.contains("has the id of another project"));
    }

    #[test]
    fn a_reference_to_nothing_is_refused_by_name() {
        let user = problem(&GOOD.replace("user = \"anna\"", "user = \"anne\""));
        assert!(user.contains("refers to user \"anne\""), "{user}");
        let project =
            problem(&GOOD.replace("default_project = \"shop\"", "default_project = \"x\""));
        assert!(project.contains("user \"anna\" refers to project \"x\""), "{project}");
        let role = problem(&GOOD.replace("\"member\"", "\"boss\""));
        assert!(role.contains("role \"boss\"") && role.contains("expected one of"), "{role}");
        let none = problem(&GOOD.replace("[\"member\"]", "[]"));
        assert!(none.contains("names no role"), "{none}");
    }

    #[test]
    fn bad_ids_names_and_empty_secrets_are_refused() {
        assert!(problem("[[projects]]\nname = \"a\"\nid = \"ABC\"").contains("32 lower-case hex"));
        assert!(problem("[[projects]]\nname = \"\"").contains("printable"));
        assert!(problem("[[projects]]\nname = \"a\\tb\"").contains("printable"));
        let long = "n".repeat(NAME_CHARS_MAX + 1);
        assert!(problem(&format!("[[projects]]\nname = \"{long}\"")).contains("printable"));
        assert!(problem("[[users]]\nname = \"a\"\npassword = \"\"").contains("password"));
    }

    #[test]
    fn no_problem_repeats_a_secret() {
        for text in [
            "[[users]]\nname = \"a\"\npassword = 424242",
            "[[users]]\nname = \"a\"\npassword = 4.24242",
            "[[users]]\nname = \"a\"\npassword = \"s424242\"\nnonsense = 1",
            "[[users]]\nname = \"a\"\npassword = [\"424242\"]",
            "[[users]]\nname = \"a\"\npassword = s424242",
            "[[users]]\nname = \"a\"\npassword = \"s424242",
            "[[users]]\nname = \"a\"\npassword = \"s424242\\q\"",
            "[[users]]\npassword = \"s424242\"",
        ] {
            let problem = problem(text);
            assert!(!problem.contains("24242"), "{problem}");
        }
    }
}
