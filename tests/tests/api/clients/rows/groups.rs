//! Configuration groups, whose values are seen in a running server.

use super::ANNA;
use crate::clients::row::Seen::{Gone, Printed, Shown, Sql};
use crate::clients::row::{Row, works};

const WAITING: &str = "select @@global.wait_timeout, @@global.long_query_time";

pub(super) const ROWS: &[Row] = &[
    works(
        "database configuration parameter list",
        "10.11 --datastore mariadb",
        &[Printed("wait_timeout")],
    ),
    works("database configuration parameter list", "{mariadb-10.11}", &[Printed("wait_timeout")]),
    works(
        "database configuration parameter show",
        "10.11 wait_timeout --datastore mariadb",
        &[Printed("integer")],
    ),
    works(
        "database configuration create",
        "tuned {\"wait_timeout\":77} --datastore mariadb --datastore-version 10.11",
        &[Shown("/configurations/{tuned}", "/configuration/values/wait_timeout", "77")],
    ),
    works("database configuration list", "", &[Printed("tuned")]),
    works("database configuration show", "tuned", &[Printed("wait_timeout")]),
    works("database configuration attach", "shop tuned", &[Sql(ANNA, WAITING, &["77\t10.000000"])]),
    works("database configuration instances", "tuned", &[Printed("shop")]),
    works(
        "database configuration set",
        "{tuned} {\"wait_timeout\":78,\"long_query_time\":3}",
        &[
            Shown("/configurations/{tuned}", "/configuration/values/wait_timeout", "78"),
            Sql(ANNA, WAITING, &["78\t3.000000"]),
        ],
    ),
    works(
        "database configuration parameter set",
        "{tuned} {\"wait_timeout\":79}",
        &[
            Shown("/configurations/{tuned}", "/configuration/values/wait_timeout", "79"),
            Sql(ANNA, WAITING, &["79\t3.000000"]),
        ],
    ),
    works("database configuration default", "shop", &[Printed("max_connections")]),
    works("database configuration detach", "shop", &[Sql(ANNA, WAITING, &["28800\t10.000000"])]),
    works(
        "database instance update",
        "shop --configuration {tuned}",
        &[Sql(ANNA, WAITING, &["79\t3.000000"])],
    ),
    works(
        "database instance update",
        "shop --remove-configuration",
        &[Sql(ANNA, WAITING, &["28800\t10.000000"])],
    ),
    works("database configuration delete", "tuned", &[Gone("/configurations/{tuned}")]),
];
