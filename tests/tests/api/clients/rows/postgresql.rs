//! What reaches into an instance, with PostgreSQL: from its creation to its end.

use crate::clients::row::Seen::{Gone, NoSql, Printed, Restarted, Shown, Sql, Up};
use crate::clients::row::{Login, Row, refused, works};

const fn login(
    user: &'static str,
    password: &'static str,
    database: &'static str,
) -> Login<'static> {
    Login { instance: "pg", user, password, database: Some(database) }
}

const ANNA: Login<'static> = login("anna", "first-secret", "stock");
const ROOT: Login<'static> = login("postgres", "root-secret", "stock");
const BOB: Login<'static> = login("bob", "bobs-secret", "store");
const BOB_IN_STOCK: Login<'static> = login("bob", "bobs-secret", "stock");
const ROBERT: Login<'static> = login("robert", "other-secret", "store");

const NO_HOST: &str = "Host '10.0.0.%' can't be kept to: users of PostgreSQL have none, only '%'.";

pub(super) const BEGIN: &[Row] = &[
    works(
        "database instance create",
        "pg --flavor db.tiny --size 1 --databases stock --users anna:first-secret \
         --datastore postgresql --datastore-version 15",
        &[Up("pg"), Sql(ANNA, "select current_database()", &["stock"])],
    ),
    works(
        "database root enable",
        "pg --root_password root-secret",
        &[Sql(ROOT, "select session_user", &["postgres"])],
    ),
    works("database root show", "pg", &[Printed("True")]),
    works(
        "database db create",
        "pg store --character_set utf8 --collate C",
        &[Sql(ROOT, "select datcollate from pg_database where datname = 'store'", &["C"])],
    ),
    works("database db list", "pg", &[Printed("store")]),
    works(
        "database user create",
        "pg bob bobs-secret --databases store",
        &[Sql(BOB, "create table t (a int primary key)", &[])],
    ),
    works("database user list", "pg", &[Printed("bob")]),
    works("database user show", "pg bob", &[Printed("store")]),
    works(
        "database user grant access",
        "pg bob stock",
        &[Sql(BOB_IN_STOCK, "create table t (a int primary key)", &[])],
    ),
    works("database user show access", "pg bob", &[Printed("stock")]),
    works(
        "database user revoke access",
        "pg bob stock",
        &[NoSql(BOB_IN_STOCK, "insert into t values (1)")],
    ),
    works(
        "database user update attributes",
        "pg bob --new_name robert --new_password other-secret",
        &[NoSql(BOB, "select 1"), Sql(ROBERT, "select count(*) from t", &["0"])],
    ),
    works("database user delete", "pg robert", &[NoSql(ROBERT, "select 1")]),
    refused("database user create", "pg eve eves-secret --host 10.0.0.%", 400, NO_HOST),
    works(
        "database db delete",
        "pg store",
        &[Sql(ROOT, "select datname from pg_database where datname = 'store'", &[])],
    ),
    works(
        "database root disable",
        "pg",
        &[NoSql(ROOT, "select 1"), Sql(ANNA, "insert into t values (1)", &[])],
    ),
];

const MEMORY: &str = "show work_mem";

pub(super) const GROUPS: &[Row] = &[
    works(
        "database configuration parameter list",
        "15 --datastore postgresql",
        &[Printed("work_mem")],
    ),
    works(
        "database configuration parameter show",
        "15 work_mem --datastore postgresql",
        &[Printed("integer")],
    ),
    works(
        "database configuration create",
        "tuned {\"work_mem\":8192} --datastore postgresql --datastore-version 15",
        &[Shown("/configurations/{tuned}", "/configuration/values/work_mem", "8192")],
    ),
    works("database configuration attach", "pg tuned", &[Sql(ANNA, MEMORY, &["8MB"])]),
    works("database configuration instances", "tuned", &[Printed("pg")]),
    works(
        "database configuration set",
        "{tuned} {\"work_mem\":16384}",
        &[Sql(ANNA, MEMORY, &["16MB"])],
    ),
    works(
        "database configuration parameter set",
        "{tuned} {\"work_mem\":32768}",
        &[Sql(ANNA, MEMORY, &["32MB"])],
    ),
    works("database configuration default", "pg", &[Printed("max_connections")]),
    works("database configuration detach", "pg", &[Sql(ANNA, MEMORY, &["4MB"])]),
    works(
        "database instance update",
        "pg --configuration {tuned}",
        &[Sql(ANNA, MEMORY, &["32MB"])],
    ),
    works("database instance update", "pg --remove-configuration", &[Sql(ANNA, MEMORY, &["4MB"])]),
    works("database configuration delete", "tuned", &[Gone("/configurations/{tuned}")]),
];

const KEPT: &str = "select a from t";

pub(super) const END: &[Row] = &[
    works("database instance restart", "pg", &[Restarted("pg"), Sql(ANNA, KEPT, &["1"])]),
    works(
        "database instance resize flavor",
        "pg db.small",
        &[
            Shown("/instances/{pg}", "/instance/flavor/id", "\"2\""),
            Restarted("pg"),
            Sql(ANNA, "show shared_buffers", &["128MB"]),
        ],
    ),
    works(
        "database instance resize volume",
        "pg 2",
        &[
            Shown("/instances/{pg}", "/instance/volume/size", "2"),
            Up("pg"),
            Sql(ANNA, KEPT, &["1"]),
        ],
    ),
    works("database instance reboot", "{pg}", &[Restarted("pg"), Sql(ANNA, KEPT, &["1"])])
        .by_admin(),
    works("database log list", "pg", &[Printed("general")]),
    works("database log show", "pg general", &[Printed("Disabled")]),
    works(
        "database log set",
        "pg general --enable",
        &[Shown("/instances/{pg}/log", "/logs/0/status", "\"Ready\"")],
    ),
    works("database instance delete", "{pg}", &[Gone("/instances/{pg}")]),
];
