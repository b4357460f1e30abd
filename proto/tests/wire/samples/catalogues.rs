//! Catalogues of parameters, and parameters' values.

use super::Sample;
use super::common::id;
use domain::catalogue::{Event, Parameter, ParameterKind, Range, Real, Value};
use domain::commit::Events;
use domain::ids::VersionId;

const ROWS: &str = "trove.event.v1.CatalogueRows";
const VALUE: &str = "trove.event.v1.ParameterValue";

/// What stands uncompressed in no commit.
pub(super) fn all() -> Vec<Sample> {
    let mut samples = vec![Sample::new("catalogue.parameters", ROWS, &rows())];
    samples.extend(
        values()
            .iter()
            .map(|value| Sample::new(format!("value.{}", value_word(value)), VALUE, value)),
    );
    samples
}

/// Facts of catalogues.
pub(super) fn events() -> Vec<(String, Events)> {
    let set = Event::Set { version: VersionId(id(4)), rows: rows() };
    let removed = Event::Removed { name: "wait_timeout".to_owned() };
    let mut events = vec![set, removed];
    events.extend(rows().into_iter().map(Event::Overridden));
    events.into_iter().map(|event| (event_word(&event), Events::Catalogue(vec![event]))).collect()
}

fn event_word(event: &Event) -> String {
    match event {
        Event::Set { .. } => "catalogue.set".to_owned(),
        Event::Overridden(parameter) => {
            let bare = if parameter.forbidden.is_none() { ".bare" } else { "" };
            format!("catalogue.overridden.{}{bare}", kind_word(&parameter.kind))
        }
        Event::Removed { .. } => "catalogue.removed".to_owned(),
    }
}

fn kind_word(kind: &ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Integer(_) => "integer",
        ParameterKind::Float(_) => "float",
        ParameterKind::Boolean => "boolean",
        ParameterKind::Text => "text",
        ParameterKind::Choice(_) => "choice",
        ParameterKind::Set(_) => "set",
        ParameterKind::Flags(_) => "flags",
    }
}

fn rows() -> Vec<Parameter> {
    let words = || vec!["OFF".to_owned(), "DEMAND".to_owned()];
    let largest = Range { min: Some(i64::MIN.into()), max: Some(u64::MAX.into()) };
    let full = Parameter {
        default: Some("1048576".to_owned()),
        unit: Some("B".to_owned()),
        restart_required: true,
        forbidden: Some("belongs to the instance's address".to_owned()),
        ..row("a_port", ParameterKind::Integer(largest))
    };
    vec![
        full,
        row("b_size", ParameterKind::Integer(Range::ALL)),
        row("c_cost", ParameterKind::Float(Range { min: Real::new(0.0), max: Real::new(0.1) })),
        row("d_log", ParameterKind::Boolean),
        row("e_format", ParameterKind::Text),
        row("f_type", ParameterKind::Choice(words())),
        row("g_mode", ParameterKind::Set(words())),
        row("h_switch", ParameterKind::Flags(words())),
    ]
}

fn row(name: &str, kind: ParameterKind) -> Parameter {
    Parameter {
        name: name.to_owned(),
        kind,
        default: None,
        unit: None,
        restart_required: false,
        forbidden: None,
    }
}

fn values() -> [Value; 4] {
    [
        Value::Integer(u64::MAX.into()),
        Value::Float(Real::new(0.1).expect("finite")),
        Value::Boolean(true),
        Value::Text("STRICT_TRANS_TABLES".to_owned()),
    ]
}

fn value_word(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "integer",
        Value::Float(_) => "float",
        Value::Boolean(_) => "boolean",
        Value::Text(_) => "text",
    }
}

#[test]
fn rows_weigh_at_least_what_they_take() {
    use proto::Wire;

    let rows = rows();
    let weight: usize = rows.iter().map(Parameter::weight).sum();
    assert!(rows.to_bytes().len() <= weight);
}
