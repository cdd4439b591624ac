//! What there is to attack: the endpoints of the instance's own description.

use platform::testing::TestApp;
use serde_json::Value;

/// A field of a body, and those inside of it.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub inner: Vec<Field>,
}

/// A method on a path.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub method: String,
    pub path: String,
    /// Names of its query parameters.
    pub parameters: Vec<String>,
    /// Fields of its body.
    pub fields: Vec<Field>,
}

/// Every endpoint of the instance.
pub async fn endpoints(app: &TestApp) -> Vec<Endpoint> {
    let document = app.client().get("/api/schema/?format=json").await.expect(200);
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete"] {
            let operation = &item[method];
            if operation.is_object() {
                found.push(endpoint(&document, path, method, operation));
            }
        }
    }
    assert!(found.len() > 10, "the description lists the endpoints: {found:?}");
    found
}

fn endpoint(document: &Value, path: &str, method: &str, operation: &Value) -> Endpoint {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    Endpoint {
        method: method.to_uppercase(),
        path: path.to_owned(),
        parameters: parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned()))
            .collect(),
        fields: operation["requestBody"]["content"]
            .as_object()
            .and_then(|contents| contents.values().next())
            .map(|content| fields(document, &content["schema"], 0))
            .unwrap_or_default(),
    }
}

fn fields(document: &Value, schema: &Value, depth: usize) -> Vec<Field> {
    if depth > 4 {
        return Vec::new();
    }
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        let target = document.pointer(pointer).expect("references lead somewhere");
        return fields(document, target, depth);
    }
    let mut found = Vec::new();
    for combination in ["oneOf", "anyOf", "allOf"] {
        for part in schema[combination].as_array().into_iter().flatten() {
            found.extend(fields(document, part, depth + 1));
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        found.push(Field {
            name: name.clone(),
            inner: fields(document, property, depth + 1),
        });
    }
    found
}
