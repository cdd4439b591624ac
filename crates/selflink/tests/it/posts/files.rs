//! Pictures and videos of posts and comments.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use platform::testing::{Answer, TestApp};
use serde_json::{Value, json};

use super::{comment, of_comment, of_post, post, read};
use crate::support::{TestUser, eventually, start, start_with, user, value};

const EDGE: &str = "----edge";
const NO_PICTURE: &str =
    "Upload a valid image. The file you uploaded was either not an image or a corrupted image.";

fn png(width: u32) -> Vec<u8> {
    let image: DynamicImage = RgbImage::from_pixel(width, 3, Rgb([200, 30, 60])).into();
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).expect("is encoded");
    bytes.into_inner()
}

/// As much of a video as is looked at.
pub fn clip() -> Vec<u8> {
    let mut bytes = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    bytes.extend(0..=255_u8);
    bytes
}

fn text(name: &str, content: &str) -> Vec<u8> {
    format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n").into_bytes()
}

/// A part with a file.
pub fn file(name: &str, file_name: &str, kind: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
         Content-Type: {kind}\r\n\r\n"
    );
    [head.as_bytes(), content, b"\r\n"].concat()
}

/// Parts with pictures.
pub fn pictures(field: &str, count: u32) -> Vec<Vec<u8>> {
    (1..=count)
        .map(|width| file(field, &format!("p{width}.png"), "image/png", &png(width)))
        .collect()
}

async fn send(user: &TestUser, path: &str, parts: &[Vec<u8>]) -> Answer {
    let body = [parts.concat(), format!("--{EDGE}--\r\n").into_bytes()].concat();
    let kind = format!("multipart/form-data; boundary={EDGE}");
    user.client.send("POST", path, &kind, body).await
}

/// A post with these files.
pub async fn post_with(user: &TestUser, words: &str, files: Vec<Vec<u8>>) -> Answer {
    send(user, "posts/", &[vec![text("text", words)], files].concat()).await
}

async fn files(app: &TestApp) -> i64 {
    value(app, "SELECT count(*) FROM media_files").await
}

#[tokio::test]
async fn pictures_are_shown_in_the_order_sent() {
    let app = start_with(&[("SERVE_MEDIA", "true")]).await;
    let ann = user(&app).await;
    let mut sent = pictures("images", 2);
    sent.extend(pictures("images_upload", 1));
    sent.push(text("visibility", "followers"));
    sent.push(text("language", "fr"));
    let made = post_with(&ann, "", sent).await.expect(201);
    assert_eq!(
        json!([made["text"], made["visibility"], made["language"], made["video"]]),
        json!(["", "followers", "fr", null])
    );
    let images = made["images"].as_array().expect("a list");
    let urls: Vec<&Value> = images.iter().map(|image| &image["url"]).collect();
    assert_eq!(made["image_urls"], json!(urls));
    assert_eq!(json!([images[0]["order"], images[2]["order"]]), json!([0, 2]));
    for (url, width) in urls.iter().zip([1, 2, 1]) {
        let url = url.as_str().expect("a URL");
        assert!(
            url.starts_with(&format!("{}/media/posts/images/", app.url)),
            "{url}"
        );
        let key = url.split("/media/").last().expect("a key");
        let stored = app.app.storage().get(key).await.expect("is stored");
        let picture = image::load_from_memory(&stored).expect("is a picture");
        assert_eq!(picture.width(), width);
        let served = ann.client.get(url).await;
        assert_eq!((served.status, served.header("content-type")), (200, "image/png"));
    }
    assert_eq!(read(&ann, &made).await["images"], made["images"]);
    // With pictures, the text may be taken away; without, not.
    let blank = json!({ "text": "" });
    ann.client.patch(&of_post(&made, ""), &blank).await.expect(200);
    let plain = post(&ann, "words").await;
    ann.client.patch(&of_post(&plain, ""), &blank).await.expect(400);
    app.stop().await;
}

#[tokio::test]
async fn a_video_stands_alone() {
    let app = start().await;
    let ann = user(&app).await;
    let one = |field: &str, kind: &str| vec![file(field, "clip.mp4", kind, &clip())];
    for field in ["video", "video_upload"] {
        let made = post_with(&ann, "", one(field, "video/mp4")).await.expect(201);
        let video = &made["video"];
        assert_eq!(
            json!([
                video["mime_type"],
                video["duration"],
                video["thumbnail_url"],
                made["images"]
            ]),
            json!(["video/mp4", null, null, []])
        );
        assert!(
            video["url"]
                .as_str()
                .is_some_and(|url| url.contains("/media/posts/videos/"))
        );
    }
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM posts WHERE has_video").await,
        2
    );
    let both = [one("video", "video/mp4"), pictures("images", 1)].concat();
    assert_eq!(
        post_with(&ann, "x", both).await.expect(400),
        json!({ "video": ["Choose either a video or images for a post in this version."] })
    );
    assert_eq!(
        post_with(&ann, "x", one("video", "image/png")).await.expect(400),
        json!({ "video": ["Unsupported video format."] })
    );
    let empty = vec![file("video", "clip.mp4", "video/mp4", b"")];
    assert_eq!(
        post_with(&ann, "x", empty).await.expect(400),
        json!({ "video_upload": ["The submitted file is empty."] })
    );
    let mut large = clip();
    large.resize(52_428_801, 0);
    let large = vec![file("video", "clip.mp4", "video/mp4", &large)];
    assert_eq!(
        post_with(&ann, "x", large).await.expect(400),
        json!({ "video": ["Video file is too large."] })
    );
    assert_eq!(files(&app).await, 2);
    app.stop().await;
}

