//! The rows, in the order in which they are run: each finds what those before it have left.

mod absent;
mod groups;
mod inside;
mod instances;
mod logs;
mod offer;
mod postgresql;

use super::row::{Login, Row};

/// All rows.
pub(super) const ALL: [&[Row]; 8] = [
    offer::ROWS,
    instances::BEGIN,
    inside::ROWS,
    groups::ROWS,
    instances::LIFE,
    absent::ROWS,
    logs::ROWS,
    instances::END,
];

/// Those that reach into an instance of PostgreSQL.
pub(super) const OF_POSTGRESQL: [&[Row]; 3] =
    [postgresql::BEGIN, postgresql::GROUPS, postgresql::END];

const fn login(user: &'static str, password: &'static str) -> Login<'static> {
    Login { instance: "shop", user, password, database: None }
}

/// Who is there from the beginning.
const ANNA: Login<'static> = login("anna", "first-secret");
