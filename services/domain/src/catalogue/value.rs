//! Values of parameters, as tenants write them, and their check.

use super::parameter::{ParameterKind, Range};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest text that a parameter may be given.
pub const TEXT_CHARS_MAX: usize = 2048;

/// The longest number that is read; the largest of 128 bits has 40 characters.
const NUMBER_CHARS_MAX: usize = 64;

/// How much of a name is shown in a refusal.
const NAME_CHARS_SHOWN: usize = 80;

/// A value of a parameter.
///
/// Rows hold the numbers as text, which every reader of JSON leaves as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// A whole number.
    Integer(#[serde(with = "as_text")] i128),
    /// A number with a fraction.
    Float(Real),
    /// On or off.
    Boolean(bool),
    /// Text.
    Text(String),
}

/// As it is written into an option file, before any quoting.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Boolean(true) => f.write_str("ON"),
            Self::Boolean(false) => f.write_str("OFF"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A number with a fraction; neither endless nor undefined.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Real(f64);

/// Every one of these numbers equals itself.
impl Eq for Real {}

impl Real {
    /// The number, unless it is endless or undefined.
    pub fn new(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The shortest text that is this number and no other.
impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Real {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.parse().ok().and_then(Self::new);
        number.ok_or("not a finite number")
    }
}

impl TryFrom<String> for Real {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Real> for String {
    fn from(number: Real) -> Self {
        number.to_string()
    }
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(number: &i128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i128, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// A parameter's name as catalogues spell it: case does not count, nor `-` against `_`.
pub fn canonical(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// Why a parameter can't be given a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterRefusal {
    /// The parameter, as the tenant wrote it, cut to a length that can be read.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

/// What is wrong with a parameter or its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The engine has no such parameter, or none that is offered.
    Unknown,
    /// No tenant may set it, for this reason.
    Forbidden(String),
    /// The value is of another type than this.
    WrongType(&'static str),
    /// The value is below this.
    BelowMinimum(String),
    /// The value is above this.
    AboveMaximum(String),
    /// The value is none of these words.
    NotOneOf(Vec<String>),
    /// The text is too long, or holds what no option file can.
    BadText,
}

impl ParameterRefusal {
    pub(super) fn new(name: &str, reason: Reason) -> Self {
        Self { name: name.chars().take(NAME_CHARS_SHOWN).collect(), reason }
    }

    /// The refusal in words, for a datastore and version of these names.
    pub fn explain(&self, datastore: &str, version: &str) -> String {
        let name = &self.name;
        let value = format!("The value provided for the configuration parameter {name}");
        match &self.reason {
            Reason::Unknown => format!(
                "The configuration parameter {name} is not supported for this datastore: \
                 {datastore} {version}."
            ),
            Reason::Forbidden(why) => format!(
                "The configuration parameter {name} is not supported for this datastore: \
                 {datastore} {version}. It {why}."
            ),
            Reason::WrongType(wanted) => format!("{value} is not of type {wanted}."),
            Reason::BelowMinimum(min) => format!("{value} is less than the minimum allowed: {min}"),
            Reason::AboveMaximum(max) => {
                format!("{value} is greater than the maximum allowed: {max}")
            }
            Reason::NotOneOf(words) => format!("{value} is not one of: {}.", words.join(", ")),
            Reason::BadText => format!(
                "{value} has more than {TEXT_CHARS_MAX} characters, or one that can't be written \
                 down."
            ),
        }
    }
}

impl ParameterKind {
    /// Checks a value; gives it in this kind's own type.
    pub(super) fn check(&self, value: &Value) -> Result<Value, Reason> {
        if let Value::Text(text) = value {
            check_text(text)?;
        }
        match self {
            Self::Integer(range) => {
                let number = integer(value).ok_or(Reason::WrongType(self.word()))?;
                within(&number, range)?;
                Ok(Value::Integer(number))
            }
            Self::Float(range) => {
                let number = real(value).ok_or(Reason::WrongType(self.word()))?;
                within(&number, range)?;
                Ok(Value::Float(number))
            }
            Self::Boolean => {
                boolean(value).map(Value::Boolean).ok_or(Reason::WrongType(self.word()))
            }
            Self::Text => Ok(Value::Text(text(value)?.to_owned())),
            Self::Choice(words) => choice(value, words).map(Value::Text),
            Self::Set(words) => list(text(value)?, words, spelt).map(Value::Text),
            Self::Flags(words) => list(text(value)?, words, flag).map(Value::Text),
        }
    }
}

/// A newline would begin another option.
fn check_text(text: &str) -> Result<(), Reason> {
    let fits = text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Reason::BadText) }
}

fn within<T: PartialOrd + fmt::Display>(number: &T, range: &Range<T>) -> Result<(), Reason> {
    if let Some(min) = range.min.as_ref().filter(|min| number < min) {
        return Err(Reason::BelowMinimum(min.to_string()));
    }
    if let Some(max) = range.max.as_ref().filter(|max| number > max) {
        return Err(Reason::AboveMaximum(max.to_string()));
    }
    Ok(())
}

/// Terraform writes numbers as text.
fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => number(text)?.parse().ok(),
        Value::Float(_) | Value::Boolean(_) => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number with a fraction has its own precision")]
fn real(value: &Value) -> Option<Real> {
    match value {
        Value::Integer(number) => Real::new(*number as f64),
        Value::Float(number) => Some(*number),
        Value::Text(text) => number(text)?.parse().ok(),
        Value::Boolean(_) => None,
    }
}

/// A text that can be a number: digits and what stands between them, no words such as `inf`.
fn number(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_part = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    (text.len() <= NUMBER_CHARS_MAX && text.chars().all(is_part)).then_some(text)
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(is_on) => Some(*is_on),
        Value::Integer(0) => Some(false),
        Value::Integer(1) => Some(true),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "on" | "true" | "1" => Some(true),
            "off" | "false" | "0" => Some(false),
            _ => None,
        },
        Value::Integer(_) | Value::Float(_) => None,
    }
}

fn text(value: &Value) -> Result<&str, Reason> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => Err(Reason::WrongType("string")),
    }
}

