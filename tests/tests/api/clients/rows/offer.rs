//! What can be chosen, and how much of it.

use crate::clients::row::Seen::{Gone, Printed, Shown};
use crate::clients::row::{Row, works};

pub(super) const ROWS: &[Row] = &[
    works("database flavor list", "", &[Printed("db.tiny")]),
    works(
        "database flavor list",
        "--datastore-type mysql --datastore-version-id {mariadb-10.11}",
        &[Printed("db.tiny")],
    ),
    works("database flavor show", "db.small", &[Printed("512")]),
    works("database limit list", "", &[Printed("max_instances")]),
    works("datastore list", "", &[Printed("mariadb")]),
    works("datastore show", "mariadb", &[Printed("10.11 (")]),
    works("datastore version list", "mysql", &[Printed("mariadb-10.11")]),
    works("datastore version show", "{mariadb-10.11}", &[Printed("mariadb-10.11")]),
    works("datastore version show", "10.11 --datastore mariadb", &[Printed("10.11")]),
    works(
        "datastore version create",
        "first spare mariadb {image} --active",
        &[Shown("/mgmt/datastore-versions/{first}", "/version/active", "true")],
    )
    .by_admin(),
    works(
        "datastore version set",
        "{first} --disable",
        &[Shown("/mgmt/datastore-versions/{first}", "/version/active", "false")],
    )
    .by_admin(),
    works("datastore version delete", "{first}", &[Gone("/mgmt/datastore-versions/{first}")])
        .by_admin(),
    works("datastore delete", "spare", &[Gone("/datastores/spare")]).by_admin(),
    works(
        "database quota update",
        "{project} volumes 7",
        &[Shown("/mgmt/quotas/{project}", "/quotas/2/limit", "7")],
    )
    .by_admin(),
    works("database quota show", "{project}", &[Printed("volumes")]).by_admin(),
];
