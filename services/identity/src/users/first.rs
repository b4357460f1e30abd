//! The first users file of a stack, with random passwords.

use std::path::Path;

use data_encoding::BASE32_DNSSEC;
use rand::Rng as _;
use uuid::Uuid;

use super::{Secret, Users, UsersError, read};
use crate::ids;
use crate::private_file;

/// 160 bits: 32 letters and digits, which need no quoting anywhere and are beyond guessing.
const PASSWORD_BYTES: usize = 20;

/// What a client needs to log in; goes into its `clouds.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name, in the domain `Default`.
    pub user_name: String,
    /// The user's password.
    pub password: Secret,
    /// A project in which the user has a role: the default one if there is such a role.
    pub project_name: String,
}

/// Makes sure that there is a users file and returns the log-ins of its enabled users.
///
/// A missing file is written: projects `admin` and `demo`; user `admin` with role `admin` on
/// the first, user `demo` with role `member` on the second; random passwords. An existing file
/// is read and never rewritten, so repeating this, or doing it in several processes at once,
/// gives the same log-ins.
///
/// # Errors
/// When the file can't be written, or the one that is there can't be used.
pub fn generate(path: &Path) -> Result<Vec<Login>, UsersError> {
    private_file::ensure(path, &first_content())?;
    let (users, _) = read(path)?;
    Ok(logins(&users))
}

fn first_content() -> String {
    let id = || ids::text(Uuid::new_v4());
    format!(
        r#"# Users, projects and roles of the embedded identity service.
# Keep this file's mode at 0600. A change is in force at the next request.

[[projects]]
id = "{}"
name = "admin"
description = "Operators of this stack."

[[projects]]
id = "{}"
name = "demo"
description = "For trying things out."

[[users]]
id = "{}"
name = "admin"
password = "{}"
default_project = "admin"

[[users]]
id = "{}"
name = "demo"
password = "{}"
default_project = "demo"

[[role_assignments]]
user = "admin"
project = "admin"
roles = ["admin"]

[[role_assignments]]
user = "demo"
project = "demo"
roles = ["member"]
"#,
        id(),
        id(),
        id(),
        random_password(),
        id(),
        random_password(),
    )
}

fn random_password() -> String {
    let mut bytes = [0; PASSWORD_BYTES];
    rand::rng().fill(&mut bytes);
    BASE32_DNSSEC.encode(&bytes)
}

fn logins(users: &Users) -> Vec<Login> {
    users
        .users
        .iter()
        .filter(|user| user.is_enabled)
        .filter_map(|user| {
            let mut held = users.grants.iter().filter(|grant| grant.user == user.id);
            let project = held
                .clone()
                .find(|grant| Some(grant.project) == user.default_project)
                .or_else(|| held.next())?
                .project;
            let project = users.projects.iter().find(|entry| entry.id == project)?;
            Some(Login {
                user_name: user.name.clone(),
                password: user.password.clone(),
                project_name: project.name.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn the_first_file_has_an_admin_and_a_demo_user_with_random_passwords() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        let logins = generate(&path).unwrap();
        let names: Vec<_> =
            logins.iter().map(|login| (&*login.user_name, &*login.project_name)).collect();
        assert_eq!(names, [("admin", "admin"), ("demo", "demo")]);
        assert!(logins.iter().all(|login| login.password.expose().len() == 32));
        assert_ne!(logins[0].password, logins[1].password);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_existing_file_is_read_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        let logins = generate(&path).unwrap();
        let content = fs::read(&path).unwrap();
        assert_eq!(generate(&path).unwrap(), logins);
        assert_eq!(fs::read(&path).unwrap(), content);
    }

    #[test]
    fn an_existing_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        generate(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(generate(&path), Err(UsersError::File(_))));
    }

    #[test]
    fn a_log_in_never_shows_its_password_in_debug_output() {
        let folder = tempfile::tempdir().unwrap();
        let logins = generate(&folder.path().join("users.toml")).unwrap();
        assert!(!format!("{logins:?}").contains(logins[0].password.expose()));
    }

    #[test]
    fn a_disabled_user_and_one_without_a_role_have_no_log_in() {
        let users = crate::users::file::parse(
            "[[projects]]\nname = \"p\"\n\
             [[users]]\nname = \"off\"\npassword = \"x\"\nenabled = false\n\
             [[users]]\nname = \"idle\"\npassword = \"x\"\n\
             [[role_assignments]]\nuser = \"off\"\nproject = \"p\"\nroles = [\"member\"]\n",
        )
        .unwrap();
        assert!(logins(&users).is_empty());
    }
}
