//! The table: an operation in each row, a visible status in each column.

use Who::{Admin, Member};

/// An operation, and how it is answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) who: Who,
    /// Method and path.
    pub(super) request: &'static str,
    /// The body; empty for none.
    pub(super) body: &'static str,
    pub(super) told: Answers,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Member,
    Admin,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// This success, and nothing changes.
    Read(u16),
    /// This success of a change.
    Changed(u16),
    /// Another task is under way.
    Busy,
    /// The database can't be worked with.
    NotReady,
    /// A group is attached and detached at rest only.
    NotAtRest,
    /// This, whatever the status is.
    Never(u16, &'static str),
}

impl Told {
    pub(super) fn is_change(self) -> bool {
        match self {
            Self::Changed(_) => true,
            Self::Read(_) | Self::Busy | Self::NotReady | Self::NotAtRest | Self::Never(..) => {
                false
            }
        }
    }
}

type Answers = [Told; 10];

const READ: Told = Told::Read(200);
const DONE: Told = Told::Changed(202);
const BUSY: Told = Told::Busy;
const DOWN: Told = Told::NotReady;
const REST: Told = Told::NotAtRest;
const NO_ROOT: Told = Told::Never(404, "Root user has never been enabled on the instance.");

/// In every status the same.
const fn always(told: Told) -> Answers {
    [told; 10]
}

const fn never(code: u16, text: &'static str) -> Answers {
    always(Told::Never(code, text))
}

/// Inside a database, which has to serve.
const fn inside(served: Told) -> Answers {
    [DOWN, served, served, DOWN, DOWN, DOWN, DOWN, served, DOWN, DOWN]
}

/// A restart is the way out for a database that is down or silent, and what settings wait for; a
/// stop is asked of whatever runs or does not.
const RESTARTING: Answers = [BUSY, DONE, DONE, DONE, DONE, BUSY, BUSY, DONE, BUSY, BUSY];
/// A resize needs a guest that answers, though not its database.
const RESIZING: Answers = [BUSY, DONE, DONE, DONE, DOWN, BUSY, BUSY, DONE, BUSY, BUSY];
const FOLLOWING: Answers = [REST, DONE, DONE, DONE, DONE, REST, REST, REST, REST, REST];
/// A name is nothing that work under way depends on.
const RENAMING: Answers = [DONE, DONE, DONE, DONE, DONE, DONE, DONE, DONE, DONE, BUSY];

/// Logs need a guest, whether its database is up or not.
const LOGS: Answers = [DOWN, READ, READ, READ, READ, READ, READ, READ, DOWN, DOWN];
const SWITCHED: Told = Told::Changed(200);
const SWITCHING: Answers =
    [DOWN, SWITCHED, SWITCHED, SWITCHED, SWITCHED, BUSY, BUSY, SWITCHED, DOWN, DOWN];

const NO_REPLICA: Answers = never(400, "Instance {id} is not a replica.");
const NO_BACKUPS: Answers = never(501, "Backups are not offered by this service yet.");
const NO_TLS: Answers = never(501, "TLS for databases is not offered by this service yet.");
const NO_REPLICAS: Answers =
    never(501, "Replication is not offered for datastore mysql 10.11 by this service yet.");
const NO_SOURCE: Answers = never(400, "Instance {id} is not a replica source.");
const NO_RESET: Answers = never(403, "Policy doesn't allow instance:reset_status to be performed.");
const NO_UPGRADE: Answers =
    never(501, "Changing 'datastore_version' is not offered by this service yet.");
const NO_MOVE: Answers =
    never(501, "Moving an instance to another host is not offered by this service yet.");
const NO_REBUILD: Answers =
    never(501, "Rebuilding an instance from another image is not offered by this service yet.");
/// Where it never served, root was never there.
const UNROOTING: Answers = [
    NO_ROOT,
    Told::Changed(204),
    Told::Changed(204),
    DOWN,
    DOWN,
    DOWN,
    DOWN,
    Told::Changed(204),
    NO_ROOT,
    DOWN,
];

