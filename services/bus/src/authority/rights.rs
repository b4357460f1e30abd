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

/// Where the server expects answers to what another account borrowed.
const BORROWED: &str = "_R_";

/// What the plane's JetStream interface is called in the gateways' account.
const PLANES_JETSTREAM: &str = "plane.jetstream";

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

/// What a gateway may do: ask, listen, and read the log. All of it is borrowed from the plane.
pub(super) fn gateway() -> Value {
    // The server looks at rights after it has sent a request on its detour.
    let asked: Vec<_> = services().iter().map(|(subject, _)| borrowed(subject)).collect();
    service(&asked, &[inbox_all(GATEWAY_INBOX), guests_all(GuestTopic::Heartbeat)])
}

/// What the plane's account lends to the gateways'.
pub(super) fn lent_to_gateways() -> Value {
    let mut exports = vec![json!({
        "name": "heartbeats", "type": "stream", "subject": guests_all(GuestTopic::Heartbeat),
    })];
    exports.extend(services().into_iter().map(|(subject, answers)| {
        json!({
            "name": subject, "type": "service", "subject": subject, "response_type": answers,
        })
    }));
    exports.into()
}

/// What the gateways' account borrows of the plane's.
pub(super) fn borrowed_by_gateways(plane: &str) -> Value {
    let mut imports = vec![json!({
        "name": "heartbeats", "type": "stream", "account": plane,
        "subject": guests_all(GuestTopic::Heartbeat),
    })];
    imports.extend(services().into_iter().map(|(subject, _)| {
        json!({
            "name": subject, "type": "service", "account": plane,
            "subject": subject, "local_subject": borrowed(&subject),
        })
    }));
    imports.into()
}

/// How requests to JetStream get to the plane's, from clients that know nothing of it: every
/// account has that interface already, for streams of its own, so what is borrowed stands under
/// another name and requests are sent on to there.
pub(super) fn detours() -> Value {
    let is_moved = |subject: &String| borrowed(subject) != *subject;
    let subjects = services().into_iter().map(|(subject, _)| subject).filter(is_moved);
    subjects
        .map(|subject| {
            // At most one wildcard within a subject; one at its end needs no number.
            let to = borrowed(&subject).replace('*', "{{wildcard(1)}}");
            (subject, json!([{"subject": to, "weight": 100}]))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// What a subject of the plane is called in the gateways' account.
fn borrowed(subject: &str) -> String {
    match subject.strip_prefix("$JS.API.") {
        Some(rest) => format!("{PLANES_JETSTREAM}.{rest}"),
        None => subject.to_owned(),
    }
}

/// What gateways may ask of the plane, and how many answers a question may have. No service
/// here may write, nor take from its request where to write.
fn services() -> Vec<(String, &'static str)> {
    let log = STREAM_EVENTS;
    let (one, many) = ("Singleton", "Stream");
    vec![
        (COMMANDS_ALL.to_owned(), one),
        (guests_all(GuestTopic::Query), one),
        (format!("$JS.API.STREAM.INFO.{log}"), one),
        (format!("$JS.API.STREAM.MSG.GET.{log}"), one),
        (format!("$JS.API.DIRECT.GET.{log}"), many),
        (format!("$JS.API.DIRECT.GET.{log}.>"), many),
        (format!("$JS.API.CONSUMER.CREATE.{log}"), one),
        (format!("$JS.API.CONSUMER.CREATE.{log}.>"), one),
        (format!("$JS.API.CONSUMER.INFO.{log}.*"), one),
        (format!("$JS.API.CONSUMER.MSG.NEXT.{log}.*"), many),
    ]
}

/// What a taskmanager may do: everything that the log, the secrets and the guests need.
pub(super) fn taskmanager() -> Value {
    service(
        &[
            EVENTS_ALL.to_owned(),
            SECRETS_ALL.to_owned(),
            guests_all(GuestTopic::Poke),
            guests_all(GuestTopic::Query),
            inbox_all(BORROWED),
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
