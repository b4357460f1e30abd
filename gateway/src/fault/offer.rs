//! Why an administrator's word about a datastore or a version is refused.

use super::{Row, bad_request, row, unavailable};
use domain::offer::Rejection;
use domain::version::User;
use domain::{datastore, version};

/// The refusal; `what` names the datastore or the version.
pub(super) fn row_of(what: &str, rejection: Rejection) -> Row {
    match rejection {
        Rejection::Datastore(datastore::Rejection::NotFound) => {
            row(404, "itemNotFound", format!("The datastore of {what} cannot be found."))
        }
        Rejection::Version(version::Rejection::NotFound) => {
            row(404, "itemNotFound", format!("The {what} cannot be found."))
        }
        Rejection::Version(version::Rejection::InUse(user)) => bad_request(match user {
            User::Instance => "Datastore version is in use by instance.",
            User::Configuration => "Datastore version is in use by configuration.",
        }),
        Rejection::Version(version::Rejection::Overtaken) => {
            unavailable(format!("The {what} was taken into use again. Delete it once more."))
        }
        Rejection::Datastore(datastore::Rejection::Exists)
        | Rejection::Version(version::Rejection::Exists) => {
            bad_request(format!("There is a {what} already."))
        }
        Rejection::Datastore(datastore::Rejection::NameTaken { by }) => bad_request(format!(
            "The datastore has a version of the name and number of {what} already: {by}."
        )),
        Rejection::Datastore(datastore::Rejection::NoSuchVersion) => {
            bad_request(format!("The version is none of {what}."))
        }
        Rejection::Datastore(datastore::Rejection::HasVersions) => {
            bad_request(format!("Datastore versions exist for {what}."))
        }
    }
}
