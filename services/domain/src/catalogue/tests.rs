//! Scenarios of catalogues, and values of every type.

use super::*;
use crate::limits::Limits;
use crate::time::Timestamp;
use uuid::Uuid;

const VERSION: VersionId = VersionId(Uuid::from_u128(4));

fn ask(catalogue: &mut Catalogue, command: &Command) -> Result<usize, Rejection> {
    let context = Context { now: Timestamp(0), limits: &Limits::PRODUCTION };
    let events = catalogue.decide(command, &context)?;
    for event in &events {
        catalogue.evolve(event, Moment { time: Timestamp(0), position: 1 });
    }
    Ok(events.len())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
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

fn integer(min: i128, max: i128) -> ParameterKind {
    ParameterKind::Integer(Range { min: Some(min), max: Some(max) })
}

fn rows() -> Vec<Parameter> {
    let real = |number| Real::new(number);
    vec![
        row("wait_timeout", integer(1, 31_536_000)),
        row("max_size", integer(i64::MIN.into(), u64::MAX.into())),
        row("cost", ParameterKind::Float(Range { min: real(0.0), max: real(1.5) })),
        row("general_log", ParameterKind::Boolean),
        row("time_format", ParameterKind::Text),
        row("binlog_format", ParameterKind::Choice(words(&["MIXED", "STATEMENT", "ROW"]))),
        row("query_cache_type", ParameterKind::Choice(words(&["OFF", "ON", "DEMAND"]))),
        row("sql_mode", ParameterKind::Set(words(&["ANSI", "TRADITIONAL"]))),
        row("optimizer_switch", ParameterKind::Flags(words(&["mrr", "semijoin", "default"]))),
        Parameter { restart_required: true, ..row("back_log", integer(0, 65535)) },
        Parameter { forbidden: Some("is ours".to_owned()), ..row("port", integer(0, 65535)) },
    ]
}

fn known() -> Catalogue {
    let mut catalogue = Catalogue::default();
    ask(&mut catalogue, &Command::Set { version: VERSION, rows: rows() }).unwrap();
    catalogue
}

fn checked(name: &str, value: &Value) -> Result<Value, Reason> {
    known().check(name, value).map_err(|refusal| refusal.reason)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn the_same_rows_are_no_news_in_whatever_order() {
    let mut catalogue = known();
    let mut again = rows();
    again.reverse();
    assert_eq!(ask(&mut catalogue, &Command::Set { version: VERSION, rows: again }), Ok(0));
    let fewer = rows().split_off(1);
    assert_eq!(ask(&mut catalogue, &Command::Set { version: VERSION, rows: fewer }), Ok(1));
    assert_eq!(catalogue.get("wait_timeout"), None);
}

#[test]
fn rows_that_would_not_fit_the_bus_are_refused() {
    let long = Parameter { default: Some("x".repeat(WEIGHT_MAX)), ..rows().remove(4) };
    let command = Command::Set { version: VERSION, rows: vec![long] };
    assert_eq!(ask(&mut Catalogue::default(), &command), Err(Rejection::TooLarge));
}

#[test]
fn names_are_found_in_any_spelling() {
    assert!(known().offered("Wait-Timeout").is_some());
    assert_eq!(checked("WAIT_TIMEOUT", &Value::Integer(5)), Ok(Value::Integer(5)));
}

#[test]
fn a_forbidden_parameter_is_not_offered_and_says_why_it_is_refused() {
    assert!(known().offered("port").is_none());
    assert!(known().all_offered().all(|parameter| parameter.name != "port"));
    let reason = Reason::Forbidden("is ours".to_owned());
    assert_eq!(checked("port", &Value::Integer(1)), Err(reason));
    assert_eq!(checked("nonsense", &Value::Integer(1)), Err(Reason::Unknown));
}

#[test]
fn an_integer_may_be_written_as_text_and_stays_within_its_limits() {
    assert_eq!(checked("wait_timeout", &text(" 100 ")), Ok(Value::Integer(100)));
    let largest = i128::from(u64::MAX);
    assert_eq!(checked("max_size", &Value::Integer(largest)), Ok(Value::Integer(largest)));
    assert_eq!(checked("max_size", &text("18446744073709551615")), Ok(Value::Integer(largest)));
    let above = Reason::AboveMaximum(u64::MAX.to_string());
    assert_eq!(checked("max_size", &Value::Integer(largest + 1)), Err(above));
    let below = Reason::BelowMinimum("1".to_owned());
    assert_eq!(checked("wait_timeout", &text("0")), Err(below));
}

#[test]
fn a_value_of_another_type_is_refused() {
    let real = Real::new(1.5).unwrap();
    for value in [Value::Boolean(true), Value::Float(real), text("x"), text("1.5"), text("1M")] {
        assert_eq!(checked("wait_timeout", &value), Err(Reason::WrongType("integer")));
    }
    for value in [Value::Integer(2), Value::Float(real), text("maybe")] {
        assert_eq!(checked("general_log", &value), Err(Reason::WrongType("boolean")));
    }
    for value in [Value::Boolean(true), text("inf"), text("NaN"), text("1e999"), text("0x1")] {
        assert_eq!(checked("cost", &value), Err(Reason::WrongType("float")));
    }
    for value in [Value::Boolean(true), Value::Integer(1)] {
        assert_eq!(checked("time_format", &value), Err(Reason::WrongType("string")));
        assert_eq!(checked("sql_mode", &value), Err(Reason::WrongType("string")));
    }
}

#[test]
fn on_and_off_are_said_in_several_ways() {
    for on in [Value::Boolean(true), Value::Integer(1), text("ON"), text("1"), text("true")] {
        assert_eq!(checked("general_log", &on), Ok(Value::Boolean(true)));
    }
    assert_eq!(checked("general_log", &text("off")), Ok(Value::Boolean(false)));
}

#[test]
fn a_number_with_a_fraction_may_be_whole_or_text() {
    let one = Real::new(1.0).unwrap();
    assert_eq!(checked("cost", &Value::Integer(1)), Ok(Value::Float(one)));
    assert_eq!(checked("cost", &text("1.0")), Ok(Value::Float(one)));
    let above = Reason::AboveMaximum("1.5".to_owned());
    assert_eq!(checked("cost", &text("1.75")), Err(above));
}

#[test]
fn words_are_taken_in_any_case_and_kept_as_the_engine_spells_them() {
    assert_eq!(checked("binlog_format", &text("row")), Ok(text("ROW")));
    assert_eq!(checked("query_cache_type", &Value::Boolean(true)), Ok(text("ON")));
    assert_eq!(checked("query_cache_type", &Value::Integer(2)), Ok(text("DEMAND")));
    assert_eq!(checked("query_cache_type", &text("0")), Ok(text("OFF")));
    for value in [text("COLUMN"), text(""), Value::Integer(3), Value::Integer(-1)] {
        let refused = checked("binlog_format", &value);
        assert_eq!(refused, Err(Reason::NotOneOf(words(&["MIXED", "STATEMENT", "ROW"]))));
    }
    assert_eq!(checked("sql_mode", &text("ansi, Traditional,ANSI")), Ok(text("ANSI,TRADITIONAL")));
    assert_eq!(checked("sql_mode", &text("")), Ok(text("")));
    assert!(checked("sql_mode", &text("ANSI,x")).is_err());
    assert_eq!(checked("optimizer_switch", &text("MRR=ON,default")), Ok(text("mrr=on,default")));
    for wrong in ["mrr", "mrr=maybe", "x=on", "mrr=on,,x"] {
        assert!(checked("optimizer_switch", &text(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn a_text_is_bounded_and_can_not_begin_another_option() {
    assert_eq!(checked("time_format", &text("%H:%i")), Ok(text("%H:%i")));
    for wrong in ["a\nport=1", "a\r", "a\0", &"x".repeat(TEXT_CHARS_MAX + 1)] {
        assert_eq!(checked("time_format", &text(wrong)), Err(Reason::BadText));
        assert_eq!(checked("wait_timeout", &text(wrong)), Err(Reason::BadText));
    }
}

#[test]
fn an_administrator_narrows_hides_and_takes_up_again_but_never_widens() {
    let mut catalogue = known();
    let narrow = row("wait_timeout", integer(10, 100));
    assert_eq!(ask(&mut catalogue, &Command::Add(narrow.clone())), Err(Rejection::Exists));
    assert_eq!(ask(&mut catalogue, &Command::Change(narrow.clone())), Ok(1));
    assert_eq!(ask(&mut catalogue, &Command::Change(narrow.clone())), Ok(0));
    assert!(catalogue.check("wait_timeout", &Value::Integer(101)).is_err());
    let remove = Command::Remove { name: "Wait-Timeout".to_owned() };
    assert_eq!(ask(&mut catalogue, &remove), Ok(1));
    assert_eq!(ask(&mut catalogue, &remove), Err(Rejection::UnknownParameter));
    assert!(catalogue.check("wait_timeout", &Value::Integer(50)).is_err());
    assert_eq!(
        ask(&mut catalogue, &Command::Change(narrow.clone())),
        Err(Rejection::UnknownParameter)
    );
    assert_eq!(ask(&mut catalogue, &Command::Add(narrow)), Ok(1));
    for (parameter, rejection) in [
        (row("wait_timeout", integer(0, 100)), Rejection::Wider),
        (row("wait_timeout", ParameterKind::Integer(Range::ALL)), Rejection::Wider),
        (row("wait_timeout", ParameterKind::Text), Rejection::Wider),
        (row("back_log", integer(0, 100)), Rejection::RestartNeeded),
        (row("port", integer(0, 100)), Rejection::Forbidden),
        (row("plugin_load", ParameterKind::Text), Rejection::UnknownParameter),
    ] {
        assert_eq!(ask(&mut catalogue, &Command::Change(parameter.clone())), Err(rejection));
        assert_eq!(ask(&mut catalogue, &Command::Add(parameter)), Err(rejection));
    }
}

#[test]
fn what_an_administrator_said_outlives_a_renewal_of_the_rows() {
    let mut catalogue = known();
    ask(&mut catalogue, &Command::Remove { name: "general_log".to_owned() }).unwrap();
    ask(&mut catalogue, &Command::Change(row("wait_timeout", integer(10, 100)))).unwrap();
    let mut renewed = rows();
    renewed.push(row("new", ParameterKind::Boolean));
    ask(&mut catalogue, &Command::Set { version: VERSION, rows: renewed }).unwrap();
    assert!(catalogue.offered("general_log").is_none() && catalogue.offered("new").is_some());
    assert!(catalogue.check("wait_timeout", &Value::Integer(101)).is_err());
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_api() {
    let refusal = known().check("wait_timeout", &Value::Boolean(true)).unwrap_err();
    assert_eq!(
        refusal.explain("mysql", "10.11"),
        "The value provided for the configuration parameter wait_timeout is not of type integer."
    );
    let refusal = known().check("nonsense", &Value::Boolean(true)).unwrap_err();
    assert_eq!(
        refusal.explain("mysql", "10.11"),
        "The configuration parameter nonsense is not supported for this datastore: mysql 10.11."
    );
}
