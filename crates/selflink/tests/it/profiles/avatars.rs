//! Avatars: what is taken, what is stored of it, and what goes again.

use std::io::Cursor;

use futures::future::join_all;
use image::{
    DynamicImage, GenericImageView as _, ImageEncoder as _, ImageFormat, RgbImage, codecs::jpeg::JpegEncoder,
};
use platform::{id::UserId, testing::TestApp};
use serde_json::json;

use super::{MAP, full, key, part, picture, png, send_parts, upload};
use crate::support::{eventually, execute, start, start_with, user, value};

const NO_PICTURE: &str =
    "Upload a valid image. The file you uploaded was either not an image or a corrupted image.";

async fn stored(app: &TestApp, key: &str) -> Vec<u8> {
    app.app.storage().get(key).await.expect("is stored").to_vec()
}

async fn avatars(app: &TestApp) -> i64 {
    value(app, "SELECT count(*) FROM avatars").await
}

/// Orientation 6 (turned by 90°) and the maker of the camera.
fn exif() -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
    block.extend_from_slice(b"\x0f\x01\x02\0\x0a\0\0\0\x26\0\0\0");
    block.extend_from_slice(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    block.extend_from_slice(b"\0\0\0\0SecretCam\0");
    block
}

#[tokio::test]
async fn metadata_does_not_survive_and_orientation_is_applied() {
    let app = start().await;
    let ann = user(&app).await;
    let mut sent = Vec::new();
    let mut encoder = JpegEncoder::new(&mut sent);
    encoder.set_exif_metadata(exif()).expect("is taken");
    let image: DynamicImage = RgbImage::new(40, 20).into();
    image.write_with_encoder(encoder).expect("is encoded");
    let contains = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    assert!(contains(&sent, b"Exif") && contains(&sent, b"SecretCam"));
    let saved = upload(&ann, "holiday.jpg", &sent).await.expect(200);
    let kept = stored(&app, &key(&saved["avatar_image"])).await;
    assert!(!contains(&kept, b"Exif") && !contains(&kept, b"SecretCam"));
    let image = image::load_from_memory_with_format(&kept, ImageFormat::Jpeg).expect("is a JPEG");
    assert_eq!(image.dimensions(), (20, 40));
    app.stop().await;
}

#[tokio::test]
async fn an_avatar_is_served_scaled_down_and_becomes_the_photo() {
    let app = start_with(&[("SERVE_MEDIA", "true")]).await;
    let ann = user(&app).await;
    // Before anything else of the map is there, as the app does it.
    let saved = upload(&ann, "me my (1).PNG", &picture(2000, 1000, ImageFormat::Png))
        .await
        .expect(200);
    let url = saved["avatar_image"].as_str().expect("a URL").to_owned();
    assert_eq!(url, format!("{}/media/avatars/me_my_1.png", app.url));
    let served = ann.client.get(&url).await;
    assert_eq!((served.status, served.header("content-type")), (200, "image/png"));
    let image = image::load_from_memory(&stored(&app, "avatars/me_my_1.png").await).expect("is a picture");
    assert_eq!(image.dimensions(), (1024, 512));
    let me = ann.client.get("users/me/").await.expect(200);
    assert_eq!(me["photo"], "/media/avatars/me_my_1.png");
    assert_eq!(ann.client.get(MAP).await.expect(200), saved);
    app.stop().await;
}

