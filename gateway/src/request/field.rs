//! A value of a body together with the path to it, for refusals in Trove's words:
//! `Validation error: instance['volume']['size'] is not ...`.
//!
//! Refusals never quote the value: it may be a password.

use crate::fault::Fault;
use serde_json::{Map, Value};
use std::fmt;
use uuid::Uuid;

const TEXT_CHARS_MAX: usize = 255;

/// A value and how it was reached.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    path: String,
    value: &'a Value,
}

/// An object and how it was reached.
#[derive(Clone)]
pub(crate) struct Object<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl<'a> Field<'a> {
    pub(crate) fn new(path: String, value: &'a Value) -> Self {
        Self { path, value }
    }

    /// A refusal of this value, for this reason.
    pub(crate) fn refused(&self, reason: impl fmt::Display) -> Fault {
        Fault::Invalid(format!("Validation error: {} {reason}", self.path))
    }

    /// An object.
    pub(crate) fn object(&self) -> Result<Object<'a>, Fault> {
        match self.value.as_object() {
            Some(map) => Ok(Object { path: self.path.clone(), map }),
            None => Err(self.refused("is not of type 'object'")),
        }
    }

    /// The elements of a list.
    pub(crate) fn list(&self) -> Result<Vec<Field<'a>>, Fault> {
        let items = self.value.as_array().ok_or_else(|| self.refused("is not of type 'array'"))?;
        let element = |(index, value)| Self::new(format!("{}[{index}]", self.path), value);
        Ok(items.iter().enumerate().map(element).collect())
    }

    /// The elements of a list of at least one; a single object counts as one, since openstacksdk
    /// sends it like that.
    pub(crate) fn list_or_one(&self) -> Result<Vec<Field<'a>>, Fault> {
        if self.value.is_object() {
            return Ok(vec![self.clone()]);
        }
        let list = self.list()?;
        if list.is_empty() { Err(self.refused("is too short")) } else { Ok(list) }
    }

    /// Any text.
    pub(crate) fn text(&self) -> Result<&'a str, Fault> {
        self.value.as_str().ok_or_else(|| self.refused("is not of type 'string'"))
    }

    /// Text of 1 to 255 characters, one of them a letter or digit.
    pub(crate) fn text255(&self) -> Result<&'a str, Fault> {
        let text = self.text()?;
        let fits = text.chars().nth(TEXT_CHARS_MAX).is_none()
            && text.contains(|c: char| c.is_ascii_alphanumeric());
        if fits {
            Ok(text)
        } else {
            Err(self.refused(format!(
                "must have 1 to {TEXT_CHARS_MAX} characters, at least one of them a letter or digit"
            )))
        }
    }

    /// A boolean.
    pub(crate) fn boolean(&self) -> Result<bool, Fault> {
        self.value.as_bool().ok_or_else(|| self.refused("is not of type 'boolean'"))
    }

    /// A flag: clients say yes and no in numbers, or plainly.
    pub(crate) fn flag(&self) -> Result<bool, Fault> {
        self.boolean().or_else(|_| self.integer(0, 1).map(|number| number == 1))
    }

    /// A UUID with hyphens, in lower case.
    pub(crate) fn uuid(&self) -> Result<String, Fault> {
        let text = self.text()?;
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(id.to_string()),
            Ok(_) | Err(_) => Err(self.refused("is not a UUID")),
        }
    }

    /// A reference: text or an integer, reduced to the id.
    pub(crate) fn reference(&self) -> Result<String, Fault> {
        if self.value.is_u64() || self.value.is_i64() {
            return Ok(self.value.to_string());
        }
        let id = super::referred(self.text255()?);
        if id.is_empty() {
            return Err(self.refused("names nothing"));
        }
        Ok(id.to_owned())
    }

    /// A size of at least 1: an integer, or its decimal digits as text. What is larger than any
    /// number here stays larger than any limit.
    pub(crate) fn size(&self) -> Result<u64, Fault> {
        const DIGITS_MAX: usize = 40;
        let size = match self.value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => {
                let digits = !text.is_empty()
                    && text.len() <= DIGITS_MAX
                    && text.bytes().all(|byte| byte.is_ascii_digit());
                digits.then(|| text.parse().unwrap_or(u64::MAX))
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        size.filter(|size| *size >= 1)
            .ok_or_else(|| self.refused("must be an integer of at least 1"))
    }

    /// An integer from `least` to `most`.
    pub(crate) fn integer(&self, least: u64, most: u64) -> Result<u64, Fault> {
        self.value
            .as_u64()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.refused(format!("must be an integer from {least} to {most}")))
    }

    /// Any integer.
    pub(crate) fn signed(&self) -> Result<i64, Fault> {
        self.value.as_i64().ok_or_else(|| self.refused("is not of type 'integer'"))
    }

    /// Any integer that JSON's numbers hold.
    pub(crate) fn wide(&self) -> Result<i128, Fault> {
        let signed = self.value.as_i64().map(i128::from);
        signed
            .or_else(|| self.value.as_u64().map(i128::from))
            .ok_or_else(|| self.refused("is not of type 'integer'"))
    }

    /// Whether it is an object.
    pub(crate) fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// The value itself.
    pub(crate) fn json(&self) -> &'a Value {
        self.value
    }

    /// Whether it is null.
    pub(crate) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// Whether it is null or empty text: clients take things away like that.
    pub(crate) fn is_blank(&self) -> bool {
        self.value.is_null() || self.value.as_str() == Some("")
    }
}

impl<'a> Object<'a> {
    /// What stands under `key`, null included.
    pub(crate) fn raw(&self, key: &str) -> Option<Field<'a>> {
        let path = format!("{}['{key}']", self.path);
        self.map.get(key).map(|value| Field::new(path, value))
    }

    /// What stands under `key`; null counts as absent, since clients send it for "not given".
    pub(crate) fn optional(&self, key: &str) -> Option<Field<'a>> {
        self.raw(key).filter(|field| !field.value.is_null())
    }

    /// What stands under the first of these spellings of one key; a bad value under any of them is
    /// refused.
    pub(crate) fn spelled<T>(
        &self,
        keys: &[&str],
        read: impl Fn(&Field<'a>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let given = keys.iter().filter_map(|key| self.optional(key));
        let all: Vec<T> = given.map(|field| read(&field)).collect::<Result<_, _>>()?;
        Ok(all.into_iter().next())
    }

    /// What stands under `key`.
    ///
    /// # Errors
    /// When nothing does.
    pub(crate) fn required(&self, key: &str) -> Result<Field<'a>, Fault> {
        self.raw(key).ok_or_else(|| {
            Fault::Invalid(format!(
                "Validation error: {} '{key}' is a required property",
                self.path
            ))
        })
    }

    /// The first key that is none of `known`.
    pub(crate) fn stranger(&self, known: &[&str]) -> Option<&'a str> {
        self.map.keys().map(String::as_str).find(|key| !known.contains(key))
    }

    /// Refuses keys other than `known`.
    ///
    /// # Errors
    /// Naming the first such key.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Fault> {
        match self.stranger(known) {
            None => Ok(()),
            Some(key) => Err(Fault::Invalid(format!(
                "Validation error: {} Additional properties are not allowed ('{}' was unexpected)",
                self.path,
                key.chars().take(80).collect::<String>()
            ))),
        }
    }

    /// The keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.map.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
