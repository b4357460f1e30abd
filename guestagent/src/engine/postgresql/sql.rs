//! Names and texts inside PostgreSQL statements.
//!
//! Statements that administer take no parameters, so quoting is the only way. It must hold for
//! every text, also for those that no request should have let through.

/// A quoted identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A quoted string; whatever the setting for backslashes is, it is right.
pub(super) fn string(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        return format!("E'{}'", quoted.replace('\\', "\\\\"));
    }
    format!("'{quoted}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_quotes() {
        assert_eq!(identifier("a\"; drop"), "\"a\"\"; drop\"");
        assert_eq!(string("a'; drop"), "'a''; drop'");
        assert_eq!(string(r"a\'; drop"), r"E'a\\''; drop'");
    }
}
