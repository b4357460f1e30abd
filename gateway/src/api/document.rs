//! The OpenAPI document, made from the table of operations.

use super::operation::{Answer, Operation, Who};
use super::query::{Param, path_param};
use super::{gated, open};
use crate::call::PROJECT;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// What every operation without a token may refuse with: it can't tell its own address, or can't
/// serve at the moment.
const OPEN_REFUSALS: [u16; 2] = [400, 503];

/// What every operation behind the gate may refuse with: it can't read the request, knows no such
/// token, does not allow it, finds nothing, is asked too often, or can't serve at the moment.
const REFUSALS: [u16; 6] = [400, 401, 403, 404, 413, 503];

/// The document.
pub(crate) fn document() -> Value {
    // As OpenAPI 3.1 has them: JSON Schema 2020-12.
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in open() {
        add(&mut paths, operation.path.to_owned(), &operation, &OPEN_REFUSALS, &mut generator);
    }
    for operation in gated() {
        let path = format!("/v1.0/{{{PROJECT}}}{}", operation.path);
        add(&mut paths, path, &operation, &REFUSALS, &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Trove",
            "version": "1.0",
            "description": "Databases as a service, over the OpenStack Trove v1.0 API.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "responses": { "Refusal": refusal() },
            "securitySchemes": {
                "token": { "type": "apiKey", "in": "header", "name": "X-Auth-Token" },
            },
        },
    })
}

fn add(
    paths: &mut Map<String, Value>,
    path: String,
    operation: &Operation,
    refusals: &[u16],
    generator: &mut SchemaGenerator,
) {
    let is_gated = refusals.contains(&401);
    let mut said = json!({
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters(&path, operation, is_gated),
        "responses": responses(operation, refusals, generator),
    });
    if is_gated {
        said["security"] = json!([{ "token": [] }]);
    }
    if operation.who == Who::Admins {
        said["description"] = json!("For administrators; others get 403.");
    }
    if let Some(body) = &operation.body {
        let schema = (body.shape)(generator);
        said["requestBody"] = json!({
            "required": body.is_required,
            "content": { "application/json": { "schema": schema } },
        });
    }
    let entry = paths.entry(path).or_insert_with(|| json!({}));
    entry[operation.method.as_str().to_ascii_lowercase()] = said;
}

fn parameters(path: &str, operation: &Operation, is_gated: bool) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for name in path.split('{').skip(1).filter_map(|part| part.split('}').next()) {
        all.push(json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": path_param(name),
            "schema": { "type": "string", "minLength": 1 },
        }));
    }
    for Param { name, about, kind } in &operation.query {
        all.push(json!({
            "name": name, "in": "query", "description": about, "schema": kind.schema(),
        }));
    }
    if is_gated {
        all.push(json!({
            "name": "X-Trove-Position",
            "in": "header",
            "description": "The answer is to hold at least this position of the log.",
            "schema": { "type": "integer", "minimum": 0 },
        }));
        if operation.method != "GET" {
            all.push(json!({
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same request under the same key is the same change.",
                "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
            }));
        }
    }
    all
}

fn responses(operation: &Operation, refusals: &[u16], generator: &mut SchemaGenerator) -> Value {
    let mut all = Map::new();
    for Answer { status, shape } in operation.others.iter().chain(&operation.answer) {
        let mut said = json!({ "description": if *status == 202 { "Begun." } else { "Done." } });
        if let Some(shape) = shape {
            said["content"] = json!({ "application/json": { "schema": shape(generator) } });
        }
        all.insert(status.to_string(), said);
    }
    let mut refusals = refusals.to_vec();
    refusals.extend(&operation.refusals);
    if operation.body.is_some() {
        refusals.push(415);
    }
    for status in refusals {
        let refusal = json!({ "$ref": "#/components/responses/Refusal" });
        all.entry(status.to_string()).or_insert(refusal);
    }
    Value::Object(all)
}

/// One key names the kind of refusal.
fn refusal() -> Value {
    let fault = json!({
        "type": "object",
        "properties": {
            "code": { "type": "integer" },
            "message": { "type": "string" },
            "details": { "type": "string" },
            "retryAfter": { "type": "string" },
        },
        "required": ["code", "message"],
    });
    json!({
        "description": "A refusal, and why.",
        "content": { "application/json": { "schema": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": fault,
        } } },
    })
}
