//! The words in which an engine says, inside an instance, what every engine can say.

use super::Setting;

/// What configuration groups may hold, and what not.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// A parameter that only a start takes.
    pub at_start: Setting,
    /// Values that no group gets, as JSON without spaces, each with words of the refusal.
    pub bad: &'static [(&'static str, &'static str)],
    /// A parameter, and a value of it that the smallest flavor has no room for.
    pub too_large: (&'static str, i64),
    /// How a statement begins that ends with a parameter's name and shows its value.
    pub show: &'static str,
}

/// Statements that each engine writes in its own way.
#[derive(Debug, Clone, Copy)]
pub struct Statements {
    /// Shows when the server started, in whole seconds since 1970.
    pub started: &'static str,
    /// Makes a table whose column `a` holds text of millions of characters as it is. The table's
    /// name stands in the place of `{}`.
    pub wide: &'static str,
    /// Words in which a wrong password is refused.
    pub denied: &'static str,
}

/// Character sets and collations.
#[derive(Debug, Clone, Copy)]
pub struct Charset {
    /// A character set that is no default there, or whose collation is none.
    pub name: &'static str,
    /// A collation of it.
    pub collation: &'static str,
    /// The statement that shows both of the database that one is in, without a space between.
    pub shown_by: &'static str,
    /// What is shown of a database that was made with these.
    pub shown: &'static str,
    /// What is shown of one that was made without.
    pub default: &'static str,
}

/// The account by which a tenant administers its databases.
#[derive(Debug, Clone, Copy)]
pub struct Root {
    /// Its name.
    pub name: &'static str,
    /// The statement that shows who is logged in, and what it shows of root.
    pub who: (&'static str, &'static str),
    /// What it may do with a table `t` in a database that somebody else has made, and what else.
    pub may: &'static [&'static str],
    /// What it may not do.
    pub may_not: &'static [&'static str],
    /// A database of the server's own, whose name nobody else can have.
    pub reserved: &'static str,
}

/// The logs of an instance.
#[derive(Debug, Clone, Copy)]
pub struct Logs {
    /// Those that owners switch, the one of all statements first. Each has the statements behind
    /// which the next is written to it.
    pub owners: &'static [(&'static str, &'static str)],
    /// Words of the log `error` once the server has started.
    pub started: &'static str,
}
