//! Files that are not taken, and what is said about them.

use image::ImageFormat;
use serde_json::json;

use super::{clip, complete, count, open, picture, png, send, send_file, upload};
use crate::support::{start, user};

const NO_PICTURE: &str =
    "Upload a valid image. The file you uploaded was either not an image or a corrupted image.";

#[tokio::test]
async fn what_is_neither_picture_nor_video_is_refused() {
    let app = start().await;
    let ann = user(&app).await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let mut heic = clip(3);
    heic[8..12].copy_from_slice(b"heic");
    let mut bomb = picture(1, 1, ImageFormat::Bmp);
    for at in [18, 22] {
        bomb[at..at + 4].copy_from_slice(&30_000_u32.to_le_bytes());
    }
    let wide = picture(8001, 1, ImageFormat::Png);
    let (png, clip) = (png(), clip(3));
    for (name, kind, content, message) in [
        ("a.svg", "image/svg+xml", &svg[..], NO_PICTURE),
        ("a.mp4", "video/mp4", b"RIFF\0\0\0\0AVI ", NO_PICTURE),
        ("a.heic", "video/mp4", &heic, NO_PICTURE),
        ("a.bmp", "image/bmp", &bomb, NO_PICTURE),
        ("a.png", "image/png", &wide, NO_PICTURE),
        ("a.png", "image/png", &png[..30], NO_PICTURE),
        ("a.png", "image/png", b"", "The submitted file is empty."),
        ("a.mp4", "video/webm", &clip, "Unsupported video format."),
        (
            "a.avi",
            "application/octet-stream",
            &clip,
            "Unsupported video format.",
        ),
        (
            "a.exe",
            "image/png",
            &png,
            "File extension “exe” is not allowed. Allowed extensions are: bmp, gif, jpeg, jpg, png, tif, tiff, webp.",
        ),
    ] {
        let refused = send_file(&ann, name, kind, content, &[]).await.expect(400);
        assert_eq!(refused, json!({ "file": [message] }), "{name} {kind}");
    }
    // With what else is wrong.
    let refused = send_file(&ann, "a.png", "image/png", svg, &[("meta", "{")])
        .await
        .expect(400);
    assert_eq!(
        refused,
        json!({ "file": [NO_PICTURE], "meta": ["Value must be valid JSON."] })
    );
    assert_eq!(
        (
            count(&app, "media_files").await,
            count(&app, "media_assets").await
        ),
        (0, 0)
    );
    // What a video is called, and what it is said to be, does not matter where it says nothing.
    send_file(&ann, "a.mp4", "application/octet-stream", &clip, &[])
        .await
        .expect(201);
    app.stop().await;
}

#[tokio::test]
async fn sizes_are_limited() {
    let app = start().await;
    let ann = user(&app).await;
    let sizes = [
        ("video", media::LARGEST_VIDEO, 52_428_800),
        ("image", media::LARGEST_IMAGE, 26_214_400),
    ];
    for (kind, largest, expected) in sizes {
        assert_eq!(largest, expected, "{kind}");
    }
    let mut large = clip(3);
    large.resize(52_428_801, 0);
    let refused = send_file(&ann, "a.mp4", "video/mp4", &large, &[])
        .await
        .expect(400);
    assert_eq!(
        refused,
        json!({ "file": ["Ensure this file has no more than 52428800 bytes."] })
    );
    let other = media::examine_video(upload("a.mp4", None, large)).await;
    assert_eq!(other.err().as_deref(), Some("Video file is too large."));
    let mut large = png();
    large.resize(26_214_401, 0);
    let other = media::examine_image(upload("a.png", None, large)).await;
    assert_eq!(other.err().as_deref(), Some("Image file is too large."));
    app.stop().await;
}

#[tokio::test]
async fn a_bad_file_fails_its_asset_with_a_sentence() {
    let app = start().await;
    let ann = user(&app).await;
    for (name, mime, declared, content, sentence) in [
        ("a.png", "image/png", 6, &b"<html>"[..], NO_PICTURE),
        ("a.mp4", "video/mp4", 6, b"<html>", NO_PICTURE),
        (
            "a.exe",
            "image/png",
            png().len(),
            &png(),
            "File extension “exe” is not allowed. Allowed extensions are: bmp, gif, jpeg, jpg, png, tif, tiff, webp.",
        ),
    ] {
        let opened = open(&ann, name, mime, declared).await.expect(201);
        assert_eq!(send(&opened, content.to_vec()).await, 204);
        for _ in 0..2 {
            let asset = complete(&ann, &opened["id"]).await.expect(200);
            assert_eq!(
                json!([asset["status"], asset["meta"], asset["checksum"]]),
                json!(["failed", { "error": sentence }, ""])
            );
        }
    }
    assert_eq!(count(&app, "media_files").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn the_orders_of_uploads_are_checked() {
    let app = start().await;
    let ann = user(&app).await;
    let required = json!(["This field is required."]);
    assert_eq!(
        ann.client.post("media/uploads/", &json!({})).await.expect(400),
        json!({ "file_name": required, "mime": required, "size": required })
    );
    for (name, mime, size, errors) in [
        (
            "a.html",
            "text/html",
            5,
            json!({ "mime": ["Files of this type are not taken."] }),
        ),
        (
            "a.svg",
            "image/svg+xml",
            5,
            json!({ "mime": ["Files of this type are not taken."] }),
        ),
        (
            "a.png",
            "image/png",
            0,
            json!({ "size": ["Ensure this value is greater than or equal to 1."] }),
        ),
        (
            "a.png",
            "image/png",
            26_214_401,
            json!({ "size": ["Ensure this value is less than or equal to 26214400."] }),
        ),
        (
            "a.mp4",
            "video/mp4",
            52_428_801,
            json!({ "size": ["Ensure this value is less than or equal to 52428800."] }),
        ),
    ] {
        assert_eq!(open(&ann, name, mime, size).await.expect(400), errors, "{mime}");
    }
    open(&ann, "a.MOV", "VIDEO/QuickTime", 52_428_800)
        .await
        .expect(201);
    app.stop().await;
}
