//! The answer of an identity service: a user, in a project, with roles.

use std::fmt;
use std::str::FromStr;

/// Who makes a request, and for which project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
    /// The user's name as it is now; for people, not for comparing.
    pub user_name: String,
    /// The project (tenant) that the token is for.
    pub project_id: ProjectId,
    /// The project's name as it is now; for people, not for comparing.
    pub project_name: String,
    /// All roles of the user in the project, implied ones included, without repeats.
    pub roles: Vec<Role>,
    /// Names the token in an audit trail, where the token itself must not stand.
    pub audit_id: AuditId,
    /// Names the first token of the chain that this one was made from; its own id if none.
    pub audit_chain_id: AuditId,
}

impl Caller {
    /// Whether the caller may act on every project.
    pub fn is_admin(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }

    /// Whether the caller may change things in its project; `reader` alone may only look.
    pub fn may_write(&self) -> bool {
        self.roles.iter().any(|role| match role {
            Role::Admin | Role::Manager | Role::Member => true,
            Role::Reader => false,
        })
    }
}

/// A role that means something to us. Any other role of an identity service gives no right
/// here and is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Everything, in every project.
    Admin,
    /// Keystone's step between admin and member; to us the same as a member.
    Manager,
    /// Reads and writes in its project.
    Member,
    /// Reads in its project.
    Reader,
}

impl Role {
    /// Every role, strongest first.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Manager, Self::Member, Self::Reader];

    /// The name on the wire and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Member => "member",
            Self::Reader => "reader",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or(UnknownRole)
    }
}

/// The name is not one of [`Role::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown role, expected one of admin, manager, member, reader")]
pub struct UnknownRole;

/// A user's id, as the identity service writes it; opaque.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(String);

impl UserId {
    /// Takes the id as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A project's id, as the identity service writes it; opaque.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectId(String);

impl ProjectId {
    /// Takes the id as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a token without being one: it may stand in logs and events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuditId(String);

impl AuditId {
    /// Takes the id as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AuditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(roles: &[Role]) -> Caller {
        Caller {
            user_id: UserId::new("u"),
            user_name: "demo".into(),
            project_id: ProjectId::new("p"),
            project_name: "demo".into(),
            roles: roles.to_vec(),
            audit_id: AuditId::new("a"),
            audit_chain_id: AuditId::new("a"),
        }
    }

    #[test]
    fn a_reader_alone_may_not_write() {
        assert!(!caller(&[Role::Reader]).may_write());
        assert!(caller(&[Role::Member, Role::Reader]).may_write());
        assert!(caller(&[Role::Manager]).may_write());
        assert!(caller(&[Role::Admin]).may_write());
    }

    #[test]
    fn only_the_admin_role_makes_an_admin() {
        assert!(caller(&[Role::Admin, Role::Member]).is_admin());
        assert!(!caller(&[Role::Manager, Role::Member, Role::Reader]).is_admin());
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert_eq!("Admin".parse::<Role>(), Err(UnknownRole));
    }
}
