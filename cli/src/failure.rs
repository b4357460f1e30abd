//! Why a command ends unhappily: what was wanted, why it did not come about, what to do, and the
//! exit code that says which kind of failure it was.

use crate::client::http::Answer;
use hyper::StatusCode;
use serde_json::Value;
use std::fmt;
use std::process::ExitCode;

/// How a command ends.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// What `--help` says of exit codes; `docs/cli.md` says the same.
pub(crate) const EXIT_CODES: &str = "Exit codes:
  0  done
  1  the request was refused, or it failed
  2  wrong usage
  3  not found
  4  not logged in, or not allowed
  5  no answer from the service: the outcome may be unknown
  6  waited in vain (--wait)";

/// More of a body that is no fault of the API's is not shown.
const TEXT_CHARS_MAX: usize = 300;

/// One kind for each thing that a script can do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It was refused, or it was tried and failed.
    Refused,
    /// The command line or a file that it names makes no sense.
    Usage,
    /// There is no such thing.
    NotFound,
    /// The log-in was refused, or the user may not do this.
    NotAllowed,
    /// No answer came; what became of the request is not known.
    NoAnswer,
    /// The time of `--timeout` has passed.
    WaitedInVain,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Refused => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::NotAllowed => 4,
            Self::NoAnswer => 5,
            Self::WaitedInVain => 6,
        }
    }
}

/// Why a command ends unhappily.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// What was wanted, as it follows on "can't".
    what: String,
    why: String,
    request_id: Option<String>,
    advice: Option<String>,
}

impl Failure {
    /// A failure of that kind; `what` follows on "can't".
    pub(crate) fn new(kind: Kind, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { kind, what: what.into(), why: why.into(), request_id: None, advice: None }
    }

    /// Wrong usage.
    pub(crate) fn usage(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what, why)
    }

    /// The same failure with what to do about it.
    pub(crate) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// What an unhappy answer means.
    pub(crate) fn of_answer(what: &str, answer: &Answer) -> Self {
        let kind = match answer.status {
            StatusCode::NOT_FOUND => Kind::NotFound,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Kind::NotAllowed,
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Kind::NoAnswer,
            _ => Kind::Refused,
        };
        let why = format!("{} (HTTP {})", message(answer), answer.status.as_u16());
        let request_id = answer.header("x-openstack-request-id").map(str::to_owned);
        let advice = match kind {
            Kind::NoAnswer => Some("look at what became of it before you repeat it".to_owned()),
            Kind::NotAllowed if answer.status == StatusCode::UNAUTHORIZED => {
                Some("check the credentials: OS_* variables, or --os-cloud".to_owned())
            }
            Kind::Refused
            | Kind::Usage
            | Kind::NotFound
            | Kind::NotAllowed
            | Kind::WaitedInVain => None,
        };
        Self { kind, what: what.to_owned(), why, request_id, advice }
    }

    /// For the shell.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.code())
    }
}

/// The text of a fault, by Trove's shape, Keystone's, or the flat one of middleware.
fn message(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let nested = body.as_object().and_then(|faults| faults.values().next());
    let text = nested
        .and_then(|fault| fault["message"].as_str())
        .or_else(|| body["message"].as_str())
        .map(str::to_owned);
    let text = text.unwrap_or_else(|| {
        let text = String::from_utf8_lossy(&answer.body);
        let text = text.trim();
        if text.is_empty() {
            answer.status.canonical_reason().unwrap_or("it gave no reason").to_owned()
        } else {
            text.chars().take(TEXT_CHARS_MAX).collect()
        }
    });
    crate::table::printable(&text)
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't {}: {}", self.what, self.why)?;
        if let Some(id) = &self.request_id {
            write!(f, "\n  request: {id}")?;
        }
        if let Some(advice) = &self.advice {
            write!(f, "\n  advice: {advice}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;

    fn answer(status: u16, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("x-openstack-request-id", "req-1".parse().unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn the_services_own_words_are_shown_with_the_request() {
        let body = r#"{"itemNotFound": {"code": 404, "message": "Resource x cannot be found."}}"#;
        let failure = Failure::of_answer("show instance x", &answer(404, body));
        assert_eq!(failure.kind, Kind::NotFound);
        assert_eq!(
            failure.to_string(),
            "can't show instance x: Resource x cannot be found. (HTTP 404)\n  request: req-1"
        );
    }

    #[test]
    fn every_kind_of_answer_has_its_exit_code() {
        for (status, code) in
            [(400, 1), (401, 4), (403, 4), (404, 3), (413, 1), (422, 1), (500, 1), (503, 5)]
        {
            assert_eq!(Failure::of_answer("x", &answer(status, "")).kind.code(), code, "{status}");
        }
    }

    #[test]
    fn other_bodies_are_shown_as_they_are_but_not_at_length() {
        let flat = Failure::of_answer("x", &answer(400, r#"{"message": "flat", "code": 400}"#));
        assert!(flat.to_string().starts_with("can't x: flat (HTTP 400)"));
        let page = Failure::of_answer("x", &answer(500, &"<p>\u{1b}[2J".repeat(500)));
        assert!(page.to_string().len() < 3 * TEXT_CHARS_MAX);
        assert!(!page.to_string().contains('\u{1b}'));
    }
}
