//! Reports that the list of banned words makes.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{HANDLED, REPORTS, post};
use crate::support::{TestUser, field, staff, start, start_with, user};

async fn flags(of: &TestUser) -> Vec<Value> {
    let list = of.client.get(REPORTS).await.expect(200);
    list["results"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_post_with_a_banned_word_is_published_and_flagged() {
    let app = start().await;
    for text in [
        "this is SPAM indeed",
        "no scammers",
        "how oFFensive",
        "s\u{200b}pam",
    ] {
        let ann = user(&app).await;
        let id = post(&ann, text).await;
        app.client().get(&format!("posts/{id}/")).await.expect(200);
        let flags = flags(&ann).await;
        assert_eq!(flags.len(), 1, "{text}");
        let flag = &flags[0];
        assert_eq!(
            json!([
                flag["target_type"],
                flag["target_id"],
                flag["reason"],
                flag["status"],
                flag["notes"]
            ]),
            json!(["post", id, "auto_flag:banned_word", "in_review", text])
        );
    }
    let ann = user(&app).await;
    post(&ann, "landscams and antispam").await;
    assert!(flags(&ann).await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn notes_hold_the_first_200_characters() {
    let app = start().await;
    let ann = user(&app).await;
    let text = format!("spam {}", "ü".repeat(300));
    post(&ann, &text).await;
    let expected: String = text.chars().take(200).collect();
    assert_eq!(flags(&ann).await[0]["notes"], expected);
    app.stop().await;
}

#[tokio::test]
async fn changes_are_looked_at_and_a_target_is_flagged_once() {
    let app = start().await;
    let ann = user(&app).await;
    let id = post(&ann, "clean").await;
    let path = format!("posts/{id}/");
    let edit = async |text: &str| {
        ann.client
            .patch(&path, &json!({ "text": text }))
            .await
            .expect(200)
    };
    edit("still clean").await;
    assert!(flags(&ann).await.is_empty());
    edit("now a scam").await;
    edit("now another scam").await;
    let found = flags(&ann).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["notes"], "now a scam");
    join_all((0..6).map(|n| {
        let (client, path) = (&ann.client, &path);
        async move {
            client
                .patch(path, &json!({ "text": format!("spam {n}") }))
                .await
                .expect(200)
        }
    }))
    .await;
    assert_eq!(flags(&ann).await.len(), 1);
    // Comments, too.
    let comment = json!({ "text": "spam!", "post": id });
    let comment = ann.client.post("comments/", &comment).await.expect(201);
    let found = flags(&ann).await;
    assert_eq!(
        json!([found[0]["target_type"], found[0]["target_id"]]),
        json!(["comment", comment["id"]])
    );
    app.stop().await;
}

#[tokio::test]
async fn a_flag_is_out_of_the_authors_reach() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    post(&ann, "spam").await;
    let flag = flags(&ann).await.remove(0);
    let path = format!("{REPORTS}{}/", flag["id"]);
    let refused = json!({ "detail": "Automatic reports can only be changed by moderators." });
    for method in ["PATCH", "PUT", "DELETE"] {
        let body = r#"{"reason":"x","target_type":"user","target_id":1}"#;
        let answer = ann.client.send(method, &path, "application/json", body).await;
        assert_eq!(answer.expect(403), refused, "{method}");
    }
    assert_eq!(ann.client.get(&path).await.expect(200), flag);
    let seen = boss
        .client
        .get(&format!("{HANDLED}{}/", flag["id"]))
        .await
        .expect(200);
    assert_eq!(seen["reporter"], ann.id);
    let queue = boss.client.get(super::QUEUE).await.expect(200);
    assert_eq!(field(&queue, "automatic"), [&json!(1)]);
    app.stop().await;
}

#[tokio::test]
async fn the_list_is_the_operators() {
    let app = start_with(&[("MODERATION_BANNED_WORDS", " Ананас,pizza hawaii ")]).await;
    let ann = user(&app).await;
    post(&ann, "spam").await;
    assert!(flags(&ann).await.is_empty());
    post(&ann, "АНАНАСЫ").await;
    post(&ann, "a Pizza Hawaii").await;
    assert_eq!(flags(&ann).await.len(), 2);
    app.stop().await;
    let app = start_with(&[("MODERATION_BANNED_WORDS", "")]).await;
    let ann = user(&app).await;
    post(&ann, "spam").await;
    assert!(flags(&ann).await.is_empty());
    app.stop().await;
}
