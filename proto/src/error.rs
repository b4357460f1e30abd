//! Why bytes are no message of ours.

use domain::commit::SCHEMA_VERSION;

/// Why bytes are no message of ours. Each variant names the field, as the `.proto` files do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are no protobuf: damaged, or never ours.
    #[error("malformed message")]
    Malformed(#[from] prost::DecodeError),
    /// A field is absent that never is.
    #[error("field `{field}` is missing")]
    MissingField {
        /// Which.
        field: &'static str,
    },
    /// An enum, oneof or word is unset or holds what this release does not know: a newer one
    /// wrote it.
    #[error("field `{field}` holds nothing that this release knows")]
    UnknownValue {
        /// Which.
        field: &'static str,
    },
    /// An id does not have a UUID's length.
    #[error("field `{field}` is not a uuid")]
    BadUuid {
        /// Which.
        field: &'static str,
    },
    /// A value breaks its field's rule.
    #[error("field `{field}` is not {expected}")]
    BadValue {
        /// Which.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The commit's events have a shape that this release does not know.
    #[error("schema version {found} is not supported: this release reads 1 to {SCHEMA_VERSION}")]
    UnsupportedSchema {
        /// The commit's.
        found: u32,
    },
}
