//! Every answer that is not a success: one table of status, key and text.
//!
//! # Invariants
//! - The table has no wildcard: a new refusal does not compile until it has an answer.
//! - The text of a 5xx says nothing of the inside; the request id leads to the log.
//! - What is another project's and what does not exist look the same.

use crate::rates::TooOften;
use crate::view::status::Words;
use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::command::Rejection;
use domain::guest::ActionCause;
use domain::ids::{InstanceId, ProjectId, RequestId};
use domain::quota::Resource;
use serde_json::json;

/// Why a request fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request can't be read as HTTP or JSON, or breaks a rule; the text says which.
    Invalid(String),
    /// No token, or one that is not valid.
    Unauthorized,
    /// The path names another project than the token.
    OtherProject {
        /// The token's.
        token_project: ProjectId,
    },
    /// The caller's roles don't allow it.
    Denied {
        /// Under which rule.
        rule: &'static str,
    },
    /// A log is not for this caller; the text says which.
    LogDenied(String),
    /// Only administrators manage.
    NotAdmin,
    /// Another project's figures are for administrators.
    OtherQuota {
        /// Whose.
        project: String,
    },
    /// No such route, or not with this method.
    NoRoute,
    /// No such version of the interface.
    NotAcceptable,
    /// The thing is unknown, or another project's.
    NotFound(Missing),
    /// The body is larger than any that is meant.
    BodyTooLarge {
        /// The most that is read.
        bytes_max: usize,
    },
    /// The volume is larger than any may be.
    VolumeTooLarge {
        /// The largest, in GiB.
        max_gib: u32,
        /// What was asked, as it was written.
        asked: String,
    },
    /// The project asks too often.
    TooOften(TooOften),
    /// A parameter can't be given a value; the text says why.
    BadParameter(String),
    /// The body is not JSON by its own word.
    MediaType,
    /// A taskmanager refused the command about this instance, or would.
    Refused {
        /// Which.
        instance: InstanceId,
        /// Its status.
        words: Words,
        /// Why.
        rejection: Rejection,
    },
    /// A taskmanager refused a command that is about no instance.
    RefusedOf {
        /// What it is about.
        what: String,
        /// Why.
        rejection: Rejection,
    },
    /// The instance's guest could not do what was asked.
    ActionFailed {
        /// Which.
        instance: InstanceId,
        /// The kind of cause.
        cause: ActionCause,
        /// The cause in words.
        text: String,
    },
    /// The instance's guest, or its database, gave no answer to a question.
    GuestSilent {
        /// Which.
        instance: InstanceId,
    },
    /// The instance's guest gave no answer to a question about a log.
    LogSilent {
        /// Which.
        instance: InstanceId,
    },
    /// Something went wrong inside; the log says what.
    Internal,
    /// Known to the interface, but not offered; the text says what.
    NotOffered(String),
    /// No taskmanager answered in time: the change may or may not come.
    OutcomeUnknown {
        /// To look it up in the log.
        request_id: RequestId,
        /// To look at.
        instance: InstanceId,
    },
    /// The same, of a command that is about no instance.
    OutcomeUnknownOf {
        /// What it is about.
        what: String,
        /// To look it up in the log.
        request_id: RequestId,
    },
    /// The gateway does not know enough of the log yet.
    NotCaughtUp,
    /// The control plane has not told its keys or figures yet.
    NotFounded,
    /// The identity service did not answer.
    IdentityUnavailable,
    /// Too many requests at once.
    Overloaded,
}

