//! Reports of everybody, as moderators work on them.

use serde_json::{Value, json};

use super::{HANDLED, REPORTS, forbidden, member, report};
use crate::support::{eventually, field, staff, start, user, value};

#[tokio::test]
async fn staff_and_members_of_the_team_see_everything_and_nobody_else() {
    let app = start().await;
    let (ann, boss, team) = (user(&app).await, staff(&app).await, member(&app).await);
    let filed = report(&ann, "user", boss.id).await;
    let mut expected = filed.clone();
    expected["reporter"] = json!(ann.id);
    let path = format!("{HANDLED}{}/", filed["id"]);
    for moderator in [&boss, &team] {
        assert_eq!(moderator.client.get(&path).await.expect(200), expected);
        let list = moderator.client.get(HANDLED).await.expect(200);
        assert_eq!(list["results"], json!([expected]));
    }
    for (method, path) in [
        ("GET", HANDLED.to_owned()),
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("PUT", path.clone()),
        ("DELETE", path.clone()),
        ("PATCH", format!("{HANDLED}1/")),
    ] {
        app.client().call(method, &path).await.expect(401);
        assert_eq!(
            ann.client.call(method, &path).await.expect(403),
            forbidden(),
            "{method} {path}"
        );
    }
    let unknown = boss.client.get(&format!("{HANDLED}1/")).await.expect(404);
    assert_eq!(unknown, json!({ "detail": "No Report matches the given query." }));
    boss.client
        .post(HANDLED, &json!({ "status": "open" }))
        .await
        .expect(405);
    app.stop().await;
}

#[tokio::test]
async fn moderators_change_status_and_notes_alone() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    let filed = report(&ann, "user", boss.id).await;
    let path = format!("{HANDLED}{}/", filed["id"]);
    let refused = boss
        .client
        .patch(&path, &json!({ "status": "bogus", "notes": null }))
        .await;
    assert_eq!(
        refused.expect(400),
        json!({ "status": ["\"bogus\" is not a valid choice."], "notes": ["This field may not be null."] })
    );
    let put = async |body: Value| {
        let answer = boss
            .client
            .send("PUT", &path, "application/json", body.to_string());
        answer.await.expect(200)
    };
    put(json!({})).await;
    let changed = put(json!({ "status": "resolved", "notes": "", "reason": "mine", "target_id": 7 })).await;
    assert_eq!(
        json!([changed["status"], changed["reason"], changed["target_id"]]),
        json!(["resolved", "because", boss.id])
    );
    let noted = boss
        .client
        .patch(&path, &json!({ "notes": "done" }))
        .await
        .expect(200);
    assert_eq!(
        json!([noted["status"], noted["notes"]]),
        json!(["resolved", "done"])
    );
    // The reporter sees it.
    let own = ann
        .client
        .get(&format!("{REPORTS}{}/", filed["id"]))
        .await
        .expect(200);
    assert_eq!(json!([own["status"], own["notes"]]), json!(["resolved", "done"]));
    assert_eq!(boss.client.delete(&path).await.status, 204);
    boss.client.get(&path).await.expect(404);
    eventually("the entries of the trail", async || {
        let count = |action: &str| {
            format!(
                "SELECT count(*) FROM audit_events WHERE action = 'moderation.{action}' AND actor_user_id = {}",
                boss.id
            )
        };
        let closed = value::<i64>(&app, &count("report_closed")).await;
        let deleted = value::<i64>(&app, &count("report_deleted")).await;
        (closed == 1 && deleted == 1).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn filters() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    let (first, second) = (
        report(&ann, "user", 1).await["id"].clone(),
        report(&ann, "post", 2).await["id"].clone(),
    );
    boss.client
        .patch(&format!("{HANDLED}{first}/"), &json!({ "status": "dismissed" }))
        .await
        .expect(200);
    for (query, expected) in [
        ("status=open", vec![&second]),
        ("status=dismissed", vec![&first]),
        ("status=in_review", vec![]),
        ("target_type=user", vec![&first]),
        ("target_type=user&status=open", vec![]),
        ("status=", vec![&second, &first]),
        ("status=nonsense", vec![]),
        ("target_type=%00", vec![]),
        ("ordering=created_at", vec![&first, &second]),
    ] {
        let list = boss.client.get(&format!("{HANDLED}?{query}")).await.expect(200);
        assert_eq!(field(&list, "id"), expected, "{query}");
    }
    app.stop().await;
}
