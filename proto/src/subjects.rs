//! Every NATS subject, stream, queue group and inbox prefix: built and parsed here only.
//!
//! # Invariants
//! - What a function here builds, its inverse parses, and nothing else: a UUID stands in its
//!   hyphenated lower-case form, so that one thing has one subject.

use domain::aggregate::{Key, Kind};
use domain::ids::{InstanceId, SecretId};
use uuid::Uuid;

/// The stream that is the event log.
pub const STREAM_EVENTS: &str = "TROVE_EVENTS";

/// The stream of sealed secrets; never archived.
pub const STREAM_SECRETS: &str = "TROVE_SECRETS";

/// Every aggregate's events.
pub const EVENTS_ALL: &str = "trove.event.*.*";

/// Every secret.
pub const SECRETS_ALL: &str = "trove.secret.*";

/// Every command; taskmanagers listen here as [`COMMAND_QUEUE`].
pub const COMMANDS_ALL: &str = "trove.command.*.*";

/// The queue group in which each command reaches one taskmanager only.
pub const COMMAND_QUEUE: &str = "taskmanager";

/// Where answers reach a gateway.
pub const GATEWAY_INBOX: &str = "_INBOX.gateway";

/// Where answers reach a taskmanager.
pub const TASKMANAGER_INBOX: &str = "_INBOX.taskmanager";

const EVENT: &str = "event";
const COMMAND: &str = "command";

/// What taskmanager and guest talk about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuestTopic {
    /// The guest's sign of life; published, never answered.
    Heartbeat,
    /// The guest's observation; a request to any taskmanager.
    Report,
    /// The guest's question for its document; a request to any taskmanager.
    Desired,
    /// "Look at your document"; published to the guest.
    Poke,
    /// A live question; a request to the guest.
    Query,
}

impl GuestTopic {
    /// All topics, in the order of the declaration.
    pub const ALL: [Self; 5] =
        [Self::Heartbeat, Self::Report, Self::Desired, Self::Poke, Self::Query];

    /// The word in subjects.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Report => "report",
            Self::Desired => "desired",
            Self::Poke => "poke",
            Self::Query => "query",
        }
    }
}

/// Where an aggregate's events stand in the log.
pub fn event(key: Key) -> String {
    of_key(EVENT, key)
}

/// Whose events stand at `subject`; the inverse of [`event`].
pub fn parse_event(subject: &str) -> Option<Key> {
    parse_key(EVENT, subject)
}

/// The events of all aggregates of one kind.
pub fn events_of(kind: Kind) -> String {
    format!("trove.{EVENT}.{}.*", kind.as_str())
}

/// Where a command to an aggregate is sent.
pub fn command(key: Key) -> String {
    of_key(COMMAND, key)
}

/// To whom a command at `subject` goes; the inverse of [`command`].
pub fn parse_command(subject: &str) -> Option<Key> {
    parse_key(COMMAND, subject)
}

/// Where a sealed secret is stored.
pub fn secret(id: SecretId) -> String {
    format!("trove.secret.{id}")
}

/// Which secret is stored at `subject`; the inverse of [`secret`].
pub fn parse_secret(subject: &str) -> Option<SecretId> {
    subject.strip_prefix("trove.secret.").and_then(parse_uuid).map(SecretId)
}

/// Where one guest and the plane talk about `topic`.
pub fn guest(id: InstanceId, topic: GuestTopic) -> String {
    format!("trove.guest.{id}.{}", topic.as_str())
}

/// Whose subject this is and what it is about; the inverse of [`guest`].
pub fn parse_guest(subject: &str) -> Option<(InstanceId, GuestTopic)> {
    let (id, word) = subject.strip_prefix("trove.guest.")?.split_once('.')?;
    let topic = GuestTopic::ALL.into_iter().find(|topic| topic.as_str() == word)?;
    Some((InstanceId(parse_uuid(id)?), topic))
}

