//! What the service does not hold: backups, clusters, TLS.

use crate::clients::row::Seen::{Nothing, Printed};
use crate::clients::row::{Row, elsewhere, refused, unknown, works};

const NO_TLS: &str = "TLS for databases is not offered by this service yet.";
const NO_CLUSTER: &str = "No cluster with a name or ID of 'ring' exists.";
const NO_BACKUP: &str = "No backup with a name or ID of 'b1' exists.";

pub(super) const ROWS: &[Row] = &[
    refused(
        "database backup create",
        "b1 --instance store",
        501,
        "Backups are not offered by this service yet.",
    ),
    works("database backup list", "--instance store", &[Nothing]),
    works("database backup list instance", "store", &[Nothing]),
    unknown("database backup show", "b1", NO_BACKUP),
    unknown("database backup delete", "b1", "Failed to get database backup b1"),
    elsewhere("database backup execution delete", "e1", "a workflow service (Mistral)"),
    refused(
        "database backup strategy create",
        "--swift-container c1",
        501,
        "Backup strategies are not offered by this service yet.",
    ),
    works("database backup strategy list", "", &[Nothing]),
    works("database backup strategy delete", "", &[Nothing]),
    refused(
        "database cluster create",
        "ring mariadb 10.11 --instance flavor=1,volume=1",
        501,
        "Clusters not supported for mariadb-10.11.",
    ),
    works("database cluster list", "", &[Nothing]),
    unknown("database cluster show", "ring", NO_CLUSTER),
    unknown("database cluster list instances", "ring", NO_CLUSTER),
    unknown("database cluster modules", "ring", NO_CLUSTER),
    unknown("database cluster grow", "ring --instance flavor=1,volume=1", NO_CLUSTER),
    unknown("database cluster shrink", "ring store", NO_CLUSTER),
    unknown("database cluster upgrade", "ring 10.11", NO_CLUSTER),
    unknown("database cluster reset status", "ring", NO_CLUSTER),
    unknown("database cluster delete", "ring", NO_CLUSTER),
    unknown("database cluster force delete", "ring", NO_CLUSTER),
    works("database ssl show", "store", &[Printed("off")]),
    refused("database ssl enable", "store http://keys.example/c1", 501, NO_TLS),
    refused("database ssl disable", "store", 501, NO_TLS),
    refused("database ssl rollback", "store", 501, NO_TLS),
];
