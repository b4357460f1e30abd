//! Why an administrator's word about a parameter is refused.

use domain::catalogue::Rejection;

/// The refusal in words; `what` names the parameter.
pub(super) fn text(what: &str, rejection: Rejection) -> String {
    match rejection {
        Rejection::UnknownParameter => format!("There is no {what}."),
        Rejection::Exists => format!("There is a {what} already."),
        Rejection::Forbidden => format!("The control plane keeps {what} to itself."),
        Rejection::Wider => {
            format!("The engine does not allow all that {what} would: only narrow it.")
        }
        Rejection::RestartNeeded => {
            format!("The engine takes {what} at a start only, so that a restart is required.")
        }
        Rejection::TooLarge => format!("The description of {what} is too long."),
    }
}
