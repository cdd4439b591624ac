//! Decisions: who makes them, about what, and how they are lifted.

use futures::future::join_all;
use serde_json::json;

use super::{
    ENFORCE, ENFORCEMENTS, HANDLED, REPORTS, enforce, forbidden, lift, member, post, report, superuser,
};
use crate::support::{eventually, field, staff, start, user, value};

#[tokio::test]
async fn a_decision_is_made_and_lifted() {
    let app = start().await;
    let (ann, boss, team) = (user(&app).await, staff(&app).await, member(&app).await);
    let made = enforce(&team, "warn", ("user", ann.id)).await.expect(201);
    assert_eq!(
        json!([
            made["user"],
            made["enforced_by"],
            made["is_in_force"],
            made["lifted_at"],
            made["report"]
        ]),
        json!([ann.id, team.id, true, null, null])
    );
    let list = boss.client.get(ENFORCEMENTS).await.expect(200);
    let seen = json!({
        "id": made["id"], "target_type": "user", "target_id": ann.id, "action": "warn", "reason": "a reason",
        "expires_at": null, "created_at": made["created_at"],
    });
    assert_eq!(list["results"], json!([seen]));
    let path = format!("{ENFORCEMENTS}{}/", made["id"]);
    assert_eq!(boss.client.get(&path).await.expect(200), seen);
    let lifted = lift(&boss, &made["id"]).await.expect(200);
    assert_eq!(
        json!([lifted["lifted_by"], lifted["is_in_force"]]),
        json!([boss.id, false])
    );
    assert_eq!(
        lift(&boss, &made["id"]).await.expect(400),
        json!({ "non_field_errors": ["This is no longer in force."] })
    );
    assert_eq!(
        lift(&boss, &json!(1)).await.expect(404),
        json!({ "detail": "No Enforcement matches the given query." })
    );
    eventually("the entries of the trail", async || {
        let query =
            "SELECT count(*) FROM audit_events WHERE action IN ('moderation.enforced', 'moderation.lifted')";
        (value::<i64>(&app, query).await == 2).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn the_list_is_for_staff_to_read_and_nobody_writes_it() {
    let app = start().await;
    let (ann, boss, team) = (user(&app).await, staff(&app).await, member(&app).await);
    for path in [ENFORCEMENTS.to_owned(), format!("{ENFORCEMENTS}1/")] {
        app.client().get(&path).await.expect(401);
        for other in [&ann, &team] {
            assert_eq!(other.client.get(&path).await.expect(403), forbidden());
        }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            boss.client
                .send(method, &path, "application/json", "{}")
                .await
                .expect(405);
        }
    }
    let unknown = boss.client.get(&format!("{ENFORCEMENTS}1/")).await.expect(404);
    assert_eq!(
        unknown,
        json!({ "detail": "No Enforcement matches the given query." })
    );
    app.stop().await;
}

#[tokio::test]
async fn nobody_else_decides() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let filed = report(&bob, "user", ann.id).await;
    for path in [
        ENFORCE.to_owned(),
        format!("{HANDLED}{}/enforce/", filed["id"]),
        "moderation/admin/enforcements/1/lift/".to_owned(),
    ] {
        app.client().post(&path, &json!({})).await.expect(401);
        assert_eq!(bob.client.post(&path, &json!({})).await.expect(403), forbidden());
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    let required = json!(["This field is required."]);
    assert_eq!(
        boss.client.post(ENFORCE, &json!({})).await.expect(400),
        json!({ "target_type": required, "target_id": required, "action": required, "reason": required })
    );
    for (change, errors) in [
        (
            json!({ "action": "burn" }),
            json!({ "action": ["\"burn\" is not a valid choice."] }),
        ),
        (
            json!({ "target_id": 5 }),
            json!({ "target_id": ["There is no such user."] }),
        ),
        (
            json!({ "target_type": "post", "target_id": 5 }),
            json!({ "target_id": ["There is no such post."] }),
        ),
        (
            json!({ "target_type": "comment", "target_id": 5 }),
            json!({ "target_id": ["There is no such comment."] }),
        ),
        (
            json!({ "target_type": "message", "target_id": 5 }),
            json!({ "target_id": ["There is no such message."] }),
        ),
        (
            json!({ "target_type": "post", "action": "ban" }),
            json!({ "target_type": ["Moderators cannot act on targets of this kind."] }),
        ),
        (
            json!({ "action": "remove" }),
            json!({ "action": ["Only posts, comments and messages can be removed."] }),
        ),
        (
            json!({ "expires_at": "2030-01-01T00:00:00Z" }),
            json!({ "expires_at": ["Only a suspension or a restriction can have an end."] }),
        ),
        (
            json!({ "action": "suspend", "expires_at": "2001-01-01T00:00:00Z" }),
            json!({ "expires_at": ["The end must be in the future."] }),
        ),
        (
            json!({ "action": "suspend", "expires_at": "tomorrow" }),
            json!({ "expires_at": ["Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."] }),
        ),
    ] {
        let mut body = json!({ "target_type": "user", "target_id": ann.id, "action": "warn", "reason": "r" });
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        assert_eq!(
            boss.client.post(ENFORCE, &body).await.expect(400),
            errors,
            "{change}"
        );
    }
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM enforcements").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_report_leads_to_a_decision_about_the_author() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let id = post(&ann, "nasty").await;
    let (first, second) = (report(&bob, "post", id).await, report(&boss, "post", id).await);
    let path = format!("{HANDLED}{}/enforce/", first["id"]);
    let verdict = json!({ "action": "restrict", "reason": "r", "expires_at": "2999-01-01T00:00" });
    let made = boss.client.post(&path, &verdict).await.expect(201);
    assert_eq!(
        json!([
            made["target_type"],
            made["target_id"],
            made["user"],
            made["report"],
            made["expires_at"]
        ]),
        json!(["user", ann.id, ann.id, first["id"], "2999-01-01T00:00:00Z"])
    );
    for (by, report) in [(&bob, &first), (&boss, &second)] {
        let own = by
            .client
            .get(&format!("{REPORTS}{}/", report["id"]))
            .await
            .expect(200);
        assert_eq!(own["status"], "resolved", "all about the same target are closed");
    }
    // Also when the words are gone by then.
    ann.client.delete(&format!("posts/{id}/")).await;
    boss.client
        .post(&path, &json!({ "action": "warn", "reason": "r" }))
        .await
        .expect(400);
    boss.client
        .post(&path, &json!({ "action": "ban", "reason": "r" }))
        .await
        .expect(201);
    let unknown = boss
        .client
        .post(&format!("{HANDLED}1/enforce/"), &verdict)
        .await
        .expect(404);
    assert_eq!(unknown, json!({ "detail": "No Report matches the given query." }));
    app.stop().await;
}

#[tokio::test]
async fn only_superusers_act_against_staff_and_nobody_in_their_own_case() {
    let app = start().await;
    let (one, other, boss) = (staff(&app).await, staff(&app).await, superuser(&app).await);
    for action in ["suspend", "ban", "restrict"] {
        assert_eq!(
            enforce(&one, action, ("user", other.id)).await.expect(403),
            json!({ "detail": "Only administrators can act against staff." })
        );
        assert_eq!(
            enforce(&one, action, ("user", one.id)).await.expect(403),
            json!({ "detail": "You cannot decide about your own account." })
        );
    }
    enforce(&boss, "ban", ("user", boss.id)).await.expect(403);
    let made = enforce(&boss, "restrict", ("user", one.id)).await.expect(201);
    assert_eq!(
        lift(&one, &made["id"]).await.expect(403),
        json!({ "detail": "You cannot decide about your own account." })
    );
    lift(&other, &made["id"]).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn the_same_is_not_decided_twice() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    let twice = json!({ "non_field_errors": ["This is in force already. Lift it first to change it."] });
    let made = enforce(&boss, "suspend", ("user", ann.id)).await.expect(201);
    assert_eq!(
        enforce(&boss, "suspend", ("user", ann.id)).await.expect(400),
        twice
    );
    enforce(&boss, "ban", ("user", ann.id)).await.expect(201);
    lift(&boss, &made["id"]).await.expect(200);
    // A suspension adds nothing to a ban.
    assert_eq!(
        enforce(&boss, "suspend", ("user", ann.id)).await.expect(400),
        twice
    );
    for _ in 0..2 {
        enforce(&boss, "warn", ("user", ann.id)).await.expect(201);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_decisions_at_once_one_is_made() {
    let app = start().await;
    let boss = staff(&app).await;
    for action in ["ban", "remove"] {
        let ann = user(&app).await;
        let target = match action {
            "remove" => ("post", post(&ann, "x").await),
            _ => ("user", ann.id),
        };
        let answers = join_all((0..8).map(|_| enforce(&boss, action, target))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 400, 400, 400, 400, 400, 400, 400], "{action}");
        let id = &answers
            .iter()
            .find(|answer| answer.status == 201)
            .expect("one was made")
            .json()["id"];
        let lifts = join_all((0..8).map(|_| lift(&boss, id))).await;
        let mut statuses: Vec<u16> = lifts.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400], "{action}");
    }
    app.stop().await;
}

#[tokio::test]
async fn removed_words_are_gone_from_everyones_sight_until_they_are_given_back() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let id = post(&ann, "nasty").await;
    let path = format!("posts/{id}/");
    let made = enforce(&boss, "remove", ("post", id)).await.expect(201);
    assert_eq!(made["user"], ann.id);
    bob.client.get(&path).await.expect(404);
    app.client().get(&path).await.expect(404);
    let list = bob
        .client
        .get(&format!("posts/?author={}", ann.id))
        .await
        .expect(200);
    assert!(field(&list, "id").is_empty());
    lift(&boss, &made["id"]).await.expect(200);
    bob.client.get(&path).await.expect(200);
    let comment = json!({ "text": "nasty", "post": id });
    let comment = bob.client.post("comments/", &comment).await.expect(201)["id"].clone();
    let target = ("comment", comment.as_i64().expect("a number"));
    let made = enforce(&boss, "remove", target).await.expect(201);
    let shown = async || {
        let list = ann.client.get(&format!("comments/?post={id}")).await.expect(200);
        field(&list, "id").len()
    };
    assert_eq!(shown().await, 0);
    lift(&boss, &made["id"]).await.expect(200);
    assert_eq!(shown().await, 1);
    app.stop().await;
}
