//! Every answer of every test here against the document that the gateway serves: its status must
//! be named there, its body of the shape that is named, with no field that is not, and a body
//! that was accepted of the shape that is asked for.

use crate::stack::Answer;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// What was sent, as far as the document speaks of it.
pub(crate) struct Exchange {
    method: String,
    path: String,
    body: Option<Value>,
    /// Whether the version stands in a header, so that the path is another than the one that was
    /// answered.
    is_negotiated: bool,
}

impl Exchange {
    pub(crate) fn of(parts: &Parts, body: &[u8]) -> Self {
        Self {
            method: parts.method.as_str().to_ascii_lowercase(),
            path: parts.uri.path().to_owned(),
            body: serde_json::from_slice(body).ok(),
            is_negotiated: parts.headers.contains_key(header::ACCEPT),
        }
    }
}

/// The document, and its schemas as far as they were needed yet.
pub(crate) struct Contract {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    pub(crate) fn new(mut document: Value) -> Self {
        // What a view has and its schema has not is a fault of either.
        close(&mut document["components"]["schemas"]);
        Self { document, validators: Mutex::default() }
    }

    /// What is said of each operation.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Value> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        paths
            .flat_map(|(_, operations)| operations.as_object().into_iter().flatten())
            .map(|of| of.1)
    }

    /// Panics when the answer is not one of those that the document names.
    pub(crate) fn check(&self, exchange: &Exchange, answer: &Answer) {
        let Exchange { method, path, body, is_negotiated } = exchange;
        // A bug's answer is in no document; a test that wants one says so itself.
        let is_bug = answer.status == StatusCode::INTERNAL_SERVER_ERROR;
        if is_bug || *is_negotiated || method == "head" || path.starts_with("/identity/") {
            return;
        }
        let Some(template) = self.template(path, method) else {
            assert!(answer.status.is_client_error(), "{method} {path}: {answer:?}");
            return;
        };
        let status = answer.status.as_u16().to_string();
        let pointer = format!("/paths/{}/{method}", escaped(&template));
        let operation = self.document.pointer(&pointer).expect("a template has its operation");
        let response = self.resolved(&operation["responses"][&status]);
        assert!(response.is_object(), "{method} {template} does not name {status}: {answer:?}");
        let what = format!("{method} {template} {status}");
        match response.pointer("/content/application~1json/schema") {
            None => assert!(answer.bytes.is_empty(), "{what} has no body: {answer:?}"),
            Some(schema) => {
                let media_type = answer.headers.get(header::CONTENT_TYPE);
                assert_eq!(media_type.unwrap(), "application/json", "{what}");
                let mut schema = schema.clone();
                close(&mut schema);
                self.validate(&what, &schema, &answer.json());
            }
        }
        let asked = operation.pointer("/requestBody/content/application~1json/schema");
        if let Some((body, schema)) = body.as_ref().zip(asked)
            && answer.status.is_success()
        {
            self.validate(&format!("{method} {template} body"), schema, body);
        }
    }

    fn validate(&self, what: &str, schema: &Value, body: &Value) {
        let known = self.validators.lock().unwrap().get(what).cloned();
        let validator = known.unwrap_or_else(|| {
            let mut whole = schema.clone();
            whole["components"] = self.document["components"].clone();
            let validator = Arc::new(jsonschema::draft202012::new(&whole).expect("a schema"));
            self.validators.lock().unwrap().insert(what.to_owned(), Arc::clone(&validator));
            validator
        });
        let errors: Vec<String> = validator
            .iter_errors(body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}: {errors:?}\n{body:#}");
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let named = value["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
        named.map_or(value, |pointer| self.document.pointer(pointer).expect("a known name"))
    }

    /// The path that stands for this one: of several the one with the most words of its own.
    fn template(&self, path: &str, method: &str) -> Option<String> {
        let paths = self.document["paths"].as_object().expect("paths");
        let matching = paths.iter().filter(|(template, operations)| {
            operations.get(method).is_some() && fits(template, path)
        });
        matching
            .map(|(template, _)| template)
            .min_by_key(|template| template.matches('{').count())
            .cloned()
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (wanted, given): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), path.split('/').collect());
    let fits = |(wanted, given): (&&str, &&str)| {
        if wanted.starts_with('{') { !given.is_empty() } else { wanted == given }
    };
    wanted.len() == given.len() && wanted.iter().zip(&given).all(fits)
}

fn escaped(template: &str) -> String {
    template.replace('~', "~0").replace('/', "~1")
}

/// Objects with named properties take no others.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), json!(false));
            }
            map.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
