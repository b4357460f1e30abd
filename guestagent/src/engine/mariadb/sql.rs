//! Names and texts inside MariaDB statements.
//!
//! Administration takes no parameters (`CREATE USER ?` is a syntax error), so quoting is the only
//! way. It must hold for every text, also for those that no request should have let through.

/// A quoted identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A quoted database name in `GRANT`, where `_` and `%` would be wildcards.
pub(crate) fn grant_database(name: &str) -> String {
    let name = name.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%");
    identifier(&name)
}

/// A quoted string, right while `NO_BACKSLASH_ESCAPES` is off, as a session can make sure.
pub(crate) fn string(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A user at a host.
pub(crate) fn account(user: &str, host: &str) -> String {
    format!("{}@{}", string(user), string(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_quotes() {
        assert_eq!(identifier("a`; drop"), "`a``; drop`");
        assert_eq!(string(r"a\'; drop"), r"'a\\''; drop'");
        assert_eq!(account("u'", "%"), "'u'''@'%'");
    }

    #[test]
    fn a_grant_is_for_one_database_only() {
        assert_eq!(grant_database("a_b%"), r"`a\_b\%`");
    }
}
