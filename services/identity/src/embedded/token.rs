//! What stands in a token, and its signed form.
//!
//! A token is `base64url(payload ++ HMAC-SHA256(payload))` without padding, at most 187
//! characters. The payload:
//! ```text
//! version 1 · methods 1 · roles 1 · parts 1 · user 16 · mark 8 · issued 8 · expires 8 · audit 16
//! then, as `parts` says: project 16, first token of the chain 16, application credential 16
//! ```
//!
//! # Invariants
//! - One set of claims has one text: any other text is refused, even one that base64 would
//!   decode to the same bytes.
//! - Nothing of the payload is looked at before the signature is verified.

use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

use super::key::{SigningKey, TAG_BYTES};
use crate::AuditId;
use crate::roles::RoleSet;

const VERSION: u8 = 1;
const FIXED_BYTES: usize = 60;
const TOKEN_BYTES_MAX: usize = FIXED_BYTES + 3 * 16 + TAG_BYTES;
const TOKEN_CHARS_MAX: usize = (TOKEN_BYTES_MAX * 4).div_ceil(3);

/// By which methods a token was got, first to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Methods(u8);

impl Methods {
    pub(super) const PASSWORD: Self = Self(1);
    pub(super) const APPLICATION_CREDENTIAL: Self = Self(4);
    const TOKEN: Self = Self(2);

    /// These methods, and then the token method.
    pub(super) fn and_token(self) -> Self {
        Self(self.0 | Self::TOKEN.0)
    }

    /// The names on the wire, the last used method first, as Keystone lists them.
    pub(super) fn names(self) -> Vec<&'static str> {
        [
            (Self::TOKEN, "token"),
            (Self::PASSWORD, "password"),
            (Self::APPLICATION_CREDENTIAL, "application_credential"),
        ]
        .into_iter()
        .filter(|(method, _)| self.0 & method.0 != 0)
        .map(|(_, name)| name)
        .collect()
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) methods: Methods,
    pub(super) user: Uuid,
    /// Marks the password, or the credential's secret, that the log-in was made with: when the
    /// file's has changed, the token is over.
    pub(super) mark: [u8; 8],
    /// With the implied ones; empty without a project.
    pub(super) roles: RoleSet,
    /// Seconds since 1970.
    pub(super) issued_secs: u64,
    /// Seconds since 1970; from then on the token is dead.
    pub(super) expires_secs: u64,
    pub(super) audit: Uuid,
    /// The audit id of the first token of the chain, if this one was made from a token.
    pub(super) chain: Option<Uuid>,
    pub(super) project: Option<Uuid>,
    pub(super) credential: Option<Uuid>,
}

/// The audit id as Keystone writes it: 22 characters.
pub(super) fn audit_id(id: Uuid) -> AuditId {
    AuditId::new(BASE64URL_NOPAD.encode(id.as_bytes()))
}

