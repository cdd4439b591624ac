//! Entries that are too old.

use chrono::Duration;
use serde_json::json;

use super::{follow, ids, page, post, settled};
use crate::support::{PASSWORD, eventually, start, user, value};

#[tokio::test]
async fn what_is_older_than_a_month_goes_and_what_is_newer_stays() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    follow(&ann, &bob).await;
    settled(&app).await;
    let (old, own) = (post(&bob).await, post(&ann).await);
    settled(&app).await;
    assert_eq!(ids(&page(&ann.client, "home/").await), [own, old]);
    app.advance(Duration::days(20));
    let signed_in = async |email: &str| {
        let credentials = json!({ "email": email, "password": PASSWORD });
        let answer = app.client().post("auth/login/", &credentials).await.expect(200);
        app.client()
            .with_token(answer["token"].as_str().expect("a token"))
    };
    let bob_later = signed_in(&bob.email).await;
    let late = bob_later
        .post("posts/", &json!({ "text": "late" }))
        .await
        .expect(201)["id"]
        .clone();
    settled(&app).await;
    assert_eq!(ids(&page(&signed_in(&ann.email).await, "home/").await).len(), 3);
    app.advance(Duration::days(11));
    eventually("the removal", async || {
        let entries: i64 = value(&app, "SELECT count(*) FROM timeline").await;
        (entries == 1).then_some(())
    })
    .await;
    let left: i64 = value(&app, "SELECT post_id FROM timeline").await;
    assert_eq!(json!(left), late);
    // Own posts are bounded alike.
    assert_eq!(ids(&page(&signed_in(&ann.email).await, "home/").await), [left]);
    settled(&app).await;
    // A rebuild takes none back.
    let again = signed_in(&ann.email).await;
    let path = format!("users/{}/follow/", bob.id);
    again.delete(&path).await.expect(200);
    again.call("POST", &path).await.expect(200);
    settled(&app).await;
    assert_eq!(ids(&page(&again, "home/").await), [left]);
    app.stop().await;
}
