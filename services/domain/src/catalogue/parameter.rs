//! One parameter of an engine: its type, its limits, and whether a tenant may set it.

use super::value::Real;
use serde::{Deserialize, Serialize};

/// What a row weighs beside its texts.
const ROW_WEIGHT: usize = 160;

/// What a word in a list weighs beside its text.
const WORD_WEIGHT: usize = 4;

/// A parameter that may stand in the engine's option file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name, in lower case and with `_` between words.
    pub name: String,
    /// What its values are.
    pub kind: ParameterKind,
    /// The engine's own value; absent where it depends on the machine.
    pub default: Option<String>,
    /// What its numbers count; absent where nobody says.
    pub unit: Option<String>,
    /// Whether a change needs a restart of the server.
    pub restart_required: bool,
    /// Why no tenant may set it; absent where one may.
    pub forbidden: Option<String>,
}

impl Parameter {
    /// How much room it takes in a commit, at most and before compression.
    pub fn weight(&self) -> usize {
        let texts = [&self.default, &self.unit, &self.forbidden];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        ROW_WEIGHT + self.name.len() + texts + self.kind.weight()
    }
}

/// What the values of a parameter are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterKind {
    /// A whole number; engines go from the smallest of 64 bits to the largest without sign.
    Integer(Range<i128>),
    /// A number with a fraction.
    Float(Range<Real>),
    /// On or off.
    Boolean,
    /// Any text.
    Text,
    /// One of these words.
    Choice(Vec<String>),
    /// Any of these words, separated by commas.
    Set(Vec<String>),
    /// Any of these words, each with `=on`, `=off` or `=default`, separated by commas.
    Flags(Vec<String>),
}

/// From where to where a number may go; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range<T> {
    /// The smallest; absent when there is none.
    pub min: Option<T>,
    /// The largest; absent when there is none.
    pub max: Option<T>,
}

impl<T> Range<T> {
    /// No limits.
    pub const ALL: Self = Self { min: None, max: None };
}

impl<T: PartialOrd> Range<T> {
    /// Whether nothing is in this range that is not in the other.
    fn is_within(&self, other: &Self) -> bool {
        let min = match (&self.min, &other.min) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(outer)) => own >= outer,
        };
        let max = match (&self.max, &other.max) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(outer)) => own <= outer,
        };
        min && max
    }
}

impl ParameterKind {
    /// The word of the API for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Integer(_) => "integer",
            Self::Float(_) => "float",
            Self::Boolean => "boolean",
            Self::Text | Self::Choice(_) | Self::Set(_) | Self::Flags(_) => "string",
        }
    }

    /// Whether every value of this kind is one of `other`.
    pub(super) fn narrows(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(own), Self::Integer(outer)) => own.is_within(outer),
            (Self::Float(own), Self::Float(outer)) => own.is_within(outer),
            (Self::Choice(own), Self::Choice(outer))
            | (Self::Set(own), Self::Set(outer))
            | (Self::Flags(own), Self::Flags(outer)) => own.iter().all(|word| outer.contains(word)),
            (Self::Boolean, Self::Boolean) | (Self::Text, Self::Text) => true,
            (
                Self::Integer(_)
                | Self::Float(_)
                | Self::Boolean
                | Self::Text
                | Self::Choice(_)
                | Self::Set(_)
                | Self::Flags(_),
                _,
            ) => false,
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Integer(_) | Self::Float(_) | Self::Boolean | Self::Text => 0,
            Self::Choice(words) | Self::Set(words) | Self::Flags(words) => {
                words.iter().map(|word| word.len() + WORD_WEIGHT).sum()
            }
        }
    }
}
