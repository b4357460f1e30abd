//! Who may use which subjects. Lists of what is allowed only; what is not named is refused.
//!
//! # Invariants
//! - Only the taskmanager may append to the log and touch secrets.
//! - A guest's rights come from one template, filled with its name: an instance's UUID, which
//!   can't hold a dot or a wildcard.
//! - Whoever changes a list here raises [`REVISION`].

use proto::subjects::{
    COMMANDS_ALL, EVENTS_ALL, GATEWAY_INBOX, GuestTopic, SECRETS_ALL, STREAM_EVENTS,
    TASKMANAGER_INBOX, guests_all, inbox_all,
};
use serde_json::{Value, json};

/// Where answers reach the launcher.
pub(super) const LAUNCHER_INBOX: &str = "_INBOX.launcher";

/// What all guests' inboxes lie below.
const GUEST_INBOXES: &str = "_INBOX.guest";

/// Added to the authority's time of birth in account tokens. A server with its own store of
/// tokens keeps the later one, so rights that changed without this would not take effect.
pub(super) const REVISION: u64 = 1;

/// Of one message from a guest, in bytes.
const GUEST_PAYLOAD_MAX: i64 = 256 * 1024;

/// Two for its subjects, one for its inbox, and room for a newer agent.
const GUEST_SUBSCRIPTIONS_MAX: i64 = 16;

/// How long a guest may take to answer a question, in nanoseconds.
const GUEST_RESPONSE_TTL_NS: u64 = 10_000_000_000;

/// What the server replaces by the name in the guest's token.
const NAME: &str = "{{name()}}";

/// What a gateway may do: ask, listen, and read the log.
pub(super) fn gateway() -> Value {
    let log = STREAM_EVENTS;
    service(
        &[
            COMMANDS_ALL.to_owned(),
            guests_all(GuestTopic::Query),
            format!("$JS.API.STREAM.INFO.{log}"),
            format!("$JS.API.STREAM.MSG.GET.{log}"),
            format!("$JS.API.DIRECT.GET.{log}"),
            format!("$JS.API.DIRECT.GET.{log}.>"),
            format!("$JS.API.CONSUMER.CREATE.{log}"),
            format!("$JS.API.CONSUMER.CREATE.{log}.>"),
            format!("$JS.API.CONSUMER.INFO.{log}.*"),
            format!("$JS.API.CONSUMER.MSG.NEXT.{log}.*"),
        ],
        &[inbox_all(GATEWAY_INBOX), guests_all(GuestTopic::Heartbeat)],
    )
}

/// What a taskmanager may do: everything that the log, the secrets and the guests need.
pub(super) fn taskmanager() -> Value {
    service(
        &[
            EVENTS_ALL.to_owned(),
            SECRETS_ALL.to_owned(),
            guests_all(GuestTopic::Poke),
            guests_all(GuestTopic::Query),
            inbox_all(GATEWAY_INBOX),
            inbox_all(GUEST_INBOXES),
            "$JS.API.>".to_owned(),
            "$JS.ACK.>".to_owned(),
        ],
        &[
            inbox_all(TASKMANAGER_INBOX),
            COMMANDS_ALL.to_owned(),
            guests_all(GuestTopic::Heartbeat),
            guests_all(GuestTopic::Report),
            guests_all(GuestTopic::Desired),
        ],
    )
}

/// What the launcher may ask of the server itself, in the system account: how it is configured
/// and whether it is well. Nothing that changes it.
pub(super) fn launcher() -> Value {
    let questions = ["VARZ", "JSZ", "HEALTHZ", "STATSZ"];
    service(
        &questions.map(|question| format!("$SYS.REQ.SERVER.*.{question}")),
        &[inbox_all(LAUNCHER_INBOX)],
    )
}

/// What every guest may do, as the template that the server fills with the guest's name.
pub(super) fn guest_template() -> Value {
    let own = |topic| guests_all(topic).replace('*', NAME);
    json!({
        "pub": {"allow": [
            own(GuestTopic::Heartbeat), own(GuestTopic::Report), own(GuestTopic::Desired),
        ]},
        "sub": {"allow": [
            own(GuestTopic::Poke), own(GuestTopic::Query),
            inbox_all(&format!("{GUEST_INBOXES}.{NAME}")),
        ]},
        "resp": {"max": 1, "ttl": GUEST_RESPONSE_TTL_NS},
        "subs": GUEST_SUBSCRIPTIONS_MAX,
        "data": -1,
        "payload": GUEST_PAYLOAD_MAX,
    })
}

fn service(publish: &[String], subscribe: &[String]) -> Value {
    json!({
        "type": "user",
        "version": 2,
        "pub": {"allow": publish},
        "sub": {"allow": subscribe},
        "subs": -1,
        "data": -1,
        "payload": -1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::InstanceId;
    use proto::subjects::{guest, guest_inbox};

    #[test]
    fn the_template_filled_with_a_name_gives_that_guests_subjects() {
        let id = InstanceId("01920000-0000-7000-8000-00000000abcd".parse().unwrap());
        let filled = guest_template().to_string().replace(NAME, &id.to_string());
        let filled: Value = serde_json::from_str(&filled).unwrap();
        let speaks = [GuestTopic::Heartbeat, GuestTopic::Report, GuestTopic::Desired];
        let hears = [guest(id, GuestTopic::Poke), guest(id, GuestTopic::Query)];
        assert_eq!(filled["pub"]["allow"], json!(speaks.map(|topic| guest(id, topic))));
        assert_eq!(filled["sub"]["allow"][0], hears[0]);
        assert_eq!(filled["sub"]["allow"][1], hears[1]);
        assert_eq!(filled["sub"]["allow"][2], inbox_all(&guest_inbox(id)));
    }
}
