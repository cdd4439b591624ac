//! Large files in request bodies.

use image::ImageFormat;
use serde_json::json;

use super::{part, picture, send_parts, upload};
use crate::support::{start, start_with, user};

/// More than is kept in memory, so it waits on disk until it is decoded.
#[tokio::test]
async fn a_large_picture_is_taken() {
    let app = start().await;
    let ann = user(&app).await;
    let large = picture(1200, 1000, ImageFormat::Bmp);
    assert!(large.len() > 3_000_000);
    let saved = upload(&ann, "large.bmp", &large).await.expect(200);
    assert!(
        saved["avatar_image"]
            .as_str()
            .is_some_and(|url| url.ends_with("/avatars/large.bmp"))
    );
    app.stop().await;
}

#[tokio::test]
async fn files_that_are_too_large_are_refused() {
    let app = start_with(&[("HTTP_UPLOAD_LIMIT", "27000000")]).await;
    let ann = user(&app).await;
    let answer = upload(&ann, "a.png", &vec![0; 25_000_001]).await;
    assert_eq!(
        answer.expect(400),
        json!({ "avatar_image": ["Ensure this file has no more than 25000000 bytes."] })
    );
    let refused = json!({ "detail": "The request body is larger than the limit of 27000000 bytes." });
    let answer = upload(&ann, "a.png", &vec![0; 27_000_001]).await;
    assert_eq!(answer.expect(413), refused);
    // Files that nobody asks for are read past, up to the same limit.
    let other = [part("other", Some("o.bin"), &vec![0; 26_000_000])];
    send_parts(&ann, "PATCH", &other).await.expect(200);
    app.stop().await;
}