/// Columns: BUILD, ACTIVE and HEALTHY, ACTIVE and BLOCKED, ACTIVE and SHUTDOWN, ACTIVE and ERROR, REBOOT, RESIZE,
/// RESTART_REQUIRED, ERROR, SHUTDOWN.
pub(super) const TABLE: [Row; 45] = [
    row(Member, "GET /instances/{id}", "", always(READ)),
    row(Member, "GET /instances", "", always(READ)),
    row(Member, "GET /instances/detail", "", always(READ)),
    row(Member, "GET /instances/{id}/configuration", "", always(READ)),
    row(Admin, "GET /mgmt/instances/{id}", "", always(READ)),
    row(Admin, "GET /mgmt/instances", "", always(READ)),
    row(Member, "PUT /instances/{id}", r#"{"instance": {"name": "new"}}"#, RENAMING),
    row(Member, "DELETE /instances/{id}", "", always(DONE)),
    row(Admin, "POST /instances/{id}/action", r#"{"reset_status": {}}"#, always(DONE)),
    row(Admin, "POST /mgmt/instances/{id}/action", r#"{"reset-task-status": {}}"#, always(DONE)),
    row(Member, "POST /instances/{id}/action", r#"{"reset_status": {}}"#, NO_RESET),
    row(Member, "POST /instances/{id}/action", r#"{"restart": {}}"#, RESTARTING),
    row(Admin, "POST /mgmt/instances/{id}/action", r#"{"reboot": {}}"#, RESTARTING),
    row(Member, "POST /instances/{id}/action", r#"{"resize": {"flavorRef": 2}}"#, RESIZING),
    row(Member, "POST /instances/{id}/action", r#"{"resize": {"volume": {"size": 2}}}"#, RESIZING),
    row(Member, "PUT /instances/{id}", r#"{"instance": {"configuration": "{group}"}}"#, FOLLOWING),
    row(Member, "PUT /instances/{id}", r#"{"instance": {}}"#, FOLLOWING),
    row(Member, "GET /instances/{id}/databases", "", inside(READ)),
    row(
        Member,
        "POST /instances/{id}/databases",
        r#"{"databases": [{"name": "store"}]}"#,
        inside(DONE),
    ),
    row(Member, "DELETE /instances/{id}/databases/shop", "", inside(DONE)),
    row(Member, "GET /instances/{id}/users", "", inside(READ)),
    row(
        Member,
        "POST /instances/{id}/users",
        r#"{"users": [{"name": "new", "password": "pw-of-new"}]}"#,
        inside(DONE),
    ),
    row(
        Member,
        "PUT /instances/{id}/users",
        r#"{"users": [{"name": "app", "password": "other"}]}"#,
        inside(DONE),
    ),
    row(Member, "GET /instances/{id}/users/app", "", inside(READ)),
    row(Member, "PUT /instances/{id}/users/app", r#"{"user": {"name": "renamed"}}"#, inside(DONE)),
    row(Member, "DELETE /instances/{id}/users/app", "", inside(DONE)),
    row(Member, "GET /instances/{id}/users/app/databases", "", inside(READ)),
    row(
        Member,
        "PUT /instances/{id}/users/app/databases",
        r#"{"databases": [{"name": "shop"}]}"#,
        inside(DONE),
    ),
    row(Member, "DELETE /instances/{id}/users/app/databases/shop", "", inside(DONE)),
    row(Member, "GET /instances/{id}/log", "", LOGS),
    row(Member, "POST /instances/{id}/log", r#"{"name": "general", "enable": 1}"#, SWITCHING),
    row(Member, "GET /instances/{id}/root", "", always(READ)),
    row(Admin, "GET /mgmt/instances/{id}/root", "", always(READ)),
    row(Member, "POST /instances/{id}/root", r#"{}"#, inside(Told::Changed(200))),
    row(Member, "DELETE /instances/{id}/root", "", UNROOTING),
    row(Member, "POST /instances/{id}/action", r#"{"promote_to_replica_source": {}}"#, NO_REPLICA),
    row(Member, "POST /instances/{id}/action", r#"{"eject_replica_source": {}}"#, NO_SOURCE),
    row(Member, "PUT /instances/{id}", r#"{"instance": {"replica_of": null}}"#, NO_REPLICA),
    row(
        Member,
        "POST /instances",
        r#"{"instance": {"name": "r", "replica_of": "{id}"}}"#,
        NO_REPLICAS,
    ),
    row(Member, "POST /backups", r#"{"backup": {"name": "b", "instance": "{id}"}}"#, NO_BACKUPS),
    row(Member, "POST /instances/{id}/ssl", r#"{"ssl": {"disable": true}}"#, NO_TLS),
    row(
        Member,
        "PATCH /instances/{id}",
        r#"{"instance": {"datastore_version": "10.11"}}"#,
        NO_UPGRADE,
    ),
    row(Admin, "POST /mgmt/instances/{id}/action", r#"{"stop": {}}"#, RESTARTING),
    row(Admin, "POST /mgmt/instances/{id}/action", r#"{"migrate": {}}"#, NO_MOVE),
    row(
        Admin,
        "POST /mgmt/instances/{id}/action",
        r#"{"rebuild": {"image_id": "0f3c0000-0000-4000-8000-000000000001"}}"#,
        NO_REBUILD,
    ),
];

const fn row(who: Who, request: &'static str, body: &'static str, told: Answers) -> Row {
    Row { who, request, body, told }
}
