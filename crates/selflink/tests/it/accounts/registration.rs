//! Registration.

use platform::testing::TestApp;
use serde_json::{Value, json};

use crate::support::{PASSWORD, execute, start, user_called, value};

/// A body that is accepted, with these fields changed; null takes a field out.
fn body(changes: Value) -> Value {
    let mut body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "Ann Bee" });
    for (name, value) in changes.as_object().expect("is an object") {
        match value {
            Value::Null => drop(body.as_object_mut().expect("is an object").remove(name)),
            value => body[name] = value.clone(),
        }
    }
    body
}

async fn refused(app: &TestApp, changes: Value) -> Value {
    app.client()
        .post("auth/register/", &body(changes))
        .await
        .expect(400)
}

async fn handle_of(app: &TestApp, changes: Value) -> String {
    let answer = app
        .client()
        .post("auth/register/", &body(changes))
        .await
        .expect(201);
    answer["user"]["handle"].as_str().expect("is a text").to_owned()
}

#[tokio::test]
async fn a_registration_answers_with_the_whole_account() {
    let app = start().await;
    let answer = app
        .client()
        .post("auth/register/", &body(json!({ "email": "Ann.Bee@EXAMPLE.com" })))
        .await;
    insta::assert_json_snapshot!(answer.expect(201), {
        ".token" => "[token]",
        ".refreshToken" => "[token]",
        ".user.id" => "[id]",
        ".user.created_at" => "[time]",
        ".user.updated_at" => "[time]",
    }, @r#"
    {
      "message": "Registration successful.",
      "refreshToken": "[token]",
      "token": "[token]",
      "user": {
        "bio": "",
        "birth_date": null,
        "birth_place": "",
        "birth_time": null,
        "created_at": "[time]",
        "email": "Ann.Bee@example.com",
        "flags": {},
        "followers_count": 0,
        "following_count": 0,
        "handle": "annbee",
        "id": "[id]",
        "is_following": false,
        "locale": "en-US",
        "name": "Ann Bee",
        "photo": "",
        "posts_count": 0,
        "settings": {
          "digest_enabled": false,
          "dm_policy": "everyone",
          "email_enabled": true,
          "language": "en",
          "privacy": "public",
          "push_enabled": true,
          "quiet_hours": {}
        },
        "updated_at": "[time]"
      }
    }
    "#);
    let token = answer.json()["token"].as_str().expect("is a text").to_owned();
    assert_eq!(
        app.client().with_token(&token).get("users/me/").await.expect(200),
        answer.json()["user"]
    );
    app.stop().await;
}

#[tokio::test]
async fn all_errors_come_together() {
    let app = start().await;
    assert_eq!(
        app.client().post("auth/register/", &json!({})).await.expect(400),
        json!({ "email": ["This field is required."], "password": ["This field is required."] })
    );
    let long = "n".repeat(121);
    assert_eq!(
        refused(&app, json!({ "email": "nonsense", "password": "short", "name": long, "fullName": long, "handle": "h".repeat(31) })).await,
        json!({
            "email": ["Enter a valid email address."],
            "password": ["Ensure this field has at least 8 characters."],
            "name": ["Ensure this field has no more than 120 characters."],
            "fullName": ["Ensure this field has no more than 120 characters."],
            "handle": ["Ensure this field has no more than 30 characters."],
        })
    );
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM users").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn rules_of_each_field() {
    let app = start().await;
    let long_email = format!("{}@example.com", "a".repeat(243));
    for (changes, errors) in [
        (
            json!({ "password": "" }),
            json!({ "password": ["This field may not be blank."] }),
        ),
        (
            json!({ "password": "       8       " }),
            json!({ "password": ["Ensure this field has at least 8 characters."] }),
        ),
        (
            json!({ "password": ["12345678"] }),
            json!({ "password": ["Not a valid string."] }),
        ),
        (
            json!({ "email": "a@b" }),
            json!({ "email": ["Enter a valid email address."] }),
        ),
        (
            json!({ "email": "a b@example.com" }),
            json!({ "email": ["Enter a valid email address."] }),
        ),
        (
            json!({ "email": "" }),
            json!({ "email": ["This field may not be blank."] }),
        ),
        (
            json!({ "email": long_email }),
            json!({ "email": ["Ensure this field has no more than 254 characters."] }),
        ),
        (
            json!({ "name": null }),
            json!({ "fullName": ["Please provide your full name."] }),
        ),
        (
            json!({ "name": " ", "fullName": "" }),
            json!({ "fullName": ["Please provide your full name."] }),
        ),
        (
            json!({ "handle": "!!!" }),
            json!({ "handle": ["Handle must contain letters or numbers."] }),
        ),
        (
            json!({ "handle": "_" }),
            json!({ "handle": ["Handle must contain letters or numbers."] }),
        ),
    ] {
        assert_eq!(refused(&app, changes.clone()).await, errors, "{changes}");
    }
    let null = r#"{"email":null,"password":null,"name":null,"handle":null}"#;
    let answer = app
        .client()
        .send("POST", "auth/register/", "application/json", null)
        .await
        .expect(400);
    assert_eq!(answer["email"], json!(["This field may not be null."]));
    // What merely looks weak is accepted.
    for (n, password) in ["password", "12345678", "  padded in the middle  "]
        .iter()
        .enumerate()
    {
        let changes = json!({ "email": format!("weak{n}@example.com"), "password": password, "handle": format!("weak{n}") });
        app.client()
            .post("auth/register/", &body(changes))
            .await
            .expect(201);
    }
    app.stop().await;
}

#[tokio::test]
async fn an_address_is_taken_in_any_letter_case() {
    let app = start().await;
    user_called(&app, "first").await;
    for email in ["first@example.com", "First@Example.COM", " FIRST@EXAMPLE.COM "] {
        assert_eq!(
            refused(&app, json!({ "email": email, "handle": "second" })).await,
            json!({ "email": ["user with this email already exists."] }),
            "{email}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn handles_are_normalised() {
    let app = start().await;
    let mut number = 0;
    for (sent, kept) in [
        ("__A--B__x  ", "ab_x"),
        ("Ünï ZQ!", "nzq"),
        ("UPPER_case_9", "upper_case_9"),
        (&"y".repeat(30), &"y".repeat(30)),
        ("a__b", "a_b"),
    ] {
        number += 1;
        assert_eq!(
            handle_of(
                &app,
                json!({ "email": format!("n{number}@example.com"), "handle": sent })
            )
            .await,
            kept
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn handles_that_are_taken() {
    let app = start().await;
    user_called(&app, "taken").await;
    for (sent, message) in [
        ("taken", "user with this handle already exists."),
        ("TAKEN", "Handle is already taken."),
        ("ta-ken!", "Handle is already taken."),
        ("_taken_", "Handle is already taken."),
    ] {
        assert_eq!(
            refused(&app, json!({ "handle": sent })).await,
            json!({ "handle": [message] }),
            "{sent}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn handles_are_made_when_none_is_given() {
    let app = start().await;
    let made = async |name: &str, local: &str| {
        handle_of(
            &app,
            json!({ "email": format!("{local}@example.com"), "name": name }),
        )
        .await
    };
    assert_eq!(made("Nino Beridze", "nb").await, "ninoberidze");
    // The name is taken: the address; both are: the fall-back; all are: a suffix.
    assert_eq!(made("Nino Beridze", "Nino.B").await, "ninob");
    assert_eq!(made("Nino Beridze", "nino-b").await, "selflink");
    let suffixed = made("Nino Beridze", "ninob").await;
    assert!(is_suffixed(&suffixed, "ninoberidze"), "{suffixed}");
    // Nothing of the name is left.
    assert_eq!(made("ნინო", "x.1").await, "x1");
    let suffixed = made("ნინო", "x-1").await;
    assert!(is_suffixed(&suffixed, "selflink"), "{suffixed}");
    // A suffix needs room.
    let long = "z".repeat(40);
    assert_eq!(made(&long, "long1").await, "z".repeat(30));
    execute(&app, "UPDATE users SET handle = 'long2' WHERE handle = 'x1'").await;
    let suffixed = made(&long, "long2").await;
    assert!(
        is_suffixed(&suffixed, &"z".repeat(26)) && suffixed.len() == 30,
        "{suffixed}"
    );
    for blank in ["", "  "] {
        let handle = handle_of(&app, json!({ "email": format!("b{}@example.com", blank.len()), "name": format!("Blank {}", blank.len()), "handle": blank })).await;
        assert_eq!(handle, format!("blank{}", blank.len()));
    }
    app.stop().await;
}

fn is_suffixed(handle: &str, stem: &str) -> bool {
    handle.strip_prefix(stem).is_some_and(|suffix| {
        suffix.len() == 4 && suffix.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
    })
}

#[tokio::test]
async fn names_have_two_spellings() {
    let app = start().await;
    let sent = body(json!({ "name": " ", "fullName": " Full Name ", "intention": "x", "username": "u" }));
    let answer = app.client().post("auth/register/", &sent).await;
    assert_eq!(answer.expect(201)["user"]["name"], "Full Name");
    let both = json!({ "email": "both@example.com", "name": "Name", "fullName": "Full" });
    assert_eq!(
        app.client().post("auth/register/", &body(both)).await.expect(201)["user"]["name"],
        "Name"
    );
    app.stop().await;
}

#[tokio::test]
async fn forms_register_too_and_no_answer_shows_the_password() {
    let app = start().await;
    let secret = "s3cret-Passw0rd";
    let form = format!("email=form%40example.com&password={secret}&fullName=Form+User&handle=");
    let answer = app
        .client()
        .send(
            "POST",
            "auth/register/",
            "application/x-www-form-urlencoded",
            form,
        )
        .await;
    assert_eq!(answer.expect(201)["user"]["handle"], "formuser");
    let refused = app
        .client()
        .post(
            "auth/register/",
            &body(json!({ "password": secret, "email": "nonsense" })),
        )
        .await;
    let stored: String = value(&app, "SELECT password FROM users").await;
    assert!(stored.starts_with("$argon2id$"), "{stored}");
    for text in [&answer.text, &refused.text, &stored] {
        assert!(!text.contains(secret), "{text}");
    }
    app.stop().await;
}
