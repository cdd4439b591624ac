//! Sign-in.

use serde_json::{Value, json};

use crate::support::{PASSWORD, deactivate, execute, start, user, user_called, value};

fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

#[tokio::test]
async fn a_registered_user_signs_in_and_reads_the_own_account() {
    let app = start().await;
    let ann = user(&app).await;
    let answer = app
        .client()
        .post("auth/login/", &credentials(&ann.email, PASSWORD))
        .await
        .expect(200);
    assert_eq!(
        (&answer["message"], &answer["user"]["id"]),
        (&json!("Login successful."), &json!(ann.id))
    );
    let keys: Vec<&String> = answer.as_object().expect("is an object").keys().collect();
    assert_eq!(keys, ["message", "refreshToken", "token", "user"]);
    assert_eq!(ann.client.get("users/me/").await.expect(200), answer["user"]);
    // Each sign-in is a session of its own.
    let token = answer["token"].as_str().expect("is a text");
    assert_ne!(Some(token), ann.client.token.as_deref());
    app.client().with_token(token).get("users/me/").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn address_and_password_are_trimmed_and_the_case_of_the_address_is_ignored() {
    let app = start().await;
    user_called(&app, "mixed").await;
    for email in ["mixed@example.com", " MIXED@Example.com\n", "mIxEd@EXAMPLE.COM"] {
        app.client()
            .post("auth/login/", &credentials(email, &format!("  {PASSWORD} ")))
            .await
            .expect(200);
    }
    app.stop().await;
}

#[tokio::test]
async fn all_that_is_wrong_looks_the_same() {
    let app = start().await;
    let (ann, gone) = (user(&app).await, user(&app).await);
    deactivate(&app, gone.id).await;
    execute(
        &app,
        &format!(
            "UPDATE users SET password = '!' WHERE id = {}",
            user_called(&app, "social").await.id
        ),
    )
    .await;
    for (email, password) in [
        (ann.email.as_str(), "wrong password"),
        (ann.email.as_str(), &PASSWORD.to_lowercase()),
        ("nobody@example.com", PASSWORD),
        (gone.email.as_str(), PASSWORD),
        ("social@example.com", "!"),
    ] {
        let answer = app
            .client()
            .post("auth/login/", &credentials(email, password))
            .await;
        answer.expect(400);
        assert_eq!(
            answer.text, r#"{"non_field_errors":["Invalid credentials"]}"#,
            "{email}"
        );
    }
    assert_eq!(
        app.client()
            .post("auth/login/", &json!({ "email": "", "password": null }))
            .await
            .expect(400),
        json!({ "email": ["This field may not be blank."], "password": ["This field may not be null."] })
    );
    app.stop().await;
}

#[tokio::test]
async fn an_older_hash_is_verified_and_replaced() {
    // Python: base64.b64encode(hashlib.pbkdf2_hmac("sha256", b"secret-pass", b"NaCl", 1000))
    const OLDER: &str = "pbkdf2_sha256$1000$NaCl$9T5Z5YG3J/l1BxxsJW+YBX4r/SGlhRnzsOS9Es6E4AY=";
    let app = start().await;
    let ann = user(&app).await;
    execute(
        &app,
        &format!("UPDATE users SET password = '{OLDER}' WHERE id = {}", ann.id),
    )
    .await;
    let stored =
        async || value::<String>(&app, &format!("SELECT password FROM users WHERE id = {}", ann.id)).await;
    app.client()
        .post("auth/login/", &credentials(&ann.email, "secret-past"))
        .await
        .expect(400);
    assert_eq!(stored().await, OLDER);
    app.client()
        .post("auth/login/", &credentials(&ann.email, "secret-pass"))
        .await
        .expect(200);
    let upgraded = stored().await;
    assert!(upgraded.starts_with("$argon2id$"), "{upgraded}");
    app.client()
        .post("auth/login/", &credentials(&ann.email, "secret-pass"))
        .await
        .expect(200);
    assert_eq!(stored().await, upgraded, "a hash of today stays");
    app.stop().await;
}

#[tokio::test]
async fn rights_count_from_the_moment_they_are_given() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let email = async || ann.client.get(&format!("users/{}/", bob.id)).await.expect(200)["email"].clone();
    assert_eq!(email().await, json!(null));
    execute(
        &app,
        &format!("UPDATE users SET is_staff = TRUE WHERE id = {}", ann.id),
    )
    .await;
    assert_eq!(email().await, json!(bob.email));
    execute(
        &app,
        &format!("UPDATE users SET is_staff = FALSE WHERE id = {}", ann.id),
    )
    .await;
    assert_eq!(email().await, json!(null));
    app.stop().await;
}
