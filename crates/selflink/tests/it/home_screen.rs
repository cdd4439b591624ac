//! What the home screen of a client does, from the first post to its removal by moderators: every domain has its part.

use serde_json::{Value, json};

use crate::{
    posts::{
        comment,
        files::{clip, pictures, post_with},
        of_post,
    },
    support::{TestUser, eventually, field, staff, start_with, user},
};

/// The ids of the posts of a feed's first page.
async fn feed(viewer: &TestUser, which: &str) -> Vec<Value> {
    let page = viewer.client.get(&format!("feed/{which}/")).await.expect(200);
    let items = page["items"].as_array().expect("has items");
    let posts = items.iter().filter(|item| item["type"] == "post");
    posts.map(|item| item["post"]["id"].clone()).collect()
}

async fn told_of(user: &TestUser) -> Vec<Value> {
    let list = user.client.get("notifications/").await.expect(200);
    field(&list, "type").into_iter().cloned().collect()
}

#[tokio::test]
async fn from_a_post_to_its_removal() {
    let app = start_with(&[("SERVE_MEDIA", "true")]).await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let follow = format!("users/{}/follow/", ann.id);
    bob.client.post(&follow, &json!({})).await.expect(200);

    // Posts with pictures and with a video reach the follower's feeds.
    let sunset = post_with(&ann, "A sunset over Tbilisi", pictures("images", 2))
        .await
        .expect(201);
    let video = vec![crate::posts::files::file(
        "video",
        "walk.mp4",
        "video/mp4",
        &clip(),
    )];
    let walk = post_with(&ann, "A walk", video).await.expect(201);
    eventually("the posts' arrival", async || {
        (feed(&bob, "home").await == [walk["id"].clone(), sunset["id"].clone()]).then_some(())
    })
    .await;
    assert_eq!(feed(&bob, "following_videos").await, [walk["id"].clone()]);
    assert!(feed(&bob, "for_you").await.contains(&sunset["id"]));
    let picture = sunset["image_urls"][0].as_str().expect("a URL");
    let picture = bob.client.get(picture).await;
    assert_eq!(
        (picture.status, picture.header("content-type")),
        (200, "image/png")
    );

    // The follower likes and comments, and the author is told.
    bob.client
        .post(&of_post(&sunset, "like/"), &json!({}))
        .await
        .expect(200);
    comment(&bob, &sunset, "Where is this?").await;
    let shown = ann.client.get(&of_post(&sunset, "")).await.expect(200);
    assert_eq!(
        json!([shown["like_count"], shown["comment_count"]]),
        json!([1, 1])
    );
    eventually("the author's news", async || {
        let told = told_of(&ann).await;
        ["like", "comment", "follow"]
            .iter()
            .all(|kind| told.contains(&json!(kind)))
            .then_some(())
    })
    .await;

    // It is found, reported, and taken away: from then on nobody but its author sees it.
    let found = bob.client.get("search/posts/?q=tbilisi").await.expect(200);
    assert_eq!(field(&found, "id"), [&sunset["id"]]);
    let report = json!({ "target_type": "post", "target_id": sunset["id"], "reason": "not hers" });
    bob.client.post("moderation/reports/", &report).await.expect(201);
    let queue = boss
        .client
        .get("moderation/admin/reports/?status=open")
        .await
        .expect(200);
    let path = format!("moderation/admin/reports/{}/enforce/", queue["results"][0]["id"]);
    let removal = json!({ "action": "remove", "reason": "It is somebody else's picture." });
    bob.client.post(&path, &removal).await.expect(403);
    boss.client.post(&path, &removal).await.expect(201);
    bob.client.get(&of_post(&sunset, "")).await.expect(404);
    assert_eq!(feed(&bob, "home").await, [walk["id"].clone()]);
    let found = bob.client.get("search/posts/?q=tbilisi").await.expect(200);
    assert_eq!(found, json!([]));
    eventually("the moderators' news", async || {
        told_of(&ann).await.contains(&json!("moderation")).then_some(())
    })
    .await;
    app.stop().await;
}
