//! Files of messages.

use platform::testing::Answer;
use serde_json::{Value, json};

use super::{history, of_message, of_thread, pair, send, send_as};
use crate::support::{TestUser, execute, start, start_with, value};

const EDGE: &str = "----edge";
/// A pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63,
    0x64, 0xf8, 0xcf, 0x50, 0x0f, 0, 0x03, 0x86, 0x01, 0x80, 0x5a, 0x34, 0x7d, 0x6b, 0, 0, 0, 0, 0x49, 0x45,
    0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// A file of a form: the name of its field, its own, its type and its bytes.
type File<'a> = (&'a str, &'a str, &'a str, &'a [u8]);

fn image<'a>(name: &'a str, kind: &'a str) -> File<'a> {
    ("attachments", name, kind, PNG)
}

async fn upload(user: &TestUser, path: &str, texts: &[(&str, &str)], files: &[File<'_>]) -> Answer {
    let mut body = Vec::new();
    for (name, text) in texts {
        let part = format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    for (field, name, kind, bytes) in files {
        let kind = if kind.is_empty() {
            String::new()
        } else {
            format!("Content-Type: {kind}\r\n")
        };
        let head = format!(
            "--{EDGE}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n{kind}\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{EDGE}--\r\n").as_bytes());
    let kind = format!("multipart/form-data; boundary={EDGE}");
    user.client.send("POST", path, &kind, body).await
}

fn kinds(message: &Value) -> Value {
    let attachments = message["attachments"].as_array().expect("is a list");
    attachments
        .iter()
        .map(|file| json!([file["type"], file["mime_type"]]))
        .collect()
}

#[tokio::test]
async fn pictures_come_in_the_order_sent_and_can_be_fetched() {
    let app = start_with(&[("SERVE_MEDIA", "true")]).await;
    let (ann, bob, thread) = pair(&app).await;
    let path = &of_thread(&thread, "messages/");
    let names = ["a.png", "../../../etc/passwd", "..\\win.ini", "x/y ☃.svg"];
    let files: Vec<File> = names
        .iter()
        .zip(["image/x0", "image/PNG", "image/svg+xml", "image/jpeg"])
        .map(|(name, kind)| image(name, kind))
        .collect();
    let sent = upload(&ann, path, &[("text", "look")], &files).await.expect(201);
    assert_eq!(sent["body"], "look");
    assert_eq!(
        kinds(&sent),
        json!([
            ["image", "image/x0"],
            ["image", "image/png"],
            ["image", "image/svg+xml"],
            ["image", "image/jpeg"]
        ])
    );
    assert_eq!(
        history(&bob, &thread).await[0]["attachments"],
        sent["attachments"]
    );
    for file in sent["attachments"].as_array().expect("is a list") {
        let url = file["url"].as_str().expect("is a text");
        assert!(
            url.starts_with("/media/messages/attachments/") && !url.contains("..") && !url.contains("passwd"),
            "{url}"
        );
        let fetched = app.client().get(url).await;
        assert_eq!(
            (fetched.status, fetched.header("content-type")),
            (200, "image/png")
        );
        assert_eq!(fetched.header("x-content-type-options"), "nosniff");
    }
    let reply = json!({ "body": "r", "reply_to_message_id": sent["id"] });
    let reply = send_as(&bob, &thread, &reply).await.expect(201);
    assert_eq!(reply["reply_to"]["has_attachments"], json!(true));
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_picture_is_kept_as_it_came_and_never_shown() {
    let app = start_with(&[("SERVE_MEDIA", "true")]).await;
    let (ann, _, thread) = pair(&app).await;
    let script = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let path = &of_thread(&thread, "messages/");
    let sent = upload(&ann, path, &[], &[("images", "x.html", "image/svg+xml", script)])
        .await
        .expect(201);
    assert_eq!(sent["body"], "");
    let fetched = app
        .client()
        .get(sent["attachments"][0]["url"].as_str().expect("is a text"))
        .await;
    assert_eq!(fetched.header("content-type"), "application/octet-stream");
    assert_eq!(fetched.header("content-disposition"), "attachment");
    assert_eq!(fetched.text.as_bytes(), script);
    let clip = b"\x00\x00\x00\x18ftypmp42 and nothing else";
    let sent = upload(&ann, path, &[], &[("video", "c.mp4", "video/mp4", clip)])
        .await
        .expect(201);
    assert_eq!(kinds(&sent), json!([["video", "video/mp4"]]));
    app.stop().await;
}

#[tokio::test]
async fn the_rules_are_told_in_their_order_and_nothing_is_stored() {
    let app = start().await;
    let (ann, _, thread) = pair(&app).await;
    let path = &of_thread(&thread, "messages/");
    let video = ("attachments", "c.mp4", "video/mp4", PNG);
    let long = format!("image/{}", "p".repeat(130));
    for (files, message) in [
        (
            vec![image("a.png", "image/png"); 5],
            "You can attach up to 4 images per message.",
        ),
        (vec![video; 2], "Only one video can be attached per message."),
        (
            vec![video, image("a.png", "image/png")],
            "Cannot mix images and videos in the same message.",
        ),
        (
            vec![image("a.txt", "text/plain"), video, video],
            "Unsupported attachment type.",
        ),
        (vec![image("a.png", "")], "Unsupported attachment type."),
        (vec![image("a.png", &long)], "Unsupported attachment type."),
    ] {
        let refused = upload(&ann, path, &[("text", "x")], &files).await;
        assert_eq!(refused.expect(400), json!({ "detail": [message] }));
    }
    assert_eq!(history(&ann, &thread).await.len(), 0);
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM media_files").await, 0);
    // Those of `attachments` count, and what is no file does not.
    let both = [("images", "i.png", "image/i", PNG), image("a.png", "image/a")];
    let sent = upload(&ann, path, &[], &both).await.expect(201);
    assert_eq!(kinds(&sent), json!([["image", "image/a"]]));
    let fields = json!({ "body": "x", "attachments": [{ "url": "http://example.com/x.png" }], "video": "x" });
    assert_eq!(
        send_as(&ann, &thread, &fields).await.expect(201)["attachments"],
        json!([])
    );
    app.stop().await;
}

#[tokio::test]
async fn a_repetition_keeps_the_first_files_and_files_go_with_their_message() {
    let app = start().await;
    let (ann, _, thread) = pair(&app).await;
    let path = &of_thread(&thread, "messages/");
    let texts = [("client_uuid", "c1")];
    let first = upload(&ann, path, &texts, &[image("a.png", "image/a")])
        .await
        .expect(201);
    let again = upload(&ann, path, &texts, &[image("b.txt", "text/plain")])
        .await
        .expect(200);
    assert_eq!(again, first);
    assert_eq!(ann.client.delete(&of_message(&first, "")).await.status, 204);
    let left = "SELECT count(*) FROM media_files WHERE loose_since IS NULL";
    assert_eq!(value::<i64>(&app, left).await, 0);
    // Those of a message that moderators took away are not shown.
    let taken = upload(&ann, path, &[], &[image("a.png", "image/a")])
        .await
        .expect(201);
    execute(&app, "UPDATE messages SET removed_at = created_at").await;
    let shown = ann.client.get(&of_message(&taken, "")).await.expect(200);
    assert_eq!(json!([shown["body"], shown["attachments"]]), json!(["", []]));
    send(&ann, &thread, "x").await;
    app.stop().await;
}
