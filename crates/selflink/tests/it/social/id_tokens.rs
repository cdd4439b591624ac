//! Google's signed statements: which are believed.

use chrono::Duration;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{
    Fake,
    fake::{APP_REDIRECT, Person},
    keys::{FIRST_KEY, SECOND_KEY, claims, claims_with, forged, id_token, public_bytes, public_key, sign},
    refused, sign_in,
};

const CERTS: &str = "GET /google-api/oauth2/v3/certs";

fn ann() -> Person {
    Person::called("ann", "1081")
}

fn body(token: &str) -> Value {
    json!({ "id_token": token })
}

#[tokio::test]
async fn a_statement_alone_signs_in() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let first = sign_in(&app, "google", &body(&id_token(&claims(&ann()))))
        .await
        .expect(200);
    assert_eq!(first["user"]["email"], "ann@example.com");
    assert_eq!(first["user"]["name"], "Name ann");
    for changes in [
        json!({ "iss": "accounts.google.com" }),
        json!({ "email": "moved@example.com" }),
        json!({ "email": null, "name": null }),
        json!({ "email_verified": "true" }),
    ] {
        let token = id_token(&claims_with(&ann(), changes));
        let answer = sign_in(&app, "google", &body(&token)).await.expect(200);
        assert_eq!(answer["user"]["id"], first["user"]["id"]);
    }
    // The keys were asked for once.
    assert_eq!(fake.times_asked(CERTS), 1);
    app.stop().await;
}

#[tokio::test]
async fn the_statement_counts_before_anything_else_that_is_sent() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let all = json!({ "id_token": id_token(&claims(&ann())), "access_token": "junk", "code": "junk", "redirect_uri": "x" });
    sign_in(&app, "google", &all).await.expect(200);
    let code = fake.code(&Person::called("of-the-token", "5"), APP_REDIRECT, None);
    fake.add_id_token(&code, &id_token(&claims(&ann())));
    let exchanged = json!({ "code": code, "redirect_uri": APP_REDIRECT });
    let answer = sign_in(&app, "google", &exchanged).await.expect(200);
    assert_eq!(answer["user"]["email"], "ann@example.com");
    app.stop().await;
}

#[tokio::test]
async fn statements_to_others_by_others_and_of_other_times_are_refused() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let now = app.app.clock().now().timestamp();
    for changes in [
        json!({ "aud": "a-game" }),
        json!({ "aud": null }),
        json!({ "iss": "https://accounts.google.com.evil.example" }),
        json!({ "iss": null }),
        json!({ "exp": now - 61 }),
        json!({ "exp": null }),
        json!({ "exp": "soon" }),
        json!({ "iat": now + 600 }),
        json!({ "sub": null }),
        json!({ "sub": 5 }),
    ] {
        let token = id_token(&claims_with(&ann(), changes.clone()));
        let answer = sign_in(&app, "google", &body(&token)).await;
        assert_eq!(answer.expect(400), refused(), "{changes}");
    }
    let token = id_token(&claims(&ann()));
    sign_in(&app, "google", &body(&token)).await.expect(200);
    // It ends by our clock.
    app.advance(Duration::minutes(59));
    sign_in(&app, "google", &body(&token)).await.expect(200);
    app.advance(Duration::minutes(3));
    assert_eq!(
        sign_in(&app, "google", &body(&token)).await.expect(400),
        refused()
    );
    app.stop().await;
}

#[tokio::test]
async fn forgeries_are_refused() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let claims = claims(&ann());
    let genuine = id_token(&claims);
    let (signed, signature) = genuine.rsplit_once('.').expect("has three parts");
    let other = id_token(&claims_with(&ann(), json!({ "sub": "somebody-else" })));
    let mut shared_secret = Header::new(jsonwebtoken::Algorithm::HS256);
    shared_secret.kid = Some(FIRST_KEY.to_owned());
    let confused = encode(
        &shared_secret,
        &claims,
        &EncodingKey::from_secret(&public_bytes(FIRST_KEY)),
    );
    for token in [
        // Another key under a name that Google has, a name that it does not have, no name.
        sign(&claims, SECOND_KEY, Some(FIRST_KEY)),
        sign(&claims, SECOND_KEY, Some(SECOND_KEY)),
        sign(&claims, FIRST_KEY, None),
        // What is said is not what was signed.
        format!(
            "{}.{signature}",
            other.rsplit_once('.').expect("has three parts").0
        ),
        format!("{signed}."),
        signed.to_owned(),
        forged(&json!({ "alg": "none", "kid": FIRST_KEY }), &claims, b""),
        forged(&json!({ "alg": "None", "kid": FIRST_KEY }), &claims, b""),
        forged(&json!({ "alg": "RS512", "kid": FIRST_KEY }), &claims, b"x"),
        confused.expect("is signed"),
        "a.b.c".to_owned(),
        "junk".to_owned(),
    ] {
        let answer = sign_in(&app, "google", &body(&token)).await;
        assert_eq!(answer.expect(400), refused(), "{token}");
    }
    sign_in(&app, "google", &body(&genuine)).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn new_keys_are_asked_for_but_not_for_every_stranger() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let old = sign(&claims(&ann()), FIRST_KEY, Some(FIRST_KEY));
    let new = sign(&claims(&ann()), SECOND_KEY, Some(SECOND_KEY));
    sign_in(&app, "google", &body(&old)).await.expect(200);
    fake.world.lock().keys.push(public_key(SECOND_KEY));
    for _ in 0..5 {
        sign_in(&app, "google", &body(&new)).await.expect(400);
    }
    assert_eq!(fake.times_asked(CERTS), 1);
    app.advance(Duration::seconds(10));
    sign_in(&app, "google", &body(&new)).await.expect(200);
    sign_in(&app, "google", &body(&old)).await.expect(200);
    assert_eq!(fake.times_asked(CERTS), 2);
    // A key that Google has withdrawn is believed no longer than Google has said.
    fake.world.lock().keys.remove(0);
    app.advance(Duration::minutes(59));
    sign_in(&app, "google", &body(&old)).await.expect(200);
    app.advance(Duration::minutes(1));
    let later = claims_with(&ann(), json!({ "exp": app.app.clock().now().timestamp() + 60 }));
    let withdrawn = sign(&later, FIRST_KEY, Some(FIRST_KEY));
    assert_eq!(
        sign_in(&app, "google", &body(&withdrawn)).await.expect(400),
        refused()
    );
    let current = sign(&later, SECOND_KEY, Some(SECOND_KEY));
    sign_in(&app, "google", &body(&current)).await.expect(200);
    app.stop().await;
}
