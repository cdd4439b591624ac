//! Hashtags, and what many write about.

use chrono::Duration;
use serde_json::json;

use super::{id, ids, of_post, post, post_for};
use crate::support::{TestUser, start, user};

async fn tagged(user: &TestUser, tag: &str) -> Vec<i64> {
    ids(&user
        .client
        .get(&format!("hashtags/{tag}/posts/"))
        .await
        .expect(200))
}

#[tokio::test]
async fn posts_are_found_by_their_hashtags_in_any_case_and_script() {
    let app = start().await;
    let ann = user(&app).await;
    let one = post(&ann, "#Rust and #თბილისი, #rust").await;
    assert_eq!(one["hashtags"], json!(["rust", "თბილისი"]));
    let two = post(&ann, "more #RUST").await;
    assert_eq!(tagged(&ann, "rust").await, [id(&two), id(&one)]);
    for same in ["RUST", "%23Rust"] {
        assert_eq!(tagged(&ann, same).await.len(), 2, "{same}");
    }
    assert_eq!(tagged(&ann, "თბილისი").await, [id(&one)]);
    assert_eq!(tagged(&ann, "nothing").await, [0_i64; 0]);
    for bad in ["a%20b", "12", "%ff", "%00", &"x".repeat(65)] {
        ann.client
            .get(&format!("hashtags/{bad}/posts/"))
            .await
            .expect(404);
    }
    let page = ann
        .client
        .get("hashtags/rust/posts/?page_size=1")
        .await
        .expect(200);
    let next = page["next"].as_str().expect("a URL");
    assert_eq!(ids(&ann.client.get(next).await.expect(200)), [id(&one)]);
    // They follow the text.
    let changed = ann
        .client
        .patch(&of_post(&two, ""), &json!({ "text": "#go" }))
        .await;
    assert_eq!(changed.expect(200)["hashtags"], json!(["go"]));
    assert_eq!(
        (tagged(&ann, "rust").await.len(), tagged(&ann, "go").await.len()),
        (1, 1)
    );
    ann.client.delete(&of_post(&two, "")).await;
    assert_eq!(tagged(&ann, "go").await, [0_i64; 0]);
    app.stop().await;
}

#[tokio::test]
async fn what_most_people_write_about_today_is_a_trend() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    post(&ann, "#yesterday").await;
    app.advance(Duration::hours(25));
    let sign_in = async |user: &TestUser| {
        let body = json!({ "email": user.email, "password": crate::support::PASSWORD });
        let answer = app.client().post("auth/login/", &body).await.expect(200);
        app.client()
            .with_token(answer["token"].as_str().expect("a token"))
    };
    let (ann, bob) = (
        TestUser {
            client: sign_in(&ann).await,
            ..ann
        },
        TestUser {
            client: sign_in(&bob).await,
            ..bob
        },
    );
    for text in ["#loud", "#loud #both", "#loud"] {
        post(&ann, text).await;
    }
    post(&bob, "#both").await;
    post_for(&bob, "#secret", "followers").await;
    let trends = app.client().get("hashtags/trending/").await.expect(200);
    assert_eq!(
        trends,
        json!([
            { "tag": "both", "posts_count": 2, "people_count": 2 },
            { "tag": "loud", "posts_count": 3, "people_count": 1 },
        ])
    );
    // At most a minute old.
    post(&bob, "#loud").await;
    assert_eq!(app.client().get("hashtags/trending/").await.expect(200), trends);
    app.stop().await;
}
