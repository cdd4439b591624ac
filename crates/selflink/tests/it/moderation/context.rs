//! What moderators see of a report before they decide.

use serde_json::json;

use super::{HANDLED, enforce, forbidden, post, report};
use crate::support::{field, staff, start, user};

#[tokio::test]
async fn the_words_are_kept_as_they_were_reported() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let id = post(&ann, "nasty words").await;
    let filed = report(&bob, "post", id).await;
    let automatic = report(&boss, "post", id).await;
    enforce(&boss, "warn", ("user", ann.id)).await.expect(201);
    ann.client
        .patch(&format!("posts/{id}/"), &json!({ "text": "kind words" }))
        .await
        .expect(200);
    let path = format!("{HANDLED}{}/context/", filed["id"]);
    let context = boss.client.get(&path).await.expect(200);
    assert_eq!(
        json!([
            context["snapshot"],
            context["content"],
            context["subject"],
            context["is_automatic"]
        ]),
        json!([
            "nasty words",
            { "author": ann.id, "text": "kind words", "is_removed": false },
            ann.id,
            false
        ])
    );
    assert_eq!(
        field(&context["same_target"], "id"),
        [&automatic["id"], &filed["id"]]
    );
    assert_eq!(field(&context["enforcements"], "action"), ["warn"]);
    // Also when they are gone.
    ann.client.delete(&format!("posts/{id}/")).await;
    let context = boss.client.get(&path).await.expect(200);
    assert_eq!(
        json!([context["snapshot"], context["content"], context["subject"]]),
        json!(["nasty words", null, ann.id])
    );
    assert_eq!(bob.client.get(&path).await.expect(403), forbidden());
    boss.client.get(&format!("{HANDLED}1/context/")).await.expect(404);
    // Of accounts there are no words.
    let filed = report(&bob, "user", ann.id).await;
    let context = boss
        .client
        .get(&format!("{HANDLED}{}/context/", filed["id"]))
        .await
        .expect(200);
    assert_eq!(
        json!([context["snapshot"], context["content"], context["subject"]]),
        json!(["", null, ann.id])
    );
    app.stop().await;
}

#[tokio::test]
async fn a_report_about_something_else_forgets_the_words() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let id = post(&ann, "nasty words").await;
    let filed = report(&bob, "post", id).await;
    bob.client
        .patch(
            &format!("moderation/reports/{}/", filed["id"]),
            &json!({ "target_id": 5 }),
        )
        .await
        .expect(200);
    let context = boss
        .client
        .get(&format!("{HANDLED}{}/context/", filed["id"]))
        .await
        .expect(200);
    assert_eq!(
        json!([context["snapshot"], context["subject"]]),
        json!(["", null])
    );
    app.stop().await;
}
