//! The copy of one's own data, and what a deleted account leaves.

use serde_json::json;

use super::{APPEALS, HANDLED, enforce, post, report};
use crate::support::{PASSWORD, eventually, staff, start, user, value};

#[tokio::test]
async fn the_copy_holds_what_one_reported_and_what_was_decided_about_oneself() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    report(&ann, "user", bob.id).await;
    report(&bob, "user", ann.id).await;
    let made = enforce(&boss, "warn", ("user", ann.id)).await.expect(201);
    let appeal = json!({ "enforcement": made["id"], "text": "why?" });
    ann.client.post(APPEALS, &appeal).await.expect(201);
    ann.client.call("POST", "me/export/").await.expect(202);
    let url = eventually("the copy", async || {
        let answer = ann.client.get("me/export/").await.expect(200);
        answer["url"].as_str().map(str::to_owned)
    })
    .await;
    let copy = ann.client.get(&url).await.expect(200);
    let own = &copy["moderation"];
    assert_eq!(own["reports"].as_array().map(Vec::len), Some(1));
    assert_eq!(own["reports"][0]["target_id"], bob.id);
    assert_eq!(own["enforcements"][0]["action"], "warn");
    assert_eq!(own["appeals"][0]["text"], "why?");
    assert!(!own.to_string().contains(&boss.id.to_string()), "not by whom");
    app.stop().await;
}

#[tokio::test]
async fn a_deleted_account_leaves_no_words() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let id = post(&ann, "spam of ann").await;
    let by_bob = report(&bob, "post", id).await;
    report(&ann, "user", bob.id).await;
    let made = enforce(&boss, "warn", ("post", id)).await.expect(201);
    let appeal = json!({ "enforcement": made["id"], "text": "why?" });
    ann.client.post(APPEALS, &appeal).await.expect(201);
    let password = json!({ "password": PASSWORD });
    ann.client.post("me/account/delete/", &password).await.expect(202);
    let count = format!("SELECT count(*) FROM users WHERE id = {}", ann.id);
    eventually("the deletion", async || {
        (value::<i64>(&app, &count).await == 0).then_some(())
    })
    .await;
    for query in [
        format!("SELECT count(*) FROM reports WHERE reporter_id = {}", ann.id),
        "SELECT count(*) FROM reports WHERE snapshot <> ''".to_owned(),
        "SELECT count(*) FROM enforcements".to_owned(),
        "SELECT count(*) FROM appeals".to_owned(),
    ] {
        assert_eq!(value::<i64>(&app, &query).await, 0, "{query}");
    }
    let context = format!("{HANDLED}{}/context/", by_bob["id"]);
    let left = boss.client.get(&context).await.expect(200);
    assert_eq!(
        json!([left["snapshot"], left["subject"], left["content"]]),
        json!(["", null, null])
    );
    app.stop().await;
}
