//! Who is online, and who may know.

use platform::testing::{TestApp, is_postgres};
use serde_json::{Value, json};

use super::Socket;
use crate::support::{TestUser, eventually, start, start_with, user, value};

/// Nobody waits for ten seconds.
const QUICK: (&str, &str) = ("REALTIME_PRESENCE_GRACE_SECONDS", "1");

async fn follow_each_other(one: &TestUser, other: &TestUser) {
    for (follower, followee) in [(one, other), (other, one)] {
        let path = format!("users/{}/follow/", followee.id);
        follower.client.post(&path, &json!({})).await.expect(200);
    }
}

async fn talk(one: &TestUser, other: &TestUser) {
    let body = json!({ "user_id": other.id });
    one.client.post("threads/direct/", &body).await.expect(201);
}

/// What somebody sees of another.
async fn seen(viewer: &TestUser, user: &TestUser) -> Value {
    let answer = viewer.client.get(&format!("presence/?ids={}", user.id)).await;
    answer.expect(200)["results"][0].clone()
}

async fn sees(viewer: &TestUser, user: &TestUser, status: &str) {
    let what = format!("{} sees {} {status}", viewer.handle, user.handle);
    eventually(&what, async || {
        (seen(viewer, user).await["status"] == status).then_some(())
    })
    .await;
}

/// What somebody has heard besides, but for notifications of new followers.
async fn unasked(socket: &mut Socket) -> Vec<Value> {
    let mut frames = socket.settle().await;
    frames.retain(|frame| frame["type"] != "notification:new");
    frames
}

/// The next frame, which has to tell of this.
async fn hears(socket: &mut Socket, user: &TestUser, status: &str) {
    // A new follower is told of by a notification, too, which comes when it comes.
    let mut frame = socket.next().await;
    while frame["type"] == "notification:new" {
        frame = socket.next().await;
    }
    assert_eq!(
        (
            &frame["type"],
            &frame["user_id"],
            &frame["thread_id"],
            &frame["status"]
        ),
        (&json!("presence"), &json!(user.id), &Value::Null, &json!(status)),
        "{frame}"
    );
    assert!(
        frame["timestamp"].as_str().expect("a time").ends_with('Z'),
        "{frame}"
    );
}

#[tokio::test]
async fn friends_and_companions_are_told_and_strangers_are_not() {
    let app = start_with(&[QUICK]).await;
    let (ann, friend, companion, stranger) = (
        user(&app).await,
        user(&app).await,
        user(&app).await,
        user(&app).await,
    );
    follow_each_other(&ann, &friend).await;
    talk(&companion, &ann).await;
    stranger
        .client
        .post(&format!("users/{}/follow/", ann.id), &json!({}))
        .await
        .expect(200);
    let mut friends = Socket::open(&app, &friend).await;
    let mut companions = Socket::open(&app, &companion).await;
    let mut strangers = Socket::open(&app, &stranger).await;
    let first = Socket::open(&app, &ann).await;
    hears(&mut friends, &ann, "online").await;
    hears(&mut companions, &ann, "online").await;
    sees(&friend, &ann, "online").await;
    sees(&ann, &companion, "online").await;
    sees(&ann, &ann, "online").await;
    // A second window, and the end of one of the two, change nothing.
    let second = Socket::open(&app, &ann).await;
    drop(first);
    sees(&stranger, &ann, "offline").await;
    assert_eq!(seen(&stranger, &ann).await["last_seen_at"], Value::Null);
    drop(second);
    hears(&mut friends, &ann, "offline").await;
    hears(&mut companions, &ann, "offline").await;
    sees(&friend, &ann, "offline").await;
    assert!(seen(&friend, &ann).await["last_seen_at"].is_string());
    assert_eq!(seen(&stranger, &ann).await["last_seen_at"], Value::Null);
    assert_eq!(strangers.settle().await, Vec::<Value>::new());
    app.stop().await;
}

#[tokio::test]
async fn a_reconnection_is_not_seen() {
    let app = start_with(&[("REALTIME_PRESENCE_GRACE_SECONDS", "3600")]).await;
    let (ann, ben) = (user(&app).await, user(&app).await);
    follow_each_other(&ann, &ben).await;
    let mut bens = Socket::open(&app, &ben).await;
    drop(Socket::open(&app, &ann).await);
    let again = Socket::open(&app, &ann).await;
    hears(&mut bens, &ann, "online").await;
    drop(again);
    for _ in 0..3 {
        drop(Socket::open(&app, &ann).await);
    }
    sees(&ben, &ann, "online").await;
    assert_eq!(unasked(&mut bens).await, Vec::<Value>::new());
    app.stop().await;
}