/// One topic of all guests.
pub fn guests_all(topic: GuestTopic) -> String {
    format!("trove.guest.*.{}", topic.as_str())
}

/// Where answers reach a guest; it may listen below this and nowhere else.
pub fn guest_inbox(id: InstanceId) -> String {
    format!("_INBOX.guest.{id}")
}

/// All subjects below an inbox prefix, for permissions.
pub fn inbox_all(prefix: &str) -> String {
    format!("{prefix}.>")
}

fn of_key(family: &str, key: Key) -> String {
    format!("trove.{family}.{}.{}", key.kind.as_str(), key.id)
}

fn parse_key(family: &str, subject: &str) -> Option<Key> {
    let (kind, id) =
        subject.strip_prefix("trove.")?.strip_prefix(family)?.strip_prefix('.')?.split_once('.')?;
    Some(Key { kind: kind.parse().ok()?, id: parse_uuid(id)? })
}

/// The UUID written as `text`, in its one form only.
fn parse_uuid(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok().filter(|id| id.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_abcd);
    const ID_TEXT: &str = "01920000-0000-7000-8000-00000000abcd";

    #[test]
    fn subjects_read_as_the_documentation_draws_them() {
        let id = InstanceId(ID);
        assert_eq!(event(id.into()), format!("trove.event.instance.{ID_TEXT}"));
        assert_eq!(command(id.into()), format!("trove.command.instance.{ID_TEXT}"));
        assert_eq!(secret(SecretId(ID)), format!("trove.secret.{ID_TEXT}"));
        assert_eq!(guest(id, GuestTopic::Report), format!("trove.guest.{ID_TEXT}.report"));
        assert_eq!(guests_all(GuestTopic::Heartbeat), "trove.guest.*.heartbeat");
        assert_eq!(events_of(Kind::Host), "trove.event.host.*");
        assert_eq!(inbox_all(&guest_inbox(id)), format!("_INBOX.guest.{ID_TEXT}.>"));
    }

    #[test]
    fn every_subject_is_parsed_back_to_what_it_was_built_from() {
        for kind in Kind::ALL {
            let key = Key { kind, id: ID };
            assert_eq!(parse_event(&event(key)), Some(key));
            assert_eq!(parse_command(&command(key)), Some(key));
            assert_eq!(parse_command(&event(key)), None);
        }
        for topic in GuestTopic::ALL {
            let id = InstanceId(ID);
            assert_eq!(parse_guest(&guest(id, topic)), Some((id, topic)));
        }
        assert_eq!(parse_secret(&secret(SecretId(ID))), Some(SecretId(ID)));
    }

    #[test]
    fn foreign_and_misspelt_subjects_are_not_parsed() {
        let upper = ID_TEXT.to_uppercase();
        let simple = ID.simple().to_string();
        for subject in [
            "",
            "trove",
            EVENTS_ALL,
            "trove.event.instance.",
            "trove.event.instance.x",
            &format!("trove.event.{ID_TEXT}"),
            &format!("trove.event.unicorn.{ID_TEXT}"),
            &format!("trove.event.Instance.{ID_TEXT}"),
            &format!("trove.event.instance.{upper}"),
            &format!("trove.event.instance.{simple}"),
            &format!("trove.event.instance.{ID_TEXT}.more"),
            &format!("trove.events.instance.{ID_TEXT}"),
            &format!("x.trove.event.instance.{ID_TEXT}"),
        ] {
            assert_eq!(parse_event(subject), None, "{subject}");
        }
        for subject in [
            &guests_all(GuestTopic::Poke),
            &format!("trove.guest.{ID_TEXT}"),
            &format!("trove.guest.{ID_TEXT}.gossip"),
            &format!("trove.guest.{ID_TEXT}.poke.x"),
            &format!("trove.guest.{upper}.poke"),
        ] {
            assert_eq!(parse_guest(subject), None, "{subject}");
        }
        assert_eq!(parse_secret(&format!("trove.secret.{upper}")), None);
    }
}
