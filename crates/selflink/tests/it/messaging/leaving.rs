//! Leaving threads, and accounts that go.

use serde_json::json;

use super::{
    bodies, direct, group, history, id, listen, of_message, of_thread, read, seen, send, start_unlimited,
};
use crate::support::{PASSWORD, TestUser, eventually, start, user, value};

#[tokio::test]
async fn who_has_left_is_outside() {
    let app = start().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = group(&ann, &[&bob, &carol]).await;
    let message = send(&bob, &thread, "so long").await;
    let left = bob.client.call("POST", &of_thread(&thread, "leave/")).await;
    assert_eq!((left.status, left.text.as_str()), (204, ""));
    let outside = json!({ "detail": "Not a member of this thread" });
    for (method, rest) in [
        ("GET", ""),
        ("GET", "sync/"),
        ("POST", "leave/"),
        ("POST", "read/"),
        ("POST", "messages/"),
        ("PATCH", ""),
    ] {
        let answer = bob.client.call(method, &of_thread(&thread, rest)).await;
        assert_eq!(answer.expect(403), outside, "{method} {rest}");
    }
    bob.client.get(&of_message(&message, "")).await.expect(404);
    assert_eq!(bob.client.delete(&of_message(&message, "")).await.status, 404);
    assert_eq!(bob.client.get("threads/").await.expect(200), json!([]));
    assert_eq!(bodies(&history(&carol, &thread).await), ["so long"]);
    assert_eq!(seen(&carol, &thread).await["unread_count"], 1);
    app.stop().await;
}

async fn delete_account(app: &platform::testing::TestApp, user: &TestUser) {
    let body = json!({ "password": PASSWORD });
    let asked = user.client.post("me/account/delete/", &body).await;
    assert!(matches!(asked.status, 200 | 202 | 204), "{asked:?}");
    let gone = format!("SELECT count(*) FROM users WHERE id = {}", user.id);
    eventually("the account is gone", async || {
        (value::<i64>(app, &gone).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_account_takes_what_it_sent_with_it_and_leaves_the_rest_in_order() {
    let app = start_unlimited().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let crowd = group(&bob, &[&ann, &carol]).await;
    let two = direct(&bob, &ann).await;
    for thread in [&crowd, &two] {
        for sender in [&ann, &bob, &ann, &bob] {
            send(sender, thread, &sender.id.to_string()).await;
        }
    }
    let reply = json!({ "body": "r", "reply_to": id(&history(&ann, &crowd).await[1]) });
    ann.client
        .post(&of_thread(&crowd, "messages/"), &reply)
        .await
        .expect(201);
    let alone = direct(&bob, &carol).await;
    carol.client.call("POST", &of_thread(&alone, "leave/")).await;
    read(&ann, &two, &json!({})).await.expect(200);
    let mut heard = listen(&app, &carol).await;
    delete_account(&app, &bob).await;
    let left = heard.next().await;
    assert_eq!(
        json!([left["type"], left["thread_id"]]),
        json!(["member_left", crowd["id"]])
    );
    let messages = history(&carol, &crowd).await;
    let own = ann.id.to_string();
    assert_eq!(bodies(&messages), [own.as_str(), own.as_str(), "r"]);
    assert_eq!(messages[2]["reply_to"], json!(null));
    let shown = seen(&carol, &crowd).await;
    assert_eq!(
        json!([shown["unread_count"], shown["members"].as_array().map(Vec::len)]),
        json!([3, 2])
    );
    assert_eq!(seen(&ann, &two).await["unread_count"], 0);
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM threads").await,
        2,
        "the one that nobody was left in is gone"
    );
    assert_eq!(
        value::<i64>(&app, "SELECT CAST(sum(message_count) AS BIGINT) FROM threads").await,
        5
    );
    app.stop().await;
}

#[tokio::test]
async fn the_copy_of_ones_data_holds_what_one_wrote() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let thread = direct(&ann, &bob).await;
    send(&ann, &thread, "mine").await;
    let message = send(&bob, &thread, "a secret of bob").await;
    ann.client
        .post(&of_message(&message, "reactions/"), &json!({ "emoji": "x" }))
        .await
        .expect(200);
    ann.client.call("POST", "me/export/").await.expect(202);
    let url = eventually("the copy", async || {
        let answer = ann.client.get("me/export/").await.expect(200);
        answer["url"].as_str().map(str::to_owned)
    });
    let copy = ann.client.get(&url.await).await.expect(200);
    let own = &copy["messaging"];
    assert_eq!(own["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        json!([
            own["messages"][0]["body"],
            own["threads"][0]["id"],
            own["message_reactions"][0]["emoji"]
        ]),
        json!(["mine", thread["id"], "x"])
    );
    assert!(!copy.to_string().contains("a secret of bob"));
    app.stop().await;
}

#[tokio::test]
async fn a_thread_survives_whoever_began_it() {
    let app = start().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = group(&ann, &[&bob, &carol]).await;
    send(&bob, &thread, "x").await;
    delete_account(&app, &ann).await;
    assert_eq!(bodies(&history(&carol, &thread).await), ["x"]);
    assert_eq!(bob.client.delete(&of_thread(&thread, "")).await.status, 403);
    app.stop().await;
}
