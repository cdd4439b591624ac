//! One request that nobody should send, and what its answer must look like all the same.

use std::fmt;

use proptest::{prelude::*, sample::select, strategy::Union};
use serde_json::{Value, json};

use super::{
    api::{Endpoint, Field},
    raw::Answer,
    values::{encoded, header_value, json_value, text, url_piece},
};
use crate::support::PASSWORD;

const BOUNDARY: &str = "b-o-u-n-d-a-r-y";
/// Headers that somebody may read.
const HEADERS: &[&str] = &[
    "accept",
    "accept-language",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-request-id",
    "x-sync",
    "x-async",
    "x-http-method-override",
    "idempotency-key",
    "if-none-match",
    "if-modified-since",
    "range",
    "origin",
    "cookie",
    "content-encoding",
    "content-disposition",
    "user-agent",
    "traceparent",
];

/// A request.
#[derive(Clone)]
pub struct Attack {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    sign_in: SignIn,
    body: Vec<u8>,
}

/// What the request says about who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignIn {
    Nobody,
    User,
    Garbage,
}

impl fmt::Debug for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = self.bytes("<token>");
        write!(f, "{}", String::from_utf8_lossy(&request).escape_debug())
    }
}

impl Attack {
    /// The request as it is sent.
    pub fn bytes(&self, token: &str) -> Vec<u8> {
        let mut bytes = format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n",
            self.method, self.target
        )
        .into_bytes();
        let authorization = match self.sign_in {
            SignIn::Nobody => String::new(),
            SignIn::User => format!("authorization: Bearer {token}\r\n"),
            SignIn::Garbage => "authorization: Bearer a.b.\u{e9}\r\n".to_owned(),
        };
        bytes.extend_from_slice(authorization.as_bytes());
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", self.body.len()).as_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// What is wrong with an answer to it.
    pub fn refuse(&self, answer: &Answer) -> Option<String> {
        let problem = if answer.status >= 500 {
            "the server is at fault"
        } else if answer.body.is_empty() {
            // What HTTP itself leaves without a body.
            if self.method == "HEAD"
                || self.method == "OPTIONS"
                || [204, 304, 414, 431].contains(&answer.status)
            {
                return None;
            }
            "an empty answer"
        } else {
            match answer.json() {
                None => "an answer that is no JSON",
                Some(body) if answer.status >= 400 && !is_error(&body) => {
                    "an error in a shape that clients cannot read"
                }
                Some(body) if !body.is_object() && !body.is_array() => "neither an object nor a list",
                Some(_) => return None,
            }
        };
        let body = String::from_utf8_lossy(&answer.body);
        Some(format!("{problem}: {}\n{body}", answer.head))
    }
}

/// An object of texts, lists of texts, and such objects; a list of objects is what a refused token gets.
fn is_error(body: &Value) -> bool {
    fn is_message(value: &Value) -> bool {
        match value {
            Value::String(_) => true,
            Value::Array(items) => !items.is_empty() && items.iter().all(is_message),
            Value::Object(entries) => !entries.is_empty() && entries.values().all(is_message),
            _ => false,
        }
    }
    body.is_object() && is_message(body)
}

/// Requests to an endpoint; these ids are those of accounts.
pub fn attacks(endpoint: &Endpoint, ids: [i64; 2]) -> BoxedStrategy<Attack> {
    let other_methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "MADE-UP",
    ];
    let method = prop_oneof![
        9 => Just(endpoint.method.clone()),
        1 => select(other_methods.to_vec()).prop_map(str::to_owned),
    ];
    let sign_in = prop_oneof![
        3 => Just(SignIn::Nobody),
        6 => Just(SignIn::User),
        1 => Just(SignIn::Garbage),
    ];
    let header = (select(HEADERS).prop_map(str::to_owned), header_value());
    (
        method,
        target(endpoint, ids),
        prop::collection::vec(header, 0..3),
        sign_in,
        body(&endpoint.fields),
    )
        .prop_map(|(method, target, mut headers, sign_in, (content_type, body))| {
            headers.extend(content_type.map(|kind| ("content-type".to_owned(), kind)));
            Attack {
                method,
                target,
                headers,
                sign_in,
                body,
            }
        })
        .boxed()
}

