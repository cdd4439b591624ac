//! Channels of posts and comments.

use serde_json::{Value, json};

use super::Socket;
use crate::support::{start, user};

#[tokio::test]
async fn likes_of_a_post_reach_those_who_look_at_it() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let post = ann
        .client
        .post("posts/", &json!({ "text": "hello" }))
        .await
        .expect(201);
    let id = post["id"].as_i64().expect("a number");
    let mut looking = Socket::open_with(
        &app,
        &bob,
        &format!("&channels=post:{},post:{id},post:{id}", id + 1),
    )
    .await;
    let mut elsewhere = Socket::open_with(&app, &ann, &format!("&channels=post:{}", id + 1)).await;
    bob.client
        .call("POST", &format!("posts/{id}/like/"))
        .await
        .expect(200);
    let told = looking.next().await;
    assert_eq!(
        told,
        json!({ "type": "post.liked", "post_id": id, "like_count": 1 })
    );
    assert_eq!(looking.settle().await, Vec::<Value>::new(), "once");
    let told = elsewhere.settle().await;
    assert!(told.iter().all(|frame| frame["type"] != "post.liked"), "{told:?}");
    app.stop().await;
}

#[tokio::test]
async fn twenty_channels_count_and_private_ones_never() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let names: Vec<String> = (1..=22).map(|number| format!("post:{number}")).collect();
    let list = format!(
        "junk:1,user:{},broadcast,*,realtime:recheck, {}",
        bob.id,
        names.join(",")
    );
    let list = list.replace(' ', "%20");
    let mut socket = Socket::open_with(&app, &ann, &format!("&channels={list}")).await;
    for number in [1, 20, 21, 22] {
        let message = json!({ "type": "gift.received", "id": number });
        let channel = format!("post:{number}");
        let sent = app.app.pubsub().publish(&channel, message.to_string().into());
        sent.await.expect("is published");
    }
    super::tell(&app, 9, &[&bob]).await;
    let ids: Vec<Value> = [socket.next().await, socket.next().await]
        .map(|frame| frame["id"].clone())
        .into();
    assert_eq!(ids, [json!(1), json!(20)]);
    assert_eq!(socket.settle().await, Vec::<Value>::new());
    app.stop().await;
}

#[tokio::test]
async fn a_broadcast_reaches_everybody() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut sockets = [Socket::open(&app, &ann).await, Socket::open(&app, &bob).await];
    let message = json!({ "type": "notice" });
    let sent = app.app.pubsub().publish("broadcast", message.to_string().into());
    sent.await.expect("is published");
    for socket in &mut sockets {
        assert_eq!(socket.next().await, message);
    }
    app.stop().await;
}
