//! Comments and replies.

use serde_json::{Value, json};

use super::{comment, id, ids, of_comment, post, put, read, reply};
use crate::support::{TestUser, execute, field, start, user};

async fn texts(user: &TestUser, query: &str) -> Value {
    let list = user.client.get(&format!("comments/?{query}")).await.expect(200);
    json!(field(&list, "text"))
}

#[tokio::test]
async fn a_comment_is_made_changed_and_removed() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let post = post(&ann, "a post").await;
    let sent =
        json!({ "post": post["id"].to_string(), "text": "  nice ", "body": "  nice ", "parent": null });
    let made = bob.client.post("comments/", &sent).await.expect(201);
    let mut shown = made.clone();
    for name in ["id", "author", "created_at"] {
        shown.as_object_mut().expect("an object").remove(name);
    }
    assert_eq!(
        shown,
        json!({
            "post": post["id"], "text": "nice", "parent": null, "images": [], "image_urls": [], "like_count": 0,
            "liked": false, "viewer_has_liked": false, "mentions": [], "is_edited": false, "edited_at": null,
            "recent_gifts": [], "gift_counts": {},
        })
    );
    assert_eq!(made["author"]["id"], json!(bob.id));
    let path = of_comment(&made, "");
    let other = super::post(&ann, "another").await;
    // Neither post nor parent changes.
    let change = json!({ "text": " after ", "post": other["id"], "parent": made["id"] });
    let changed = bob.client.patch(&path, &change).await.expect(200);
    assert_eq!(
        json!([
            changed["text"],
            changed["post"],
            changed["parent"],
            changed["is_edited"],
            changed["created_at"]
        ]),
        json!(["after", post["id"], null, true, made["created_at"]])
    );
    let empty = json!({ "non_field_errors": ["Write a comment or attach a photo."] });
    assert_eq!(
        bob.client.patch(&path, &json!({ "text": " " })).await.expect(400),
        empty
    );
    assert_eq!(
        put(&bob, &path, &json!({ "text": "x" })).await.expect(400),
        json!({ "post": ["This field is required."] })
    );
    let replaced = put(&bob, &path, &json!({ "post": post["id"], "text": "x" })).await;
    assert_eq!(replaced.expect(200)["text"], "x");
    for method in ["PATCH", "PUT", "DELETE"] {
        let body = json!({ "post": post["id"], "text": "hijacked" }).to_string();
        let answer = ann
            .client
            .send(method, &path, "application/json", body.clone())
            .await;
        answer.expect(403);
        let answer = app.client().send(method, &path, "application/json", body).await;
        answer.expect(401);
    }
    assert_eq!(bob.client.delete(&path).await.status, 204);
    assert_eq!(
        bob.client.get(&path).await.expect(404),
        json!({ "detail": "No Comment matches the given query." })
    );
    assert_eq!(read(&ann, &post).await["comment_count"], 0);
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let app = start().await;
    let ann = user(&app).await;
    let (first, second) = (post(&ann, "1").await, post(&ann, "2").await);
    let top = comment(&ann, &first, "top").await;
    let empty = json!({ "non_field_errors": ["Write a comment or attach a photo."] });
    let here = |more: Value| {
        let mut body = json!({ "post": first["id"], "text": "x" });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let missing = |pk: &str| json!([format!("Invalid pk \"{pk}\" - object does not exist.")]);
    for (body, expected) in [
        (
            json!({ "text": "x" }),
            json!({ "post": ["This field is required."] }),
        ),
        (here(json!({ "text": " " })), empty.clone()),
        (json!({ "post": first["id"] }), empty),
        (
            here(json!({ "text": null })),
            json!({ "text": ["This field may not be null."] }),
        ),
        (
            here(json!({ "text": [] })),
            json!({ "text": ["Not a valid string."] }),
        ),
        (
            here(json!({ "post": null })),
            json!({ "post": ["This field may not be null."] }),
        ),
        (here(json!({ "post": 5 })), json!({ "post": missing("5") })),
        (
            here(json!({ "post": 1e26 })),
            json!({ "post": missing("100000000000000000000000000") }),
        ),
        (
            here(json!({ "post": "abc" })),
            json!({ "post": ["Incorrect type. Expected pk value, received str."] }),
        ),
        (
            here(json!({ "post": true })),
            json!({ "post": ["Incorrect type. Expected pk value, received bool."] }),
        ),
        (
            here(json!({ "post": 5, "parent": 6 })),
            json!({ "post": missing("5"), "parent": missing("6") }),
        ),
        (here(json!({ "parent": 5 })), json!({ "parent": missing("5") })),
        (
            json!({ "post": second["id"], "text": "x", "parent": top["id"] }),
            json!(["Parent comment must belong to the same post"]),
        ),
    ] {
        assert_eq!(
            ann.client.post("comments/", &body).await.expect(400),
            expected,
            "{body}"
        );
    }
    for path in ["comments/abc/", "comments/5/"] {
        ann.client.get(path).await.expect(404);
    }
    assert_eq!(read(&ann, &first).await["comment_count"], 1);
    app.stop().await;
}

