//! Whose account a first sign-in makes or finds.

use platform::testing::TestApp;
use serde_json::{Value, json};

use super::{Fake, PROVIDERS, fake::Person, problem, sign_in};
use crate::support::{PASSWORD, deactivate, user_called, value};

async fn enter(app: &TestApp, fake: &Fake, provider: &str, person: &Person) -> platform::testing::Answer {
    sign_in(app, provider, &json!({ "access_token": fake.token(person) })).await
}

async fn count(app: &TestApp, table: &str) -> i64 {
    value(app, &format!("SELECT count(*) FROM {table}")).await
}

#[tokio::test]
async fn an_address_with_an_account_is_not_joined() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    user_called(&app, "taken").await;
    for provider in PROVIDERS {
        let person = Person {
            email: Some("TAKEN@Example.COM".to_owned()),
            ..Person::called("taken", "81")
        };
        let answer = enter(&app, &fake, provider, &person).await.expect(400);
        assert_eq!(
            answer,
            problem("User is already registered with this e-mail address.")
        );
    }
    assert_eq!(count(&app, "users").await, 1);
    assert_eq!(count(&app, "social_accounts").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn no_verified_address_no_account() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    for (provider, name) in [
        ("google", "Google"),
        ("facebook", "Facebook"),
        ("github", "GitHub"),
    ] {
        let person = Person::called("nobody", "82");
        let nameless = Person {
            email: None,
            ..person.clone()
        };
        let unverified = Person {
            is_verified: false,
            ..person.clone()
        };
        let invalid = Person {
            email: Some("nobody@localhost".to_owned()),
            ..person.clone()
        };
        for person in [nameless, unverified, invalid] {
            let answer = enter(&app, &fake, provider, &person).await.expect(400);
            let text = format!(
                "{name} did not tell a verified e-mail address. Verify one there, allow SelfLink to see it, and try again."
            );
            assert_eq!(answer, problem(&text), "{person:?}");
        }
    }
    fake.world.lock().shows_addresses = false;
    enter(&app, &fake, "github", &Person::called("hidden", "83"))
        .await
        .expect(400);
    assert_eq!(count(&app, "users").await, 0);
    // Who has an account already needs none any more.
    fake.world.lock().shows_addresses = true;
    let person = Person::called("known", "84");
    let first = enter(&app, &fake, "github", &person).await.expect(200);
    fake.world.lock().shows_addresses = false;
    let again = enter(&app, &fake, "github", &person).await.expect(200);
    assert_eq!(again["user"]["id"], first["user"]["id"]);
    app.stop().await;
}

#[tokio::test]
async fn names_and_handles() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    user_called(&app, "annbee").await;
    let person = |uid: &str, name: Option<&str>, names: Option<(&str, &str)>| Person {
        name: name.map(str::to_owned),
        first_name: names.map(|names| names.0.to_owned()),
        last_name: names.map(|names| names.1.to_owned()),
        ..Person::called(&format!("mail{uid}"), uid)
    };
    let long = "x".repeat(300);
    let people = [
        (person("1", Some("Ann Bee"), None), "Ann Bee", "mail1"),
        (person("2", Some(" "), Some(("Ann", "Dee"))), "Ann Dee", "anndee"),
        (person("3", None, Some(("Ann\0", ""))), "Ann", "ann"),
        (person("4", None, None), "mail4", "mail4"),
        (person("5", Some("ნინო"), None), "ნინო", "mail5"),
        (person("6", Some(&long), None), &long[..120], &long[..30]),
    ];
    for (person, name, handle) in people {
        let answer = enter(&app, &fake, "facebook", &person).await.expect(200);
        assert_eq!(answer["user"]["name"], name);
        assert_eq!(answer["user"]["handle"], handle);
    }
    app.stop().await;
}

#[tokio::test]
async fn nobody_can_sign_in_to_it_with_a_password() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    enter(&app, &fake, "google", &Person::called("gil", "85"))
        .await
        .expect(200);
    for password in ["!", "", PASSWORD, "decoy"] {
        let body = json!({ "email": "gil@example.com", "password": password });
        app.client().post("auth/login/", &body).await.expect(400);
    }
    let taken = json!({ "email": "GIL@example.com", "password": PASSWORD, "name": "Gil" });
    app.client().post("auth/register/", &taken).await.expect(400);
    app.stop().await;
}

#[tokio::test]
async fn a_deactivated_account_stays_closed() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    for provider in PROVIDERS {
        let person = Person::called(&format!("hal-{provider}"), "86");
        let answer = enter(&app, &fake, provider, &person).await.expect(200);
        deactivate(&app, answer["user"]["id"].as_i64().expect("a number")).await;
        let sessions = count(&app, "sessions").await;
        let answer = enter(&app, &fake, provider, &person).await.expect(400);
        assert_eq!(answer, problem("Invalid credentials"));
        assert_eq!(count(&app, "sessions").await, sessions);
    }
    app.stop().await;
}

#[tokio::test]
async fn the_same_id_at_two_providers_is_two_people() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let (google, github) = (Person::called("ida", "87"), Person::called("jon", "87"));
    let ida = enter(&app, &fake, "google", &google).await.expect(200);
    let jon = enter(&app, &fake, "github", &github).await.expect(200);
    assert_ne!(ida["user"]["id"], jon["user"]["id"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_first_sign_ins_at_once_make_one_account() {
    const AT_ONCE: usize = 16;
    let fake = Fake::start().await;
    let app = fake.app().await;
    for provider in PROVIDERS {
        let token = fake.token(&Person::called(&format!("kim-{provider}"), "88"));
        let attempts: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (client, body) = (app.client(), json!({ "access_token": token }));
                let path = format!("auth/social/{provider}/callback/");
                tokio::spawn(async move { client.post(&path, &body).await })
            })
            .collect();
        let mut ids: Vec<Value> = Vec::new();
        for attempt in attempts {
            let answer = attempt.await.expect("does not panic").expect(200);
            ids.push(answer["user"]["id"].clone());
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{provider}");
    }
    assert_eq!(count(&app, "users").await, 3);
    assert_eq!(count(&app, "social_accounts").await, 3);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_of_one_name_get_handles_of_their_own_at_once() {
    const AT_ONCE: usize = 12;
    let fake = Fake::start().await;
    let app = fake.app().await;
    let attempts: Vec<_> = (0..AT_ONCE)
        .map(|n| {
            let person = Person {
                name: Some("Same Name".to_owned()),
                ..Person::called(&format!("same{n}"), &n.to_string())
            };
            let (client, body) = (app.client(), json!({ "access_token": fake.token(&person) }));
            tokio::spawn(async move { client.post("auth/social/github/callback/", &body).await })
        })
        .collect();
    let mut handles = Vec::new();
    for attempt in attempts {
        let answer = attempt.await.expect("does not panic").expect(200);
        handles.push(answer["user"]["handle"].to_string());
    }
    handles.sort();
    handles.dedup();
    assert_eq!(handles.len(), AT_ONCE);
    app.stop().await;
}
