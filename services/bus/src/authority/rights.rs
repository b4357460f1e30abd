//! Who may use which subjects. Lists of what is allowed only; what is not named is refused.
//!
//! # Invariants
//! - Only the taskmanager may append to the log and touch secrets.
//! - A guest's rights come from one template, filled with its name: an instance's UUID, which
//!   can't hold a dot or a wildcard.
//! - Whoever changes a list here raises [`REVISION`].

use serde_json::{Value, json};

/// Added to the authority's time of birth in account tokens. A server with its own store of
/// tokens keeps the later one, so rights that changed without this would not take effect.
pub(super) const REVISION: u64 = 1;

/// Of one message from a guest, in bytes.
const GUEST_PAYLOAD_MAX: i64 = 256 * 1024;

/// Two for its subjects, one for its inbox, and room for a newer agent.
const GUEST_SUBSCRIPTIONS_MAX: i64 = 16;

/// How long a guest may take to answer a question, in nanoseconds.
const GUEST_RESPONSE_TTL_NS: u64 = 10_000_000_000;

/// What a gateway may do: ask, listen, and read the log.
pub(super) fn gateway() -> Value {
    service(
        &[
            "trove.command.>",
            "trove.guest.*.query",
            "$JS.API.STREAM.INFO.TROVE_EVENTS",
            "$JS.API.STREAM.MSG.GET.TROVE_EVENTS",
            "$JS.API.DIRECT.GET.TROVE_EVENTS",
            "$JS.API.DIRECT.GET.TROVE_EVENTS.>",
            "$JS.API.CONSUMER.CREATE.TROVE_EVENTS",
            "$JS.API.CONSUMER.CREATE.TROVE_EVENTS.>",
            "$JS.API.CONSUMER.INFO.TROVE_EVENTS.*",
            "$JS.API.CONSUMER.MSG.NEXT.TROVE_EVENTS.*",
        ],
        &["_INBOX.gateway.>", "trove.guest.*.heartbeat"],
    )
}

/// What a taskmanager may do: everything that the log and the guests need.
pub(super) fn taskmanager() -> Value {
    service(
        &[
            "trove.event.>",
            "trove.secret.*",
            "trove.guest.*.poke",
            "trove.guest.*.query",
            "_INBOX.gateway.>",
            "_INBOX.guest.>",
            "$JS.API.>",
            "$JS.ACK.>",
        ],
        &[
            "_INBOX.taskmanager.>",
            "trove.command.>",
            "trove.guest.*.heartbeat",
            "trove.guest.*.report",
            "trove.guest.*.desired",
        ],
    )
}

/// What the launcher may ask of the server itself, in the system account: how it is configured
/// and whether it is well. Nothing that changes it.
pub(super) fn launcher() -> Value {
    service(
        &[
            "$SYS.REQ.SERVER.*.VARZ",
            "$SYS.REQ.SERVER.*.JSZ",
            "$SYS.REQ.SERVER.*.HEALTHZ",
            "$SYS.REQ.SERVER.*.STATSZ",
        ],
        &["_INBOX.launcher.>"],
    )
}

/// What every guest may do, as the template that the server fills with the guest's name.
pub(super) fn guest_template() -> Value {
    json!({
        "pub": {"allow": [
            "trove.guest.{{name()}}.heartbeat",
            "trove.guest.{{name()}}.report",
            "trove.guest.{{name()}}.desired",
        ]},
        "sub": {"allow": [
            "trove.guest.{{name()}}.poke",
            "trove.guest.{{name()}}.query",
            "_INBOX.guest.{{name()}}.>",
        ]},
        "resp": {"max": 1, "ttl": GUEST_RESPONSE_TTL_NS},
        "subs": GUEST_SUBSCRIPTIONS_MAX,
        "data": -1,
        "payload": GUEST_PAYLOAD_MAX,
    })
}

fn service(publish: &[&str], subscribe: &[&str]) -> Value {
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
