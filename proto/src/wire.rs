//! Bytes of domain values: the one way in and out of protobuf.

use crate::error::DecodeError;
use crate::generated::trove::command::v1 as command_v1;
use crate::generated::trove::event::v1 as event_v1;
use crate::generated::trove::guest::v1 as guest_v1;
use domain::catalogue;
use domain::command::{Envelope, Reply};
use domain::commit::Commit;
use domain::guest;
use prost::Message;

/// A value that travels or is stored as bytes.
pub trait Wire: Sized {
    /// The value's only encoding: equal values give equal bytes.
    fn to_bytes(&self) -> Vec<u8>;

    /// The value that `bytes` encode. Fields of newer releases are passed over.
    ///
    /// # Errors
    /// The bytes are damaged, incomplete, or say what this release does not know.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError>;
}

macro_rules! wire {
    ($domain:ty as $message:ty) => {
        impl Wire for $domain {
            fn to_bytes(&self) -> Vec<u8> {
                <$message>::from(self).encode_to_vec()
            }

            fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
                <$message>::decode(bytes)?.try_into()
            }
        }
    };
}

wire!(Commit as event_v1::Commit);
wire!(Vec<catalogue::Parameter> as event_v1::CatalogueRows);
wire!(catalogue::Value as event_v1::ParameterValue);
wire!(Envelope as command_v1::Command);
wire!(Reply as command_v1::Reply);
wire!(guest::DesiredRequest as guest_v1::DesiredRequest);
wire!(guest::DesiredAnswer as guest_v1::DesiredAnswer);
wire!(guest::Report as guest_v1::Report);
wire!(guest::ReportAnswer as guest_v1::ReportAnswer);
wire!(guest::Heartbeat as guest_v1::Heartbeat);
wire!(guest::Query as guest_v1::Query);
wire!(guest::QueryAnswer as guest_v1::QueryAnswer);
