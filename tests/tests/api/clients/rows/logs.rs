//! Logs of an instance's server. There is no object store that the client could read them from.

use crate::clients::row::Seen::{Printed, Shown};
use crate::clients::row::{Row, elsewhere, refused, works};

const UNPUBLISHED: &str = "Log actions are not supported: there is no object store to publish a \
                           log to.";

const STORE: &str = "an object store (Swift)";

pub(super) const ROWS: &[Row] = &[
    works("database log list", "store", &[Printed("slow_query")]),
    works("database log show", "store slow_query", &[Printed("Disabled")]),
    works(
        "database log set",
        "store slow_query --enable",
        &[Shown("/instances/{store}/log", "/logs/1/status", "\"Ready\"")],
    ),
    refused("database log set", "store slow_query --publish", 501, UNPUBLISHED),
    elsewhere("database log tail", "store slow_query", STORE),
    elsewhere("database log save", "store slow_query", STORE),
];