#[tokio::test]
async fn every_format_is_taken_and_named_by_what_it_is() {
    let app = start().await;
    let ann = user(&app).await;
    let formats = [
        ImageFormat::Bmp,
        ImageFormat::Gif,
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Tiff,
        ImageFormat::WebP,
    ];
    for format in formats {
        let extension = format.extensions_str()[0];
        let saved = upload(&ann, &format!("own.{extension}"), &picture(5, 4, format))
            .await
            .expect(200);
        let stored = stored(&app, &key(&saved["avatar_image"])).await;
        assert_eq!(image::guess_format(&stored).expect("is a picture"), format);
    }
    let saved = upload(&ann, "telephone.jpg", &png()).await.expect(200);
    assert_eq!(key(&saved["avatar_image"]), "avatars/telephone.png");
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let app = start().await;
    let ann = user(&app).await;
    let refused = |message: &str| json!({ "avatar_image": [message] });
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for (name, content) in [
        ("a.svg", &svg[..]),
        ("a.png", b"<html>"),
        ("a.png", &png()[..40]),
        ("a.jpg", b"GIF89a"),
    ] {
        assert_eq!(upload(&ann, name, content).await.expect(400), refused(NO_PICTURE));
    }
    assert_eq!(
        upload(&ann, "a.png", b"").await.expect(400),
        refused("The submitted file is empty.")
    );
    let allowed = "Allowed extensions are: bmp, gif, jpeg, jpg, png, tif, tiff, webp.";
    for (name, extension) in [("a.exe", "exe"), ("picture", ""), ("a.PhP", "php")] {
        let message = format!("File extension “{extension}” is not allowed. {allowed}");
        assert_eq!(upload(&ann, name, &png()).await.expect(400), refused(&message));
    }
    // Reported with what else is wrong, and nothing is stored.
    let parts = [
        part("avatar_image", Some("a.png"), b"x"),
        part("first_name", None, b""),
    ];
    assert_eq!(
        send_parts(&ann, "PATCH", &parts).await.expect(400),
        json!({ "avatar_image": [NO_PICTURE], "first_name": ["This field may not be blank."] })
    );
    let parts = [
        part("avatar_image", Some("a.png"), &png()),
        part("first_name", None, b""),
    ];
    send_parts(&ann, "PATCH", &parts).await.expect(400);
    assert_eq!(avatars(&app).await, 0);
    app.stop().await;
}

