//! The whole way of a file, in a folder and in a bucket: opened, sent, examined, made smaller, fetched, removed.

use image::{GenericImageView as _, ImageFormat};
use platform::testing::TestApp;
use serde_json::Value;

use super::{
    MEDIA, bucket::start_on_a_bucket, clip, complete, contains, count, fetched, open, picture, send,
    send_file, stored, until_gone,
};
use crate::support::{TestUser, eventually, start_with, user, value};

async fn on_a_folder() -> TestApp {
    start_with(&[("SERVE_MEDIA", "true")]).await
}

/// The asset once its renditions are made.
async fn processed(app: &TestApp, ann: &TestUser, id: &Value) -> Value {
    let status = format!(
        "SELECT f.status FROM media_files f JOIN media_assets a ON a.file_id = f.id WHERE a.id = {id}"
    );
    eventually("the renditions", async || {
        (value::<String>(app, &status).await == "ready").then_some(())
    })
    .await;
    ann.client.get(&format!("{MEDIA}{id}/")).await.expect(200)
}

async fn a_picture_goes_all_the_way(app: TestApp) {
    let ann = user(&app).await;
    let file = picture(1600, 800, ImageFormat::Jpeg);
    let opened = open(&ann, "me.jpg", "image/jpeg", file.len()).await.expect(201);
    let pending = ann
        .client
        .get(&format!("{MEDIA}{}/", opened["id"]))
        .await
        .expect(200);
    assert_eq!(pending["status"], "pending");
    complete(&ann, &opened["id"]).await.expect(400);
    let status = send(&opened, file).await;
    assert!([200, 204].contains(&status), "{status}");
    let done = complete(&ann, &opened["id"]).await.expect(200);
    assert_eq!(
        (&done["status"], &done["mime"], &done["width"]),
        (&"ready".into(), &"image/jpeg".into(), &1600.into())
    );
    assert_eq!(done["checksum"].as_str().map(str::len), Some(64));
    // What was sent is not kept where it was sent to, nor is its place served.
    until_gone(&app, pending["s3_key"].as_str().expect("a key")).await;
    let asset = processed(&app, &ann, &opened["id"]).await;
    let urls = &asset["meta"]["urls"];
    assert_eq!(
        (&asset["url"], &asset["meta"]["url"]),
        (&urls["full"], &urls["full"])
    );
    let keys: Vec<String> = ["_1080.jpg", "_320.jpg"]
        .iter()
        .map(|end| asset["s3_key"].as_str().expect("a key").replace(".jpg", end))
        .collect();
    for (name, size) in [
        ("full", (1600, 800)),
        ("medium", (1080, 540)),
        ("small", (320, 160)),
    ] {
        let (status, bytes) = fetched(&urls[name]).await;
        assert_eq!(status, 200, "{name}");
        let image = image::load_from_memory(&bytes).expect("is a picture");
        assert_eq!(image.dimensions(), size, "{name}");
    }
    let gone = ann.client.delete(&format!("{MEDIA}{}/", opened["id"])).await;
    assert_eq!(gone.status, 204);
    let full = asset["s3_key"].as_str().expect("a key");
    for key in [full, &keys[0], &keys[1]] {
        until_gone(&app, key).await;
    }
    eventually("the removal of the row", async || {
        (count(&app, "media_files").await == 0).then_some(())
    })
    .await;
    app.stop().await;
}

/// Longer than what is kept in memory, and than what a bucket takes at once.
async fn a_video_goes_all_the_way(app: TestApp) {
    let ann = user(&app).await;
    let file = clip(9_000_000);
    assert!(contains(&file, b"+41.7151"));
    for by_form in [false, true] {
        let asset = if by_form {
            let meta = [("meta", r#"{"alt":"a clip"}"#)];
            send_file(&ann, "a.mov", "video/quicktime", &file, &meta)
                .await
                .expect(201)
        } else {
            let opened = open(&ann, "a.mp4", "video/mp4", file.len()).await.expect(201);
            send(&opened, file.clone()).await;
            complete(&ann, &opened["id"]).await.expect(200)
        };
        let (mime, extension) = if by_form {
            ("video/quicktime", "mov")
        } else {
            ("video/mp4", "mp4")
        };
        assert_eq!(
            (&asset["mime"], &asset["duration"], &asset["width"]),
            (&mime.into(), &2.5.into(), &Value::Null)
        );
        let key = asset["s3_key"].as_str().expect("a key").to_owned();
        assert!(key.ends_with(extension), "{key}");
        let stored = stored(&app, &key).await;
        assert_eq!(stored.len(), file.len());
        assert!(!contains(&stored, b"+41.7151"));
        assert_eq!(fetched(&asset["url"]).await, (200, stored));
        assert_eq!(asset["meta"]["urls"]["small"], Value::Null);
        let alt = &asset["meta"]["alt"];
        assert_eq!(alt.is_null(), !by_form);
        let path = format!("{MEDIA}{}/", asset["id"]);
        assert_eq!(ann.client.delete(&path).await.status, 204);
        until_gone(&app, &key).await;
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_in_a_folder() {
    a_picture_goes_all_the_way(on_a_folder().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_in_a_bucket() {
    a_picture_goes_all_the_way(start_on_a_bucket().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_in_a_folder() {
    a_video_goes_all_the_way(on_a_folder().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_in_a_bucket() {
    a_video_goes_all_the_way(start_on_a_bucket().await).await;
}
