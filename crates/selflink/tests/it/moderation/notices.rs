//! Mails to those whom a decision concerns.

use serde_json::json;

use super::{ALL_APPEALS, APPEALS, enforce, post};
use crate::{
    mails::post::{all_is_done, mail, mails, start},
    support::{staff, user},
};

const TOLD: &str = "About your SelfLink account";

#[tokio::test]
async fn those_concerned_are_told_once() {
    let (app, server) = start(&[]).await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    let id = post(&ann, "nasty").await;
    enforce(&boss, "remove", ("post", id)).await.expect(201);
    let letter = mail(&server, &ann.email, TOLD).await;
    for said in [
        &format!("Hi @{}", ann.handle),
        "your post was removed",
        "a reason",
        "appeal in the app",
    ] {
        assert!(letter.text.contains(said), "{said}: {}", letter.text);
    }
    assert!(!letter.text.contains(&boss.handle), "not by whom");
    all_is_done(&app).await;
    assert_eq!(server.mails_to(&ann.email).len(), 1);
    let list = ann.client.get("notifications/?type=moderation").await.expect(200);
    let [notification] = list["results"].as_array().expect("a list").as_slice() else {
        panic!("one notification: {list}");
    };
    let payload = &notification["payload"];
    assert_eq!(
        json!([
            payload["decision"],
            payload["action"],
            payload["target_type"],
            payload["target_id"]
        ]),
        json!(["enforced", "remove", "post", id])
    );
    app.stop().await;
}

#[tokio::test]
async fn the_link_of_the_client_is_used() {
    let (app, server) = start(&[(
        "MODERATION_APPEAL_URL",
        "https://app.example.org/appeal?t={token}",
    )])
    .await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    enforce(&boss, "suspend", ("user", ann.id)).await.expect(201);
    let letter = mail(&server, &ann.email, TOLD).await;
    let link = format!("https://app.example.org/appeal?t={}", letter.token());
    assert!(letter.text.contains(&link), "{}", letter.text);
    app.stop().await;
}

#[tokio::test]
async fn what_was_said_to_an_appeal_is_told() {
    let (app, server) = start(&[]).await;
    let (ann, one, other) = (user(&app).await, staff(&app).await, staff(&app).await);
    let made = enforce(&one, "warn", ("user", ann.id)).await.expect(201);
    let body = json!({ "enforcement": made["id"], "text": "why?" });
    let filed = ann.client.post(APPEALS, &body).await.expect(201);
    let decision = json!({ "decision": "uphold", "note": "read the rules" });
    let path = format!("{ALL_APPEALS}{}/decide/", filed["id"]);
    other.client.post(&path, &decision).await.expect(200);
    let letters = mails(&server, &ann.email, "Your appeal was decided", 1).await;
    assert!(letters[0].text.contains("read the rules"), "{}", letters[0].text);
    app.stop().await;
}