#[tokio::test]
async fn replies_go_with_the_comment_however_deep() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let post = post(&ann, "a post").await;
    let top = comment(&ann, &post, "top").await;
    let kept = comment(&bob, &post, "kept").await;
    let below = reply(&bob, &top, "below").await;
    reply(&ann, &below, "deeper").await;
    reply(&bob, &top, "beside").await;
    assert_eq!(read(&ann, &post).await["comment_count"], 5);
    assert_eq!(ann.client.delete(&of_comment(&top, "")).await.status, 204);
    bob.client.get(&of_comment(&below, "")).await.expect(404);
    let list = format!("post={}", post["id"]);
    assert_eq!(texts(&bob, &list).await, json!(["kept"]));
    assert_eq!(read(&ann, &post).await["comment_count"], 1);

    // Deeper than any engine would cascade.
    let now = app.app.clock().now().to_rfc3339();
    let mut rows = Vec::new();
    for number in 1..=3000 {
        let parent = if number == 1 { id(&kept) } else { number - 1 };
        rows.push(format!(
            "({number}, {}, {}, {parent}, 'deep', '{now}', '{now}')",
            post["id"], ann.id
        ));
    }
    execute(
        &app,
        &format!(
            "INSERT INTO comments (id, post_id, author_id, parent_id, text, created_at, updated_at) VALUES {}",
            rows.join(", ")
        ),
    )
    .await;
    execute(&app, "UPDATE posts SET comment_count = comment_count + 3000").await;
    assert_eq!(bob.client.delete(&of_comment(&kept, "")).await.status, 204);
    assert_eq!(read(&ann, &post).await["comment_count"], 0);
    app.stop().await;
}

#[tokio::test]
async fn lists_are_flat_ordered_and_paged_by_cursor_or_number() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (post, other) = (post(&ann, "a post").await, super::post(&ann, "another").await);
    let first = comment(&bob, &post, "b").await;
    comment(&bob, &other, "elsewhere").await;
    reply(&ann, &first, "c").await;
    comment(&bob, &post, "a").await;
    ann.client
        .call("POST", &of_comment(&first, "like/"))
        .await
        .expect(200);
    let here = format!("post={}", post["id"]);
    for (ordering, expected) in [
        ("", ["a", "c", "b"]),
        ("&ordering=created_at", ["b", "c", "a"]),
        ("&ordering=text", ["a", "b", "c"]),
        ("&ordering=-parent", ["c", "a", "b"]),
        ("&ordering=-like_count", ["b", "a", "c"]),
        ("&ordering=post,id", ["b", "c", "a"]),
        ("&search=none&parent=5&colour=red", ["a", "c", "b"]),
    ] {
        assert_eq!(
            texts(&ann, &format!("{here}{ordering}")).await,
            json!(expected),
            "{ordering}"
        );
    }
    assert_eq!(texts(&ann, "").await, json!(["a", "c", "elsewhere", "b"]));
    assert_eq!(texts(&ann, "post=5").await, json!([]));
    for bad in ["abc", "1.5", "%00", "'", "99999999999999999999"] {
        assert_eq!(texts(&ann, &format!("post={bad}")).await, json!([]), "{bad}");
    }
    let page = async |number: &str| {
        let path = format!("comments/?{here}&page_size=2&page={number}");
        ann.client.get(&path).await.expect(200)
    };
    let (one, two) = (page("1").await, page("2").await);
    assert_eq!(
        json!([field(&one, "text"), field(&two, "text")]),
        json!([["a", "c"], ["b"]])
    );
    assert_eq!(ids(&page("3").await), [0_i64; 0]);
    assert_eq!(ids(&page("4000000000").await), [0_i64; 0]);
    assert_eq!(one["previous"], Value::Null);
    let next = one["next"].as_str().expect("a URL");
    assert_eq!(ann.client.get(next).await.expect(200), two);
    assert_eq!(two["next"], Value::Null);
    for nonsense in ["0", "-1", "x"] {
        assert_eq!(field(&page(nonsense).await, "text"), ["a", "c"]);
    }
    app.stop().await;
}
