//! The follow graph.

use platform::testing::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::{TestUser, field, start, user, value};

fn path(of: &TestUser) -> String {
    format!("users/{}/follow/", of.id)
}

/// Followers and followed of a user, as everybody sees them.
async fn counts(viewer: &TestUser, of: &TestUser) -> (i64, i64) {
    let seen = viewer.client.get(&format!("users/{}/", of.id)).await.expect(200);
    let count = |name: &str| seen[name].as_i64().expect("is a number");
    (count("followers_count"), count("following_count"))
}

#[tokio::test]
async fn following_and_ending_it_may_be_repeated() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for _ in 0..3 {
        assert_eq!(
            ann.client.post(&path(&bob), &json!({})).await.expect(200),
            json!({ "following": true })
        );
        assert_eq!(
            (counts(&ann, &bob).await, counts(&bob, &ann).await),
            ((1, 0), (0, 1))
        );
    }
    let seen = |viewer: &TestUser, of: i64| {
        let client = viewer.client.clone();
        async move { client.get(&format!("users/{of}/")).await.expect(200)["is_following"].clone() }
    };
    assert_eq!(
        (
            seen(&ann, bob.id).await,
            seen(&bob, ann.id).await,
            seen(&ann, ann.id).await
        ),
        (json!(true), json!(false), json!(false))
    );
    for _ in 0..3 {
        assert_eq!(
            ann.client.delete(&path(&bob)).await.expect(200),
            json!({ "following": false })
        );
        assert_eq!(
            (counts(&ann, &bob).await, counts(&bob, &ann).await),
            ((0, 0), (0, 0))
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn oneself_and_nobody_cannot_be_followed() {
    let app = start().await;
    let ann = user(&app).await;
    for method in ["POST", "DELETE"] {
        assert_eq!(
            ann.client.call(method, &path(&ann)).await.expect(400),
            json!({ "detail": "Cannot follow yourself" })
        );
        for nobody in ["users/7/follow/", "users/99999999999999999999/follow/"] {
            assert_eq!(
                ann.client.call(method, nobody).await.expect(404),
                json!({ "detail": "No User matches the given query." })
            );
        }
        ann.client.call(method, "users/abc/follow/").await.expect(404);
        app.client().call(method, &path(&ann)).await.expect(401);
    }
    ann.client.get(&path(&ann)).await.expect(405);
    app.stop().await;
}

async fn all(
    requests: impl Iterator<Item = (platform::testing::Client, &'static str, String)>,
) -> Vec<Answer> {
    let sent: Vec<_> = requests
        .map(|(client, method, path)| tokio::spawn(async move { client.call(method, &path).await }))
        .collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.expect("does not panic"));
    }
    answers
}

/// The columns say what the rows say.
async fn assert_counted(app: &TestApp) {
    for (column, end) in [
        ("followers_count", "followee_id"),
        ("following_count", "follower_id"),
    ] {
        let wrong = format!(
            "SELECT count(*) FROM users u WHERE {column} <> (SELECT count(*) FROM follows WHERE {end} = u.id)"
        );
        assert_eq!(value::<i64>(app, &wrong).await, 0, "{column}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_pair_at_once() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let follow = (0..100).map(|_| (ann.client.clone(), "POST", path(&bob)));
    for answer in all(follow).await {
        assert_eq!(answer.expect(200), json!({ "following": true }));
    }
    assert_eq!(
        (counts(&ann, &bob).await, counts(&bob, &ann).await),
        ((1, 0), (0, 1))
    );
    let mixed = (0..100).map(|n| (ann.client.clone(), ["POST", "DELETE"][n % 2], path(&bob)));
    for answer in all(mixed).await {
        answer.expect(200);
    }
    assert_counted(&app).await;
    assert!(value::<i64>(&app, "SELECT count(*) FROM follows").await <= 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_and_everybody_at_once() {
    let app = start().await;
    let mut people = Vec::new();
    for _ in 0..6 {
        people.push(user(&app).await);
    }
    let pairs = || {
        people
            .iter()
            .flat_map(|one| people.iter().map(move |other| (one, other)))
            .filter(|(one, other)| one.id != other.id)
    };
    let follow = pairs().flat_map(|(one, other)| {
        [
            (one.client.clone(), "POST", path(other)),
            (one.client.clone(), "POST", path(other)),
        ]
    });
    for answer in all(follow).await {
        answer.expect(200);
    }
    for person in &people {
        assert_eq!(counts(person, person).await, (5, 5));
    }
    // Half of them change their minds, back and forth.
    let mixed = pairs().enumerate().flat_map(|(n, (one, other))| {
        let methods = if n % 2 == 0 {
            ["DELETE", "DELETE"]
        } else {
            ["DELETE", "POST"]
        };
        methods.map(|method| (one.client.clone(), method, path(other)))
    });
    for answer in all(mixed).await {
        answer.expect(200);
    }
    assert_counted(&app).await;
    app.stop().await;
}

#[tokio::test]
async fn lists_are_arrays_unless_pages_are_asked_for() {
    let app = start().await;
    let star = user(&app).await;
    let mut fans = Vec::new();
    for _ in 0..5 {
        let fan = user(&app).await;
        fan.client.post(&path(&star), &json!({})).await.expect(200);
        fans.push(fan.id);
    }
    star.client
        .post(&format!("users/{}/follow/", fans[0]), &json!({}))
        .await
        .expect(200);
    fans.reverse();
    let (followers, following) = (
        format!("users/{}/followers/", star.id),
        format!("users/{}/following/", star.id),
    );
    let list = star.client.get(&followers).await.expect(200);
    assert!(list.is_array());
    assert_eq!(
        field(&list, "id"),
        fans.iter()
            .map(|id| json!(id))
            .collect::<Vec<Value>>()
            .iter()
            .collect::<Vec<_>>()
    );
    // As the viewer sees them: whom the viewer follows, and nobody's address but the own.
    let followed: Vec<&Value> = field(&list, "is_following");
    assert_eq!(
        followed
            .iter()
            .filter(|follows| ***follows == json!(true))
            .count(),
        1
    );
    assert!(field(&list, "email").iter().all(|email| email.is_null()));
    assert_eq!(
        field(&star.client.get(&following).await.expect(200), "id"),
        [&json!(fans[4])]
    );
    let mut seen = Vec::new();
    let mut next = Some(format!("{followers}?page_size=2"));
    while let Some(link) = next {
        let page = star.client.get(&link).await.expect(200);
        assert!(field(&page, "id").len() <= 2);
        seen.extend(field(&page, "id").iter().filter_map(|id| id.as_i64()));
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, fans);
    for path in ["users/7/followers/", "users/7/following/?page_size=1"] {
        star.client.get(path).await.expect(404);
    }
    star.client
        .get(&format!("{followers}?page_size=2&cursor=zzz"))
        .await
        .expect(404);
    app.stop().await;
}
