//! Identities that somebody adds to an account, and takes off.

use platform::testing::{Client, TestApp};
use serde_json::{Value, json};

use super::{
    Fake, PROVIDERS,
    fake::{APP, Person},
    problem, refused, sign_in,
};
use crate::support::{user, value};

/// Somebody who has signed up through a provider.
async fn newcomer(app: &TestApp, fake: &Fake, provider: &str, person: &Person) -> Client {
    let answer = sign_in(app, provider, &json!({ "access_token": fake.token(person) }))
        .await
        .expect(200);
    app.client()
        .with_token(answer["token"].as_str().expect("a token"))
}

fn link_path(provider: &str) -> String {
    format!("me/social/{provider}/")
}

#[tokio::test]
async fn a_linked_identity_signs_in_to_the_account() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let ann = user(&app).await;
    assert_eq!(ann.client.get("me/social/").await.expect(200), json!([]));
    for provider in PROVIDERS {
        // The address need not be the account's, nor verified.
        let person = Person {
            is_verified: false,
            ..Person::called(&format!("other-{provider}"), "91")
        };
        let body = json!({ "access_token": fake.token(&person) });
        let link = ann.client.post(&link_path(provider), &body).await.expect(200);
        let login = if provider == "github" { "other-github" } else { "" };
        assert_eq!(
            link,
            json!({ "provider": provider, "uid": "91", "login": login, "created_at": link["created_at"] })
        );
        assert_eq!(
            ann.client.post(&link_path(provider), &body).await.expect(200),
            link
        );
        let answer = sign_in(&app, provider, &body).await.expect(200);
        assert_eq!(answer["user"]["id"], ann.id);
    }
    let links = ann.client.get("me/social/").await.expect(200);
    let providers: Vec<&Value> = links
        .as_array()
        .expect("a list")
        .iter()
        .map(|link| &link["provider"])
        .collect();
    assert_eq!(providers, ["facebook", "github", "google"]);
    app.stop().await;
}

#[tokio::test]
async fn a_new_login_at_the_provider_is_kept() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let person = Person::called("before", "92");
    let client = newcomer(&app, &fake, "github", &person).await;
    let renamed = Person {
        login: "after".to_owned(),
        ..person
    };
    sign_in(&app, "github", &json!({ "access_token": fake.token(&renamed) }))
        .await
        .expect(200);
    let links = client.get("me/social/").await.expect(200);
    assert_eq!(links[0]["login"], "after");
    app.stop().await;
}

#[tokio::test]
async fn an_identity_belongs_to_one_account_and_an_account_has_one_of_each_provider() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let ann = user(&app).await;
    for (provider, name) in [
        ("google", "Google"),
        ("facebook", "Facebook"),
        ("github", "GitHub"),
    ] {
        let bob = Person::called(&format!("bob-{provider}"), "93");
        newcomer(&app, &fake, provider, &bob).await;
        let body = json!({ "access_token": fake.token(&bob) });
        assert_eq!(
            ann.client.post(&link_path(provider), &body).await.expect(400),
            problem(&format!(
                "This {name} account belongs to another SelfLink account."
            ))
        );
        let first = json!({ "access_token": fake.token(&Person::called("one", "94")) });
        ann.client.post(&link_path(provider), &first).await.expect(200);
        let second = json!({ "access_token": fake.token(&Person::called("two", "95")) });
        assert_eq!(
            ann.client.post(&link_path(provider), &second).await.expect(400),
            problem(&format!(
                "Another {name} account is linked already. Remove it first."
            ))
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn linking_asks_the_provider_as_signing_in_does() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let ann = user(&app).await;
    for provider in PROVIDERS {
        let path = link_path(provider);
        let foreign = fake.token_for("a-game", &Person::called("cy", "96"));
        assert_ne!(APP, "a-game");
        let answer = ann.client.post(&path, &json!({ "access_token": foreign })).await;
        assert_eq!(answer.expect(400), refused());
        ann.client.post(&path, &json!({})).await.expect(400);
        ann.client
            .post(&path, &json!({ "code": "junk" }))
            .await
            .expect(400);
    }
    ann.client
        .post("me/social/myspace/", &json!({}))
        .await
        .expect(404);
    ann.client.delete("me/social/myspace/").await.expect(404);
    assert_eq!(ann.client.get("me/social/").await.expect(200), json!([]));
    app.stop().await;
}

#[tokio::test]
async fn an_identity_is_taken_off_unless_it_is_the_last_way_in() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let person = Person::called("dee", "97");
    let dee = newcomer(&app, &fake, "google", &person).await;
    assert_eq!(
        dee.delete("me/social/google/").await.expect(400),
        problem(
            "This is the only way to sign in to your account. Set a password or link another account first."
        )
    );
    dee.delete("me/social/github/").await.expect(404);
    let github = json!({ "access_token": fake.token(&Person::called("dee-at-github", "98")) });
    dee.post("me/social/github/", &github).await.expect(200);
    assert_eq!(dee.delete("me/social/google/").await.status, 204);
    dee.delete("me/social/google/").await.expect(404);
    dee.delete("me/social/github/").await.expect(400);
    // It is not hers any more: it opens no account, and makes none with her address.
    sign_in(&app, "google", &json!({ "access_token": fake.token(&person) }))
        .await
        .expect(400);
    // With a password nothing else is needed.
    let ann = user(&app).await;
    let facebook = json!({ "access_token": fake.token(&Person::called("ann", "99")) });
    ann.client
        .post("me/social/facebook/", &facebook)
        .await
        .expect(200);
    assert_eq!(ann.client.delete("me/social/facebook/").await.status, 204);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn linking_the_same_many_times_at_once_links_it_once() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let ann = user(&app).await;
    for provider in PROVIDERS {
        let body = json!({ "access_token": fake.token(&Person::called("ann", "90")) });
        let path = link_path(provider);
        let attempts = (0..10).map(|_| ann.client.post(&path, &body));
        for answer in futures::future::join_all(attempts).await {
            answer.expect(200);
        }
    }
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM social_accounts").await,
        3
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_two_ways_in_are_not_taken_off_at_once() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    for n in 0..6 {
        let (google, github) = (
            Person::called(&format!("eli{n}"), &format!("1{n}")),
            Person::called("x", &format!("2{n}")),
        );
        let eli = newcomer(&app, &fake, "google", &google).await;
        let body = json!({ "access_token": fake.token(&github) });
        eli.post("me/social/github/", &body).await.expect(200);
        let (one, two) = futures::join!(eli.delete("me/social/google/"), eli.delete("me/social/github/"));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 400]);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_two_accounts_gets_an_identity_that_both_claim_at_once() {
    let fake = Fake::start().await;
    let app = fake.app().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for n in 0..6 {
        let body = json!({ "access_token": fake.token(&Person::called("shared", &format!("3{n}"))) });
        let (one, two) = futures::join!(
            ann.client.post("me/social/github/", &body),
            bob.client.post("me/social/github/", &body)
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        assert_eq!(
            value::<i64>(&app, "SELECT count(*) FROM social_accounts").await,
            1
        );
        for user in [&ann, &bob] {
            user.client.delete("me/social/github/").await;
        }
    }
    app.stop().await;
}
