//! Single fields: what every conversion of a message is made of.

use crate::error::DecodeError;
use domain::time::Timestamp;
use std::net::Ipv4Addr;
use uuid::Uuid;

const MILLIS_PER_SECOND: i64 = 1_000;
const NANOS_PER_MILLI: i64 = 1_000_000;
const NANOS_PER_SECOND: i64 = MILLIS_PER_SECOND * NANOS_PER_MILLI;

/// The value of a field that is never absent.
pub(super) fn required<T>(value: Option<T>, field: &'static str) -> Result<T, DecodeError> {
    value.ok_or(DecodeError::MissingField { field })
}

/// The variant of a oneof that is never absent.
///
/// A variant of a newer release looks like an absent one, so both are told apart by nobody.
pub(super) fn variant<T>(value: Option<T>, field: &'static str) -> Result<T, DecodeError> {
    value.ok_or(DecodeError::UnknownValue { field })
}

/// The message of a field that is never absent, converted.
pub(super) fn message<M, D>(value: Option<M>, field: &'static str) -> Result<D, DecodeError>
where
    D: TryFrom<M, Error = DecodeError>,
{
    required(value, field)?.try_into()
}

/// Each message of a list, converted.
pub(super) fn each<M, D>(values: Vec<M>) -> Result<Vec<D>, DecodeError>
where
    D: TryFrom<M, Error = DecodeError>,
{
    values.into_iter().map(D::try_from).collect()
}

/// Each value of a list as its message.
pub(super) fn all<'a, D, M: From<&'a D>>(values: &'a [D]) -> Vec<M> {
    values.iter().map(M::from).collect()
}

/// An enum's value; `place` says which word of ours it is, or that it is none.
pub(super) fn word<W, D>(
    value: i32,
    field: &'static str,
    place: fn(W) -> Option<D>,
) -> Result<D, DecodeError>
where
    W: TryFrom<i32>,
{
    W::try_from(value).ok().and_then(place).ok_or(DecodeError::UnknownValue { field })
}

/// A UUID of 16 bytes.
pub(super) fn uuid(bytes: &[u8], field: &'static str) -> Result<Uuid, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::MissingField { field });
    }
    Uuid::from_slice(bytes).map_err(|_| DecodeError::BadUuid { field })
}

/// A UUID as its 16 bytes.
pub(super) fn uuid_bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// A hash or key of 32 bytes.
pub(super) fn bytes_32(bytes: &[u8], field: &'static str) -> Result<[u8; 32], DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::MissingField { field });
    }
    bytes.try_into().map_err(|_| DecodeError::BadValue { field, expected: "32 bytes long" })
}

/// An IPv4 address in dotted form.
pub(super) fn ipv4(text: &str, field: &'static str) -> Result<Ipv4Addr, DecodeError> {
    if text.is_empty() {
        return Err(DecodeError::MissingField { field });
    }
    text.parse().map_err(|_| DecodeError::BadValue { field, expected: "an IPv4 address" })
}

/// A TCP port.
pub(super) fn port(number: u32, field: &'static str) -> Result<u16, DecodeError> {
    number.try_into().map_err(|_| DecodeError::BadValue { field, expected: "a port" })
}

/// A point in time that is never absent; what is below a millisecond is cut off.
pub(super) fn time(
    value: Option<prost_types::Timestamp>,
    field: &'static str,
) -> Result<Timestamp, DecodeError> {
    let value = required(value, field)?;
    let nanos = i64::from(value.nanos);
    if !(0..NANOS_PER_SECOND).contains(&nanos) {
        return Err(out_of_range(field));
    }
    // Wide enough for any seconds, and the earliest milliseconds begin inside a second.
    let millis = i128::from(value.seconds) * i128::from(MILLIS_PER_SECOND)
        + i128::from(nanos / NANOS_PER_MILLI);
    i64::try_from(millis).map(Timestamp).map_err(|_| out_of_range(field))
}

/// A point in time that may be absent.
pub(super) fn time_if(
    value: Option<prost_types::Timestamp>,
    field: &'static str,
) -> Result<Option<Timestamp>, DecodeError> {
    value.map(|value| time(Some(value), field)).transpose()
}

/// A point in time as its message.
pub(super) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let nanos = time.0.rem_euclid(MILLIS_PER_SECOND) * NANOS_PER_MILLI;
    prost_types::Timestamp {
        seconds: time.0.div_euclid(MILLIS_PER_SECOND),
        nanos: i32::try_from(nanos).expect("less than a second's nanoseconds"),
    }
}

fn out_of_range(field: &'static str) -> DecodeError {
    DecodeError::BadValue { field, expected: "a point in time" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_millisecond_has_a_timestamp_and_comes_back() {
        for millis in [i64::MIN, -1_001, -1_000, -1, 0, 1, 999, 1_000, i64::MAX] {
            let there = timestamp(Timestamp(millis));
            assert_eq!(time(Some(there), "time"), Ok(Timestamp(millis)), "{millis}");
        }
    }

    #[test]
    fn a_timestamp_outside_of_all_milliseconds_is_refused() {
        for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, 1_000_000_000)] {
            let value = prost_types::Timestamp { seconds, nanos };
            assert!(time(Some(value), "time").is_err(), "{seconds} {nanos}");
        }
    }
}
