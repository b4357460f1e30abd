//! The rows of openstacksdk, in the order in which they are run: each finds what those before it
//! have left. Some send what no other client does; `docs/clients.md` shows the expressions.

use super::row::Seen::{Gone, NoSql, Printed, Restarted, Rooted, Shown, Sql, Up};
use super::row::{Login, Row, raises, unknown, works};

const ANNA: Login<'static> =
    Login { instance: "orders", user: "anna", password: "first-secret", database: None };

const DATABASES: &str = "/instances/{orders}/databases";

pub(super) const ROWS: &[Row] = &[
    works("flavors", "[flavor.name for flavor in db.flavors()]", &[Printed("db.tiny")]),
    works("get_flavor", "db.get_flavor('1')", &[Printed("db.tiny")]),
    works("find_flavor", "db.find_flavor('db.small')", &[Printed("512")]),
    works(
        "create_instance",
        "db.create_instance(name='orders', flavor='1', volume={'size': 1})",
        &[Shown("/instances/{orders}", "/instance/flavor/id", "\"1\"")],
    ),
    works(
        "create_instance",
        "db.create_instance(name='others', flavor='1', volume={'size': 1}, \
         datastore={'type': 'mysql'})",
        &[Shown("/instances/{others}", "/instance/datastore/type", "\"mysql\"")],
    ),
    works(
        "wait_for_status",
        "db.wait_for_status(db.get_instance('{orders}'), 'ACTIVE', interval=0.2, wait=90)",
        &[Up("orders")],
    ),
    works(
        "instances",
        "[instance.name for instance in db.instances()]",
        &[Printed("[\"orders\",\"others\"]")],
    ),
    works(
        "instances",
        "[instance.name for instance in db.instances(limit=1)]",
        &[Printed("[\"orders\",\"others\"]")],
    ),
    works("get_instance", "db.get_instance('{orders}')", &[Printed("ACTIVE")]),
    unknown(
        "get_instance",
        "db.get_instance('nobody')",
        "NotFoundException: No Instance found for nobody",
    ),
    works("find_instance", "db.find_instance('orders')", &[Printed("{orders}")]),
    works(
        "create_database",
        "db.create_database('{orders}', name='shop', character_set='utf8mb4')",
        &[Shown(DATABASES, "/databases/0/name", "\"shop\"")],
    ),
    works(
        "create_database",
        "db.create_database('{orders}', name='store')",
        &[Shown(DATABASES, "/databases/1/name", "\"store\"")],
    ),
    works(
        "databases",
        "[database.name for database in db.databases('{orders}', limit=1)]",
        &[Printed("[\"shop\",\"store\"]")],
    ),
    works(
        "create_user",
        "db.create_user('{orders}', name='anna', password='first-secret', \
         databases=[{'name': 'shop'}])",
        &[Sql(ANNA, "create table shop.t (a int primary key)", &[])],
    ),
    works("users", "[user.name for user in db.users('{orders}')]", &[Printed("anna")]),
    works(
        "is_root_enabled",
        "db.get_instance('{orders}').is_root_enabled(db)",
        &[Printed("false")],
    ),
    works(
        "enable_root_user",
        "db.get_instance('{orders}').enable_root_user(db)",
        &[Rooted("orders")],
    ),
    raises("get_database", "db.get_database('shop', '{orders}')", "MethodNotSupported"),
    raises("find_database", "db.find_database('shop', '{orders}')", "MethodNotSupported"),
    raises("get_user", "db.get_user('anna', '{orders}')", "MethodNotSupported"),
    raises("find_user", "db.find_user('anna', '{orders}')", "MethodNotSupported"),
    works(
        "update_instance",
        "db.update_instance('{orders}', name='store')",
        &[Shown("/instances/{orders}", "/instance/name", "\"store\"")],
    ),
    works(
        "restart",
        "db.get_instance('{orders}').restart(db)",
        &[Restarted("orders"), Sql(ANNA, "select count(*) from shop.t", &["0"])],
    ),
    works(
        "resize",
        "db.get_instance('{orders}').resize(db, '2')",
        &[
            Shown("/instances/{orders}", "/instance/flavor/id", "\"2\""),
            Restarted("orders"),
            Sql(ANNA, "select @@innodb_buffer_pool_size div 1048576", &["256"]),
        ],
    ),
    works(
        "resize_volume",
        "db.get_instance('{orders}').resize_volume(db, 2)",
        &[
            Shown("/instances/{orders}", "/instance/volume/size", "2"),
            Up("orders"),
            Sql(ANNA, "select count(*) from shop.t", &["0"]),
        ],
    ),
    works(
        "delete_database",
        "db.delete_database('shop', '{orders}')",
        &[NoSql(ANNA, "select count(*) from shop.t"), Sql(ANNA, "show databases like 'shop'", &[])],
    ),
    works("delete_user", "db.delete_user('anna', '{orders}')", &[NoSql(ANNA, "select 1")]),
    works("delete_instance", "db.delete_instance('{orders}')", &[Gone("/instances/{orders}")]),
    works(
        "wait_for_delete",
        "[(gone := db.get_instance('{others}')), db.delete_instance(gone), \
         db.wait_for_delete(gone, interval=0.2, wait=90)][1]",
        &[Gone("/instances/{others}")],
    ),
];
