//! `media/uploads/`: files that clients send by themselves.

use futures::future::join_all;
use serde_json::json;

use super::{
    MEDIA, bucket::start_on_a_bucket, complete, count, is_stored, open, png, send, stored, until_gone,
};
use crate::support::{start, user, value};

#[tokio::test]
async fn a_one_time_url_takes_one_file() {
    let app = start().await;
    let ann = user(&app).await;
    let file = png();
    let opened = open(&ann, "a.png", "image/png", file.len()).await.expect(201);
    let url = opened["url"].as_str().expect("is a URL");
    assert!(
        url.starts_with(&format!("{}/api/v1/media/uploads/", app.url)),
        "{url}"
    );
    assert_eq!(
        json!([opened["method"], opened["headers"]]),
        json!(["PUT", { "content-type": "image/png" }])
    );
    assert_eq!(
        complete(&ann, &opened["id"]).await.expect(400),
        json!({ "detail": "The file has not been uploaded yet." })
    );
    // One that comes too short or too long can be sent again.
    assert_eq!(send(&opened, file[1..].to_vec()).await, 400);
    assert_eq!(send(&opened, [&file[..], b"x"].concat()).await, 400);
    complete(&ann, &opened["id"]).await.expect(400);
    assert_eq!(send(&opened, file.clone()).await, 204);
    assert_eq!(send(&opened, file.clone()).await, 404);
    let done = complete(&ann, &opened["id"]).await.expect(200);
    assert_eq!(complete(&ann, &opened["id"]).await.expect(200), done);
    // A PNG of pixels alone is stored as it came.
    assert_eq!(stored(&app, done["s3_key"].as_str().expect("a key")).await, file);
    for token in ["x", "%ff", "%00"] {
        let path = format!("media/uploads/{token}/");
        ann.client
            .send("PUT", &path, "image/png", file.clone())
            .await
            .expect(404);
    }
    app.stop().await;
}

#[tokio::test]
async fn of_a_file_that_breaks_off_nothing_is_kept() {
    use tokio::io::AsyncWriteExt as _;

    let app = start().await;
    let ann = user(&app).await;
    let opened = open(&ann, "a.mp4", "video/mp4", 1_000_000).await.expect(201);
    let path = opened["url"]
        .as_str()
        .and_then(|url| url.strip_prefix(&app.url))
        .expect("is ours")
        .to_owned();
    let address = app.url.trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-type: video/mp4\r\ncontent-length: 1000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("is sent");
    stream.write_all(&vec![7; 300_000]).await.expect("is sent");
    drop(stream);
    let incoming = app.database().folder().join("media/.incoming");
    crate::support::eventually("that the piece is taken back", async || {
        let is_empty = std::fs::read_dir(&incoming).is_ok_and(|mut files| files.next().is_none());
        is_empty.then_some(())
    })
    .await;
    let key: String = value(&app, "SELECT key FROM media_uploads").await;
    assert!(!is_stored(&app, &key).await);
    complete(&ann, &opened["id"]).await.expect(400);
    // The URL is still good.
    assert_eq!(send(&opened, vec![7; 1_000_000]).await, 204);
    app.stop().await;
}

