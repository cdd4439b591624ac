//! What is left of somebody's files when they leave, and what they take along.

use platform::{id::UserId, testing::TestApp};
use serde_json::{Value, json};

use super::{MEDIA, count, is_stored, open, picture, png, send, send_file, until_gone, upload};
use crate::support::{PASSWORD, TestUser, eventually, execute, start, user, value};

async fn leave(ann: &TestUser) {
    let body = json!({ "password": PASSWORD });
    ann.client.post("me/account/delete/", &body).await.expect(202);
}

async fn is_there(app: &TestApp, user: &TestUser) -> bool {
    value::<i64>(app, &format!("SELECT count(*) FROM users WHERE id = {}", user.id)).await > 0
}

async fn until_left(app: &TestApp, user: &TestUser) {
    eventually("the deletion", async || {
        (!is_there(app, user).await).then_some(())
    })
    .await;
}

/// How often the deletion was given up for the moment.
async fn until_refused(app: &TestApp) {
    eventually("the first attempt at the deletion", async || {
        let counts = app.app.jobs().counts().await.expect("are counted");
        (counts.pending > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_takes_a_list_along() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let meta = [("meta", r#"{"alt":"green"}"#)];
    let own = send_file(&ann, "a.png", "image/png", &png(), &meta)
        .await
        .expect(201);
    let record = json!({ "s3_key": "elsewhere/1", "mime": "image/png" });
    ann.client.post(MEDIA, &record).await.expect(201);
    send_file(&bob, "b.png", "image/png", &png(), &[])
        .await
        .expect(201);
    ann.client.call("POST", "me/export/").await.expect(202);
    let url = eventually("the copy", async || {
        let answer = ann.client.get("me/export/").await.expect(200);
        answer["url"].as_str().map(str::to_owned)
    });
    let copy: Value = ann.client.get(&url.await).await.expect(200);
    let (files, assets) = (&copy["media"]["files"], &copy["media"]["assets"]);
    assert_eq!(files.as_array().map(Vec::len), Some(1));
    assert_eq!(
        json!([files[0]["key"], files[0]["size"], files[0]["url"]]),
        json!([
            own["s3_key"],
            png().len(),
            format!("/media/{}", own["s3_key"].as_str().expect("a key"))
        ])
    );
    assert_eq!(assets.as_array().map(Vec::len), Some(2));
    assert_eq!(
        json!([assets[0]["meta"], assets[1]["s3_key"]]),
        json!([{ "alt": "green" }, "elsewhere/1"])
    );
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_left_of_those_who_leave() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let large = picture(500, 500, image::ImageFormat::Jpeg);
    let own = send_file(&ann, "a.jpg", "image/jpeg", &large, &[])
        .await
        .expect(201);
    let other = send_file(&bob, "b.png", "image/png", &png(), &[])
        .await
        .expect(201);
    let opened = open(&ann, "secret name.png", "image/png", png().len())
        .await
        .expect(201);
    assert_eq!(send(&opened, png()).await, 204);
    let late = open(&ann, "late.png", "image/png", png().len()).await.expect(201);
    let sent: String = value(
        &app,
        &format!("SELECT key FROM media_uploads WHERE id = {}", opened["id"]),
    )
    .await;
    leave(&ann).await;
    until_left(&app, &ann).await;
    for key in [own["s3_key"].as_str().expect("a key"), &sent] {
        assert!(!is_stored(&app, key).await, "{key}");
    }
    until_gone(
        &app,
        &own["s3_key"].as_str().expect("a key").replace(".jpg", "_320.jpg"),
    )
    .await;
    assert!(is_stored(&app, other["s3_key"].as_str().expect("a key")).await);
    assert_eq!(
        (
            count(&app, "media_files").await,
            count(&app, "media_assets").await
        ),
        (1, 1)
    );
    // What may still come is known of until nothing can, and says nothing about anybody.
    assert_eq!(send(&late, png()).await, 404);
    let nobodys = "SELECT count(*) FROM media_uploads WHERE owner_id IS NULL AND file_name = ''";
    assert_eq!(value::<i64>(&app, nobodys).await, 2);
    app.advance(chrono::Duration::hours(3));
    media::purge(&app.app).await.expect("purges");
    assert_eq!(count(&app, "media_uploads").await, 0);
    app.stop().await;
}

/// A file is listed before it is written: while it is written, its owner's account waits.
#[tokio::test]
async fn an_account_does_not_go_before_a_file_that_is_being_stored() {
    let app = start().await;
    let ann = user(&app).await;
    let file = media::examine_image(upload("a.png", None, png()))
        .await
        .expect("is a picture");
    let file = media::store(&app.app, UserId(ann.id), "posts/images/", file)
        .await
        .expect("is stored");
    let set = |status: &str| {
        format!(
            "UPDATE media_files SET status = '{status}' WHERE id = {}",
            file.id
        )
    };
    execute(&app, &set("storing")).await;
    leave(&ann).await;
    until_refused(&app).await;
    assert!(is_there(&app, &ann).await && is_stored(&app, &file.key).await);
    execute(&app, &set("ready")).await;
    until_left(&app, &ann).await;
    assert!(!is_stored(&app, &file.key).await);
    app.stop().await;
}

#[tokio::test]
async fn uploads_amid_a_deletion_leave_nothing() {
    let app = start().await;
    let ann = user(&app).await;
    let file = png();
    let uploads = (0..12).map(|_| send_file(&ann, "a.png", "image/png", &file, &[]));
    let (answers, ()) = futures::join!(futures::future::join_all(uploads), leave(&ann));
    for answer in answers {
        assert!([201, 401, 404].contains(&answer.status), "{}", answer.text);
    }
    until_left(&app, &ann).await;
    assert_eq!(count(&app, "media_files").await, 0);
    let folder = app.database().folder().join("media/uploads");
    let left = std::fs::read_dir(folder).map_or(0, Iterator::count);
    assert_eq!(left, 0);
    app.stop().await;
}
