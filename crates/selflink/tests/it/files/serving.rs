//! `/media/`: files of the local storage.

use platform::testing::TestApp;

#[tokio::test]
async fn stored_files_are_served_and_nothing_else() {
    let app = TestApp::with(selflink::instance(), &[("SERVE_MEDIA", "true")]).await;
    app.app
        .storage()
        .put("avatars/a b.png", "picture".into(), "image/png")
        .await
        .expect("is stored");
    let media = app.database().folder().join("media");
    std::fs::create_dir_all(media.join(".incoming")).expect("a folder");
    std::fs::write(media.join(".incoming/half"), "half").expect("a file");
    std::fs::write(media.join("../outside.txt"), "secret").expect("a file");

    let client = app.client();
    let answer = client.get("/media/avatars/a%20b.png").await;
    assert_eq!(
        (answer.status, answer.text.as_str(), answer.header("content-type")),
        (200, "picture", "image/png")
    );
    assert_eq!(
        answer.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let part = client
        .with_header("range", "bytes=1-3")
        .get("/media/avatars/a%20b.png")
        .await;
    assert_eq!((part.status, part.text.as_str()), (206, "ict"));
    for path in [
        "/media/",
        "/media/avatars",
        "/media/avatars/",
        "/media/none.png",
        "/media/.incoming/half",
        "/media/%2eincoming/half",
        "/media/%2e%2e/outside.txt",
        "/media/..%2foutside.txt",
        "/media/avatars/..%2f..%2foutside.txt",
    ] {
        let answer = client.get(path).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (404, r#"{"detail":"Not found."}"#),
            "{path}"
        );
    }
    app.stop().await;
}

async fn serving(files: &[(&str, &'static str)]) -> TestApp {
    let app = TestApp::with(selflink::instance(), &[("SERVE_MEDIA", "true")]).await;
    for (key, content) in files {
        app.app
            .storage()
            .put(key, (*content).into(), "")
            .await
            .expect("is stored");
    }
    app
}

#[tokio::test]
async fn only_what_runs_nothing_is_shown() {
    let files = [
        ("a.PNG", "image/png"),
        ("a.mov", "video/quicktime"),
        ("a.svg", "application/octet-stream"),
        ("a.html", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ];
    let app = serving(&files.map(|(key, _)| (key, "<script>alert(1)</script>"))).await;
    for (key, kind) in files {
        let answer = app.client().get(&format!("/media/{key}")).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, kind),
            "{key}"
        );
        let disposition = if kind.starts_with("application") {
            "attachment"
        } else {
            ""
        };
        assert_eq!(answer.header("content-disposition"), disposition, "{key}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("sandbox"),
            "{policy}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn parts_of_a_file_are_served() {
    let app = serving(&[("v.mp4", "0123456789")]).await;
    let with = |name: &str, value: &str| app.client().with_header(name, value);
    for (range, status, text, place) in [
        ("bytes=0-0", 206, "0", "bytes 0-0/10"),
        ("bytes=4-11", 206, "456789", "bytes 4-9/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-2", 206, "89", "bytes 8-9/10"),
        ("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=-0", 416, "", "bytes */10"),
        ("bytes=2-1", 200, "0123456789", ""),
        ("bytes=0-1,3-4", 200, "0123456789", ""),
        ("cats=1-2", 200, "0123456789", ""),
    ] {
        // Videos are not compressed: lengths and places stay what they are.
        let answer = with("range", range).with_header("accept-encoding", "gzip, br");
        let answer = answer.get("/media/v.mp4").await;
        assert_eq!(
            (
                answer.status,
                answer.text.as_str(),
                answer.header("content-range")
            ),
            (status, text, place),
            "{range}"
        );
        assert_eq!(answer.header("content-length"), text.len().to_string(), "{range}");
        assert_eq!(answer.header("content-encoding"), "");
    }
    let whole = app.client().get("/media/v.mp4").await;
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let head = app.client().call("HEAD", "/media/v.mp4").await;
    assert_eq!(
        (head.status, head.header("content-length"), head.text.as_str()),
        (200, "10", "")
    );
    assert_eq!(head.header("etag"), whole.header("etag"));
    for method in ["POST", "PUT", "DELETE"] {
        app.client().call(method, "/media/v.mp4").await.expect(405);
    }
    app.stop().await;
}

#[tokio::test]
async fn who_has_a_file_already_does_not_get_it_again() {
    let app = serving(&[("v.mp4", "0123456789"), ("w.mp4", "012345678")]).await;
    let tag = app.client().get("/media/v.mp4").await.header("etag").to_owned();
    let other = app.client().get("/media/w.mp4").await.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag != other, "{tag}");
    let with = |name: &str, value: &str| app.client().with_header(name, value);
    for known in [&tag, &format!("{other}, W/{tag}"), "*"] {
        let answer = with("if-none-match", known).get("/media/v.mp4").await;
        assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{known}");
        assert_eq!(answer.header("etag"), tag);
        assert!(answer.header("cache-control").ends_with("immutable"));
    }
    let answer = with("if-none-match", &other).get("/media/v.mp4").await;
    assert_eq!(answer.status, 200);
    // The rest of a download, if the file is still the same.
    for (known, status, text) in [(&tag, 206, "89"), (&other, 200, "0123456789")] {
        let client = with("if-range", known).with_header("range", "bytes=8-");
        let answer = client.get("/media/v.mp4").await;
        assert_eq!((answer.status, answer.text.as_str()), (status, text));
    }
    app.stop().await;
}

#[tokio::test]
async fn links_do_not_lead_out_of_the_folder() {
    use std::os::unix::fs::symlink;

    let app = serving(&[
        ("posts/a.png", "picture"),
        (".uploads/half.png", "not looked into"),
    ])
    .await;
    let (folder, media) = (app.database().folder(), app.database().folder().join("media"));
    std::fs::create_dir(folder.join("outside")).expect("a folder");
    std::fs::write(folder.join("outside/b.png"), "secret").expect("a file");
    symlink(folder.join("outside/b.png"), media.join("file.png")).expect("a link");
    symlink(folder.join("outside"), media.join("folder")).expect("a link");
    symlink("loop.png", media.join("loop.png")).expect("a link");
    symlink("posts/a.png", media.join("inside.png")).expect("a link");
    symlink(folder.join("media.png"), media.join("nowhere.png")).expect("a link");
    for path in [
        "file.png",
        "folder/b.png",
        "loop.png",
        "nowhere.png",
        ".uploads/half.png",
        "%2euploads/half.png",
        "posts/a.png/",
        "posts/a.png/x",
        "posts//a.png",
        "posts/..%2f..%2foutside%2fb.png",
        "posts%5c..%5ca.png",
        "posts/a.png%00",
        "%ff.png",
        "/etc/passwd",
    ] {
        let answer = app.client().get(&format!("/media/{path}")).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (404, r#"{"detail":"Not found."}"#),
            "{path}"
        );
    }
    app.client()
        .get(&format!("/media/{}.png", "x".repeat(300)))
        .await
        .expect(404);
    let answer = app.client().get("/media/inside.png").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "picture"));
    app.stop().await;
}

#[tokio::test]
async fn files_are_not_served_unless_asked_for() {
    let app = crate::support::start().await;
    app.app
        .storage()
        .put("a.txt", "x".into(), "text/plain")
        .await
        .expect("is stored");
    app.client().get("/media/a.txt").await.expect(404);
    app.stop().await;
}
