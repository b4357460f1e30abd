//! One value of each shape that can stand in a message.
//!
//! # Invariants
//! - Each match that names a variant names them all, so that a new one does not compile before
//!   it has a name; `golden` refuses a field or enum value without a sample.
//! - A sample never changes once released: it says what the golden file beside it means.

mod catalogues;
mod commands;
mod common;
mod configurations;
mod events;
mod guests;
mod offers;
mod queries;

use proto::{DecodeError, Wire};
use std::fmt::Debug;

/// A value and what is known of its bytes.
pub(crate) struct Sample {
    /// The golden file's name, without its ending.
    pub(crate) name: String,
    /// The protobuf message that the bytes are.
    pub(crate) message: &'static str,
    /// The value's bytes.
    pub(crate) bytes: Vec<u8>,
    /// The value as text, to be compared with what bytes decode to.
    pub(crate) value: String,
    decode: fn(&[u8]) -> Result<Decoded, DecodeError>,
}

/// What some bytes were decoded to.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The value as text.
    pub(crate) value: String,
    /// Its encoding.
    pub(crate) bytes: Vec<u8>,
}

impl Sample {
    fn new<T: Wire + Debug>(name: impl Into<String>, message: &'static str, value: &T) -> Self {
        Self {
            name: name.into(),
            message,
            bytes: value.to_bytes(),
            value: text_of(value),
            decode: |bytes| {
                let value = T::from_bytes(bytes)?;
                Ok(Decoded { value: text_of(&value), bytes: value.to_bytes() })
            },
        }
    }

    /// Decodes `bytes` as the type that this sample is of.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<Decoded, DecodeError> {
        (self.decode)(bytes)
    }
}

/// All samples.
pub(crate) fn all() -> Vec<Sample> {
    let mut samples = events::all();
    samples.extend(commands::all());
    samples.extend(guests::all());
    samples.extend(queries::all());
    samples.extend(offers::all());
    samples.extend(catalogues::all());
    samples
}

/// `Sealed` shows its length only; samples differ in length wherever they differ in bytes, and
/// `golden` compares the bytes too.
fn text_of<T: Debug>(value: &T) -> String {
    format!("{value:#?}")
}
