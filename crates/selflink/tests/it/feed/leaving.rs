//! The copy of one's own data, and the deletion of accounts.

use serde_json::json;

use super::{NONE, follow, ids, page, post, settled};
use crate::support::{PASSWORD, eventually, execute, start, user, value};

#[tokio::test]
async fn the_copy_names_the_posts_of_the_timeline_and_deletion_leaves_none() {
    let app = start().await;
    let (ann, bob, cem) = (user(&app).await, user(&app).await, user(&app).await);
    for (follower, followee) in [(&ann, &bob), (&cem, &bob), (&bob, &ann)] {
        follow(follower, followee).await;
    }
    settled(&app).await;
    let (of_bob, of_ann) = (post(&bob).await, post(&ann).await);
    settled(&app).await;
    ann.client.call("POST", "me/export/").await.expect(202);
    let url = eventually("the copy", async || {
        let answer = ann.client.get("me/export/").await.expect(200);
        answer["url"].as_str().map(str::to_owned)
    })
    .await;
    let copy = ann.client.get(&url).await.expect(200);
    assert_eq!(copy["feed"], json!({ "timeline": [of_bob] }));
    execute(
        &app,
        &format!(
            "INSERT INTO big_authors (author_id, since) SELECT id, created_at FROM users WHERE id = {}",
            bob.id
        ),
    )
    .await;
    assert_eq!(ids(&page(&cem.client, "home/").await), [of_bob]);
    let body = json!({ "password": PASSWORD });
    bob.client.post("me/account/delete/", &body).await.expect(202);
    let rows = format!(
        "SELECT (SELECT count(*) FROM users WHERE id = {0}) + (SELECT count(*) FROM timeline WHERE user_id = {0} OR author_id = {0}) \
         + (SELECT count(*) FROM timeline_heads WHERE user_id = {0}) + (SELECT count(*) FROM timeline_requests WHERE user_id = {0}) \
         + (SELECT count(*) FROM big_authors WHERE author_id = {0})",
        bob.id
    );
    eventually("the deletion", async || {
        (value::<i64>(&app, &rows).await == 0).then_some(())
    })
    .await;
    settled(&app).await;
    assert_eq!(ids(&page(&cem.client, "home/").await), NONE);
    assert_eq!(ids(&page(&ann.client, "home/").await), [of_ann]);
    app.stop().await;
}
