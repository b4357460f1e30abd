//! What the server says of its variables, as parameters.

use super::forbidden;
use crate::catalogue::{Parameter, ParameterKind, Range, canonical};
use std::str::FromStr;

/// Defaults that the server works out on the machine that it runs on.
const OF_THE_MACHINE: [&str; 8] = [
    "back_log",
    "host_cache_size",
    "hostname",
    "innodb_open_files",
    "open_files_limit",
    "table_open_cache",
    "thread_pool_size",
    "wsrep_node_name",
];

/// A row of `information_schema.SYSTEM_VARIABLES`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variable {
    /// `VARIABLE_NAME`.
    pub name: String,
    /// `VARIABLE_TYPE`.
    pub kind: String,
    /// `DEFAULT_VALUE`.
    pub default: Option<String>,
    /// `NUMERIC_MIN_VALUE`.
    pub min: Option<String>,
    /// `NUMERIC_MAX_VALUE`.
    pub max: Option<String>,
    /// `ENUM_VALUE_LIST`.
    pub words: Option<String>,
    /// `READ_ONLY`.
    pub is_read_only: bool,
}

/// The parameter that a variable is; nothing for a type that this release does not know.
///
/// A variable that the server can't change while it runs needs a restart.
pub fn parameter(variable: &Variable) -> Option<Parameter> {
    let name = canonical(&variable.name);
    let kind = kind(variable)?;
    let default = variable.default.clone().filter(|default| {
        let is_path = default.starts_with('/');
        !is_path && !OF_THE_MACHINE.contains(&name.as_str())
    });
    Some(Parameter {
        default: default.map(|default| plain(&kind, default)),
        unit: None,
        restart_required: variable.is_read_only,
        forbidden: forbidden(&name).map(str::to_owned),
        kind,
        name,
    })
}

fn kind(variable: &Variable) -> Option<ParameterKind> {
    Some(match variable.kind.as_str() {
        "BOOLEAN" => ParameterKind::Boolean,
        "INT" | "INT UNSIGNED" | "BIGINT" | "BIGINT UNSIGNED" => {
            ParameterKind::Integer(range(variable))
        }
        "DOUBLE" => ParameterKind::Float(range(variable)),
        "ENUM" => ParameterKind::Choice(words(variable)),
        "SET" => ParameterKind::Set(words(variable)),
        "FLAGSET" => ParameterKind::Flags(words(variable)),
        "VARCHAR" => ParameterKind::Text,
        _ => return None,
    })
}

fn range<T: FromStr>(variable: &Variable) -> Range<T> {
    let parse = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
    Range { min: parse(&variable.min), max: parse(&variable.max) }
}

fn words(variable: &Variable) -> Vec<String> {
    let list = variable.words.as_deref().unwrap_or_default();
    list.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Switches are said as ON and OFF everywhere.
fn plain(kind: &ParameterKind, default: String) -> String {
    match (kind, default.as_str()) {
        (ParameterKind::Boolean, "1" | "TRUE") => "ON".to_owned(),
        (ParameterKind::Boolean, "0" | "FALSE") => "OFF".to_owned(),
        (
            ParameterKind::Boolean
            | ParameterKind::Integer(_)
            | ParameterKind::Float(_)
            | ParameterKind::Text
            | ParameterKind::Choice(_)
            | ParameterKind::Set(_)
            | ParameterKind::Flags(_),
            _,
        ) => default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, kind: &str) -> Variable {
        Variable { name: name.to_owned(), kind: kind.to_owned(), ..Variable::default() }
    }

    #[test]
    fn a_number_keeps_its_whole_range() {
        let row = Variable {
            min: Some("-9223372036854775808".to_owned()),
            max: Some("18446744073709551615".to_owned()),
            default: Some("5".to_owned()),
            is_read_only: true,
            ..variable("A_SIZE", "BIGINT UNSIGNED")
        };
        let parameter = parameter(&row).unwrap();
        let range = Range { min: Some(i64::MIN.into()), max: Some(u64::MAX.into()) };
        assert_eq!(parameter.name, "a_size");
        assert_eq!(parameter.kind, ParameterKind::Integer(range));
        assert_eq!(parameter.default.as_deref(), Some("5"));
        assert!(parameter.restart_required && parameter.forbidden.is_none());
    }

    #[test]
    fn what_belongs_to_the_machine_is_no_default() {
        for (name, default) in [("THREAD_POOL_SIZE", "2"), ("CHARACTER_SETS_DIR", "/usr/share")] {
            let row = Variable { default: Some(default.to_owned()), ..variable(name, "VARCHAR") };
            assert_eq!(parameter(&row).unwrap().default, None, "{name}");
        }
    }

    #[test]
    fn a_type_that_is_not_known_makes_no_parameter() {
        assert_eq!(parameter(&variable("X", "GEOMETRY")), None);
        let port = parameter(&variable("PORT", "INT UNSIGNED")).unwrap();
        assert!(port.forbidden.is_some());
    }
}
