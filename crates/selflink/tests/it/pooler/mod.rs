//! PgBouncer in transaction mode between the program and PostgreSQL: three server connections, no prepared statements, no
//! session state, no start-up parameters that it does not know.
//!
//! The tests about the pooler itself need `TEST_DATABASE=postgres`; those about values run on every database.

mod bouncer;
mod values;

use futures::future::join_all;
use platform::testing::{Client, TestApp, TestDatabase, is_postgres};
use reqwest::Url;
use serde_json::{Value, json};

use self::bouncer::Bouncer;
use crate::{
    outbox::all_events_are_delivered,
    support::{PASSWORD, eventually, user, value},
};

/// Clients that write and read at the same time.
const CLIENTS: usize = 60;

/// A database behind a pooler, or nothing where there is no PostgreSQL to pool.
async fn pooled_database() -> Option<(TestDatabase, Bouncer)> {
    if !is_postgres() {
        println!("skipped: a pooler stands before PostgreSQL only (TEST_DATABASE=postgres)");
        return None;
    }
    let database = TestDatabase::unmigrated().await;
    let bouncer = Bouncer::start(&database).await;
    Some((database, bouncer))
}

async fn start(database: &TestDatabase, bouncer: &Bouncer) -> TestApp {
    let settings = [
        ("DATABASE_URL", bouncer.url.as_str()),
        ("DATABASE_POOL_SIZE", "16"),
    ];
    TestApp::on(database.clone(), selflink::instance(), &settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_work_through_three_server_connections() {
    let Some((database, bouncer)) = pooled_database().await else {
        return;
    };
    // Both migrate at once.
    let (one, other) = tokio::join!(start(&database, &bouncer), start(&database, &bouncer));
    assert!(one.app.db().pools().is_pooled() && other.app.db().pools().is_pooled());

    let apps = [&one, &other];
    let ids = join_all((0..CLIENTS).map(|number| live(apps[number % 2].client(), number))).await;
    // Everybody follows the next and the first, through the other instance.
    let follows = (0..CLIENTS).map(|number| {
        let (next, first) = (ids[(number + 1) % CLIENTS].1, ids[0].1);
        let client = apps[(number + 1) % 2].client().with_token(&ids[number].0);
        async move {
            for followee in [next, first] {
                let status = if followee == ids_of(&client).await {
                    400
                } else {
                    200
                };
                client
                    .post(&format!("users/{followee}/follow/"), &json!({}))
                    .await
                    .expect(status);
            }
        }
    });
    join_all(follows).await;
    let reader = one.client().with_token(&ids[1].0);
    let first = reader.get(&format!("users/{}/", ids[0].1)).await.expect(200);
    assert_eq!(first["followers_count"], CLIENTS - 1);
    let followers = reader
        .get(&format!("users/{}/followers/", ids[0].1))
        .await
        .expect(200);
    assert_eq!(followers.as_array().map(Vec::len), Some(CLIENTS - 1));
    assert_eq!(walk(&reader).await, CLIENTS);

    the_background_runs(&one).await;
    let backends: i64 = value(
        &one,
        "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name <> 'selflink-jobs'",
    )
    .await;
    assert!(backends <= 3, "{backends} server connections");

    one.stop().await;
    other.stop().await;
    let again = start(&database, &bouncer).await;
    let credentials = json!({ "email": "p0@example.com", "password": PASSWORD });
    again.client().post("auth/login/", &credentials).await.expect(200);
    again.stop().await;
}

async fn ids_of(client: &Client) -> i64 {
    let me = client.get("users/me/").await.expect(200);
    me["id"].as_i64().expect("a number")
}

/// What one client does; returns its token and id.
async fn live(client: Client, number: usize) -> (String, i64) {
    let email = format!("p{number}@example.com");
    let body = json!({ "email": email, "password": PASSWORD, "name": format!("Person {number}") });
    client.post("auth/register/", &body).await.expect(201);
    let credentials = json!({ "email": email, "password": PASSWORD });
    let signed_in = client.post("auth/login/", &credentials).await.expect(200);
    let refresh = json!({ "refresh": signed_in["refreshToken"] });
    let refreshed = client.post("auth/refresh/", &refresh).await.expect(200);
    let token = refreshed["token"].as_str().expect("a token");
    let own = client.with_token(token);
    for round in 0..3 {
        let change =
            json!({ "bio": format!("Round {round}"), "settings": { "push_enabled": round % 2 == 0 } });
        let changed = own.patch("users/me/", &change).await.expect(200);
        assert_eq!(changed["bio"], change["bio"]);
    }
    let found = own.get(&format!("users/?q=person%20{number}")).await.expect(200);
    assert_ne!(found["results"], json!([]));
    (token.to_owned(), ids_of(&own).await)
}

/// How many users a walk through the directory meets.
async fn walk(client: &Client) -> usize {
    let mut next = Value::from("users/?page_size=7&ordering=name");
    let mut met = 0;
    while let Some(path) = next.as_str() {
        let page = client.get(path).await.expect(200);
        met += page["results"].as_array().expect("a list").len();
        next = page["next"].clone();
    }
    met
}

/// Schedules that came due before the start run at once, and every event arrives.
async fn the_background_runs(app: &TestApp) {
    eventually("the scheduled jobs are done", async || {
        let counts = app.app.jobs().counts().await.expect("the jobs are counted");
        assert_eq!(counts.dead, 0, "{counts:?}");
        (counts.done >= 2 && counts.pending + counts.running == 0).then_some(())
    })
    .await;
    all_events_are_delivered(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_restarts_is_found_again() {
    let Some((database, mut bouncer)) = pooled_database().await else {
        return;
    };
    let app = start(&database, &bouncer).await;
    let ann = user(&app).await;
    bouncer.restart().await;
    // Broken connections are found out while they are used; none of that reaches a reader.
    for _ in 0..20 {
        ann.client.get("users/me/").await.expect(200);
    }
    eventually("writes succeed again", async || {
        let answer = ann.client.patch("users/me/", &json!({ "bio": "again" })).await;
        assert!([200, 503].contains(&answer.status), "{}", answer.text);
        (answer.status == 200).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_survives() {
    let database = TestDatabase::unmigrated().await;
    let app = TestApp::on(database, selflink::instance(), &[]).await;
    values::survive(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_survives_the_pooler() {
    let Some((database, bouncer)) = pooled_database().await else {
        return;
    };
    let app = start(&database, &bouncer).await;
    values::survive(&app).await;
    app.stop().await;
}

/// The same server, at another address.
fn with_port(url: &str, port: u16) -> String {
    let mut url = Url::parse(url).expect("a URL");
    url.set_host(Some("127.0.0.1")).expect("takes a host");
    url.set_port(Some(port)).expect("takes a port");
    url.to_string()
}
