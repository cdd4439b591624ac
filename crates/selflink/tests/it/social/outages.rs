//! Providers that are away, slow, or talk nonsense.

use chrono::Duration;
use serde_json::json;

use super::{
    Fake, PROVIDERS,
    fake::{APP_REDIRECT, Mood, Person, SECRET},
    keys::{claims, id_token},
    sign_in,
};

#[tokio::test]
async fn an_outage_of_a_provider_is_told_as_such() {
    let fake = Fake::start().await;
    let app = fake.app_with(&[("SOCIAL_TIMEOUT_SECONDS", "1")]).await;
    let person = Person::called("ann", "61");
    for (provider, name) in [
        ("google", "Google"),
        ("facebook", "Facebook"),
        ("github", "GitHub"),
    ] {
        let token = json!({ "access_token": fake.token(&person) });
        let code = json!({ "code": fake.code(&person, APP_REDIRECT, None), "redirect_uri": APP_REDIRECT });
        for mood in [
            Mood::Failing,
            Mood::Busy,
            Mood::Garbled,
            Mood::Verbose,
            Mood::Silent,
            Mood::Elsewhere,
        ] {
            fake.set_mood(mood);
            for body in [&token, &code] {
                let answer = sign_in(&app, provider, body).await;
                assert_eq!(
                    answer.expect(503),
                    json!({ "detail": format!("{name} cannot be reached at the moment. Please try again later.") }),
                    "{provider} {mood:?}"
                );
            }
        }
        fake.set_mood(Mood::Well);
        for body in [&token, &code] {
            let answer = sign_in(&app, provider, body).await;
            // The second provider meets the address of the account that the first one has made.
            let expected = if provider == "google" { 200 } else { 400 };
            answer.expect(expected);
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn nobody_listens() {
    let nowhere = "http://127.0.0.1:9";
    let fake = Fake {
        url: nowhere.to_owned(),
        ..Fake::start().await
    };
    let app = fake.app().await;
    for provider in PROVIDERS {
        let body = json!({ "access_token": "s3cret-token" });
        let answer = sign_in(&app, provider, &body).await;
        answer.expect(503);
        for secret in [SECRET, "s3cret-token", "127.0.0.1"] {
            assert!(!answer.text.contains(secret), "{}", answer.text);
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn keys_outlive_an_outage_of_google() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let statement = |uid: &str| {
        let mut claims = claims(&Person::called(&format!("bo{uid}"), uid));
        claims["exp"] = json!(app.app.clock().now().timestamp() + 60);
        json!({ "id_token": id_token(&claims) })
    };
    fake.set_mood(Mood::Failing);
    sign_in(&app, "google", &statement("1")).await.expect(503);
    fake.set_mood(Mood::Well);
    // Google is left alone for a moment.
    sign_in(&app, "google", &statement("1")).await.expect(503);
    app.advance(Duration::seconds(10));
    sign_in(&app, "google", &statement("1")).await.expect(200);
    fake.set_mood(Mood::Failing);
    app.advance(Duration::minutes(30));
    sign_in(&app, "google", &statement("2")).await.expect(200);
    app.advance(Duration::minutes(31));
    sign_in(&app, "google", &statement("3")).await.expect(503);
    app.stop().await;
}

#[tokio::test]
async fn keys_that_are_none_are_an_outage() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let body = json!({ "id_token": id_token(&claims(&Person::called("cat", "62"))) });
    fake.set_mood(Mood::Garbled);
    sign_in(&app, "google", &body).await.expect(503);
    fake.set_mood(Mood::Well);
    fake.world.lock().keys = vec![json!({ "kty": "oct", "kid": "first", "k": "AQAB" }), json!(5)];
    app.advance(Duration::seconds(10));
    sign_in(&app, "google", &body).await.expect(400);
    app.stop().await;
}
