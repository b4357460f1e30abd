//! Parameters of queries and paths.

use serde_json::{Value, json};

/// A parameter of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) kind: Kind,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// `true`, `1` and the like in any case; everything else is no.
    Flag,
    /// An integer of at least 1.
    Count,
    /// An integer of at least 0.
    Offset,
    /// A UUID.
    Id,
    /// Any text.
    Text,
}

impl Kind {
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Count => json!({ "type": "integer", "minimum": 1 }),
            Self::Offset => json!({ "type": "integer", "minimum": 0 }),
            Self::Id => json!({ "type": "string", "format": "uuid" }),
            Self::Flag | Self::Text => json!({ "type": "string" }),
        }
    }
}

const LIMIT: Param =
    Param { name: "limit", about: "At most so many; a page has its own most.", kind: Kind::Count };

/// The page behind an id.
pub(crate) const BY_ID: [Param; 2] =
    [LIMIT, Param { name: "marker", about: "The last id of the page before.", kind: Kind::Id }];

/// The page behind a name.
pub(crate) const BY_NAME: [Param; 2] =
    [LIMIT, Param { name: "marker", about: "The last name of the page before.", kind: Kind::Text }];

/// The page behind so many entries.
pub(crate) const BY_NUMBER: [Param; 2] =
    [LIMIT, Param { name: "marker", about: "So many came before.", kind: Kind::Offset }];

/// Taken without effect: there are no clusters.
pub(crate) const INCLUDE_CLUSTERED: Param = Param {
    name: "include_clustered",
    about: "Without effect: there are no clusters.",
    kind: Kind::Flag,
};

/// All projects' instances.
pub(crate) const ALL_TENANTS: Param = Param {
    name: "all_tenants",
    about: "Those of all projects; for administrators.",
    kind: Kind::Flag,
};

/// Deleted ones, or not.
pub(crate) const DELETED: Param =
    Param { name: "deleted", about: "Deleted ones.", kind: Kind::Flag };

/// Of a log.
pub(crate) const LINES: Param = Param {
    name: "lines",
    about: "At most so many, and 1000 at most; 50 where nothing is said.",
    kind: Kind::Count,
};

/// Of one project.
pub(crate) const PROJECT_ID: Param =
    Param { name: "project_id", about: "Those of this project.", kind: Kind::Text };

/// How many, and of which projects.
pub(crate) const OF_OTHERS: [Param; 3] = [
    LIMIT,
    PROJECT_ID,
    Param {
        name: "all_projects",
        about: "Those of all projects; for administrators.",
        kind: Kind::Flag,
    },
];

/// What a part of a path names, by its name in braces.
pub(super) fn path_param(name: &str) -> &'static str {
    match name {
        "project_id" => "The project of the token.",
        "id" => "An id.",
        "datastore" => "A datastore, by name or id.",
        "version" => "A version, by id or, below a datastore, by name.",
        "database" => "A database's name.",
        "user" => "A user: `name`, or `name@host`.",
        "name" => "A parameter's name.",
        "project" => "A project's id.",
        "module" => "A module's id.",
        "log" => "A log's name.",
        _ => "A name or id.",
    }
}
