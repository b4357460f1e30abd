//! What the server says of its parameters, as a catalogue has them.

use super::forbidden;
use crate::catalogue::{Parameter, ParameterKind, Range, canonical};
use std::str::FromStr;

/// Defaults that the server works out on the machine that it runs on.
const OF_THE_MACHINE: [&str; 3] = ["max_stack_depth", "client_encoding", "timezone_abbreviations"];

/// A row of `pg_settings`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variable {
    /// `name`.
    pub name: String,
    /// `vartype`.
    pub kind: String,
    /// `context`.
    pub context: String,
    /// `boot_val`.
    pub default: Option<String>,
    /// `min_val`.
    pub min: Option<String>,
    /// `max_val`.
    pub max: Option<String>,
    /// `enumvals`.
    pub words: Vec<String>,
    /// `unit`.
    pub unit: Option<String>,
}

/// The parameter that a variable is; nothing for one that nobody can set, or of a type that this
/// release does not know.
pub fn parameter(variable: &Variable) -> Option<Parameter> {
    let name = canonical(&variable.name);
    let kind = match variable.kind.as_str() {
        "bool" => ParameterKind::Boolean,
        "integer" => ParameterKind::Integer(range(variable)),
        "real" => ParameterKind::Float(range(variable)),
        "enum" => ParameterKind::Choice(variable.words.clone()),
        "string" => ParameterKind::Text,
        _ => return None,
    };
    if variable.context == "internal" {
        return None;
    }
    let is_shown =
        |default: &String| !default.contains('/') && !OF_THE_MACHINE.contains(&name.as_str());
    Some(Parameter {
        default: variable.default.clone().filter(is_shown).map(|default| plain(&kind, default)),
        unit: variable.unit.clone(),
        restart_required: variable.context == "postmaster",
        forbidden: forbidden(&name).map(str::to_owned),
        kind,
        name,
    })
}

fn range<T: FromStr>(variable: &Variable) -> Range<T> {
    let parse = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
    Range { min: parse(&variable.min), max: parse(&variable.max) }
}

/// Switches are said as ON and OFF everywhere.
fn plain(kind: &ParameterKind, default: String) -> String {
    if *kind == ParameterKind::Boolean { default.to_ascii_uppercase() } else { default }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, kind: &str, context: &str) -> Variable {
        Variable {
            name: name.to_owned(),
            kind: kind.to_owned(),
            context: context.to_owned(),
            ..Variable::default()
        }
    }

    #[test]
    fn a_number_keeps_its_range_and_what_it_counts() {
        let row = Variable {
            min: Some("16".to_owned()),
            max: Some("1073741823".to_owned()),
            default: Some("16384".to_owned()),
            unit: Some("8kB".to_owned()),
            ..variable("shared_buffers", "integer", "postmaster")
        };
        let parameter = parameter(&row).unwrap();
        let range = Range { min: Some(16), max: Some(1_073_741_823) };
        assert_eq!(parameter.kind, ParameterKind::Integer(range));
        assert_eq!(parameter.unit.as_deref(), Some("8kB"));
        assert!(parameter.restart_required && parameter.forbidden.is_none());
    }

    #[test]
    fn the_context_says_whether_a_restart_is_needed() {
        let restart =
            |context| parameter(&variable("x", "bool", context)).unwrap().restart_required;
        assert!(restart("postmaster"));
        for context in ["sighup", "superuser", "user", "superuser-backend", "backend"] {
            assert!(!restart(context), "{context}");
        }
        assert_eq!(parameter(&variable("block_size", "integer", "internal")), None);
        assert_eq!(parameter(&variable("x", "geometry", "user")), None);
    }

    #[test]
    fn names_are_spelt_as_catalogues_do_and_switches_as_everywhere() {
        let row =
            Variable { default: Some("on".to_owned()), ..variable("DateStyle", "bool", "user") };
        let parameter = parameter(&row).unwrap();
        assert_eq!(
            (parameter.name.as_str(), parameter.default.as_deref()),
            ("datestyle", Some("ON"))
        );
    }
}