type Row = (StatusCode, &'static str, String);

impl Fault {
    /// A broken rule, in words.
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// The instance is not there for this caller.
    pub(crate) fn no_instance(id: &impl ToString) -> Self {
        Self::NotFound(Missing::Resource(id.to_string()))
    }

    fn row(&self) -> Row {
        match self {
            Self::Invalid(text) => bad_request(text),
            Self::Unauthorized => row(401, "unauthorized", "Authentication required"),
            Self::OtherProject { token_project } => forbidden(format!(
                "User with tenant id {token_project} cannot access this resource."
            )),
            Self::Denied { rule } => {
                forbidden(format!("Policy doesn't allow {rule} to be performed."))
            }
            Self::LogDenied(text) => forbidden(text),
            Self::NotAdmin => forbidden("User does not have admin privileges."),
            Self::OtherQuota { project } => {
                forbidden(format!("Operation not allowed for tenant {project}."))
            }
            Self::NoRoute => row(404, "itemNotFound", "The resource could not be found."),
            Self::NotAcceptable => row(406, "notAcceptable", "version not supported"),
            Self::NotFound(missing) => row(404, "itemNotFound", missing.text()),
            Self::BodyTooLarge { bytes_max } => {
                over_limit(format!("The request body is larger than {bytes_max} bytes."))
            }
            Self::VolumeTooLarge { max_gib, asked } => over_limit(format!(
                "Volume 'size' cannot exceed maximum of {max_gib} GB, {asked} cannot be accepted."
            )),
            Self::TooOften(_) => over_limit("This request was rate-limited."),
            Self::BadParameter(text) => unprocessable(text),
            Self::MediaType => {
                row(415, "badMediaType", "Unsupported Content-Type: send application/json.")
            }
            Self::Refused { instance, words, rejection } => refused(*instance, words, rejection),
            Self::RefusedOf { what, rejection } => refused_of(what, rejection),
            Self::ActionFailed { instance, cause, text } => failed(*instance, *cause, text),
            Self::GuestSilent { instance } => unavailable(format!(
                "The database of instance {instance} does not answer. Try again shortly."
            )),
            Self::LogSilent { instance } => unavailable(format!(
                "The guest agent of instance {instance} does not tell the log. Try again shortly."
            )),
            Self::Internal => {
                row(500, "instanceFault", "The server has met an unexpected condition.")
            }
            Self::NotOffered(text) => row(501, "notImplemented", text),
            Self::OutcomeUnknown { request_id, instance } => unavailable(format!(
                "No answer in time, so the outcome is not known: the change to instance {instance} \
                 may still come. Look at the instance before you repeat request {request_id}."
            )),
            Self::OutcomeUnknownOf { what, request_id } => unavailable(format!(
                "No answer in time, so the outcome is not known: the change to {what} may still \
                 come. Look at it before you repeat request {request_id}."
            )),
            Self::NotCaughtUp => unavailable("The service is catching up. Try again shortly."),
            Self::NotFounded => unavailable("The service is starting. Try again shortly."),
            Self::IdentityUnavailable => {
                unavailable("The identity service does not answer. Try again shortly.")
            }
            Self::Overloaded => unavailable("Too many requests at once. Try again shortly."),
        }
    }
}

fn refused(instance: InstanceId, words: &Words, rejection: &Rejection) -> Row {
    match rejection {
        Rejection::InstanceNotFound => {
            row(404, "itemNotFound", Missing::Resource(instance.to_string()).text())
        }
        Rejection::InstanceExists => unprocessable(format!(
            "This Idempotency-Key made instance {instance} from another request body, or the \
             instance is gone."
        )),
        Rejection::CreationAbandoned => row(
            409,
            "conflict",
            "The creation was given up before it began, and nothing was made. Send it again; an \
             Idempotency-Key must be a new one.",
        ),
        Rejection::QuotaExceeded { resources } => quota_exceeded(resources),
        Rejection::InstanceBusy => unprocessable(format!(
            "Instance {instance} is not currently available for an action to be performed \
             (instance status was {}).",
            words.status
        )),
        Rejection::DatabaseDown => {
            unprocessable(format!("Instance {instance} is not ready, status: {}.", words.database))
        }
        Rejection::SameFlavor => {
            bad_request("New flavor id must be different from current flavor id.")
        }
        Rejection::VolumeNotLarger { current_gib } => bad_request(format!(
            "The new volume 'size' must be larger than the current volume size of '{current_gib}'."
        )),
        Rejection::ConfigurationAttached { configuration } => bad_request(format!(
            "Instance {instance} already has a Configuration Group attached: {configuration}."
        )),
        Rejection::NotAtRest => bad_request(format!(
            "The operation you have requested cannot be executed because the instance status is \
             currently: {}.",
            words.status
        )),
        Rejection::ConfigurationNotFound
        | Rejection::ConfigurationExists
        | Rejection::ConfigurationInUse => refused_of("the configuration group", rejection),
        Rejection::DeadlinePassed
        | Rejection::Parameter(_)
        | Rejection::Offer(_)
        | Rejection::Damaged
        | Rejection::LogUnavailable
        | Rejection::NotUnderstood => refused_of(&instance.to_string(), rejection),
    }
}

/// What any command may meet, whatever it is about.
fn refused_of(what: &str, rejection: &Rejection) -> Row {
    match rejection {
        Rejection::DeadlinePassed => {
            unavailable("The request took too long, and nothing was changed. Send it again.")
        }
        Rejection::Damaged => unavailable(format!(
            "The record of {what} can be read but not changed until an operator has looked at it."
        )),
        Rejection::QuotaExceeded { resources } => quota_exceeded(resources),
        Rejection::Parameter(rejection) => bad_request(parameter::text(what, *rejection)),
        Rejection::ConfigurationNotFound => {
            row(404, "itemNotFound", format!("There is no such thing any more: {what}."))
        }
        Rejection::ConfigurationExists => unprocessable(format!(
            "This Idempotency-Key made {what} from another request body, or it is gone."
        )),
        Rejection::ConfigurationInUse => bad_request(format!(
            "Instances follow {what}, so it can't be deleted. Detach it from them first."
        )),
        Rejection::Offer(rejection) => offer::row_of(what, *rejection),
        Rejection::LogUnavailable
        | Rejection::NotUnderstood
        | Rejection::InstanceNotFound
        | Rejection::InstanceExists
        | Rejection::CreationAbandoned
        | Rejection::InstanceBusy
        | Rejection::SameFlavor
        | Rejection::VolumeNotLarger { .. }
        | Rejection::ConfigurationAttached { .. }
        | Rejection::NotAtRest
        | Rejection::DatabaseDown => {
            unavailable("The service can't take changes at the moment; nothing was changed.")
        }
    }
}

fn quota_exceeded(resources: &[Resource]) -> Row {
    let mut words: Vec<String> =
        resources.iter().map(|resource| format!("'{}'", resource.as_str())).collect();
    words.sort();
    over_limit(format!("Quota exceeded for resources: [{}].", words.join(", ")))
}

fn failed(instance: InstanceId, cause: ActionCause, text: &str) -> Row {
    match cause {
        ActionCause::Exists => bad_request(text),
        ActionCause::NotFound => row(404, "itemNotFound", text),
        ActionCause::Statement => bad_request(format!("The database refused it: {text}")),
        ActionCause::DiskFull => {
            unprocessable(format!("The volume of instance {instance} is full: {text}"))
        }
        ActionCause::ServerWontStart => {
            unprocessable(format!("The database of instance {instance} does not start: {text}"))
        }
        ActionCause::EngineMissing => {
            unavailable(format!("The database of instance {instance} can't do this at the moment."))
        }
        ActionCause::Overdue => unavailable(format!(
            "The database of instance {instance} did not say in time what became of the change: \
             look before you repeat it."
        )),
    }
}

fn row(status: u16, key: &'static str, text: impl Into<String>) -> Row {
    let status = StatusCode::from_u16(status).expect("the table holds valid statuses");
    (status, key, text.into())
}

fn bad_request(text: impl Into<String>) -> Row {
    row(400, "badRequest", text)
}

fn forbidden(text: impl Into<String>) -> Row {
    row(403, "forbidden", text)
}

fn over_limit(text: impl Into<String>) -> Row {
    row(413, "overLimit", text)
}

fn unprocessable(text: impl Into<String>) -> Row {
    row(422, "unprocessableEntity", text)
}

fn unavailable(text: impl Into<String>) -> Row {
    row(503, "serviceUnavailable", text)
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, key, text) = self.row();
        let mut body = json!({ key: { "code": status.as_u16(), "message": text } });
        let Self::TooOften(refusal) = self else { return (status, Json(body)).into_response() };
        let seconds = refusal.wait.as_secs() + u64::from(refusal.wait.subsec_nanos() > 0);
        let (verb, uri) = (refusal.limit.verb(), refusal.limit.uri());
        body[key]["details"] = json!(format!(
            "Only {} {verb} request(s) can be made to {uri} every minute.",
            refusal.per_minute
        ));
        body[key]["retryAfter"] = json!(seconds.to_string());
        (status, [(RETRY_AFTER, HeaderValue::from(seconds))], Json(body)).into_response()
    }
}

mod missing;
mod offer;
mod parameter;

pub(crate) use missing::Missing;
#[cfg(test)]
mod tests;
