//! What clients send: tokens and codes of each provider.

use serde_json::json;

use super::{
    Fake, PROVIDERS,
    fake::{APP_REDIRECT, Person},
    problem, refused, sign_in,
};
use crate::support::{start, start_with};

fn own_redirect(provider: &str) -> String {
    format!("http://localhost:8000/api/v1/auth/social/{provider}/callback/")
}

#[tokio::test]
async fn a_token_signs_in() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    for provider in PROVIDERS {
        let token = fake.token(&Person::called(&format!("ann-{provider}"), "71"));
        let answer = sign_in(&app, provider, &json!({ "access_token": token })).await;
        let body = answer.expect(200);
        assert_eq!(body["message"], "Social login successful.");
        assert_eq!(body["user"]["email"], format!("ann-{provider}@example.com"));
        assert_eq!(body["user"]["name"], format!("Name ann-{provider}"));
        assert_eq!(body["user"]["handle"], format!("nameann{provider}"));
        let mut keys: Vec<&String> = body.as_object().expect("is an object").keys().collect();
        keys.sort();
        assert_eq!(keys, ["message", "refreshToken", "token", "user"]);
        let client = app.client().with_token(body["token"].as_str().expect("a token"));
        assert_eq!(
            client.get("users/me/").await.expect(200)["id"],
            body["user"]["id"]
        );
        let refresh = json!({ "refresh": body["refreshToken"] });
        app.client().post("auth/refresh/", &refresh).await.expect(200);
        // Again, it is the same account.
        let again = sign_in(&app, provider, &json!({ "access_token": token }))
            .await
            .expect(200);
        assert_eq!(again["user"]["id"], body["user"]["id"]);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_code_signs_in_once() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    for provider in PROVIDERS {
        let person = Person::called(&format!("bea-{provider}"), "72");
        let plain = json!({ "code": fake.code(&person, &own_redirect(provider), None) });
        sign_in(&app, provider, &plain).await.expect(200);
        let verified = fake.code(&person, APP_REDIRECT, Some("v3rifier"));
        let proven = json!({ "code": verified, "redirect_uri": APP_REDIRECT, "code_verifier": "v3rifier" });
        sign_in(&app, provider, &proven).await.expect(200);
        let unproven = json!({ "code": fake.code(&person, APP_REDIRECT, Some("v3rifier")), "redirect_uri": APP_REDIRECT });
        let elsewhere = json!({ "code": fake.code(&person, APP_REDIRECT, None) });
        for bad in [plain, proven, unproven, elsewhere, json!({ "code": "junk" })] {
            let answer = sign_in(&app, provider, &bad).await;
            assert_eq!(
                answer.expect(400),
                problem("Failed to exchange code for access token"),
                "{provider} {bad}"
            );
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_code_that_was_sent_to_strangers_is_not_exchanged() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    for provider in PROVIDERS {
        let evil = "https://evil.example/callback";
        let body =
            json!({ "code": fake.code(&Person::called("cem", "73"), evil, None), "redirect_uri": evil });
        let answer = sign_in(&app, provider, &body).await.expect(400);
        assert_eq!(
            answer,
            json!({ "redirect_uri": ["This redirect URI is not registered here."] })
        );
    }
    assert!(fake.world.lock().asked.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn a_token_of_another_app_signs_nobody_in() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    for provider in PROVIDERS {
        let person = Person::called(&format!("dov-{provider}"), "74");
        let own = json!({ "access_token": fake.token(&person) });
        sign_in(&app, provider, &own).await.expect(200);
        let foreign = json!({ "access_token": fake.token_for("a-game", &person) });
        assert_eq!(sign_in(&app, provider, &foreign).await.expect(400), refused());
        let junk = json!({ "access_token": "junk\r\nx: y" });
        assert_eq!(sign_in(&app, provider, &junk).await.expect(400), refused());
    }
    app.stop().await;
}

#[tokio::test]
async fn further_apps_at_google_may_be_ours() {
    let fake = Fake::start().await;
    let app = fake
        .app_with(&[("GOOGLE_OTHER_CLIENT_IDS", "our-ios-app, our-android-app")])
        .await;
    let token = fake.token_for("our-android-app", &Person::called("eva", "75"));
    sign_in(&app, "google", &json!({ "access_token": token }))
        .await
        .expect(200);
    app.stop().await;
}

#[tokio::test]
async fn something_must_be_sent() {
    let app = start().await;
    let missing = problem("Incorrect input. access_token or code is required.");
    for provider in PROVIDERS {
        for body in [
            json!({}),
            json!({ "access_token": "", "code": null, "id_token": " " }),
            json!({ "redirect_uri": "https://x.example", "code_verifier": "x" }),
        ] {
            assert_eq!(sign_in(&app, provider, &body).await.expect(400), missing);
        }
        let answer = sign_in(&app, provider, &json!({ "code": ["x"] }))
            .await
            .expect(400);
        assert_eq!(answer, json!({ "code": ["Not a valid string."] }));
        let long = json!({ "access_token": "x".repeat(8193) });
        sign_in(&app, provider, &long).await.expect(400);
    }
    // Only Google makes signed statements.
    for provider in ["facebook", "github"] {
        let body = json!({ "id_token": "a.b.c" });
        assert_eq!(sign_in(&app, provider, &body).await.expect(400), missing);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_provider_without_an_app_is_named() {
    let app = start().await;
    for (provider, name) in [
        ("google", "Google"),
        ("facebook", "Facebook"),
        ("github", "GitHub"),
    ] {
        for field in ["access_token", "code"] {
            let answer = sign_in(&app, provider, &json!({ field: "junk" }))
                .await
                .expect(503);
            assert_eq!(
                answer,
                json!({ "detail": format!("Sign-in through {name} is not set up here.") })
            );
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn paths_methods_and_bodies() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let client = app.client();
    let stale = app.client().with_token("stale");
    client
        .post("auth/social/myspace/callback/", &json!({}))
        .await
        .expect(404);
    client
        .post("auth/social/Google/callback/", &json!({}))
        .await
        .expect(404);
    for provider in PROVIDERS {
        let path = format!("auth/social/{provider}/callback");
        let answer = client.get(&format!("{path}/")).await;
        answer.expect(405);
        assert_eq!(answer.header("allow"), "POST");
        let token = fake.token(&Person::called(&format!("fay-{provider}"), "76"));
        stale
            .post(&path, &json!({ "access_token": token }))
            .await
            .expect(200);
        let form = client.send(
            "POST",
            &path,
            "application/x-www-form-urlencoded",
            format!("access_token={token}&code="),
        );
        form.await.expect(200);
        client.send("POST", &path, "text/plain", "x").await.expect(415);
    }
    app.stop().await;
}

#[tokio::test]
async fn callbacks_count_as_sign_in_attempts() {
    let app = start_with(&[("RATE_LIMITS_ENABLED", "true"), ("AUTH_RPS_IP", "1")]).await;
    let client = app.client();
    let sent = (0..30).map(|n| {
        let (client, path) = (
            client.clone(),
            ["auth/login/", "auth/social/google/callback/"][n % 2],
        );
        async move { client.send("POST", path, "application/json", "{").await.status }
    });
    let statuses = futures::future::join_all(sent).await;
    assert!(
        statuses.iter().filter(|status| **status == 429).count() >= 10,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| [400, 429].contains(status)),
        "{statuses:?}"
    );
    app.stop().await;
}
