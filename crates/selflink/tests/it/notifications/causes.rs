//! What people are told of, and what they are not.

use platform::id::UserId;
use serde_json::json;
use social::{
    CommentCreated, CommentDeleted, CommentLiked, CommentUnliked, Mentioned, PostDeleted, PostLiked,
    PostReposted, PostUnliked,
};

use super::builders::{comment, happens, listed, only, post, unread};
use crate::{
    mails::post::all_is_done,
    support::{TestUser, start, user, user_called},
};

fn like(post_id: i64, author: &TestUser, by: &TestUser) -> PostLiked {
    PostLiked {
        post_id,
        author_id: UserId(author.id),
        user_id: UserId(by.id),
    }
}

fn unlike(post_id: i64, author: &TestUser, by: &TestUser) -> PostUnliked {
    PostUnliked {
        post_id,
        author_id: UserId(author.id),
        user_id: UserId(by.id),
    }
}

fn commented(comment_id: i64, post_id: i64, by: &TestUser) -> CommentCreated {
    CommentCreated {
        comment_id,
        post_id,
        author_id: UserId(by.id),
    }
}

#[tokio::test]
async fn a_like_is_told_once_and_taken_back() {
    let app = start().await;
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "bob").await);
    let id = post(&app, &ann, "public", &"long ".repeat(40)).await;
    happens(&app, like(id, &ann, &ann)).await;
    assert!(listed(&ann).await.is_empty(), "one is not told of one's own acts");
    happens(&app, like(id, &ann, &bob)).await;
    happens(&app, like(id, &ann, &bob)).await;
    let (kind, payload) = only(&ann).await;
    assert_eq!(kind, "like");
    assert_eq!(
        json!([payload["actor_id"], payload["actor_name"], payload["post_id"]]),
        json!([bob.id, "Name bob", id])
    );
    let text = payload["text"].as_str().expect("a text");
    assert!(text.chars().count() == 140 && text.ends_with("..."), "{text}");
    happens(&app, unlike(id, &ann, &bob)).await;
    assert!(listed(&ann).await.is_empty());
    assert_eq!(unread(&ann).await, 0);
    happens(&app, like(id, &ann, &bob)).await;
    assert_eq!((listed(&ann).await.len(), unread(&ann).await), (1, 1));
    ann.client
        .call("POST", "notifications/mark-all-read/")
        .await
        .expect(200);
    happens(&app, unlike(id, &ann, &bob)).await;
    happens(&app, like(id, &ann, &bob)).await;
    let list = listed(&ann).await;
    assert_eq!(
        (list.len(), unread(&ann).await),
        (1, 0),
        "what was read stays, and is not told again"
    );
    app.stop().await;
}