/// A word may be given by its place, as engines take it; `true` and `false` mean `ON` and `OFF`.
fn choice(value: &Value, words: &[String]) -> Result<String, Reason> {
    let word = match value {
        Value::Text(text) => {
            let place = || text.trim().parse().ok().and_then(|place: usize| words.get(place));
            spelt(text.trim(), words).or_else(|| place().cloned())
        }
        Value::Boolean(_) => spelt(&value.to_string(), words),
        Value::Integer(place) => {
            let place = usize::try_from(*place).ok();
            spelt(&value.to_string(), words).or_else(|| words.get(place?).cloned())
        }
        Value::Float(_) => return Err(Reason::WrongType("string")),
    };
    word.ok_or_else(|| Reason::NotOneOf(words.to_vec()))
}

/// The word among `words`, as they spell it.
fn spelt(word: &str, words: &[String]) -> Option<String> {
    words.iter().find(|known| known.eq_ignore_ascii_case(word)).cloned()
}

fn flag(item: &str, words: &[String]) -> Option<String> {
    if item.eq_ignore_ascii_case("default") {
        return spelt("default", words);
    }
    let (word, setting) = item.split_once('=')?;
    let settings = ["on", "off", "default"].map(str::to_owned);
    Some(format!("{}={}", spelt(word.trim(), words)?, spelt(setting.trim(), &settings)?))
}

fn list(
    text: &str,
    words: &[String],
    read: fn(&str, &[String]) -> Option<String>,
) -> Result<String, Reason> {
    let mut found: Vec<String> = Vec::new();
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let word = read(item, words).ok_or_else(|| Reason::NotOneOf(words.to_vec()))?;
        if !found.contains(&word) {
            found.push(word);
        }
    }
    Ok(found.join(","))
}
