//! Logs of an instance's server. None are told yet: these rows change with the routes.

use crate::clients::row::{Row, refused, swallowed};

const NO_LOGS: &str = "Log actions are not supported.";

pub(super) const ROWS: &[Row] = &[
    refused("database log list", "store", 501, NO_LOGS),
    refused("database log show", "store slow_query", 501, NO_LOGS),
    refused("database log set", "store slow_query --enable", 501, NO_LOGS),
    swallowed("database log tail", "store slow_query", 501, NO_LOGS),
    swallowed("database log save", "store slow_query", 501, NO_LOGS),
];
