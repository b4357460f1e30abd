//! NATS' signed tokens (JWT, version 2): a header, claims, and an ed25519 signature.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use nkeys::KeyPair;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512_256};

const HEADER: &[u8] = br#"{"typ":"JWT","alg":"ed25519-nkey"}"#;

/// Who a token is about and what it says of them.
pub(super) struct Claims<'a> {
    /// Public key of the one it is about.
    pub(super) subject: &'a str,
    /// Their name.
    pub(super) name: &'a str,
    /// Seconds since 1970; of two tokens about one account a server keeps the later.
    pub(super) issued: u64,
    /// The part that is NATS' own.
    pub(super) nats: Value,
}

/// Signs the claims; the same key and claims give the same token.
pub(super) fn sign(issuer: &KeyPair, claims: &Claims<'_>) -> String {
    let mut body = json!({
        "iat": claims.issued,
        "iss": issuer.public_key(),
        "jti": "",
        "name": claims.name,
        "nats": claims.nats,
        "sub": claims.subject,
    });
    // The id is the hash of the claims without it.
    body["jti"] = BASE32_NOPAD.encode(&Sha512_256::digest(body.to_string())).into();
    let header = BASE64URL_NOPAD.encode(HEADER);
    let signed = format!("{header}.{}", BASE64URL_NOPAD.encode(body.to_string().as_bytes()));
    let signature = issuer.sign(signed.as_bytes()).expect("issuers are made with their seeds");
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_with_its_issuers_key_and_repeats_exactly() {
        let issuer = KeyPair::new_account();
        let claims = || Claims { subject: "U", name: "n", issued: 7, nats: json!({"version": 2}) };
        let token = sign(&issuer, &claims());
        assert_eq!(token, sign(&issuer, &claims()));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        issuer.verify(signed.as_bytes(), &signature).unwrap();
        let body = BASE64URL_NOPAD.decode(signed.split_once('.').unwrap().1.as_bytes()).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["sub"], "U");
        assert_eq!(body["nats"]["version"], 2);
    }
}