/// Some bytes that claim to be a picture of gigabytes.
#[tokio::test]
async fn a_decompression_bomb_is_refused_by_its_header() {
    let app = start().await;
    let ann = user(&app).await;
    let mut bmp = picture(1, 1, ImageFormat::Bmp);
    for at in [18, 22] {
        bmp[at..at + 4].copy_from_slice(&30_000_u32.to_le_bytes());
    }
    let mut gif = picture(1, 1, ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    let wide = picture(8001, 1, ImageFormat::Png);
    for (name, bomb) in [("b.bmp", bmp), ("b.gif", gif), ("b.png", wide)] {
        assert_eq!(
            upload(&ann, name, &bomb).await.expect(400),
            json!({ "avatar_image": [NO_PICTURE] }),
            "{name}"
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn uploads_of_one_name_do_not_overwrite_each_other() {
    let app = start().await;
    let mut users = Vec::new();
    for _ in 0..6 {
        users.push(user(&app).await);
    }
    let pictures: Vec<Vec<u8>> = (1..=6).map(|width| picture(width, 1, ImageFormat::Png)).collect();
    let uploads = users
        .iter()
        .zip(&pictures)
        .map(|(user, picture)| upload(user, "same.png", picture));
    let mut keys = Vec::new();
    for (width, answer) in (1..).zip(join_all(uploads).await) {
        let key = key(&answer.expect(200)["avatar_image"]);
        let image = image::load_from_memory(&stored(&app, &key).await).expect("is a picture");
        assert_eq!(image.dimensions(), (width, 1));
        keys.push(key);
    }
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), avatars(&app).await), (6, 6));
    // Somebody wrote there without telling: it is not overwritten, and not taken for an avatar.
    app.app
        .storage()
        .put("avatars/other.png", "theirs".into(), "image/png")
        .await
        .expect("is stored");
    let saved = upload(&users[0], "other.png", &png()).await.expect(200);
    assert_ne!(key(&saved["avatar_image"]), "avatars/other.png");
    assert_eq!(stored(&app, "avatars/other.png").await, b"theirs");
    assert_eq!(
        value::<i64>(
            &app,
            "SELECT count(*) FROM avatars WHERE key = 'avatars/other.png'"
        )
        .await,
        0
    );
    app.stop().await;
}

#[tokio::test]
async fn a_replaced_avatar_goes_and_one_that_is_still_shown_stays() {
    let app = start().await;
    let ann = user(&app).await;
    ann.client.patch(MAP, &full()).await.expect(200);
    for name in ["one.png", "two.png"] {
        upload(&ann, name, &png()).await.expect(200);
    }
    let storage = app.app.storage();
    eventually("the removal of the old file", async || {
        (!storage.exists("avatars/one.png").await.expect("answers")).then_some(())
    })
    .await;
    eventually("the removal of its row", async || {
        (avatars(&app).await == 1).then_some(())
    })
    .await;
    assert!(storage.exists("avatars/two.png").await.expect("answers"));
    // Taken away from the map, it is still the account's photo.
    let saved = ann
        .client
        .patch(MAP, &json!({ "avatar_image": null }))
        .await
        .expect(200);
    assert_eq!(saved["avatar_image"], json!(null));
    assert_eq!(
        ann.client.get("users/me/").await.expect(200)["photo"],
        "/media/avatars/two.png"
    );
    app.advance(chrono::Duration::days(2));
    identity::purge_avatars(&app.app).await.expect("purges");
    assert!(storage.exists("avatars/two.png").await.expect("answers"));
    execute(&app, "UPDATE users SET photo = ''").await;
    identity::purge_avatars(&app.app).await.expect("purges");
    assert!(!storage.exists("avatars/two.png").await.expect("answers"));
    assert_eq!(avatars(&app).await, 0);
    app.stop().await;
}

/// What a crash between row and file, or between file and map, leaves behind.
#[tokio::test]
async fn leftovers_of_uploads_are_purged_when_they_are_old() {
    let app = start().await;
    let ann = user(&app).await;
    upload(&ann, "used.png", &png()).await.expect(200);
    let now = app.app.clock().now().to_rfc3339();
    for key in ["avatars/no-file.png", "avatars/no-map.png"] {
        execute(
            &app,
            &format!(
                "INSERT INTO avatars (key, user_id, created_at) VALUES ('{key}', {}, '{now}')",
                ann.id
            ),
        )
        .await;
    }
    let storage = app.app.storage();
    storage
        .put("avatars/no-map.png", "x".into(), "image/png")
        .await
        .expect("is stored");
    assert_eq!(identity::purge_avatars(&app.app).await.expect("purges"), 0);
    app.advance(chrono::Duration::days(2));
    assert_eq!(identity::purge_avatars(&app.app).await.expect("purges"), 2);
    assert!(!storage.exists("avatars/no-map.png").await.expect("answers"));
    assert!(storage.exists("avatars/used.png").await.expect("answers"));
    app.stop().await;
}

#[tokio::test]
async fn all_avatars_of_an_account_can_be_removed_again_and_again() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    upload(&ann, "ann.png", &png()).await.expect(200);
    upload(&bob, "bob.png", &png()).await.expect(200);
    for _ in 0..2 {
        identity::remove_avatars(&app.app, UserId(ann.id))
            .await
            .expect("removes");
    }
    let storage = app.app.storage();
    assert!(!storage.exists("avatars/ann.png").await.expect("answers"));
    assert!(storage.exists("avatars/bob.png").await.expect("answers"));
    assert_eq!(avatars(&app).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn text_and_file_travel_in_one_form() {
    let app = start().await;
    let ann = user(&app).await;
    let mut parts = vec![part("avatar_image", Some("p.png"), &png())];
    for (name, value) in full().as_object().expect("an object") {
        parts.push(part(name, None, value.as_str().expect("a text").as_bytes()));
    }
    let saved = send_parts(&ann, "PUT", &parts).await.expect(200);
    assert_eq!(
        (&saved["first_name"], &saved["is_complete"]),
        (&json!("Ann"), &json!(true))
    );
    assert!(saved["avatar_image"].is_string());
    // An empty value takes the picture away; a file input in which nothing was chosen does not.
    let nothing = [part("avatar_image", Some(""), b"")];
    assert!(send_parts(&ann, "PATCH", &nothing).await.expect(200)["avatar_image"].is_string());
    let empty = [part("avatar_image", None, b"")];
    assert!(send_parts(&ann, "PATCH", &empty).await.expect(200)["avatar_image"].is_null());
    let noise = Cursor::new(png()).into_inner();
    let text = [
        part("avatar_image", None, b"a.png"),
        part("other", Some("o.png"), &noise),
    ];
    assert_eq!(
        send_parts(&ann, "PATCH", &text).await.expect(400),
        json!({ "avatar_image": ["The submitted data was not a file. Check the encoding type on the form."] })
    );
    app.stop().await;
}
