//! Smaller copies of pictures.

use image::{DynamicImage, GenericImageView as _, ImageFormat, Rgba, RgbaImage};
use media::StoredFile;
use platform::{id::UserId, jobs::Enqueue, testing::TestApp};
use serde_json::json;

use super::{count, is_stored, picture, stored, upload};
use crate::support::{eventually, execute, start, user, value};

async fn store(app: &TestApp, owner: i64, name: &str, content: Vec<u8>) -> StoredFile {
    let file = media::examine_image(upload(name, None, content)).await;
    media::store(
        &app.app,
        UserId(owner),
        "posts/images/",
        file.expect("is a picture"),
    )
    .await
    .expect("is stored")
}

async fn processed(app: &TestApp, id: i64) -> StoredFile {
    eventually("the renditions", async || {
        let mut found = media::files(app.app.db().reader(), &[id])
            .await
            .expect("are found");
        found.remove(&id).filter(|file| file.is_processed)
    })
    .await
}

async fn make_again(app: &TestApp, id: i64, key: &str) {
    let options = Enqueue {
        key: Some(key.to_owned()),
        ..Enqueue::default()
    };
    app.app
        .jobs()
        .enqueue_named("media.make_renditions", json!({ "file_id": id }), options)
        .await
        .expect("is enqueued");
}

#[tokio::test]
async fn only_smaller_ones_are_made() {
    let app = start().await;
    let ann = user(&app).await;
    for (width, height, expected) in [
        (320, 200, vec![]),
        (400, 321, vec![("small", 320, 257)]),
        (600, 1200, vec![("medium", 540, 1080), ("small", 160, 320)]),
    ] {
        let file = store(&app, ann.id, "a.webp", picture(width, height, ImageFormat::WebP)).await;
        let file = processed(&app, file.id).await;
        let made: Vec<(&str, i64, i64)> = file
            .renditions
            .iter()
            .map(|made| (made.name.as_str(), made.width, made.height))
            .collect();
        assert_eq!(made, expected);
        for made in &file.renditions {
            assert_eq!(made.mime, "image/jpeg");
            let image = image::load_from_memory(&stored(&app, &made.key).await).expect("is a picture");
            assert_eq!(
                (i64::from(image.width()), i64::from(image.height())),
                (made.width, made.height)
            );
        }
        let smallest = file.renditions.last().map(|made| made.key.clone());
        assert_eq!(file.thumbnail_key, smallest);
    }
    let glass: DynamicImage = RgbaImage::from_pixel(500, 500, Rgba([9, 9, 9, 90])).into();
    let mut bytes = std::io::Cursor::new(Vec::new());
    glass.write_to(&mut bytes, ImageFormat::Png).expect("is encoded");
    let file = store(&app, ann.id, "a.png", bytes.into_inner()).await;
    let file = processed(&app, file.id).await;
    assert_eq!(file.renditions[0].mime, "image/png");
    let image = image::load_from_memory(&stored(&app, &file.renditions[0].key).await).expect("is a picture");
    assert_eq!((image.dimensions(), image.get_pixel(0, 0)[3]), ((320, 320), 90));
    app.stop().await;
}

#[tokio::test]
async fn they_are_made_once_and_again_after_a_crash() {
    let app = start().await;
    let ann = user(&app).await;
    let file = store(&app, ann.id, "a.jpg", picture(500, 400, ImageFormat::Jpeg)).await;
    let first = processed(&app, file.id).await;
    let key = &first.renditions[0].key;
    let storage = app.app.storage();
    storage
        .put(key, "kept".into(), "image/jpeg")
        .await
        .expect("is stored");
    make_again(&app, file.id, "delivered again").await;
    make_again(&app, 5, "gone").await;
    // Another file is done after those.
    let other = store(&app, ann.id, "b.jpg", picture(500, 400, ImageFormat::Jpeg)).await;
    processed(&app, other.id).await;
    eventually("the end of all jobs", async || {
        let counts = app.app.jobs().counts().await.expect("are counted");
        (counts.pending + counts.running == 0).then_some(())
    })
    .await;
    assert_eq!(stored(&app, key).await, b"kept");
    // As if the process had died between writing and noting it.
    execute(
        &app,
        &format!(
            "UPDATE media_files SET status = 'processing' WHERE id = {}",
            file.id
        ),
    )
    .await;
    storage.delete(key).await.expect("is removed");
    make_again(&app, file.id, "after a crash").await;
    let second = processed(&app, file.id).await;
    assert_eq!(second, first);
    assert!(is_stored(&app, key).await);
    app.stop().await;
}

#[tokio::test]
async fn a_picture_that_cannot_be_made_smaller_is_shown_as_it_is() {
    let app = start().await;
    let ann = user(&app).await;
    for is_gone in [false, true] {
        let file = store(&app, ann.id, "a.png", picture(4, 4, ImageFormat::Png)).await;
        let storage = app.app.storage();
        if is_gone {
            storage.delete(&file.key).await.expect("is removed");
        } else {
            storage
                .put(&file.key, "spoiled".into(), "image/png")
                .await
                .expect("is stored");
        }
        let state = format!("media_files SET status = 'processing' WHERE id = {}", file.id);
        execute(&app, &format!("UPDATE {state}")).await;
        make_again(&app, file.id, if is_gone { "gone" } else { "spoiled" }).await;
        let file = processed(&app, file.id).await;
        assert!(file.renditions.is_empty() && file.thumbnail_key.is_none());
        let status = format!("SELECT status FROM media_files WHERE id = {}", file.id);
        assert_eq!(value::<String>(&app, &status).await, "failed");
    }
    assert_eq!(count(&app, "media_files").await, 2);
    app.stop().await;
}
