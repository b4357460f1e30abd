//! What is inside an instance: databases, users, root, logs.

use super::bodies;
use super::operation::{Operation, delete, get, post, put};
use super::query::{BY_NAME, LINES};
use super::schema::{body, linked_page, listed, under};
use crate::routes::{databases, grants, logs, root, users};
use crate::view::inside::{DatabaseView, RootView, UserView};
use crate::view::log::{LogEnd, LogView};

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = databases();
    operations.extend(users());
    operations.extend(root());
    operations.extend(logs());
    // The database may be down, and its guest silent.
    operations.into_iter().map(|operation| operation.refuses(&[422])).collect()
}

fn databases() -> Vec<Operation> {
    vec![
        get("/instances/{id}/databases", databases::list)
            .named("listDatabases", "Databases, by name")
            .takes(&BY_NAME)
            .gives(linked_page::<DatabaseView<'_>>("databases")),
        post("/instances/{id}/databases", databases::create)
            .named("createDatabases", "Create databases")
            .reads(body(bodies::databases))
            .says(202),
        get("/instances/{id}/databases/{database}", databases::show)
            .named("showDatabase", "Not offered: list them")
            .gives_nothing()
            .refuses(&[501]),
        delete("/instances/{id}/databases/{database}", databases::delete)
            .named("deleteDatabase", "Delete a database with all that is in it")
            .says(202),
    ]
}

fn users() -> Vec<Operation> {
    vec![
        get("/instances/{id}/users", users::list)
            .named("listUsers", "Users, by name")
            .takes(&BY_NAME)
            .gives(linked_page::<UserView<'_>>("users")),
        post("/instances/{id}/users", users::create)
            .named("createUsers", "Create users")
            .reads(body(bodies::users))
            .says(202),
        put("/instances/{id}/users", users::change_passwords)
            .named("changePasswords", "Give users other passwords")
            .reads(body(bodies::users))
            .says(202),
        get("/instances/{id}/users/{user}", users::show)
            .named("showUser", "One user")
            .gives(under::<UserView<'_>>("user")),
        post("/instances/{id}/users/{user}", users::create_one)
            .named("createUser", "Create a user, as openstacksdk does")
            .reads(body(bodies::user_at))
            .says(202),
        put("/instances/{id}/users/{user}", users::update)
            .named("updateUser", "Change a user's name, host or password")
            .reads(body(bodies::user_update))
            .says(202),
        delete("/instances/{id}/users/{user}", users::delete)
            .named("deleteUser", "Delete a user")
            .says(202),
        get("/instances/{id}/users/{user}/databases", grants::list)
            .named("listGrants", "Databases that a user has rights on")
            .gives(listed::<DatabaseView<'_>>("databases")),
        put("/instances/{id}/users/{user}/databases", grants::grant)
            .named("grant", "Give a user all rights on databases")
            .reads(body(bodies::granted))
            .says(202),
        delete("/instances/{id}/users/{user}/databases/{database}", grants::revoke)
            .named("revoke", "Take a user's rights on a database")
            .says(202),
    ]
}

fn root() -> Vec<Operation> {
    vec![
        get("/instances/{id}/root", root::show)
            .named("showRoot", "Whether root may log in")
            .gives(under::<bool>("rootEnabled")),
        post("/instances/{id}/root", root::enable)
            .named("enableRoot", "Let root log in, with a password that is shown once")
            .may_read(body(bodies::root))
            .gives(under::<RootView<'_>>("user")),
        delete("/instances/{id}/root", root::disable)
            .named("disableRoot", "Let root log in no more")
            .says(204),
    ]
}

fn logs() -> Vec<Operation> {
    vec![
        get("/instances/{id}/log", logs::list)
            .named("listLogs", "Logs; those of type SYS for administrators")
            .gives(listed::<LogView>("logs")),
        post("/instances/{id}/log", logs::act)
            .named("changeLog", "Show a log, have it written, or have it written no more")
            .reads(body(bodies::log))
            .gives(under::<LogView>("log"))
            .refuses(&[501]),
        get("/instances/{id}/log/{log}", logs::tail)
            .named("showLogEnd", "The last lines of a log, for members of the instance's project")
            .takes(&[LINES])
            .gives(under::<LogEnd>("log")),
    ]
}
