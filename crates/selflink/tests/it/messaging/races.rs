//! Many at once: nothing happens twice, nothing fails, and everything is in order.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{
    Heard, bodies, group, history, id, listen, of_message, of_thread, pair, send, send_as, start_unlimited,
};
use crate::support::{start, user, value};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_that_is_sent_again_and_again_is_stored_and_told_once() {
    let app = start_unlimited().await;
    let (ann, bob, thread) = pair(&app).await;
    let mut heard = listen(&app, &bob).await;
    for round in 0..10 {
        let sends = (0..8).map(|number| {
            let fields = json!({ "body": format!("{round}-{number}"), "client_uuid": format!("c{round}") });
            let (ann, thread) = (&ann, &thread);
            async move { send_as(ann, thread, &fields).await }
        });
        let answers = join_all(sends).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
        let first = answers[0].json();
        assert!(answers.iter().all(|answer| answer.json() == first));
    }
    // The same name by another sender, or in another thread, is another message.
    let fields = json!({ "body": "b", "client_uuid": "c0" });
    send_as(&bob, &thread, &fields).await.expect(201);
    send_as(&ann, &group(&ann, &[&bob]).await, &fields)
        .await
        .expect(201);
    send(&ann, &thread, "end").await;
    let told = heard.until("end").await;
    assert_eq!(told.len(), 13);
    assert_eq!(history(&ann, &thread).await.len(), 12);
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM thread_notices").await, 0);
    app.stop().await;
}

async fn told(mut heard: Heard, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let frame = heard.next().await;
        ids.push(frame["payload"]["id"].as_str().expect("is a text").to_owned());
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ids_times_and_events_of_a_thread_are_in_the_same_order() {
    let app = start_unlimited().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = &group(&ann, &[&bob, &carol]).await;
    let (at_bob, at_carol) = (listen(&app, &bob).await, listen(&app, &carol).await);
    let senders = [&ann, &bob, &carol].map(|sender| async move {
        for number in 0..20 {
            send(sender, thread, &number.to_string()).await;
        }
    });
    // Whoever asks for what is newer than the newest they know misses nothing, also while others send.
    let reader = async {
        let (mut known, mut newest) = (Vec::<Value>::new(), 0);
        while known.len() < 60 {
            let path = format!("{}?since={newest}", of_thread(thread, "sync/"));
            let page = bob.client.get(&path).await.expect(200);
            known.extend(page["messages"].as_array().expect("is a list").iter().cloned());
            newest = known.last().map_or(0, id);
        }
        known
    };
    let (known, _) = futures::join!(reader, join_all(senders));
    let all = history(&ann, thread).await;
    let ids: Vec<i64> = all.iter().map(id).collect();
    assert_eq!(ids.len(), 60);
    assert!(ids.is_sorted());
    assert_eq!(known.iter().map(id).collect::<Vec<_>>(), ids);
    let times: Vec<&str> = all
        .iter()
        .filter_map(|message| message["created_at"].as_str())
        .collect();
    assert!(times.is_sorted() && times.windows(2).all(|two| two[0] != two[1]));
    let expected: Vec<String> = ids.iter().map(i64::to_string).collect();
    assert_eq!(told(at_bob, 60).await, expected);
    assert_eq!(told(at_carol, 60).await, expected);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reactions_toggled_at_once_leave_what_the_answers_say() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let message = send(&ann, &thread, "x").await;
    let path = &of_message(&message, "reactions/");
    let body = &json!({ "emoji": "❤️" });
    for round in 1..=3 {
        let calls = (0..7).map(|_| bob.client.post(path, body));
        let answers = join_all(calls).await;
        let added = answers
            .iter()
            .filter(|answer| answer.expect(200)["action"] == "added")
            .count();
        let expected = if round % 2 == 1 { 4 } else { 3 };
        assert_eq!(added, expected);
        let left: i64 = value(&app, "SELECT count(*) FROM message_reactions").await;
        assert_eq!(left, round % 2);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_may_leave_at_once() {
    let app = start().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = &group(&ann, &[&bob, &carol]).await;
    send(&ann, thread, "x").await;
    let users = [&ann, &bob, &carol];
    let calls = users.map(|user| async move { user.client.call("POST", &of_thread(thread, "leave/")).await });
    for answer in join_all(calls).await {
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    for table in ["threads", "thread_members", "messages", "thread_notices"] {
        assert_eq!(
            value::<i64>(&app, &format!("SELECT count(*) FROM {table}")).await,
            0,
            "{table}"
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_happens_to_a_message_while_it_goes_does_not_fail() {
    let app = start_unlimited().await;
    let (ann, bob, thread) = pair(&app).await;
    for _ in 0..5 {
        let message = &send(&ann, &thread, "short-lived").await;
        let acts = (0..18).map(|number| {
            let (ann, bob, thread) = (&ann, &bob, &thread);
            async move {
                match number % 6 {
                    0 => {
                        bob.client
                            .post(&of_message(message, "reactions/"), &json!({ "emoji": "x" }))
                            .await
                    }
                    1 => {
                        bob.client
                            .post(&of_message(message, "ack/"), &json!({ "status": "delivered" }))
                            .await
                    }
                    2 => {
                        bob.client
                            .post(
                                &of_thread(thread, "read/"),
                                &json!({ "last_read_id": id(message) }),
                            )
                            .await
                    }
                    3 => {
                        ann.client
                            .patch(&of_message(message, ""), &json!({ "body": "y" }))
                            .await
                    }
                    4 => send_as(bob, thread, &json!({ "body": "r", "reply_to": id(message) })).await,
                    _ => ann.client.delete(&of_message(message, "")).await,
                }
            }
        });
        for answer in join_all(acts).await {
            assert!(matches!(answer.status, 200 | 201 | 204 | 400 | 404), "{answer:?}");
        }
    }
    assert!(
        bodies(&history(&ann, &thread).await)
            .iter()
            .all(|text| *text == "r")
    );
    app.stop().await;
}
