//! An instance from its creation to its end.

use super::ANNA;
use crate::clients::row::Seen::{Gone, Printed, Restarted, Shown, Sql, Up};
use crate::clients::row::{Row, refused, works};

pub(super) const BEGIN: &[Row] = &[
    works(
        "database instance create",
        "shop --flavor db.tiny --size 1 --databases stock --users anna:first-secret \
         --datastore mariadb --datastore-version 10.11",
        &[Up("shop"), Sql(ANNA, "show databases like 'stock'", &["stock"])],
    ),
    works("database instance list", "", &[Printed("shop")]),
    works("database instance list", "--project-id {project}", &[Printed("{shop}")]).by_admin(),
    works("database instance show", "shop", &[Printed("HEALTHY")]),
];

pub(super) const LIFE: &[Row] = &[
    works(
        "database instance update",
        "shop --name store",
        &[Shown("/instances/{shop}", "/instance/name", "\"store\"")],
    ),
    refused(
        "database instance update",
        "store --is-public",
        501,
        "Changing 'access' is not offered by this service yet.",
    ),
    works(
        "database instance restart",
        "store",
        &[Restarted("shop"), Sql(ANNA, "show databases like 'stock'", &["stock"])],
    ),
    works(
        "database instance resize flavor",
        "store db.small",
        &[
            Shown("/instances/{shop}", "/instance/flavor/id", "\"2\""),
            Restarted("shop"),
            Sql(ANNA, "select @@innodb_buffer_pool_size div 1048576", &["256"]),
        ],
    ),
    works(
        "database instance resize volume",
        "store 2",
        &[Shown("/instances/{shop}", "/instance/volume/size", "2"), Up("shop")],
    ),
    works("database instance reboot", "{shop}", &[Restarted("shop")]).by_admin(),
    works("database instance reset status", "{shop}", &[Up("shop")]).by_admin(),
    refused(
        "database instance upgrade",
        "store 10.11",
        501,
        "Changing 'datastore_version' is not offered by this service yet.",
    ),
    refused(
        "database instance rebuild",
        "{shop} {image}",
        501,
        "Rebuilding an instance from another image is not offered by this service yet.",
    )
    .by_admin(),
    refused(
        "database instance create",
        "copy --replica-of store",
        501,
        "Replication is not offered for datastore mariadb 10.11 by this service yet.",
    ),
    refused("database instance promote", "store", 400, "Instance {shop} is not a replica."),
    refused("database instance eject", "store", 400, "Instance {shop} is not a replica source."),
    refused("database instance detach", "store", 400, "Instance {shop} is not a replica."),
];

pub(super) const END: &[Row] = &[
    works("database instance delete", "{shop} --force", &[Gone("/instances/{shop}")]).by_admin(),
    works(
        "database instance create",
        "slight --flavor 1 --size 1",
        &[Shown("/instances/{slight}", "/instance/name", "\"slight\"")],
    ),
    works("database instance delete", "slight", &[Gone("/instances/{slight}")]),
    works(
        "database instance create",
        "brief --flavor 1 --size 1",
        &[Shown("/instances/{brief}", "/instance/name", "\"brief\"")],
    ),
    works("database instance force delete", "{brief}", &[Gone("/instances/{brief}")]).by_admin(),
];
