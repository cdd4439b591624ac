//! Appeals against decisions.

use futures::future::join_all;
use platform::testing::Answer;
use serde_json::{Value, json};

use super::{ALL_APPEALS, APPEALS, enforce, forbidden, lift, superuser};
use crate::{
    mails::post::{mail, start as start_with_mail, useless_token},
    support::{TestUser, eventually, field, staff, start, user, value},
};

async fn appeal(by: &TestUser, enforcement: &Value) -> Answer {
    let body = json!({ "enforcement": enforcement, "text": "it was not me" });
    by.client.post(APPEALS, &body).await
}

async fn decide(by: &TestUser, appeal: &Value, decision: &str) -> Answer {
    let path = format!("{ALL_APPEALS}{}/decide/", appeal["id"]);
    let body = json!({ "decision": decision, "note": "we looked" });
    by.client.post(&path, &body).await
}

#[tokio::test]
async fn an_appeal_is_filed_and_decided_by_somebody_else() {
    let app = start().await;
    let (ann, one, other) = (user(&app).await, staff(&app).await, staff(&app).await);
    let made = enforce(&one, "restrict", ("user", ann.id)).await.expect(201);
    let filed = appeal(&ann, &made["id"]).await.expect(201);
    assert_eq!(
        filed,
        json!({
            "id": filed["id"], "enforcement": made["id"], "text": "it was not me", "status": "open", "note": "",
            "decided_at": null, "created_at": filed["created_at"],
        })
    );
    assert_eq!(
        appeal(&ann, &made["id"]).await.expect(400),
        json!({ "non_field_errors": ["Your appeal is waiting for a decision."] })
    );
    assert_eq!(
        decide(&one, &filed, "uphold").await.expect(403),
        json!({ "detail": "Somebody else has to decide about an appeal against your own decision." })
    );
    let all = other
        .client
        .get(&format!("{ALL_APPEALS}?status=open"))
        .await
        .expect(200);
    assert_eq!(field(&all, "user"), [&json!(ann.id)]);
    let upheld = decide(&other, &filed, "uphold").await.expect(200);
    assert_eq!(
        json!([upheld["status"], upheld["note"], upheld["decided_by"]]),
        json!(["upheld", "we looked", other.id])
    );
    assert_eq!(
        decide(&other, &filed, "lift").await.expect(400),
        json!({ "non_field_errors": ["This appeal has been decided."] })
    );
    // Again, with success.
    let filed = appeal(&ann, &made["id"]).await.expect(201);
    let lifted = decide(&other, &filed, "lift").await.expect(200);
    assert_eq!(lifted["status"], "lifted");
    ann.client
        .post("posts/", &json!({ "text": "x" }))
        .await
        .expect(201);
    let own = ann.client.get(APPEALS).await.expect(200);
    assert_eq!(field(&own, "status"), ["lifted", "upheld"]);
    assert_eq!(
        appeal(&ann, &made["id"]).await.expect(400),
        json!({ "non_field_errors": ["This is no longer in force."] })
    );
    eventually("the entries of the trail", async || {
        let query = "SELECT count(*) FROM audit_events WHERE action IN ('moderation.appeal_filed', 'moderation.appeal_decided')";
        (value::<i64>(&app, query).await == 4).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_lift_grants_the_appeal_that_waits() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, superuser(&app).await);
    let made = enforce(&boss, "warn", ("user", ann.id)).await.expect(201);
    appeal(&ann, &made["id"]).await.expect(201);
    lift(&boss, &made["id"]).await.expect(200);
    let own = ann.client.get(APPEALS).await.expect(200);
    assert_eq!(field(&own, "status"), ["lifted"]);
    // Superusers may decide about their own decisions.
    let made = enforce(&boss, "warn", ("user", ann.id)).await.expect(201);
    let filed = appeal(&ann, &made["id"]).await.expect(201);
    decide(&boss, &filed, "lift").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn only_those_concerned_appeal() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let made = enforce(&boss, "warn", ("user", ann.id)).await.expect(201);
    let nothing = json!({ "enforcement": ["There is no such decision about you."] });
    assert_eq!(appeal(&bob, &made["id"]).await.expect(400), nothing);
    assert_eq!(appeal(&ann, &json!(1)).await.expect(400), nothing);
    let body = json!({ "enforcement": made["id"], "text": "x" });
    app.client().post(APPEALS, &body).await.expect(401);
    let mut forged = body.clone();
    forged["token"] = json!("0".repeat(64));
    assert_eq!(
        app.client().post(APPEALS, &forged).await.expect(400),
        useless_token()
    );
    let required = json!(["This field is required."]);
    assert_eq!(
        ann.client.post(APPEALS, &json!({})).await.expect(400),
        json!({ "enforcement": required, "text": required })
    );
    app.client().get(APPEALS).await.expect(401);
    app.client().get(ALL_APPEALS).await.expect(401);
    assert_eq!(bob.client.get(ALL_APPEALS).await.expect(403), forbidden());
    assert_eq!(
        decide(&ann, &json!({ "id": 1 }), "lift").await.expect(403),
        forbidden()
    );
    assert_eq!(
        decide(&boss, &json!({ "id": 1 }), "lift").await.expect(404),
        json!({ "detail": "No Appeal matches the given query." })
    );
    app.stop().await;
}

#[tokio::test]
async fn who_cannot_sign_in_appeals_with_the_token_of_the_mail() {
    let (app, server) = start_with_mail(&[]).await;
    let (ann, boss, other) = (user(&app).await, staff(&app).await, staff(&app).await);
    let warned = enforce(&boss, "warn", ("user", ann.id)).await.expect(201);
    let banned = enforce(&boss, "ban", ("user", ann.id)).await.expect(201);
    let letter = eventually("the mail about the ban", async || {
        let mails = server.mails_to(&ann.email);
        mails.into_iter().find(|mail| mail.text.contains("banned"))
    })
    .await;
    let token = letter.token();
    let body = |enforcement: &Value| json!({ "enforcement": enforcement, "text": "why?", "token": token });
    // Good for the one decision that it was sent for, and not used up by others.
    let other_one = app.client().post(APPEALS, &body(&warned["id"])).await;
    assert_eq!(other_one.expect(400), useless_token());
    let filed = app.client().post(APPEALS, &body(&banned["id"])).await.expect(201);
    let again = app.client().post(APPEALS, &body(&banned["id"])).await;
    assert_eq!(again.expect(400), useless_token());
    decide(&other, &filed, "lift").await.expect(200);
    super::sign_in(&app, &ann).await.expect(200);
    mail(
        &server,
        &ann.email,
        "A decision about your SelfLink account was lifted",
    )
    .await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_appeals_at_once_one_is_filed_and_decided_once() {
    let app = start().await;
    let (ann, boss, one, other) = (
        user(&app).await,
        superuser(&app).await,
        staff(&app).await,
        staff(&app).await,
    );
    let made = enforce(&boss, "ban", ("user", one.id)).await;
    made.expect(201);
    let made = enforce(&boss, "warn", ("user", ann.id)).await.expect(201);
    let answers = join_all((0..6).map(|_| appeal(&ann, &made["id"]))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400, 400, 400, 400]);
    let filed = answers
        .iter()
        .find(|answer| answer.status == 201)
        .expect("one was filed")
        .json();
    let decisions = [
        (&other, "lift"),
        (&boss, "uphold"),
        (&other, "uphold"),
        (&boss, "lift"),
    ];
    let answers = join_all(decisions.map(|(by, decision)| decide(by, &filed, decision))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400]);
    app.stop().await;
}
