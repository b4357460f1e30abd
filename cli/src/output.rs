//! What a command says on standard output: the API's JSON for programs, tables for people.

use crate::table::{self, Column};
use serde_json::Value;
use std::io::Write as _;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// Tables and sentences.
    People,
    /// The API's JSON; nothing where the API answers nothing.
    Programs,
}

impl Output {
    /// A list, which stands under `key` in the body.
    pub(crate) fn list(self, body: &Value, key: &str, columns: &[Column]) {
        match self {
            Self::Programs => json(body),
            Self::People => {
                let entries = body[key].as_array().map(Vec::as_slice).unwrap_or_default();
                line(&table::list(columns, entries));
            }
        }
    }

    /// One thing, which stands under `key` in the body, or is the body where that is empty.
    pub(crate) fn record(self, body: &Value, key: &str) {
        match self {
            Self::Programs => json(body),
            Self::People => line(&table::record(if key.is_empty() { body } else { &body[key] })),
        }
    }

    /// Rows of name and value.
    pub(crate) fn pairs(self, body: &Value, inner: &Value) {
        match self {
            Self::Programs => json(body),
            Self::People => line(&table::record(inner)),
        }
    }

    /// That a change was made, where the API itself answers nothing.
    pub(crate) fn done(self, sentence: &str) {
        if self == Self::People {
            line(&table::printable(sentence));
        }
    }

    /// Lines as they are.
    pub(crate) fn lines(self, body: &Value, lines: &[Value]) {
        match self {
            Self::Programs => json(body),
            Self::People => {
                for text in lines.iter().filter_map(Value::as_str) {
                    // A tab is what logs put between their columns.
                    let parts: Vec<String> = text.split('\t').map(table::printable).collect();
                    line(&parts.join("\t"));
                }
            }
        }
    }
}

fn json(body: &Value) {
    line(&serde_json::to_string_pretty(body).expect("what was JSON is JSON"));
}

/// A line on standard output. Whoever closed it has read enough.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}
