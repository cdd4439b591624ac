//! Request bodies: what is taken, what is refused and how.

use platform::testing::Answer;
use serde_json::{Value, json};

use crate::support::{TestUser, raw, start, start_with, user};

async fn patch(user: &TestUser, body: impl Into<String>) -> Answer {
    user.client
        .send("PATCH", "users/me/", "application/json", body.into())
        .await
}

async fn form(user: &TestUser, body: &str) -> Answer {
    user.client
        .send(
            "PATCH",
            "users/me/",
            "application/x-www-form-urlencoded",
            body.to_owned(),
        )
        .await
}

#[tokio::test]
async fn other_content_types_are_refused_as_they_were_sent() {
    let app = start().await;
    let ann = user(&app).await;
    for sent in [
        "text/plain",
        "application/xml; charset=utf-8",
        "Application/Vnd.Api+JSON",
    ] {
        let answer = ann.client.send("PATCH", "users/me/", sent, "{}").await;
        assert_eq!(
            answer.expect(415),
            json!({ "detail": format!("Unsupported media type \"{sent}\" in request.") })
        );
    }
    for sent in ["application/json; charset=utf-8", "APPLICATION/JSON"] {
        ann.client
            .send("PATCH", "users/me/", sent, "{}")
            .await
            .expect(200);
    }
    app.stop().await;
}

#[tokio::test]
async fn an_empty_body_is_an_empty_object() {
    let app = start().await;
    let ann = user(&app).await;
    patch(&ann, "").await.expect(200);
    ann.client.call("PATCH", "users/me/").await.expect(200);
    ann.client
        .send("PATCH", "users/me/", "text/plain", "")
        .await
        .expect(200);
    assert_eq!(
        app.client().call("POST", "auth/refresh/").await.expect(400),
        json!({ "refresh": ["This field is required."] })
    );
    app.stop().await;
}

#[tokio::test]
async fn broken_json() {
    let app = start().await;
    let ann = user(&app).await;
    let nested = |depth: usize| format!("{{\"bio\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    for broken in [
        "{".to_owned(),
        "{\"bio\": NaN}".to_owned(),
        "{\"bio\": Infinity}".to_owned(),
        "{\"bio\": 'x'}".to_owned(),
        "{\"bio\": \"x\"} x".to_owned(),
        "{\"bio\": \"x\",}".to_owned(),
        "\u{feff}{}".to_owned(),
        nested(100_000),
        "[".repeat(1_000_000),
    ] {
        let answer = patch(&ann, broken.clone()).await;
        let detail = answer.expect(400)["detail"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            detail.starts_with("JSON parse error - "),
            "{detail} for {}",
            &broken[..20.min(broken.len())]
        );
    }
    let not_utf8 = ann
        .client
        .send(
            "PATCH",
            "users/me/",
            "application/json",
            b"{\"bio\":\"\xff\xfe\"}".to_vec(),
        )
        .await;
    assert!(
        not_utf8.expect(400)["detail"]
            .as_str()
            .is_some_and(|text| text.starts_with("JSON parse error - "))
    );
    app.stop().await;
}

#[tokio::test]
async fn bodies_that_are_no_objects() {
    let app = start().await;
    let ann = user(&app).await;
    for (body, kind) in [
        ("[1]", "list"),
        ("\"x\"", "str"),
        ("5", "int"),
        ("5.5", "float"),
        ("true", "bool"),
    ] {
        let text = format!("Invalid data. Expected a dictionary, but got {kind}.");
        assert_eq!(
            patch(&ann, body).await.expect(400),
            json!({ "non_field_errors": [text] })
        );
    }
    assert_eq!(
        patch(&ann, "null").await.expect(400),
        json!({ "non_field_errors": ["No data provided"] })
    );
    app.stop().await;
}

