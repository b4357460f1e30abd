//! Root, databases and users inside an instance.

use super::{ANNA, login};
use crate::clients::row::Seen::{Gone, NoSql, Printed, Shown, Sql};
use crate::clients::row::{Login, Row, works};

const ROOT: Login<'static> = login("root", "root-secret");
const BOB: Login<'static> = login("bob", "bobs-secret");
const ROBERT: Login<'static> = login("robert", "other-secret");

pub(super) const ROWS: &[Row] = &[
    works(
        "database root enable",
        "shop --root_password root-secret",
        &[Sql(ROOT, "select current_user()", &["root@%"])],
    ),
    works("database root show", "shop", &[Printed("True")]),
    works(
        "database db create",
        "shop store --character_set utf8mb4",
        &[Sql(ROOT, "show databases like 'sto%e'", &["store"])],
    ),
    works("database db list", "shop", &[Printed("store")]),
    works(
        "database user create",
        "shop bob bobs-secret --databases store",
        &[Sql(BOB, "create table store.t (a int primary key)", &[])],
    ),
    works("database user list", "shop", &[Printed("bob")]),
    works("database user show", "shop bob", &[Printed("store")]),
    works(
        "database user grant access",
        "shop bob stock",
        &[Sql(BOB, "create table stock.t (a int primary key)", &[])],
    ),
    works("database user show access", "shop bob", &[Printed("stock")]),
    works(
        "database user revoke access",
        "shop bob stock",
        &[NoSql(BOB, "insert into stock.t values (1)")],
    ),
    works(
        "database user update attributes",
        "shop bob --new_name robert --new_password other-secret",
        &[NoSql(BOB, "select 1"), Sql(ROBERT, "select count(*) from store.t", &["0"])],
    ),
    works("database user delete", "shop robert", &[NoSql(ROBERT, "select 1")]),
    works(
        "database user create",
        "shop eve eves-secret --host 10.0.0.%",
        &[Shown("/instances/{shop}/users/eve@10.0.0.%25", "/user/host", "\"10.0.0.%\"")],
    ),
    works("database user show", "shop eve --host 10.0.0.%", &[Printed("10.0.0.%")]),
    works(
        "database user delete",
        "shop eve --host 10.0.0.%",
        &[Gone("/instances/{shop}/users/eve@10.0.0.%25")],
    ),
    works("database db delete", "shop store", &[Sql(ROOT, "show databases like 'sto%e'", &[])]),
    works(
        "database root disable",
        "shop",
        &[NoSql(ROOT, "select 1"), Sql(ANNA, "select 1", &["1"])],
    ),
];
