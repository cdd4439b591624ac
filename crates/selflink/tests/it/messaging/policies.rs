//! Blocks, and who wants to be written to.

use serde_json::json;

use super::{bodies, direct, group, history, listen, of_message, of_thread, pair, read, send, send_as};
use crate::support::{TestUser, execute, start, user};

fn detail(text: &str) -> serde_json::Value {
    json!({ "detail": text })
}

#[tokio::test]
async fn a_block_ends_what_two_people_say_to_each_other_but_not_what_they_said() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let known = json!({ "body": "before", "client_uuid": "c1" });
    let before = send_as(&ann, &thread, &known).await.expect(201);
    super::block(&bob, &ann).await;
    let mut heard = listen(&app, &bob).await;
    for (one, other) in [(&ann, &bob), (&bob, &ann)] {
        let fields = json!({ "body": "x", "thread": thread["id"] });
        let refused = detail("Cannot send messages to this user.");
        assert_eq!(send_as(one, &thread, &fields).await.expect(403), refused);
        assert_eq!(one.client.post("messages/", &fields).await.expect(403), refused);
        let apart = detail("Messaging is blocked between these users.");
        let body = json!({ "user_id": other.id, "participant_ids": [other.id] });
        assert_eq!(one.client.post("threads/direct/", &body).await.expect(403), apart);
        assert_eq!(one.client.post("threads/", &body).await.expect(403), apart);
        assert_eq!(bodies(&history(one, &thread).await), ["before"]);
        one.client
            .call("POST", &of_thread(&thread, "typing/"))
            .await
            .expect(200);
        let seen = other.client.get(&of_thread(&thread, "typing/")).await.expect(200);
        let typing = seen["typing_user_ids"].as_array().expect("is a list");
        assert!(!typing.contains(&json!(one.id)), "{seen}");
    }
    // What was sent before is not sent again, but known.
    assert_eq!(send_as(&ann, &thread, &known).await.expect(200), before);
    ann.client
        .post(&of_message(&before, "reactions/"), &json!({ "emoji": "x" }))
        .await
        .expect(200);
    let carol = user(&app).await;
    let crowd = group(&carol, &[&ann, &bob]).await;
    ann.client
        .call("POST", &of_thread(&crowd, "typing/"))
        .await
        .expect(200);
    send(&ann, &crowd, "to all").await;
    assert_eq!(
        heard.next().await["payload"]["body"],
        "to all",
        "neither typing nor a reaction before it"
    );
    let mut at_ann = listen(&app, &ann).await;
    read(&bob, &crowd, &json!({})).await.expect(200);
    send(&carol, &crowd, "end").await;
    assert_eq!(at_ann.until("end").await.len(), 1, "no receipts either");
    app.stop().await;
}

async fn set_policy(user: &TestUser, policy: &str) {
    let change = json!({ "settings": { "dm_policy": policy } });
    user.client.patch("users/me/", &change).await.expect(200);
}

#[tokio::test]
async fn who_wants_no_conversations_gets_no_new_ones() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let (carol, dave) = (user(&app).await, user(&app).await);
    let path = format!("users/{}/follow/", carol.id);
    bob.client.call("POST", &path).await.expect(200);
    let unwanted = detail("This user does not accept new conversations from you.");
    for (policy, is_carol_welcome) in [("nobody", false), ("following", true), ("something", true)] {
        set_policy(&bob, policy).await;
        let body = json!({ "user_id": bob.id, "participant_ids": [bob.id] });
        for path in ["threads/direct/", "threads/"] {
            assert_eq!(
                dave.client.post(path, &body).await.expect(403),
                unwanted,
                "{policy} {path}"
            );
            let answer = carol.client.post(path, &body).await;
            assert_eq!(
                answer.status != 403,
                is_carol_welcome,
                "{policy} {path}: {answer:?}"
            );
        }
        // What there is goes on, and groups are not asked.
        send(&ann, &thread, "x").await;
        assert_eq!(direct(&ann, &bob).await["id"], thread["id"]);
        group(&dave, &[&bob]).await;
    }
    set_policy(&bob, "everyone").await;
    direct(&dave, &bob).await;
    app.stop().await;
}

#[tokio::test]
async fn who_is_restricted_reads_but_does_not_write() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let message = send(&ann, &thread, "x").await;
    let until = (app.app.clock().now() + chrono::Duration::days(1)).to_rfc3339();
    let restricted = format!(
        "UPDATE users SET restricted_until = '{until}' WHERE id = {}",
        ann.id
    );
    execute(&app, &restricted).await;
    let body = json!({ "thread": thread["id"], "body": "y", "participant_ids": [bob.id], "user_id": bob.id, "emoji": "x" });
    for (method, path) in [
        ("POST", "messages/".to_owned()),
        ("POST", "threads/".to_owned()),
        ("POST", "threads/direct/".to_owned()),
        ("POST", of_thread(&thread, "messages/")),
        ("PATCH", of_message(&message, "")),
        ("POST", of_message(&message, "reactions/")),
    ] {
        let answer = ann
            .client
            .send(method, &path, "application/json", body.to_string())
            .await;
        assert_eq!(
            answer.expect(403)["code"],
            "account_restricted",
            "{method} {path}"
        );
    }
    assert_eq!(bodies(&history(&ann, &thread).await), ["x"]);
    assert_eq!(ann.client.delete(&of_message(&message, "")).await.status, 204);
    app.stop().await;
}