#[tokio::test]
async fn characters_that_no_text_may_have() {
    let app = start().await;
    let ann = user(&app).await;
    assert_eq!(
        patch(&ann, r#"{"bio":"a\u0000b"}"#).await.expect(400),
        json!({ "bio": ["Null characters are not allowed."] })
    );
    assert_eq!(
        form(&ann, "bio=a%00b").await.expect(400),
        json!({ "bio": ["Null characters are not allowed."] })
    );
    for (body, code) in [
        (r#"{"bio":"\ud800"}"#, "D800"),
        (r#"{"bio":"x \udc00 y"}"#, "DC00"),
        (r#"{"bio":"\ud83d\ude00 \udbff"}"#, "DBFF"),
    ] {
        let text = format!("Surrogate characters are not allowed: U+{code}.");
        assert_eq!(patch(&ann, body).await.expect(400), json!({ "bio": [text] }));
    }
    // Deep inside a JSON field, as a value and as a key.
    for hours in [r#"{"a":[{"b":"\u0000"}]}"#, r#"{"\u0000":1}"#] {
        let body = format!(r#"{{"settings":{{"quiet_hours":{hours}}}}}"#);
        assert_eq!(
            patch(&ann, body).await.expect(400),
            json!({ "settings": { "quiet_hours": ["Null characters are not allowed."] } })
        );
    }
    assert_eq!(
        patch(&ann, r#"{"bio":"\ud83d\ude00"}"#).await.expect(200)["bio"],
        "😀"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_last_of_two_equal_keys_wins() {
    let app = start().await;
    let ann = user(&app).await;
    assert_eq!(
        patch(&ann, r#"{"bio":"one","bio":"two"}"#).await.expect(200)["bio"],
        "two"
    );
    assert_eq!(form(&ann, "bio=three&bio=four").await.expect(200)["bio"], "four");
    app.stop().await;
}

#[tokio::test]
async fn forms_and_dotted_names() {
    let app = start().await;
    let ann = user(&app).await;
    patch(
        &ann,
        r#"{"birth_date":"1990-01-02","birth_time":"03:04","birth_place":"Kutaisi"}"#,
    )
    .await
    .expect(200);
    let changed = form(
        &ann,
        "name=+Ann+%E1%83%90+&birth_date=&birth_time=&birth_place=&settings.privacy=friends&settings.push_enabled=off\
         &settings.quiet_hours=%7B%22start%22%3A%2222%3A00%22%7D",
    )
    .await
    .expect(200);
    insta::assert_json_snapshot!(
        json!([changed["name"], changed["birth_date"], changed["birth_time"], changed["birth_place"], changed["settings"]]),
        @r#"
    [
      "Ann ა",
      null,
      null,
      "",
      {
        "digest_enabled": false,
        "dm_policy": "everyone",
        "email_enabled": true,
        "language": "en",
        "privacy": "friends",
        "push_enabled": false,
        "quiet_hours": {
          "start": "22:00"
        }
      }
    ]
    "#);
    assert_eq!(
        form(
            &ann,
            "settings.privacy=&settings.push_enabled=maybe&settings.quiet_hours=%7B&birth_date=x"
        )
        .await
        .expect(400),
        json!({
            "birth_date": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."],
            "settings": {
                "privacy": ["This field may not be blank."],
                "push_enabled": ["Must be a valid boolean."],
                "quiet_hours": ["Value must be valid JSON."],
            },
        })
    );
    app.stop().await;
}

#[tokio::test]
async fn multipart_bodies() {
    let app = start().await;
    let ann = user(&app).await;
    let part = |name: &str, extra: &str, text: &str| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"{extra}\r\n\r\n{text}\r\n")
    };
    let body = part("bio", "", "by parts")
        + &part("settings.dm_policy", "", "nobody")
        + &part("photo", "; filename=\"x.png\"", "bytes of a picture")
        + "--edge--\r\n";
    let send = async |body: String| {
        ann.client
            .send("PATCH", "users/me/", "multipart/form-data; boundary=edge", body)
            .await
    };
    let changed = send(body.clone()).await.expect(200);
    assert_eq!(
        json!([changed["bio"], changed["settings"]["dm_policy"], changed["photo"]]),
        json!(["by parts", "nobody", ""])
    );
    for broken in [&body[..40], "no parts at all"] {
        let answer = send(broken.to_owned()).await;
        assert!(
            answer.expect(400)["detail"]
                .as_str()
                .is_some_and(|text| text.starts_with("Multipart form parse error - "))
        );
    }
    ann.client
        .send("PATCH", "users/me/", "multipart/form-data", body)
        .await
        .expect(400);
    app.stop().await;
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let app = start_with(&[("HTTP_UPLOAD_LIMIT", "6000000")]).await;
    let ann = user(&app).await;
    let of = |bytes: usize| json!({ "bio": "b".repeat(bytes) });
    assert_eq!(
        ann.client.patch("users/me/", &of(2_600_000)).await.expect(200)["bio"]
            .as_str()
            .map(str::len),
        Some(2_600_000)
    );
    let refused = json!({ "detail": "The request body is larger than the limit of 5000000 bytes." });
    assert_eq!(
        ann.client.patch("users/me/", &of(5_000_000)).await.expect(413),
        refused
    );
    let token = ann.client.token.expect("is signed in");
    let head = |length: &str, kind: &str| {
        format!(
            "PATCH /api/v1/users/me/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n{length}\r\n\r\n"
        )
    };
    // Refused at once by what is declared, without a byte of the body.
    for kind in [
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
    ] {
        let answer = raw(&app, head("Content-Length: 5000001", kind).as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 413 ") && answer.contains("limit of 5000000 bytes"),
            "{answer}"
        );
    }
    // Not declared: counted while it comes.
    let mut chunked = head("Transfer-Encoding: chunked", "application/json").into_bytes();
    for _ in 0..6 {
        chunked.extend_from_slice(format!("{:x}\r\n{}\r\n", 1_000_000, " ".repeat(1_000_000)).as_bytes());
    }
    let answer = raw(&app, &chunked).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let part = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"bio\"\r\n\r\n{}\r\n--edge--\r\n",
        "x".repeat(5_500_000)
    );
    let client = app.client().with_token(&token);
    let answer = client
        .send("PATCH", "users/me/", "multipart/form-data; boundary=edge", part)
        .await;
    assert_eq!(
        answer.expect(413)["detail"],
        "The request body is larger than the limit of 5000000 bytes."
    );
    app.stop().await;
}

#[tokio::test]
async fn unknown_and_read_only_fields_are_passed_over() {
    let app = start().await;
    let ann = user(&app).await;
    let before = ann.client.get("users/me/").await.expect(200);
    let sent = json!({
        "id": 1, "email": "other@example.com", "handle": "other", "followers_count": 99, "created_at": "2000-01-01T00:00:00Z",
        "is_staff": true, "is_superuser": true, "flags": { "vip": true }, "is_following": true, "password": "changed-it",
        "nonsense": { "deep": [1] }, "settings": { "nonsense": 1 },
    });
    let mut after = ann.client.patch("users/me/", &sent).await.expect(200);
    after["updated_at"] = before["updated_at"].clone();
    assert_eq!(after, before);
    let credentials = json!({ "email": ann.email, "password": "changed-it" });
    assert_eq!(
        app.client().post("auth/login/", &credentials).await.expect(400),
        json!({ "non_field_errors": ["Invalid credentials"] })
    );
    let nothing: Value = ann
        .client
        .patch("users/me/", &json!({ "settings": {} }))
        .await
        .expect(200);
    assert_eq!(nothing["settings"], before["settings"]);
    app.stop().await;
}
