//! Posts kept for later.

use serde_json::json;

use super::{id, ids, of_post, post, read};
use crate::support::{start, user};

#[tokio::test]
async fn what_is_kept_is_listed_the_latest_first() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = [
        post(&ann, "1").await,
        post(&ann, "2").await,
        post(&ann, "3").await,
    ];
    for number in [2, 0, 1, 0] {
        let kept = bob
            .client
            .call("POST", &of_post(&posts[number], "bookmark/"))
            .await;
        assert_eq!(kept.expect(200), json!({ "bookmarked": true }));
    }
    let kept = bob.client.get("bookmarks/").await.expect(200);
    assert_eq!(ids(&kept), [id(&posts[1]), id(&posts[0]), id(&posts[2])]);
    assert_eq!(kept["results"][0]["bookmarked"], json!(true));
    assert_eq!(read(&ann, &posts[1]).await["bookmarked"], json!(false));
    assert_eq!(ids(&ann.client.get("bookmarks/").await.expect(200)), [0_i64; 0]);
    let oldest = bob
        .client
        .get("bookmarks/?ordering=created_at&page_size=1")
        .await
        .expect(200);
    assert_eq!(ids(&oldest), [id(&posts[2])]);
    let next = oldest["next"].as_str().expect("a URL");
    assert_eq!(ids(&bob.client.get(next).await.expect(200)), [id(&posts[0])]);
    for _ in 0..2 {
        let gone = bob.client.delete(&of_post(&posts[1], "bookmark/")).await;
        assert_eq!(gone.expect(200), json!({ "bookmarked": false }));
    }
    ann.client.delete(&of_post(&posts[0], "")).await;
    assert_eq!(
        ids(&bob.client.get("bookmarks/").await.expect(200)),
        [id(&posts[2])]
    );
    bob.client.call("POST", "posts/5/bookmark/").await.expect(404);
    bob.client.delete("posts/5/bookmark/").await.expect(404);
    app.client().get("bookmarks/").await.expect(401);
    app.stop().await;
}