#[tokio::test]
async fn uploads_are_their_owners_alone_and_end() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let file = png();
    let first = open(&ann, "a.png", "image/png", file.len()).await.expect(201);
    assert_eq!(send(&first, file.clone()).await, 204);
    assert_eq!(
        complete(&bob, &first["id"]).await.expect(404),
        json!({ "detail": "No Upload matches the given query." })
    );
    // A record of one's own is no upload.
    let record = json!({ "s3_key": "k", "mime": "m" });
    let record = ann.client.post(MEDIA, &record).await.expect(201);
    complete(&ann, &record["id"]).await.expect(404);
    // One that is given up is removed with what was sent.
    let second = open(&ann, "b.png", "image/png", file.len()).await.expect(201);
    assert_eq!(send(&second, file.clone()).await, 204);
    let key: String = value(
        &app,
        &format!("SELECT key FROM media_uploads WHERE id = {}", second["id"]),
    )
    .await;
    assert!(is_stored(&app, &key).await);
    let path = format!("{MEDIA}{}/", second["id"]);
    assert_eq!(ann.client.delete(&path).await.status, 204);
    until_gone(&app, &key).await;
    complete(&ann, &second["id"]).await.expect(404);
    let third = open(&ann, "c.png", "image/png", file.len()).await.expect(201);
    app.advance(chrono::Duration::minutes(61));
    assert_eq!(send(&third, file).await, 404);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_are_open_at_most() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let opened = join_all((0..30).map(|_| open(&ann, "a.png", "image/png", 5))).await;
    let refused = opened.iter().filter(|answer| answer.status == 400).count();
    assert_eq!((refused, count(&app, "media_uploads").await), (10, 20));
    assert_eq!(count(&app, "media_assets").await, 20);
    open(&bob, "a.png", "image/png", 5).await.expect(201);
    let first = opened
        .iter()
        .find(|answer| answer.status == 201)
        .expect("is open");
    assert_eq!(send(&first.json(), b"12345".to_vec()).await, 204);
    complete(&ann, &first.json()["id"]).await.expect(200);
    open(&ann, "a.png", "image/png", 5).await.expect(201);
    open(&ann, "a.png", "image/png", 5).await.expect(400);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_completions_at_once_one_counts() {
    let app = start().await;
    let ann = user(&app).await;
    let file = png();
    let opened = open(&ann, "a.png", "image/png", file.len()).await.expect(201);
    assert_eq!(send(&opened, file).await, 204);
    let answers = join_all((0..8).map(|_| complete(&ann, &opened["id"]))).await;
    let first = answers[0].expect(200);
    assert_eq!(first["status"], "ready");
    for answer in &answers {
        // One that came when the file was removed from where it was sent to has nothing to look into.
        assert!([200, 400].contains(&answer.status), "{}", answer.text);
        if answer.status == 200 {
            assert_eq!(answer.json(), first);
        }
    }
    let attached = "SELECT count(*) FROM media_files WHERE loose_since IS NULL";
    assert_eq!(value::<i64>(&app, attached).await, 1);
    app.advance(chrono::Duration::hours(25));
    media::purge(&app.app).await.expect("purges");
    assert_eq!(count(&app, "media_files").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn unfinished_uploads_are_purged() {
    for app in [start().await, start_on_a_bucket().await] {
        let ann = user(&app).await;
        let file = png();
        let sent = open(&ann, "a.png", "image/png", file.len()).await.expect(201);
        assert!([200, 204].contains(&send(&sent, file.clone()).await));
        open(&ann, "b.png", "image/png", 9).await.expect(201);
        let done = open(&ann, "c.png", "image/png", file.len()).await.expect(201);
        assert!([200, 204].contains(&send(&done, file).await));
        complete(&ann, &done["id"]).await.expect(200);
        let key: String = value(
            &app,
            &format!("SELECT key FROM media_uploads WHERE id = {}", sent["id"]),
        )
        .await;
        assert_eq!(media::purge(&app.app).await.expect("purges").uploads, 0);
        assert!(is_stored(&app, &key).await);
        app.advance(chrono::Duration::minutes(121));
        assert_eq!(media::purge(&app.app).await.expect("purges").uploads, 3);
        assert!(!is_stored(&app, &key).await);
        let left = (
            count(&app, "media_uploads").await,
            count(&app, "media_assets").await,
        );
        assert_eq!(left, (0, 1));
        app.stop().await;
    }
}

/// A signed URL is good for longer than its upload: what is sent with it afterwards does not get anywhere.
#[tokio::test]
async fn what_is_sent_after_the_check_is_not_what_was_checked() {
    let app = start_on_a_bucket().await;
    let ann = user(&app).await;
    let file = png();
    let opened = open(&ann, "a.png", "image/png", file.len()).await.expect(201);
    assert_eq!(send(&opened, file.clone()).await, 200);
    let done = complete(&ann, &opened["id"]).await.expect(200);
    assert_eq!(send(&opened, b"<script>".to_vec()).await, 200);
    assert_eq!(stored(&app, done["s3_key"].as_str().expect("a key")).await, file);
    let key: String = value(&app, "SELECT key FROM media_uploads").await;
    app.advance(chrono::Duration::minutes(121));
    media::purge(&app.app).await.expect("purges");
    assert!(!is_stored(&app, &key).await);
    app.stop().await;
}
