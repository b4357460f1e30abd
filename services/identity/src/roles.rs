//! A set of roles in one byte, as the users file grants them and tokens carry them.

use crate::Role;

/// Some of [`Role::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RoleSet(u8);

impl RoleSet {
    /// Reads the byte that [`RoleSet::bits`] gave. Bits without a role are dropped.
    pub(crate) fn from_bits(bits: u8) -> Self {
        Self(bits & Role::ALL.into_iter().map(bit).sum::<u8>())
    }

    /// One bit per role; never changes its meaning, as tokens carry it.
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn insert(&mut self, role: Role) {
        self.0 |= bit(role);
    }

    pub(crate) fn contains(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// These roles and those that they imply: an admin is a manager and a member, and each of
    /// those is a reader.
    pub(crate) fn expanded(self) -> Self {
        let mut all = self;
        if all.contains(Role::Admin) {
            all.insert(Role::Manager);
        }
        if all.contains(Role::Manager) {
            all.insert(Role::Member);
        }
        if all.contains(Role::Member) {
            all.insert(Role::Reader);
        }
        all
    }

    /// The roles, strongest first.
    pub(crate) fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        let mut set = Self::default();
        for role in roles {
            set.insert(role);
        }
        set
    }
}

fn bit(role: Role) -> u8 {
    match role {
        Role::Admin => 1,
        Role::Manager => 2,
        Role::Member => 4,
        Role::Reader => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(role: Role) -> Vec<Role> {
        RoleSet::from_iter([role]).expanded().iter().collect()
    }

    #[test]
    fn a_role_brings_those_that_it_implies() {
        assert_eq!(expanded(Role::Admin), Role::ALL);
        assert_eq!(expanded(Role::Manager), [Role::Manager, Role::Member, Role::Reader]);
        assert_eq!(expanded(Role::Member), [Role::Member, Role::Reader]);
        assert_eq!(expanded(Role::Reader), [Role::Reader]);
    }

    #[test]
    fn a_set_survives_its_byte_and_unknown_bits_do_not() {
        let set = RoleSet::from_iter([Role::Admin, Role::Reader]);
        assert_eq!(RoleSet::from_bits(set.bits()), set);
        assert_eq!(RoleSet::from_bits(0xF0), RoleSet::default());
    }
}