impl Claims {
    /// The token with these claims.
    pub(super) fn sign(&self, key: &SigningKey) -> String {
        let optional = [self.project, self.chain, self.credential];
        let mut parts = 0;
        for (bit, part) in optional.iter().enumerate() {
            parts |= u8::from(part.is_some()) << bit;
        }
        let mut bytes = Vec::with_capacity(TOKEN_BYTES_MAX);
        bytes.extend([VERSION, self.methods.0, self.roles.bits(), parts]);
        bytes.extend(self.user.as_bytes());
        bytes.extend(self.mark);
        bytes.extend(self.issued_secs.to_be_bytes());
        bytes.extend(self.expires_secs.to_be_bytes());
        bytes.extend(self.audit.as_bytes());
        for part in optional.iter().flatten() {
            bytes.extend(part.as_bytes());
        }
        let tag = key.token_tag(&bytes);
        bytes.extend(tag);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The claims of a token that was signed with this key; nothing for any other text.
    pub(super) fn verify(token: &str, key: &SigningKey) -> Option<Self> {
        if token.len() > TOKEN_CHARS_MAX {
            return None;
        }
        let mut buffer = [0; TOKEN_BYTES_MAX];
        let length = BASE64URL_NOPAD.decode_len(token.len()).ok()?;
        let bytes = buffer.get_mut(..length)?;
        BASE64URL_NOPAD.decode_mut(token.as_bytes(), bytes).ok()?;
        let (payload, tag) = bytes.split_at_checked(length.checked_sub(TAG_BYTES)?)?;
        if !key.is_token_tag(payload, tag) {
            return None;
        }
        Self::read(payload)
    }

    fn read(payload: &[u8]) -> Option<Self> {
        let mut rest = Reader(payload);
        let [version, methods, roles, parts] = rest.take()?;
        if version != VERSION {
            return None;
        }
        let user = Uuid::from_bytes(rest.take()?);
        let mark = rest.take()?;
        let issued_secs = u64::from_be_bytes(rest.take()?);
        let expires_secs = u64::from_be_bytes(rest.take()?);
        let audit = Uuid::from_bytes(rest.take()?);
        let project = rest.part(parts, 0)?;
        let chain = rest.part(parts, 1)?;
        let credential = rest.part(parts, 2)?;
        rest.0.is_empty().then_some(Self {
            methods: Methods(methods),
            user,
            mark,
            roles: RoleSet::from_bits(roles),
            issued_secs,
            expires_secs,
            audit,
            chain,
            project,
            credential,
        })
    }
}

/// What is left to read of a payload.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    /// The optional part of that bit: `None` if the payload ends too early.
    fn part(&mut self, parts: u8, bit: u8) -> Option<Option<Uuid>> {
        if parts & (1 << bit) == 0 {
            Some(None)
        } else {
            Some(Some(Uuid::from_bytes(self.take()?)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    fn key() -> SigningKey {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        super::super::generate_key(&path).unwrap();
        SigningKey::read(&path).unwrap()
    }

    fn claims() -> Claims {
        Claims {
            methods: Methods::PASSWORD.and_token(),
            user: Uuid::from_u128(1),
            mark: [7; 8],
            roles: RoleSet::from_iter([Role::Member]),
            issued_secs: 1_795_000_000,
            expires_secs: 1_795_003_600,
            audit: Uuid::new_v4(),
            chain: Some(Uuid::from_u128(2)),
            project: Some(Uuid::from_u128(3)),
            credential: Some(Uuid::from_u128(4)),
        }
    }

    #[test]
    fn every_combination_of_parts_survives_the_token() {
        let key = key();
        for bits in 0..8 {
            let full = claims();
            let claims = Claims {
                project: full.project.filter(|_| bits & 1 != 0),
                chain: full.chain.filter(|_| bits & 2 != 0),
                credential: full.credential.filter(|_| bits & 4 != 0),
                ..full
            };
            let token = claims.sign(&key);
            assert!(token.len() <= 187, "{}", token.len());
            assert_eq!(Claims::verify(&token, &key), Some(claims));
        }
    }

    #[test]
    fn a_token_with_any_character_changed_is_refused() {
        let key = key();
        // Without and with the optional parts, the text ends differently (spare bits or none).
        for claims in [claims(), Claims { chain: None, credential: None, ..claims() }] {
            let token = claims.sign(&key);
            for place in 0..token.len() {
                for other in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+ "
                {
                    let mut forged = token.clone().into_bytes();
                    if forged[place] == *other {
                        continue;
                    }
                    forged[place] = *other;
                    let forged = String::from_utf8(forged).unwrap();
                    assert_eq!(Claims::verify(&forged, &key), None, "{place}");
                }
            }
        }
    }

    #[test]
    fn a_token_that_is_cut_grown_or_of_another_key_is_refused() {
        let key = key();
        let token = claims().sign(&key);
        for length in 0..token.len() {
            assert_eq!(Claims::verify(&token[..length], &key), None);
        }
        for grown in [format!("{token}A"), format!("{token}AAAA"), format!("A{token}")] {
            assert_eq!(Claims::verify(&grown, &key), None);
        }
        assert_eq!(Claims::verify(&"A".repeat(100_000), &key), None);
        assert_eq!(Claims::verify(&token, &self::key()), None);
    }

    #[test]
    fn a_signed_payload_of_another_version_or_length_is_refused() {
        let key = key();
        let signed = |mut payload: Vec<u8>| {
            let tag = key.token_tag(&payload);
            payload.extend(tag);
            BASE64URL_NOPAD.encode(&payload)
        };
        let payload = BASE64URL_NOPAD.decode(claims().sign(&key).as_bytes()).unwrap()
            [..FIXED_BYTES + 48]
            .to_vec();
        assert!(Claims::verify(&signed(payload.clone()), &key).is_some());
        let mut newer = payload.clone();
        newer[0] = VERSION + 1;
        assert_eq!(Claims::verify(&signed(newer), &key), None);
        assert_eq!(Claims::verify(&signed(payload[..FIXED_BYTES].to_vec()), &key), None);
        assert_eq!(Claims::verify(&signed(Vec::new()), &key), None);
    }

    #[test]
    fn methods_are_listed_last_used_first() {
        assert_eq!(Methods::PASSWORD.and_token().names(), ["token", "password"]);
        assert_eq!(Methods::APPLICATION_CREDENTIAL.names(), ["application_credential"]);
    }
}
