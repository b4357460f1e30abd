//! The rows, in the order in which they are run: each finds what those before it have left.

mod absent;
mod groups;
mod inside;
mod instances;
mod logs;
mod offer;

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

const fn login(user: &'static str, password: &'static str) -> Login<'static> {
    Login { instance: "shop", user, password }
}

/// Who is there from the beginning.
const ANNA: Login<'static> = login("anna", "first-secret");