fn target(endpoint: &Endpoint, ids: [i64; 2]) -> BoxedStrategy<String> {
    let segments: Vec<BoxedStrategy<String>> = endpoint
        .path
        .split('/')
        .map(|segment| {
            if segment == "{provider}" {
                let known = select(vec!["google", "facebook", "github"]).prop_map(str::to_owned);
                prop_oneof![4 => known, 1 => url_piece()].boxed()
            } else if segment.starts_with('{') {
                prop_oneof![1 => select(ids.to_vec()).prop_map(|id| id.to_string()), 1 => url_piece()].boxed()
            } else {
                Just(segment.to_owned()).boxed()
            }
        })
        .collect();
    let mut names = endpoint.parameters.clone();
    names.extend(["cursor", "ordering", "page_size", "format", "async"].map(str::to_owned));
    let parameter = (select(names), prop_oneof![url_piece(), ordering()]);
    let query = prop_oneof![
        1 => Just(Vec::new()),
        2 => prop::collection::vec(parameter, 0..4),
    ];
    (
        segments,
        query,
        prop_oneof![4 => Just(""), 1 => Just("&&=&%"), 1 => Just("?a[]=1&a=2")],
    )
        .prop_map(|(segments, query, rest)| {
            let query: Vec<String> = query
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("{}?{}{rest}", segments.join("/"), query.join("&"))
        })
        .boxed()
}

/// Orders that lists know, and sizes of pages.
fn ordering() -> BoxedStrategy<String> {
    let names = [
        "id",
        "-created_at",
        "name,-name",
        "bio",
        "email",
        "settings",
        "-",
        ",",
        "followers_count,-id",
        "0",
        "-1",
        "101",
    ];
    select(names.to_vec()).prop_map(str::to_owned).boxed()
}

/// A body with its content type.
fn body(fields: &[Field]) -> BoxedStrategy<(Option<Vec<u8>>, Vec<u8>)> {
    let kinds = [
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded; charset=latin1",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\u{e9}",
        "multipart/mixed; boundary=b-o-u-n-d-a-r-y",
        "application/octet-stream",
        ";",
        "APPLICATION/JSON",
        "",
    ];
    let kind = select(kinds.to_vec()).prop_map(|kind| Some(kind.as_bytes().to_vec()));
    let json = Just(Some(b"application/json".to_vec()));
    let multipart = Just(Some(
        format!("multipart/form-data; boundary={BOUNDARY}").into_bytes(),
    ));
    let form = Just(Some(b"application/x-www-form-urlencoded".to_vec()));
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let as_bytes = String::into_bytes;
    prop_oneof![
        8 => (json.clone(), aimed(fields).prop_map(as_bytes)),
        4 => (json.clone(), object(fields).prop_map(as_bytes)),
        2 => (json.clone(), json_value().prop_map(as_bytes)),
        1 => (json, noise.clone()),
        3 => (form.clone(), form_of(fields).prop_map(as_bytes)),
        1 => (form, noise.clone()),
        3 => (multipart.clone(), multipart_of(fields)),
        1 => (multipart, noise),
        1 => (kind, object(fields).prop_map(as_bytes)),
        1 => Just((None, Vec::new())),
    ]
    .boxed()
}

fn value(field: &Field) -> BoxedStrategy<String> {
    if field.inner.is_empty() {
        json_value()
    } else {
        prop_oneof![2 => object(&field.inner), 2 => aimed(&field.inner), 1 => json_value()].boxed()
    }
}

