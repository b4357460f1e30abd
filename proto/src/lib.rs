//! The protobuf files, their generated types and their conversions to the domain.
