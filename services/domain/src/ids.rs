//! Typed ids: ours are UUIDs, other systems' are opaque text.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as other systems write it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

uuid_id!(
    /// A database instance.
    InstanceId
);
uuid_id!(
    /// A datastore, such as `mariadb`.
    DatastoreId
);
uuid_id!(
    /// A version of a datastore.
    VersionId
);
uuid_id!(
    /// A configuration group.
    ConfigurationId
);
uuid_id!(
    /// A machine that the `local` provisioner puts instances on.
    HostId
);
uuid_id!(
    /// An unpacked engine: UUIDv5 of engine, package version and architecture.
    ImageId
);
uuid_id!(
    /// One command; a repeat carries the same id.
    CommandId
);
uuid_id!(
    /// One commit of the log; a repeat of the append carries the same id.
    CommitId
);
uuid_id!(
    /// One action that a guest is asked to run once.
    ActionId
);
uuid_id!(
    /// A stored ciphertext; the log holds only this reference.
    SecretId
);
uuid_id!(
    /// One taskmanager; it keeps its id over restarts, since its state directory is locked.
    WorkerId
);
uuid_id!(
    /// One event log, from its founding to its end.
    LogId
);

text_id!(
    /// An OpenStack project (tenant).
    ProjectId
);
text_id!(
    /// A user of the identity service.
    UserId
);
text_id!(
    /// A flavor of the configuration.
    FlavorId
);
text_id!(
    /// `req-{uuid}`: names one REST request in answers, logs and commits.
    RequestId
);

/// The namespace of every UUIDv5 that the control plane derives.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x6f1b_4ab2_0c5e_5d7e_9a35_2d1c_7b0e_4f90);

/// A UUIDv5 of `parts`; a separator that no part holds keeps different lists apart.
pub fn derived(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, parts.join("\u{1f}").as_bytes())
}
