//! Names and texts inside MariaDB statements.
//!
//! Administration takes no parameters (`CREATE USER ?` is a syntax error), so quoting is the only
//! way. It must hold for every text, also for those that no request should have let through.

/// A quoted identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The most characters of a database's name in `GRANT`, escapes included.
pub(crate) const GRANT_CHARS_MAX: usize = 64;

/// A database's name for `GRANT`, where `_` and `%` would be wildcards; still to be quoted.
pub(crate) fn escaped_grant(name: &str) -> String {
    name.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%")
}

/// The name of the database that a row of `mysql.db` is for.
pub(crate) fn unescaped_grant(pattern: &str) -> String {
    let mut characters = pattern.chars();
    let mut name = String::new();
    while let Some(character) = characters.next() {
        let escaped = (character == '\\').then(|| characters.next()).flatten();
        name.push(escaped.unwrap_or(character));
    }
    name
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
        assert_eq!(escaped_grant("a_b%"), r"a\_b\%");
    }

    #[test]
    fn a_grant_tells_the_name_it_was_made_for() {
        for name in ["a_b%", r"\", r"a\_b", "ü", r"\\%_"] {
            assert_eq!(unescaped_grant(&escaped_grant(name)), name);
        }
        assert_eq!(unescaped_grant(r"as_root\"), r"as_root\");
    }
}