#[tokio::test]
async fn one_bad_file_refuses_the_whole() {
    let app = start().await;
    let ann = user(&app).await;
    let target = post(&ann, "a post").await;
    assert_eq!(
        post_with(&ann, "x", pictures("images", 5)).await.expect(400),
        json!({ "images": ["You can upload up to 4 images."] })
    );
    for (name, content, message) in [
        ("a.png", &b"no picture"[..], NO_PICTURE),
        ("a.png", b"", "The submitted file is empty."),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", NO_PICTURE),
    ] {
        let bad = [
            pictures("images", 1),
            vec![file("images", name, "image/png", content)],
        ]
        .concat();
        let refused = json!({ "images_upload": { "1": [message] } });
        assert_eq!(post_with(&ann, "x", bad.clone()).await.expect(400), refused);
        let on_post = [vec![text("post", &target["id"].to_string())], bad].concat();
        assert_eq!(send(&ann, "comments/", &on_post).await.expect(400), refused);
    }
    let foreign = vec![file("images", "a.exe", "image/png", &png(1))];
    let refused = post_with(&ann, "x", foreign).await.expect(400);
    let message = refused["images_upload"]["0"][0].as_str().expect("a message");
    assert!(
        message.starts_with("File extension “exe” is not allowed."),
        "{message}"
    );
    // Nor is anything stored for a comment that cannot be made.
    let nowhere = [vec![text("post", "5")], pictures("images", 1)].concat();
    assert!(send(&ann, "comments/", &nowhere).await.expect(400)["post"].is_array());
    assert_eq!(files(&app).await, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_comment_may_be_pictures_alone_and_takes_them_with_it() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let target = post_with(&ann, "", pictures("images", 1)).await.expect(201);
    let parts = [
        vec![text("post", &target["id"].to_string()), text("text", "")],
        pictures("images", 2),
    ]
    .concat();
    let said = send(&bob, "comments/", &parts).await.expect(201);
    assert_eq!(said["images"].as_array().map(Vec::len), Some(2));
    let url = said["image_urls"][0].as_str().expect("a URL");
    assert!(url.contains("/media/comments/images/"), "{url}");
    let listed = ann
        .client
        .get(&format!("comments/?post={}", target["id"]))
        .await
        .expect(200);
    assert_eq!(listed["results"][0]["image_urls"], said["image_urls"]);
    let below = super::reply(&ann, &said, "nice").await;
    let parts = [
        vec![
            text("post", &target["id"].to_string()),
            text("parent", &below["id"].to_string()),
        ],
        pictures("images", 1),
    ]
    .concat();
    send(&bob, "comments/", &parts).await.expect(201);
    assert_eq!(files(&app).await, 4);
    let left = async |count: i64| {
        eventually("the removal of files", async || {
            (files(&app).await == count).then_some(())
        })
        .await;
    };
    assert_eq!(bob.client.delete(&of_comment(&said, "")).await.status, 204);
    left(1).await;
    let parts = [
        vec![text("post", &target["id"].to_string())],
        pictures("images", 1),
    ]
    .concat();
    send(&bob, "comments/", &parts).await.expect(201);
    comment(&bob, &target, "x").await;
    assert_eq!(ann.client.delete(&of_post(&target, "")).await.status, 204);
    left(0).await;
    app.stop().await;
}

#[tokio::test]
async fn ones_own_records_of_media_are_attached() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let now = app.app.clock().now().to_rfc3339();
    for (id, owner) in [(1, ann.id), (2, bob.id), (3, ann.id)] {
        crate::support::execute(
            &app,
            &format!(
                "INSERT INTO media_assets (id, owner_id, s3_key, mime, meta, created_at, updated_at) \
                 VALUES ({id}, {owner}, 'k{id}', 'image/png', '{{}}', '{now}', '{now}')"
            ),
        )
        .await;
    }
    let body = json!({ "text": "x", "media_ids": [3, 2, 99, "1", 3] });
    let made = ann.client.post("posts/", &body).await.expect(201);
    let keys: Vec<&Value> = made["media"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|asset| &asset["s3_key"])
        .collect();
    assert_eq!(keys, ["k3", "k1"]);
    app.stop().await;
}
