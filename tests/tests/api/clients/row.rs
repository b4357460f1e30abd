//! What stands in a row of the table.

/// A command, its answer, and where its effect is seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Of the command line, or the name of a method.
    pub(super) command: &'static str,
    /// Its arguments, or the expression that asks the method. `{name}` is the id of what has that name.
    pub(super) arguments: &'static str,
    pub(super) who: Who,
    pub(super) told: Told,
    pub(super) seen: &'static [Seen],
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Member,
    Admin,
}

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It does what it says.
    Works,
    /// The service refuses with this status and text.
    Refused(u16, &'static str),
    /// The service does not know what is named, and the client says so in its own words.
    Unknown(&'static str),
    /// The client raises this by itself.
    Raises(&'static str),
    /// The client looks for another service, and fails without it.
    Elsewhere(&'static str),
}

/// What is looked at afterwards.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen {
    /// What the command printed has this in it.
    Printed(&'static str),
    /// The command printed nothing.
    Nothing,
    /// The instance's server is another process than before, and serves.
    Restarted(&'static str),
    /// Root logs in to the instance with the password that was printed.
    Rooted(&'static str),
    /// The instance is active, and its database healthy.
    Up(&'static str),
    /// At this path of the interface this pointer comes to have this value.
    Shown(&'static str, &'static str, &'static str),
    /// What is at this path ceases to be.
    Gone(&'static str),
    /// The statement has these rows.
    Sql(Login<'static>, &'static str, &'static [&'static str]),
    /// The statement, or the log-in, is refused.
    NoSql(Login<'static>, &'static str),
}

/// A user inside an instance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) instance: &'a str,
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    /// The database that statements are about, where they don't say it.
    pub(super) database: Option<&'a str>,
}

const fn row(command: &'static str, arguments: &'static str, told: Told) -> Row {
    Row { command, arguments, who: Who::Member, told, seen: &[] }
}

pub(super) const fn works(
    command: &'static str,
    arguments: &'static str,
    seen: &'static [Seen],
) -> Row {
    Row { seen, ..row(command, arguments, Told::Works) }
}

pub(super) const fn refused(
    command: &'static str,
    arguments: &'static str,
    code: u16,
    text: &'static str,
) -> Row {
    row(command, arguments, Told::Refused(code, text))
}

pub(super) const fn unknown(
    command: &'static str,
    arguments: &'static str,
    text: &'static str,
) -> Row {
    row(command, arguments, Told::Unknown(text))
}

pub(super) const fn raises(
    command: &'static str,
    arguments: &'static str,
    text: &'static str,
) -> Row {
    row(command, arguments, Told::Raises(text))
}

pub(super) const fn elsewhere(
    command: &'static str,
    arguments: &'static str,
    text: &'static str,
) -> Row {
    row(command, arguments, Told::Elsewhere(text))
}

impl Row {
    /// The same, by an administrator.
    pub(super) const fn by_admin(self) -> Self {
        Self { who: Who::Admin, ..self }
    }
}