/// A JSON object with these fields and others.
fn object(fields: &[Field]) -> BoxedStrategy<String> {
    let known: Vec<BoxedStrategy<Option<String>>> = fields
        .iter()
        .map(|field| {
            let name = json!(field.name).to_string();
            prop::option::weighted(0.6, value(field).prop_map(move |value| format!("{name}:{value}"))).boxed()
        })
        .collect();
    let other = (text(), json_value()).prop_map(|(name, value)| format!("{}:{value}", json!(name)));
    (known, prop::option::weighted(0.2, other))
        .prop_map(|(known, other)| {
            let entries: Vec<String> = known.into_iter().chain([other]).flatten().collect();
            format!("{{{}}}", entries.join(","))
        })
        .boxed()
}

/// What an endpoint accepts in fields that it is likely to require, as JSON.
fn valid(fields: &[Field]) -> Vec<BoxedStrategy<(String, String)>> {
    let valid_value = |name: &str| match name {
        "email" => Some(
            any::<u64>()
                .prop_map(|n| json!(format!("h{n}@example.com")).to_string())
                .boxed(),
        ),
        "password" => Some(Just(json!(PASSWORD).to_string()).boxed()),
        "name" => Some(Just(json!("Name").to_string()).boxed()),
        _ => None,
    };
    fields
        .iter()
        .filter_map(|field| {
            let name = field.name.clone();
            Some(
                valid_value(&name)?
                    .prop_map(move |value| (name.clone(), value))
                    .boxed(),
            )
        })
        .collect()
}

/// A JSON object in which one field is hostile and the others are as they should be: it comes further than most.
fn aimed(fields: &[Field]) -> BoxedStrategy<String> {
    if fields.is_empty() {
        return object(fields);
    }
    let hostile = fields.iter().map(|field| {
        let name = field.name.clone();
        value(field).prop_map(move |value| (name.clone(), value)).boxed()
    });
    (valid(fields), Union::new(hostile))
        .prop_map(|(mut entries, hostile)| {
            entries.retain(|(name, _)| *name != hostile.0);
            entries.push(hostile);
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, value)| format!("{}:{value}", json!(name)))
                .collect();
            format!("{{{}}}", entries.join(","))
        })
        .boxed()
}

/// Names as forms have them.
fn names(fields: &[Field]) -> Vec<String> {
    let mut names = vec!["other".to_owned()];
    for field in fields {
        names.push(field.name.clone());
        names.extend(
            self::names(&field.inner)
                .into_iter()
                .map(|inner| format!("{}.{inner}", field.name)),
        );
    }
    names
}

fn form_of(fields: &[Field]) -> BoxedStrategy<String> {
    let pair = (
        select(names(fields)),
        prop_oneof![url_piece(), json_value().prop_map(|json| encoded(&json))],
    );
    (valid(fields), prop::collection::vec(pair, 0..4))
        .prop_map(|(valid, pairs)| {
            let valid = valid
                .into_iter()
                .map(|(name, value)| (name, encoded(value.trim_matches('"'))));
            let pairs: Vec<String> = valid
                .chain(pairs)
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            pairs.join("&")
        })
        .boxed()
}

fn multipart_of(fields: &[Field]) -> BoxedStrategy<Vec<u8>> {
    let content = prop_oneof![
        text().prop_map(String::into_bytes),
        json_value().prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..60),
    ];
    let extra = prop_oneof![
        6 => Just(""),
        1 => Just("; filename=\"\""),
        1 => Just("; filename=\"../../x.exe\"\r\nContent-Type: image/png"),
        1 => Just("\r\nContent-Type: text/plain; charset=utf-16"),
        1 => Just("; filename*=UTF-8''%ff"),
    ];
    let end = prop_oneof![5 => Just("--\r\n"), 1 => Just(""), 1 => Just("\r\n"), 1 => Just("--trailing")];
    (
        prop::collection::vec((select(names(fields)), extra, content), 0..6),
        end,
    )
        .prop_map(|(parts, end)| {
            let mut body = Vec::new();
            for (name, extra, content) in parts {
                let head =
                    format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{extra}\r\n\r\n");
                body.extend_from_slice(head.as_bytes());
                body.extend_from_slice(&content);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(format!("--{BOUNDARY}{end}").as_bytes());
            body
        })
        .boxed()
}