#[tokio::test]
async fn whoever_hides_or_blocks_is_not_seen() {
    let app = start_with(&[QUICK]).await;
    let (ann, ben) = (user(&app).await, user(&app).await);
    follow_each_other(&ann, &ben).await;
    let mut bens = Socket::open(&app, &ben).await;
    let _anns = Socket::open(&app, &ann).await;
    hears(&mut bens, &ann, "online").await;
    let choose = async |show: bool| {
        let body = json!({ "show_presence": show });
        let answer = ann.client.patch("presence/settings/", &body).await;
        assert_eq!(answer.expect(200), body);
        assert_eq!(ann.client.get("presence/settings/").await.expect(200), body);
    };
    choose(false).await;
    hears(&mut bens, &ann, "offline").await;
    assert_eq!(
        seen(&ben, &ann).await,
        json!({ "user_id": ann.id, "status": "offline", "last_seen_at": null })
    );
    sees(&ann, &ann, "online").await;
    choose(true).await;
    hears(&mut bens, &ann, "online").await;
    // The setting `privacy` counts, too: nobody sees a private profile.
    for (privacy, status) in [
        ("private", "offline"),
        ("friends", "online"),
        ("public", "online"),
    ] {
        let body = json!({ "settings": { "privacy": privacy } });
        ann.client.patch("users/me/", &body).await.expect(200);
        sees(&ben, &ann, status).await;
    }
    talk(&ben, &ann).await;
    ben.client
        .post(&format!("users/{}/block/", ann.id), &json!({}))
        .await
        .expect(200);
    sees(&ben, &ann, "offline").await;
    sees(&ann, &ben, "offline").await;
    assert_eq!(unasked(&mut bens).await, Vec::<Value>::new());
    app.stop().await;
}

#[tokio::test]
async fn requests_are_bounded_and_checked() {
    let app = start().await;
    let ann = user(&app).await;
    let many = |count: usize| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    for bad in ["", "?ids=", "?ids=x", "?ids=1,,x", &format!("?ids={}", many(101))] {
        let answer = ann.client.get(&format!("presence/{bad}")).await;
        assert!(answer.expect(400)["ids"].is_array(), "{bad}");
    }
    let answer = ann.client.get(&format!("presence/?ids={}", many(100))).await;
    let results = answer.expect(200)["results"].as_array().expect("a list").clone();
    assert_eq!(results.len(), 100);
    assert!(results.iter().all(|result| result["status"] == "offline"));
    app.client().get("presence/?ids=1").await.expect(401);
    app.client().get("presence/settings/").await.expect(401);
    for bad in [
        json!({}),
        json!({ "show_presence": null }),
        json!({ "show_presence": "maybe" }),
    ] {
        let answer = ann.client.patch("presence/settings/", &bad).await;
        assert!(answer.expect(400)["show_presence"].is_array(), "{bad}");
    }
    app.stop().await;
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let app = start_with(&[QUICK, ("REALTIME_PRESENCE", "false")]).await;
    let (ann, ben) = (user(&app).await, user(&app).await);
    follow_each_other(&ann, &ben).await;
    let mut bens = Socket::open(&app, &ben).await;
    let _anns = Socket::open(&app, &ann).await;
    sees(&ben, &ann, "offline").await;
    assert_eq!(unasked(&mut bens).await, Vec::<Value>::new());
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM presence").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn the_copy_of_somebodys_data_says_when_they_were_there() {
    let app = start_with(&[QUICK]).await;
    let ann = user(&app).await;
    drop(Socket::open(&app, &ann).await);
    eventually("a note of it", async || {
        let noted = format!(
            "SELECT count(*) FROM presence WHERE user_id = {} AND last_seen_at IS NOT NULL",
            ann.id
        );
        (value::<i64>(&app, &noted).await == 1).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn people_are_online_over_all_gateways() {
    if !is_postgres() {
        println!("skipped: several processes need PostgreSQL and Redis");
        return;
    }
    let app = start_with(&[QUICK]).await;
    let second = TestApp::on(app.database(), selflink::instance(), &[QUICK]).await;
    let (ann, ben) = (user(&app).await, user(&app).await);
    follow_each_other(&ann, &ben).await;
    let mut bens = Socket::open(&app, &ben).await;
    let here = Socket::open(&app, &ann).await;
    hears(&mut bens, &ann, "online").await;
    let there = Socket::open(&second, &ann).await;
    drop(here);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    sees(&ben, &ann, "online").await;
    assert_eq!(unasked(&mut bens).await, Vec::<Value>::new());
    drop(there);
    hears(&mut bens, &ann, "offline").await;
    sees(&ben, &ann, "offline").await;
    // Whoever was connected to a gateway that has ended is gone once the others notice.
    let _there = Socket::open(&second, &ann).await;
    hears(&mut bens, &ann, "online").await;
    second.stop().await;
    sees(&ben, &ann, "offline").await;
    app.stop().await;
}
