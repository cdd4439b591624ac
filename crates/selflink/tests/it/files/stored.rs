//! What other domains do with files: store, refer to, let go.

use futures::future::join_all;
use media::{FileKind, MediaError, StoredFile};
use platform::{id::UserId, testing::TestApp};
use sea_orm::DbErr;

use super::{clip, contains, count, is_stored, picture, png, stored, until_gone, upload};
use crate::support::{execute, start, user, value};

async fn store(app: &TestApp, owner: i64) -> StoredFile {
    let file = media::examine_image(upload("../../etc/passwd.png", None, png())).await;
    let file = file.expect("is a picture");
    media::store(&app.app, UserId(owner), "posts/images/", file)
        .await
        .expect("is stored")
}

async fn attach(app: &TestApp, owner: i64, ids: &[i64]) -> Result<(), DbErr> {
    app.app
        .db()
        .write(|tx| async move { media::attach(&tx, UserId(owner), ids).await })
        .await
}

async fn release(app: &TestApp, ids: &[i64]) {
    let released = app
        .app
        .db()
        .write(|tx| async move { media::release(&tx, ids).await });
    released.await.expect("is released");
}

#[tokio::test]
async fn a_file_is_stored_under_a_name_that_says_nothing() {
    let app = start().await;
    let ann = user(&app).await;
    let file = store(&app, ann.id).await;
    let name = file.key.strip_prefix("posts/images/").expect("is in its folder");
    assert_eq!(name.len(), 32 + ".png".len());
    assert_eq!(stored(&app, &file.key).await, png());
    assert_eq!(
        (
            file.kind,
            file.mime.as_str(),
            file.width,
            file.height,
            file.duration
        ),
        (FileKind::Image, "image/png", Some(5), Some(4), None)
    );
    assert!(file.is_processed && file.thumbnail_key.is_none());
    let video = media::examine_video(upload("a.mov", None, clip(9))).await;
    let video = media::store(
        &app.app,
        UserId(ann.id),
        "posts/videos/",
        video.expect("is a video"),
    );
    let video = video.await.expect("is stored");
    assert!(!contains(&stored(&app, &video.key).await, b"+41.7151"));
    assert_eq!(
        (video.kind, video.mime.as_str(), video.duration),
        (FileKind::Video, "video/quicktime", Some(2.5))
    );
    let ids = [file.id, video.id, 5];
    let found = media::files(app.app.db().reader(), &ids)
        .await
        .expect("are found");
    assert_eq!(found.len(), 2);
    assert_eq!((&found[&file.id], &found[&video.id]), (&file, &video));
    app.stop().await;
}

#[tokio::test]
async fn what_nobody_refers_to_goes_after_a_day() {
    let app = start().await;
    let ann = user(&app).await;
    let (used, loose) = (store(&app, ann.id).await, store(&app, ann.id).await);
    attach(&app, ann.id, &[used.id, used.id])
        .await
        .expect("is attached");
    assert_eq!(media::purge(&app.app).await.expect("purges").files, 0);
    app.advance(chrono::Duration::hours(25));
    assert_eq!(media::purge(&app.app).await.expect("purges").files, 1);
    assert!(is_stored(&app, &used.key).await && !is_stored(&app, &loose.key).await);
    // It is too late to refer to it.
    attach(&app, ann.id, &[loose.id]).await.expect_err("is gone");
    release(&app, &[used.id]).await;
    until_gone(&app, &used.key).await;
    crate::support::eventually("the removal of the row", async || {
        (count(&app, "media_files").await == 0).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_is_referred_to_once_and_by_its_owner() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (first, second) = (store(&app, ann.id).await, store(&app, ann.id).await);
    attach(&app, bob.id, &[first.id]).await.expect_err("is not his");
    let outcomes = join_all((0..6).map(|_| attach(&app, ann.id, std::slice::from_ref(&first.id)))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    // All of them or none.
    attach(&app, ann.id, &[second.id, first.id])
        .await
        .expect_err("one is taken");
    let loose = "SELECT count(*) FROM media_files WHERE loose_since IS NOT NULL";
    assert_eq!(value::<i64>(&app, loose).await, 1);
    attach(&app, ann.id, &[]).await.expect("nothing is asked for");
    release(&app, &[]).await;
    app.stop().await;
}

#[tokio::test]
async fn a_file_of_an_account_that_is_gone_is_not_kept() {
    let app = start().await;
    let ann = user(&app).await;
    execute(&app, &format!("DELETE FROM users WHERE id = {}", ann.id)).await;
    let file = media::examine_image(upload("a.png", None, png())).await;
    let outcome = media::store(
        &app.app,
        UserId(ann.id),
        "posts/images/",
        file.expect("is a picture"),
    )
    .await;
    assert!(matches!(outcome, Err(MediaError::NoSuchOwner)), "{outcome:?}");
    let folder = app.database().folder().join("media/posts/images");
    assert!(std::fs::read_dir(folder).is_err(), "nothing was written");
    app.stop().await;
}

#[tokio::test]
async fn large_pictures_become_2048_pixels_long() {
    let large = picture(4096, 1000, image::ImageFormat::Jpeg);
    let file = media::examine_image(upload("a.jpg", Some("text/html"), large)).await;
    let app = start().await;
    let ann = user(&app).await;
    let file = media::store(
        &app.app,
        UserId(ann.id),
        "posts/images/",
        file.expect("is a picture"),
    )
    .await
    .expect("is stored");
    assert_eq!((file.width, file.height), (Some(2048), Some(500)));
    assert!(!file.is_processed);
    app.stop().await;
}

#[tokio::test]
async fn assets_are_found_by_those_who_show_them() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut ids = Vec::new();
    for (owner, key) in [(&ann, "a"), (&bob, "b"), (&ann, "c")] {
        let body = serde_json::json!({ "s3_key": key, "mime": "image/png" });
        let made = owner.client.post("media/", &body).await.expect(201);
        ids.push(made["id"].as_i64().expect("an id"));
    }
    let asked = [ids[2], 7, ids[1], ids[0], ids[2]];
    let own = media::own_assets(app.app.db().reader(), UserId(ann.id), &asked).await;
    assert_eq!(own.expect("are found"), [ids[2], ids[0]]);
    let origin = platform::http::Origin {
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        claimed_address: std::net::Ipv4Addr::LOCALHOST.into(),
        base_url: "http://h.example".to_owned(),
    };
    let found = media::assets(&app.app, &origin, &asked).await.expect("are found");
    assert_eq!(found.len(), 3);
    assert_eq!(found[&ids[1]].s3_key, "b");
    let url = media::url(&app.app, &origin, "posts/images/a b.png").await;
    assert_eq!(url, "http://h.example/media/posts/images/a%20b.png");
    app.stop().await;
}
