//! Catalogues of parameters, and parameters' values.
//!
//! The rows of a catalogue are many and alike, so they are compressed. Deflating is part of the
//! value's one encoding: a release of the compressor that packs otherwise shows in the golden
//! files.

use super::field::{all, each, message, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::catalogue::{Event, Parameter, ParameterKind, Range, Real, Value, WEIGHT_MAX};
use domain::ids::VersionId;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use prost::Message;
use std::fmt::Display;
use std::str::FromStr;
use wire::{catalogue_event, parameter, parameter_value};

/// The most that compressed rows may take; a decision refuses rows that could take more.
const DEFLATED_MAX: usize = 200 * 1024;

/// How hard the compressor tries, of ten.
const LEVEL: u8 = 9;

impl From<&Event> for wire::CatalogueEvent {
    fn from(event: &Event) -> Self {
        let event = match event {
            Event::Set { version, rows } => catalogue_event::Event::Set(catalogue_event::Set {
                version_id: uuid_bytes(version.0),
                rows_deflated: deflated(rows),
            }),
            Event::Overridden(parameter) => {
                catalogue_event::Event::Overridden(catalogue_event::Overridden {
                    parameter: Some(parameter.into()),
                })
            }
            Event::Removed { name } => {
                catalogue_event::Event::Removed(catalogue_event::Removed { name: name.clone() })
            }
        };
        Self { event: Some(event) }
    }
}

impl TryFrom<wire::CatalogueEvent> for Event {
    type Error = DecodeError;

    fn try_from(message: wire::CatalogueEvent) -> Result<Self, DecodeError> {
        Ok(match variant(message.event, "catalogue_event")? {
            catalogue_event::Event::Set(set) => Self::Set {
                version: VersionId(uuid(&set.version_id, "set.version_id")?),
                rows: inflated(&set.rows_deflated)?,
            },
            catalogue_event::Event::Overridden(overridden) => {
                Self::Overridden(self::message(overridden.parameter, "overridden.parameter")?)
            }
            catalogue_event::Event::Removed(removed) => Self::Removed { name: removed.name },
        })
    }
}

fn deflated(rows: &[Parameter]) -> Vec<u8> {
    let bytes = compress_to_vec(&wire::CatalogueRows::from(rows).encode_to_vec(), LEVEL);
    debug_assert!(bytes.len() <= DEFLATED_MAX, "a decision bounds what rows weigh");
    bytes
}

fn inflated(bytes: &[u8]) -> Result<Vec<Parameter>, DecodeError> {
    const FIELD: &str = "set.rows_deflated";
    let refused =
        || DecodeError::BadValue { field: FIELD, expected: "a deflate stream of bounded size" };
    if bytes.is_empty() {
        return Err(DecodeError::MissingField { field: FIELD });
    }
    if bytes.len() > DEFLATED_MAX {
        return Err(refused());
    }
    let rows = decompress_to_vec_with_limit(bytes, WEIGHT_MAX).map_err(|_| refused())?;
    wire::CatalogueRows::decode(rows.as_slice())?.try_into()
}

impl From<&[Parameter]> for wire::CatalogueRows {
    fn from(rows: &[Parameter]) -> Self {
        Self { parameters: all(rows) }
    }
}

impl From<&Vec<Parameter>> for wire::CatalogueRows {
    fn from(rows: &Vec<Parameter>) -> Self {
        rows.as_slice().into()
    }
}

impl TryFrom<wire::CatalogueRows> for Vec<Parameter> {
    type Error = DecodeError;

    fn try_from(rows: wire::CatalogueRows) -> Result<Self, DecodeError> {
        each(rows.parameters)
    }
}

impl From<&Parameter> for wire::Parameter {
    fn from(parameter: &Parameter) -> Self {
        Self {
            name: parameter.name.clone(),
            default_value: parameter.default.clone(),
            unit: parameter.unit.clone(),
            restart_required: parameter.restart_required,
            forbidden: parameter.forbidden.clone(),
            kind: Some((&parameter.kind).into()),
        }
    }
}

impl TryFrom<wire::Parameter> for Parameter {
    type Error = DecodeError;

    fn try_from(parameter: wire::Parameter) -> Result<Self, DecodeError> {
        Ok(Self {
            name: parameter.name,
            kind: variant(parameter.kind, "parameter.kind")?.try_into()?,
            default: parameter.default_value,
            unit: parameter.unit,
            restart_required: parameter.restart_required,
            forbidden: parameter.forbidden,
        })
    }
}

impl From<&ParameterKind> for parameter::Kind {
    fn from(kind: &ParameterKind) -> Self {
        let words = |words: &Vec<String>| parameter::Words { words: words.clone() };
        match kind {
            ParameterKind::Integer(range) => {
                Self::Integer(parameter::Integer { min: text(range.min), max: text(range.max) })
            }
            ParameterKind::Float(range) => {
                Self::Float(parameter::Float { min: text(range.min), max: text(range.max) })
            }
            ParameterKind::Boolean => Self::Boolean(()),
            ParameterKind::Text => Self::Text(()),
            ParameterKind::Choice(list) => Self::Choice(words(list)),
            ParameterKind::Set(list) => Self::Set(words(list)),
            ParameterKind::Flags(list) => Self::Flags(words(list)),
        }
    }
}

impl TryFrom<parameter::Kind> for ParameterKind {
    type Error = DecodeError;

    fn try_from(kind: parameter::Kind) -> Result<Self, DecodeError> {
        Ok(match kind {
            parameter::Kind::Integer(range) => Self::Integer(Range {
                min: number(range.min, "parameter.min")?,
                max: number(range.max, "parameter.max")?,
            }),
            parameter::Kind::Float(range) => Self::Float(Range {
                min: number(range.min, "parameter.min")?,
                max: number(range.max, "parameter.max")?,
            }),
            parameter::Kind::Boolean(()) => Self::Boolean,
            parameter::Kind::Text(()) => Self::Text,
            parameter::Kind::Choice(list) => Self::Choice(list.words),
            parameter::Kind::Set(list) => Self::Set(list.words),
            parameter::Kind::Flags(list) => Self::Flags(list.words),
        })
    }
}

impl From<&Value> for wire::ParameterValue {
    fn from(value: &Value) -> Self {
        let value = match value {
            Value::Integer(number) => parameter_value::Value::Integer(number.to_string()),
            Value::Float(number) => parameter_value::Value::Float(number.to_string()),
            Value::Boolean(is_on) => parameter_value::Value::Boolean(*is_on),
            Value::Text(text) => parameter_value::Value::Text(text.clone()),
        };
        Self { value: Some(value) }
    }
}

impl TryFrom<wire::ParameterValue> for Value {
    type Error = DecodeError;

    fn try_from(message: wire::ParameterValue) -> Result<Self, DecodeError> {
        Ok(match variant(message.value, "parameter_value")? {
            parameter_value::Value::Integer(text) => {
                Self::Integer(parsed(&text, "parameter_value.integer")?)
            }
            parameter_value::Value::Float(text) => {
                Self::Float(parsed::<Real>(&text, "parameter_value.float")?)
            }
            parameter_value::Value::Boolean(is_on) => Self::Boolean(is_on),
            parameter_value::Value::Text(text) => Self::Text(text),
        })
    }
}

fn text<T: Display>(number: Option<T>) -> Option<String> {
    number.map(|number| number.to_string())
}

fn number<T: FromStr>(text: Option<String>, field: &'static str) -> Result<Option<T>, DecodeError> {
    text.map(|text| parsed(&text, field)).transpose()
}

fn parsed<T: FromStr>(text: &str, field: &'static str) -> Result<T, DecodeError> {
    text.parse().map_err(|_| DecodeError::BadValue { field, expected: "a number" })
}
