//! Parameters that a configuration group may set.

use domain::catalogue::{Parameter, ParameterKind, Range, Real};
use domain::ids::VersionId;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Number;

/// A parameter; clients want its limits as numbers, and none where there is none.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Parameter")]
pub(crate) struct ParameterView<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Number>,
    /// The words that it may be made of, where these are all.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<&'a [String]>,
    /// The engine's own value; absent where it depends on the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    restart_required: bool,
    datastore_version_id: String,
}

/// A parameter as administrators manage it, with other words for its limits.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ManagedParameter<'a> {
    name: &'a str,
    datastore_version_id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    restart_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_size: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_size: Option<Number>,
}

impl<'a> ParameterView<'a> {
    /// A parameter of a version.
    pub(crate) fn of(parameter: &'a Parameter, version: VersionId) -> Self {
        let Range { min, max } = limits(&parameter.kind);
        Self {
            name: &parameter.name,
            kind: parameter.kind.word(),
            min,
            max,
            values: words(&parameter.kind),
            default: parameter.default.as_deref(),
            unit: parameter.unit.as_deref(),
            restart_required: parameter.restart_required,
            datastore_version_id: version.to_string(),
        }
    }
}

impl<'a> ManagedParameter<'a> {
    /// A parameter of a version.
    pub(crate) fn of(parameter: &'a Parameter, version: VersionId) -> Self {
        let Range { min, max } = limits(&parameter.kind);
        Self {
            name: &parameter.name,
            datastore_version_id: version.to_string(),
            kind: parameter.kind.word(),
            restart_required: parameter.restart_required,
            max_size: max,
            min_size: min,
        }
    }
}

fn words(kind: &ParameterKind) -> Option<&[String]> {
    match kind {
        ParameterKind::Choice(words) | ParameterKind::Set(words) | ParameterKind::Flags(words) => {
            Some(words)
        }
        ParameterKind::Integer(_)
        | ParameterKind::Float(_)
        | ParameterKind::Boolean
        | ParameterKind::Text => None,
    }
}

/// JSON's numbers reach from the smallest of 64 bits with sign to the largest without, as the
/// engines' do; a limit beyond would be none for any value that can be sent.
fn limits(kind: &ParameterKind) -> Range<Number> {
    let integer = |number: Option<i128>| number.and_then(Number::from_i128);
    let real = |number: Option<Real>| number.and_then(|number| Number::from_f64(number.get()));
    match kind {
        ParameterKind::Integer(range) => Range { min: integer(range.min), max: integer(range.max) },
        ParameterKind::Float(range) => Range { min: real(range.min), max: real(range.max) },
        ParameterKind::Boolean
        | ParameterKind::Text
        | ParameterKind::Choice(_)
        | ParameterKind::Set(_)
        | ParameterKind::Flags(_) => Range { min: None, max: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_beyond_63_bits_are_numbers_too() {
        let range = Range { min: Some(i64::MIN.into()), max: Some(u64::MAX.into()) };
        let limits = limits(&ParameterKind::Integer(range));
        let text = |number: Option<Number>| number.unwrap().to_string();
        assert_eq!(text(limits.min), "-9223372036854775808");
        assert_eq!(text(limits.max), "18446744073709551615");
    }
}
