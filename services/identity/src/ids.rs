//! Ids of the embedded service's own things: 128 bits, written as 32 lower-case hex digits.

use uuid::Uuid;

/// Under which names are turned into ids; never changes, or every derived id would.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c0a_7d43_54b1_4c1c_9d6e_0f5b_22ab_81e7);

/// What an id is derived for, so that equal names of different things differ in id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Project,
    User,
    Role,
    ApplicationCredential,
    Service,
    Endpoint,
}

/// The id of a thing that was given none: the same for the same name, on every gateway.
pub(crate) fn derived(kind: Kind, name: &str) -> Uuid {
    let kind = match kind {
        Kind::Project => "project",
        Kind::User => "user",
        Kind::Role => "role",
        Kind::ApplicationCredential => "application credential",
        Kind::Service => "service",
        Kind::Endpoint => "endpoint",
    };
    Uuid::new_v5(&NAMESPACE, format!("{kind}/{name}").as_bytes())
}

/// Reads an id, in the one spelling that [`text`] writes.
pub(crate) fn parse(text: &str) -> Option<Uuid> {
    let is_canonical =
        text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_canonical { Uuid::try_parse(text).ok() } else { None }
}

/// The id as clients see it.
pub(crate) fn text(id: Uuid) -> String {
    id.simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = derived(Kind::Role, "admin");
        assert_eq!(parse(&text(id)), Some(id));
        assert_eq!(parse(&text(id).to_uppercase()), None);
        assert_eq!(parse(&id.hyphenated().to_string()), None);
        assert_eq!(parse("admin"), None);
    }

    #[test]
    fn equal_names_of_different_kinds_have_different_ids() {
        assert_eq!(derived(Kind::User, "demo"), derived(Kind::User, "demo"));
        assert_ne!(derived(Kind::User, "demo"), derived(Kind::Project, "demo"));
    }

    #[test]
    fn derived_ids_stay_what_they_were() {
        assert_eq!(text(derived(Kind::Role, "admin")), "8dfff6c1f0755dfbbb5039d0125cf8e7");
    }
}
