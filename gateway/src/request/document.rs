//! The body of a request: JSON within limits.

use super::field::Field;
use crate::catalogue;
use crate::fault::Fault;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// The router's limit; a creation with a hundred users is some ten KiB.
pub(crate) const BYTES_MAX: usize = 64 * 1024;

/// A client that sends its body slower than this is not waited for.
const READ_TIME_MAX: Duration = Duration::from_secs(10);

/// A JSON document, as sent.
#[derive(Clone, PartialEq)]
pub(crate) struct Document(Value);

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document")
    }
}

impl Document {
    /// Reads JSON. Nesting is limited by the parser; an integer beyond 64 bits is no integer.
    ///
    /// # Errors
    /// When it is not JSON.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.trim_ascii().is_empty() {
            return Err(Fault::invalid("Invalid request body."));
        }
        serde_json::from_slice(bytes)
            .map(Self)
            .map_err(|_| Fault::invalid("Malformed request body."))
    }

    /// What stands under the one key that the route is about.
    ///
    /// # Errors
    /// When the document is no object, or has no such key.
    pub(crate) fn under(&self, key: &'static str) -> Result<Field<'_>, Fault> {
        self.find(key)?.ok_or_else(|| {
            Fault::invalid(format!("Validation error: '{key}' is a required property"))
        })
    }

    /// What stands under a key that need not be there.
    ///
    /// # Errors
    /// When the document is no object.
    pub(crate) fn find(&self, key: &'static str) -> Result<Option<Field<'_>>, Fault> {
        let value = self.map()?.get(key);
        Ok(value.map(|value| Field::new(key.to_owned(), value)))
    }

    /// The one key of the document, with what stands under it.
    ///
    /// # Errors
    /// When the document is no object, or has no key or several.
    pub(crate) fn only_key(&self) -> Result<(&str, Field<'_>), Fault> {
        let mut entries = self.map()?.iter();
        match (entries.next(), entries.next()) {
            (Some((key, value)), None) => Ok((key, Field::new(catalogue::shown(key), value))),
            (None, _) | (_, Some(_)) => {
                Err(Fault::invalid("Validation error: the body must have exactly one key"))
            }
        }
    }

    /// The document itself, for what clients send without a key; `name` is for refusals.
    pub(crate) fn whole(&self, name: &'static str) -> Field<'_> {
        Field::new(name.to_owned(), &self.0)
    }

    fn map(&self) -> Result<&Map<String, Value>, Fault> {
        match &self.0 {
            Value::Object(map) => Ok(map),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(Fault::invalid("Validation error: the body is not an object")),
        }
    }

    /// The document in one form, however it was laid out: equal documents give equal bytes.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_canonical(&self.0, &mut bytes);
        bytes
    }
}

/// Keys in order, no white space.
fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (key, value) in entries {
                out.extend(Value::from(key.as_str()).to_string().into_bytes());
                out.push(b':');
                write_canonical(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write_canonical(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.extend(value.to_string().into_bytes());
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Document {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        check_media_type(request.headers())?;
        Self::parse(&read(request, state).await?)
    }
}

/// A document that need not be sent: no body is none, whatever its media type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MaybeDocument(pub(crate) Option<Document>);

impl<S: Send + Sync> FromRequest<S> for MaybeDocument {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let media_type = check_media_type(request.headers());
        let bytes = read(request, state).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(None));
        }
        media_type?;
        Document::parse(&bytes).map(|document| Self(Some(document)))
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Fault> {
    tokio::time::timeout(READ_TIME_MAX, Bytes::from_request(request, state))
        .await
        .map_err(|_| Fault::invalid("The request body did not arrive in time."))?
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Fault::BodyTooLarge { bytes_max: BYTES_MAX },
            _ => Fault::invalid("The request body broke off."),
        })
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Fault> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Err(Fault::invalid("Content-Type is missing: send application/json."));
    };
    let essence = value.to_str().ok().and_then(|text| text.split(';').next()).map(str::trim);
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        Some(_) | None => Err(Fault::MediaType),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_documents_have_one_canonical_form() {
        let one = Document::parse(br#"{"b": [1, {"y": null, "x": "\u00e9"}], "a": 2}"#).unwrap();
        let other = Document::parse("{\"a\":2,\"b\":[1,{\"x\":\"é\",\"y\":null}]}".as_bytes());
        assert_eq!(one.canonical(), other.unwrap().canonical());
    }

    #[test]
    fn different_documents_have_different_canonical_forms() {
        let texts = [
            r#"{"a":"1"}"#,
            r#"{"a":1}"#,
            r#"{"a":[1]}"#,
            r#"{"a":[[1]]}"#,
            r#"{"a":{"b":1}}"#,
            r#"["a",1]"#,
        ];
        let mut forms: Vec<Vec<u8>> = texts
            .iter()
            .map(|text| Document::parse(text.as_bytes()).unwrap().canonical())
            .collect();
        forms.sort();
        forms.dedup();
        assert_eq!(forms.len(), texts.len());
    }

    #[test]
    fn deep_nesting_is_a_malformed_body() {
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        assert!(Document::parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn a_body_is_not_shown() {
        let body = Document::parse(br#"{"password":"s3cret"}"#).unwrap();
        assert!(!format!("{body:?}").contains("s3cret"));
    }
}
