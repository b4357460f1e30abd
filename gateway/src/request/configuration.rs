//! The bodies of requests about configuration groups.

use super::creation::{self, DatastoreAsked};
use super::document::Document;
use super::field::{Field, Object};
use crate::fault::Fault;
use domain::catalogue::{Catalogue, ParameterRefusal, Real, Reason, Value, canonical};
use domain::configuration::Values;
use std::collections::BTreeMap;

/// More values than any engine has parameters worth setting.
const VALUES_MAX: usize = 500;

/// Values as they were given; none for what no parameter takes.
pub(crate) type Given = BTreeMap<String, Option<Value>>;

/// What a creation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Creation {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) values: Given,
    pub(crate) datastore: DatastoreAsked,
}

/// What an update asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) values: Option<Given>,
}

impl Creation {
    /// Reads the body.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub(crate) fn parse(document: &Document) -> Result<Self, Fault> {
        let body = document.under("configuration")?.object()?;
        let datastore = body.optional("datastore");
        Ok(Self {
            name: body.required("name")?.text255()?.to_owned(),
            description: description(&body)?,
            values: values(&body.required("values")?)?,
            datastore: datastore.map(|f| creation::datastore(&f)).transpose()?.unwrap_or_default(),
        })
    }
}

impl Update {
    /// Reads the body.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub(crate) fn parse(document: &Document) -> Result<Self, Fault> {
        let body = document.under("configuration")?.object()?;
        let name = body.optional("name").map(|f| f.text255().map(str::to_owned)).transpose()?;
        let values = body.optional("values").map(|f| values(&f)).transpose()?;
        Ok(Self { name, description: description(&body)?, values })
    }
}

fn description(body: &Object<'_>) -> Result<Option<String>, Fault> {
    let field = body.optional("description").filter(|field| !field.is_blank());
    field.map(|field| field.text255().map(str::to_owned)).transpose()
}

fn values(field: &Field<'_>) -> Result<Given, Fault> {
    let object = field.object()?;
    let mut given = Given::new();
    for key in object.keys() {
        let value = object.required(key)?.json().clone();
        if given.insert(canonical(key), value_of(&value)).is_some() {
            return Err(field.refused("has a parameter twice, in two spellings"));
        }
    }
    if given.len() > VALUES_MAX {
        return Err(field.refused(format!("has more than {VALUES_MAX} parameters")));
    }
    Ok(given)
}

fn value_of(value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Bool(value) => Some(Value::Boolean(*value)),
        serde_json::Value::String(text) => Some(Value::Text(text.clone())),
        serde_json::Value::Number(number) => {
            let whole = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            let real = || number.as_f64().and_then(Real::new).map(Value::Float);
            whole.map(Value::Integer).or_else(real)
        }
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            None
        }
    }
}

/// The values in their parameters' own types, for a datastore and version of these names.
///
/// # Errors
/// The first parameter that is not offered, or does not take its value.
pub(crate) fn checked(
    catalogue: &Catalogue,
    (datastore, version): (&str, &str),
    given: Given,
) -> Result<Values, Fault> {
    if catalogue.is_empty() {
        return Err(Fault::BadParameter(format!(
            "Configuration groups are not supported for this datastore: {datastore} {version}"
        )));
    }
    let check = |(name, value): (String, Option<Value>)| {
        // What no parameter takes is of no parameter's type.
        let wrong = || {
            let known = catalogue.offered(&name).map(|known| known.kind.word());
            let reason = known.map_or(Reason::Unknown, Reason::WrongType);
            ParameterRefusal { name: name.clone(), reason }
        };
        let value = value.ok_or_else(wrong)?;
        let value = catalogue.check(&name, &value)?;
        Ok((name, value))
    };
    given
        .into_iter()
        .map(check)
        .collect::<Result<Values, ParameterRefusal>>()
        .map_err(|refusal| Fault::BadParameter(refusal.explain(datastore, version)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(values: &serde_json::Value) -> Result<Given, Fault> {
        let body = json!({"configuration": {"name": "n", "values": values}}).to_string();
        Creation::parse(&Document::parse(body.as_bytes())?).map(|creation| creation.values)
    }

    #[test]
    fn values_keep_the_types_that_they_came_in() {
        let given = parse(&json!({"A-b": 1, "c": "1", "d": true, "e": 1.5, "f": null})).unwrap();
        assert_eq!(given["a_b"], Some(Value::Integer(1)));
        assert_eq!(given["c"], Some(Value::Text("1".to_owned())));
        assert_eq!(given["d"], Some(Value::Boolean(true)));
        assert!(matches!(given["e"], Some(Value::Float(_))));
        assert_eq!(given["f"], None);
        let large = parse(&json!({"a": u64::MAX})).unwrap();
        assert_eq!(large["a"], Some(Value::Integer(u64::MAX.into())));
    }

    #[test]
    fn one_parameter_in_two_spellings_is_refused() {
        assert!(parse(&json!({"a-b": 1, "a_b": 2})).is_err());
        assert!(parse(&json!([])).is_err());
    }
}
