//! Shapes of bodies: of answers, made from the views' own types, and of requests.

use crate::view::links::Link;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Gives a JSON Schema; types with names of their own go to the generator's definitions.
pub(crate) type Shape = Box<dyn Fn(&mut SchemaGenerator) -> Value>;

/// The type by itself.
pub(crate) fn plain<T: JsonSchema>() -> Shape {
    Box::new(|generator| generator.subschema_for::<T>().to_value())
}

/// The type under a key.
pub(crate) fn under<T: JsonSchema>(key: &'static str) -> Shape {
    Box::new(move |generator| keyed(key, generator.subschema_for::<T>().to_value()))
}

/// A list of the type under a key.
pub(crate) fn listed<T: JsonSchema>(key: &'static str) -> Shape {
    under::<Vec<T>>(key)
}

/// An empty list under a key.
pub(crate) fn list(key: &'static str) -> Shape {
    Box::new(move |_| keyed(key, json!({ "type": "array", "maxItems": 0 })))
}

/// A page of a list under a key, with the way to the next if there is one.
pub(crate) fn page<T: JsonSchema>(key: &'static str) -> Shape {
    paged::<T>(key, vec!["links".to_owned()])
}

/// The same, with the way to the next also under the key that gophercloud looks at.
pub(crate) fn linked_page<T: JsonSchema>(key: &'static str) -> Shape {
    paged::<T>(key, vec!["links".to_owned(), format!("{key}_links")])
}

fn paged<T: JsonSchema>(key: &'static str, links: Vec<String>) -> Shape {
    Box::new(move |generator| {
        let mut schema = keyed(key, generator.subschema_for::<Vec<T>>().to_value());
        for name in &links {
            schema["properties"][name] = generator.subschema_for::<[Link; 1]>().to_value();
        }
        schema
    })
}

/// A request's body, written as a schema.
pub(crate) fn body(schema: fn() -> Value) -> Shape {
    Box::new(move |_| schema())
}

/// Any object.
pub(crate) fn anything() -> Shape {
    Box::new(|_| json!({ "type": "object" }))
}

fn keyed(key: &str, schema: Value) -> Value {
    let properties = Map::from_iter([(key.to_owned(), schema)]);
    json!({ "type": "object", "properties": properties, "required": [key] })
}