#[tokio::test]
async fn likes_of_comments() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let id = post(&app, &bob, "public", "A post").await;
    let written = comment(&app, &ann, id, None, "My comment").await;
    let liked = || CommentLiked {
        comment_id: written,
        post_id: id,
        author_id: UserId(ann.id),
        user_id: UserId(bob.id),
    };
    happens(&app, liked()).await;
    happens(&app, liked()).await;
    let (kind, payload) = only(&ann).await;
    assert_eq!(
        json!([kind, payload["post_id"], payload["comment_id"], payload["text"]]),
        json!(["like", id, written, "My comment"])
    );
    let unliked = CommentUnliked {
        comment_id: written,
        post_id: id,
        author_id: UserId(ann.id),
        user_id: UserId(bob.id),
    };
    happens(&app, unliked).await;
    assert!(listed(&ann).await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn comments_answers_and_mentions_are_told_to_each_once() {
    let app = start().await;
    let (ann, bob, eve) = (user(&app).await, user(&app).await, user(&app).await);
    let id = post(&app, &ann, "public", "A post").await;
    let first = comment(&app, &bob, id, None, "First").await;
    happens(&app, commented(first, id, &bob)).await;
    let (kind, payload) = only(&ann).await;
    assert_eq!(
        json!([kind, payload["comment_id"], payload["text"], payload["parent_id"]]),
        json!(["comment", first, "First", null])
    );
    let answer = comment(&app, &eve, id, Some(first), "Second").await;
    happens(&app, commented(answer, id, &eve)).await;
    let mention = Mentioned {
        post_id: id,
        comment_id: Some(answer),
        author_id: UserId(eve.id),
        user_ids: vec![UserId(bob.id)],
    };
    happens(&app, mention).await;
    let (kind, payload) = only(&bob).await;
    assert_eq!(
        json!([kind, payload["comment_id"], payload["parent_id"]]),
        json!(["reply", answer, first])
    );
    assert_eq!(listed(&ann).await.len(), 2);
    // The post's author answers: one hears of it as an answer, not as a comment too.
    let own = comment(&app, &ann, id, Some(answer), "Third").await;
    happens(&app, commented(own, id, &ann)).await;
    assert_eq!(only(&eve).await.0, "reply");
    assert_eq!(listed(&ann).await.len(), 2);
    // With a comment goes what was told of the answers below it.
    let deleted = CommentDeleted {
        comment_id: first,
        post_id: id,
        author_id: UserId(bob.id),
    };
    happens(&app, deleted).await;
    for user in [&ann, &bob, &eve] {
        assert!(listed(user).await.is_empty());
        assert_eq!(unread(user).await, 0);
    }
    app.stop().await;
}

#[tokio::test]
async fn mentions_reach_those_who_may_read_them() {
    let app = start().await;
    let (ann, bob, eve) = (user(&app).await, user(&app).await, user(&app).await);
    bob.client
        .call("POST", &format!("users/{}/follow/", ann.id))
        .await
        .expect(200);
    all_is_done(&app).await;
    ann.client
        .call("POST", "notifications/mark-all-read/")
        .await
        .expect(200);
    let id = post(&app, &ann, "followers", "To my friends").await;
    let mention = || Mentioned {
        post_id: id,
        comment_id: None,
        author_id: UserId(ann.id),
        user_ids: vec![UserId(bob.id), UserId(eve.id), UserId(5)],
    };
    happens(&app, mention()).await;
    happens(&app, mention()).await;
    let (kind, payload) = only(&bob).await;
    assert_eq!(
        json!([kind, payload["post_id"], payload["comment_id"], payload["text"]]),
        json!(["mention", id, null, "To my friends"])
    );
    assert!(listed(&eve).await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn reposts_and_posts_that_are_gone() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let id = post(&app, &ann, "public", "A post").await;
    let first = post(&app, &bob, "public", "").await;
    let passed_on = |repost_id| PostReposted {
        post_id: id,
        author_id: UserId(ann.id),
        repost_id,
        user_id: UserId(bob.id),
    };
    let deleted = |post_id, by: &TestUser| PostDeleted {
        post_id,
        author_id: UserId(by.id),
    };
    happens(&app, passed_on(first)).await;
    let (kind, payload) = only(&ann).await;
    assert_eq!(
        json!([kind, payload["post_id"], payload["repost_id"], payload["text"]]),
        json!(["repost", id, first, "A post"])
    );
    happens(&app, deleted(first, &bob)).await;
    assert!(listed(&ann).await.is_empty());
    let quote = post(&app, &bob, "public", "Look at this").await;
    happens(&app, passed_on(quote)).await;
    assert_eq!(only(&ann).await.1["text"], "Look at this");
    happens(&app, like(id, &ann, &bob)).await;
    happens(&app, deleted(id, &ann)).await;
    assert!(
        listed(&ann).await.is_empty(),
        "with a post goes everything that was told of it"
    );
    assert_eq!(unread(&ann).await, 0);
    happens(&app, like(5, &ann, &bob)).await;
    assert!(listed(&ann).await.is_empty(), "of what is gone nobody is told");
    app.stop().await;
}

#[tokio::test]
async fn follows_are_told_by_the_request_itself() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let path = format!("users/{}/follow/", ann.id);
    for _ in 0..2 {
        bob.client.call("POST", &path).await.expect(200);
        all_is_done(&app).await;
        let (kind, payload) = only(&ann).await;
        assert_eq!(json!([kind, payload["actor_id"]]), json!(["follow", bob.id]));
        bob.client.delete(&path).await.expect(200);
        all_is_done(&app).await;
        assert!(listed(&ann).await.is_empty());
        assert_eq!(unread(&ann).await, 0);
    }
    app.stop().await;
}

#[tokio::test]
async fn blocks_keep_apart_and_mutes_only_silence() {
    let app = start().await;
    let (ann, bob, eve) = (user(&app).await, user(&app).await, user(&app).await);
    let id = post(&app, &ann, "public", "A post").await;
    for (by, whom, kind) in [(&ann, &bob, "block"), (&ann, &eve, "mute")] {
        by.client
            .call("POST", &format!("users/{}/{kind}/", whom.id))
            .await
            .expect(200);
    }
    happens(&app, like(id, &ann, &bob)).await;
    assert!(listed(&ann).await.is_empty());
    let theirs = post(&app, &bob, "public", "Another").await;
    happens(&app, like(theirs, &bob, &ann)).await;
    assert!(listed(&bob).await.is_empty(), "in either direction");
    happens(&app, like(id, &ann, &eve)).await;
    assert_eq!(only(&ann).await.1["actor_id"], eve.id);
    app.stop().await;
}
