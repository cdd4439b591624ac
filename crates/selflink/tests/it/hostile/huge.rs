//! Bodies that are too large, too deep or too many.

use platform::testing::TestApp;

use super::{
    api::{Endpoint, endpoints},
    raw::{Answer, address, exchange},
};
use crate::support::{self, TestUser};

/// Deeper than any stack that a parser should need.
const DEPTH: usize = 100_000;
const TEN_MEGABYTES: usize = 10_000_000;

/// A body, and the statuses that are right for it where bodies are read at all.
pub struct Huge {
    pub what: &'static str,
    pub content_type: &'static str,
    pub body: Vec<u8>,
    pub right: &'static [u16],
}

/// A body of each kind, with this field.
pub fn bodies(field: &str) -> Vec<Huge> {
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    let multipart = "multipart/form-data; boundary=b";
    let huge = |what, content_type, body: String, right| Huge {
        what,
        content_type,
        body: body.into_bytes(),
        right,
    };
    let names: Vec<String> = (0..400_000).map(|n| format!("\"{n}\":0")).collect();
    let letters = "a".repeat(TEN_MEGABYTES);
    let part = |extra: &str, content: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"{field}\"{extra}\r\n\r\n{content}\r\n--b--\r\n"
        )
    };
    // All of them keep to the limit of their kind, or are refused for it; none may be a 5xx.
    vec![
        huge("open lists", json, "[".repeat(DEPTH), &[400]),
        huge("open objects", json, r#"{"a":"#.repeat(DEPTH), &[400]),
        huge(
            "a deep field",
            json,
            format!("{{\"{field}\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH)),
            &[400],
        ),
        huge(
            "a deep text in a form",
            form,
            format!("{field}={}{}", "[".repeat(DEPTH), "]".repeat(DEPTH)),
            &[],
        ),
        huge(
            "ten megabytes of text",
            json,
            format!("{{\"{field}\":\"{letters}\"}}"),
            &[413],
        ),
        huge("ten megabytes of blanks", json, " ".repeat(TEN_MEGABYTES), &[413]),
        huge(
            "ten megabytes of form",
            form,
            format!("{field}={letters}"),
            &[413],
        ),
        huge(
            "ten megabytes of text part",
            multipart,
            part("", &letters),
            &[413],
        ),
        huge(
            "ten megabytes of file",
            multipart,
            part("; filename=\"f\"", &letters),
            &[],
        ),
        huge(
            "many values",
            json,
            format!("{{\"{field}\":[{}0]}}", "0,".repeat(2_000_000)),
            &[400, 413],
        ),
        huge(
            "many names",
            json,
            format!("{{{}}}", names.join(",")),
            &[400, 413],
        ),
        huge("many pairs", form, "a&".repeat(2_000_000), &[400, 413]),
        huge(
            "many parts",
            multipart,
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n".repeat(200_000) + "--b--\r\n",
            &[400, 413],
        ),
        huge(
            "a long number",
            json,
            format!("{{\"{field}\":{}}}", "9".repeat(1_000_000)),
            &[400],
        ),
        huge(
            "a text of escapes",
            json,
            format!("{{\"{field}\":\"{}\"}}", r"\ud800".repeat(400_000)),
            &[],
        ),
    ]
}

/// The request with a declared length, or in chunks of unknown number.
pub fn request(endpoint: &Endpoint, path: &str, token: &str, huge: &Huge, chunked: bool) -> Vec<u8> {
    let length = if chunked {
        "transfer-encoding: chunked".to_owned()
    } else {
        format!("content-length: {}", huge.body.len())
    };
    let mut bytes = format!(
        "{} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: {}\r\n{length}\r\n\r\n",
        endpoint.method, huge.content_type
    )
    .into_bytes();
    if !chunked {
        bytes.extend_from_slice(&huge.body);
        return bytes;
    }
    for chunk in huge.body.chunks(64 * 1024) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn huge_bodies_are_refused_and_the_client_hears_why() {
    let app = support::start().await;
    for endpoint in endpoints(&app).await {
        // Staff, whom no permission keeps from the body.
        let user = support::staff(&app).await;
        overwhelm(&app, &endpoint, &user).await;
        app.client().get("/health").await.expect(200);
    }
    app.stop().await;
}

async fn overwhelm(app: &TestApp, endpoint: &Endpoint, user: &TestUser) {
    let path = with_id(&endpoint.path, user.id);
    let token = user.client.token.as_deref().expect("is signed in");
    let field = endpoint
        .fields
        .first()
        .map_or("field", |field| field.name.as_str());
    for (number, huge) in bodies(field).iter().enumerate() {
        let context = format!("{} to {} {path}", huge.what, endpoint.method);
        let request = request(endpoint, &path, token, huge, number % 2 == 1);
        let answer: Option<Answer> = exchange(address(&app.url), &request, false).await;
        let answer = answer.unwrap_or_else(|| panic!("no answer: {context}"));
        assert!(answer.status < 500, "{context}: {answer:?}");
        assert!(
            answer.status == 204 || answer.json().is_some(),
            "{context}: {answer:?}"
        );
        // What an id leads to may be asked for first, and not be there.
        let is_missing = answer.status == 404 && endpoint.path.contains("{id}");
        if !endpoint.fields.is_empty() && !huge.right.is_empty() && !is_missing {
            assert!(huge.right.contains(&answer.status), "{context}: {answer:?}");
        }
    }
}

/// The path of an endpoint with this id wherever it wants one, and with a provider that there is.
pub fn with_id(path: &str, id: i64) -> String {
    path.split('/')
        .map(|segment| {
            if segment == "{provider}" {
                "google".to_owned()
            } else if segment.starts_with('{') {
                id.to_string()
            } else {
                segment.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}
